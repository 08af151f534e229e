"""Functions in Terraform: aws_lambda_function, and the module terraform-aws-modules/lambda/aws."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from powertune.iac.candidate import LAMBDA_DEFAULTS, Blank, Candidate, Setting, Slot, refused
from powertune.iac.hcl import Attribute, Block, Form
from powertune.iac.model import Tool
from powertune.iac.spacing import newline_of
from powertune.iac.terraform_modules import ModuleUse, folders, followed, makes_several, uses
from powertune.iac.terraform_values import name_of, value_slot

_RESOURCE = "aws_lambda_function"
_KEYS = {Setting.MEMORY: "memory_size", Setting.ARCHITECTURE: "architectures"}
_FORMS = {Setting.MEMORY: "{}", Setting.ARCHITECTURE: '["{}"]'}
_NEIGHBORS = {
    Setting.MEMORY: ("timeout", "runtime", "handler", "package_type", "function_name"),
    Setting.ARCHITECTURE: ("memory_size", "runtime", "timeout", "handler", "package_type", "function_name"),
}
#: The registry's address of the module, with or without its host, and its repository.
_COMMON = re.compile(
    r"(?:registry\.terraform\.io/)?terraform-aws-modules/lambda/aws"
    r"|(?:git::)?(?:https://|git@|ssh://git@)?github\.com[/:]terraform-aws-modules/terraform-aws-lambda(?:\.git)?(?:\?.*)?"
)
_REST = re.compile(r"[ \t]*(?:(?:#|//)[^\r\n]*)?(?=\r?\n|\Z)")


def terraform_functions(files: Iterable[Block]) -> Iterator[Candidate]:
    """The functions of all folders, in order, each as often as its folder is used."""
    for scope in uses(folders(files)):
        for block in scope.folder.blocks("resource", _RESOURCE):
            if len(block.labels) == 2:
                yield _candidate(scope, block, f"{scope.prefix}{_RESOURCE}.{block.labels[1]}")
        for block in scope.folder.blocks("module"):
            source = block.value("source")
            if source is not None and source.form is Form.LITERAL and _COMMON.fullmatch(source.text) and block.labels:
                yield _candidate(scope, block, f"{scope.prefix}module.{block.labels[0]}")


def _candidate(scope: ModuleUse, block: Block, address: str) -> Candidate:
    addresses = [address]
    if block.type == "module":
        addresses += [f"{address}.{_RESOURCE}.this", f"{address}.{_RESOURCE}.this[0]"]
    elif block.value("count") is not None:
        addresses.append(f"{address}[0]")
    return Candidate(
        tool=Tool.TERRAFORM,
        path=block.file.path,
        line=block.line,
        addresses=tuple(addresses),
        called=name_of(scope, block.value("function_name")),
        slots={setting: _slot(scope, block, address, setting) for setting in Setting},
    )


def _slot(scope: ModuleUse, block: Block, address: str, setting: Setting) -> Slot:
    slot = _single_slot(scope, block, address, setting)
    several = block if makes_several(block) else scope.multiplied()
    if several is None:
        return slot
    problem = f"{address} is one of several that count or for_each makes here"
    # Where it is written still matters to others, whose value may be written there, too.
    return replace(slot, obstacle=refused(several.file.path, several.line, problem, "change it by hand").obstacle)


def _single_slot(scope: ModuleUse, block: Block, address: str, setting: Setting) -> Slot:
    key = _KEYS[setting]
    if (ignored := _ignored(block, key)) is not None:
        problem = f"Terraform ignores changes of {key} of {address}"
        return refused(block.file.path, ignored, problem, "take it out of ignore_changes, then try again")
    given = block.value(key)
    if given is not None:
        slot = value_slot(scope, setting, given)
    else:
        slot = replace(_added(block, key, setting), value=LAMBDA_DEFAULTS[setting])
    return _with_followers(slot, scope, block, address, key) if block.type == "resource" else slot


def _with_followers(slot: Slot, scope: ModuleUse, block: Block, address: str, key: str) -> Slot:
    """A slot that cannot be filled if something takes its value from the resource, with a note if something may."""
    notes = list(slot.notes)
    for path, line, whole in followed(scope.folder, block.labels, key):
        if not whole:
            problem = f"{key} of {address} is also used here"
            hint = "put a value of its own there, then try again"
            return replace(slot, obstacle=refused(path, line, problem, hint).obstacle)
        notes.append(
            f"{path}, line {line}, refers to {address} as a whole; check that nothing takes {key} from there"
        )
    return replace(slot, notes=tuple(notes))


def _ignored(block: Block, key: str) -> int | None:
    """The line of `ignore_changes` that names an attribute, or all of them."""
    for lifecycle in block.inner("lifecycle"):
        value = lifecycle.value("ignore_changes")
        if value is not None and (value.text == "all" or any(part.text == key for part in value.parts)):
            return value.line
    return None


def _added(block: Block, key: str, setting: Setting) -> Slot:
    """Below the best neighbor that takes a single line, aligned with it; there always is a line to stand on."""
    text, path = block.file.text, block.file.path
    rank = {name: number for number, name in enumerate(_NEIGHBORS[setting])}
    attributes = sorted(block.attributes.values(), key=lambda each: rank.get(each.name, len(rank)))
    for attribute in attributes:
        end = block.file.end(attribute.branch)
        rest = _REST.match(text, end)
        if rest is not None and "\n" not in text[attribute.start : end]:
            indentation = _indentation(text, attribute)
            if indentation is None:
                continue
            name = key.ljust(len(text[attribute.start : attribute.equals]) - 1)
            form = f"{newline_of(text)}{indentation}{name} = {_FORMS[setting]}"
            at = rest.end()
            return Slot(own=Blank(path=path, start=at, end=at, line=attribute.value.line + 1, form=form))
    problem = (
        f"{key} cannot be added to {block.type} {' '.join(block.labels)}, which has no attribute on a line of its own"
    )
    return refused(path, block.line, problem, f"add {key} by hand")


def _indentation(text: str, attribute: Attribute) -> str | None:
    """What stands before an attribute on its line; None if that is more than space."""
    before = text[text.rfind("\n", 0, attribute.start) + 1 : attribute.start]
    return before if not before.strip() else None
