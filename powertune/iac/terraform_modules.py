"""Folders of Terraform, and how they call each other: what a variable holds depends on who calls."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from powertune.iac.hcl import Block, Expression, Form, attribute_around, references, selected

#: Deeper calls than people make.
_MOST_CALLS = 10
#: More calls than people make; a module that calls itself in a circle would have no end.
_MOST_SCOPES = 1_000
#: Attributes that name resources, and take no values from them; `from` and `to` are of moved and import blocks.
_ABOUT_RESOURCES = ("depends_on", "replace_triggered_by", "from", "to")
#: Files with values that Terraform loads by itself.
_LOADED = ("terraform.tfvars", ".auto.tfvars")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TerraformFolder:
    """The files of a folder: `files` are those with blocks, `values` those that set its variables (*.tfvars).

    A folder that holds nothing but values may be for the variables of any other.
    """

    path: str
    files: tuple[Block, ...]
    values: tuple[Block, ...]

    def blocks(self, kind: str, *labels: str) -> Iterator[Block]:
        """The blocks of a kind, with these first labels."""
        for file in self.files:
            for block in file.inner(kind):
                if block.labels[: len(labels)] == labels:
                    yield block


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModuleUse:
    """One use of a folder: `call` is the block that calls it, from `caller`; None for what Terraform is run in."""

    folder: TerraformFolder
    call: Block | None = None
    caller: "ModuleUse | None" = None

    @property
    def prefix(self) -> str:
        """What addresses in it begin with."""
        return (
            "" if self.call is None or self.caller is None else f"{self.caller.prefix}module.{self.call.labels[0]}."
        )

    def multiplied(self) -> Block | None:
        """A call that makes several of what is in the folder, if there is one."""
        if self.call is None or self.caller is None:
            return None
        return self.call if makes_several(self.call) else self.caller.multiplied()


def makes_several(block: Block) -> bool:
    """Whether for_each or count makes several, or may: `count = 1` and `count = x ? 1 : 0` do not."""
    if block.value("for_each") is not None:
        return True
    count = block.value("count")
    if count is None or (count.form is Form.LITERAL and count.text in ("0", "1")):
        return False
    tail = "".join(count.text.split()).rpartition("?")[2]
    return tail not in ("1:0", "0:1")


def folders(files: Iterable[Block]) -> dict[str, TerraformFolder]:
    """The folders of files, by path."""
    blocks: dict[str, list[Block]] = defaultdict(list)
    values: dict[str, list[Block]] = defaultdict(list)
    for file in files:
        kind = values if file.file.path.endswith(".tfvars") else blocks
        kind[_folder_of(file)].append(file)
    elsewhere = [file for path, files_ in values.items() if path not in blocks for file in files_]
    return {
        path: TerraformFolder(path=path, files=tuple(files_), values=(*values[path], *elsewhere))
        for path, files_ in blocks.items()
    }


def _folder_of(file: Block) -> str:
    return normpath(dirname(file.file.path) or ".")


def uses(all_folders: dict[str, TerraformFolder]) -> Iterator[ModuleUse]:
    """Every folder once for each way in which it is used; one that nobody here calls, as what Terraform is run in."""
    called = {
        place
        for folder in all_folders.values()
        for call in folder.blocks("module")
        if (place := _local(folder, call)) is not None and place != folder.path
    }
    roots = [ModuleUse(folder=folder) for path, folder in all_folders.items() if path not in called]
    todo = [(scope, 0) for scope in reversed(roots)]
    for _ in range(_MOST_SCOPES):
        if not todo:
            return
        scope, depth = todo.pop()
        yield scope
        for call in scope.folder.blocks("module"):
            inner = all_folders.get(_local(scope.folder, call) or "")
            if inner is not None and depth < _MOST_CALLS and call.labels:
                todo.append((ModuleUse(folder=inner, call=call, caller=scope), depth + 1))


def _local(folder: TerraformFolder, call: Block) -> str | None:
    source = call.value("source")
    if source is None or source.form is not Form.LITERAL or not source.text.startswith("."):
        return None
    return normpath(join(folder.path, source.text))


def loaded_values(folder: TerraformFolder, name: str) -> list[tuple[Expression, bool]]:
    """What files set a variable to, and whether Terraform loads that file by itself."""
    return [
        (value, values.file.path.endswith(_LOADED) and _folder_of(values) == folder.path)
        for values in folder.values
        if (value := values.value(name)) is not None
    ]


def used_elsewhere(folder: TerraformFolder, reference: tuple[str, ...], at: Expression) -> tuple[str, int] | None:
    """Another place, by file and line, that refers to the same in a folder; an output counts, as it goes elsewhere.

    Args:
        folder: where to look.
        reference: such as `("var", "memory")`. The variable itself may refer to it, as its validation does.
        at: the expression that is known to refer to it.
    """
    for file in folder.files:
        for block in file.blocks:
            if block.type == "variable" and block.labels == reference[1:]:
                continue
            for found, branch in references(block):
                start = block.file.start(branch)
                inside = block.file.path == at.path and at.start <= start < at.end
                if found[: len(reference)] == reference and not inside:
                    return block.file.path, branch.start_point.row + 1
    return None


def followed(folder: TerraformFolder, resource: tuple[str, ...], attribute: str) -> Iterator[tuple[str, int, bool]]:
    """Where an attribute of a resource is referred to: file, line, and whether this refers to the whole resource."""
    for file in folder.files:
        for found, branch in references(file):
            if found[: len(resource)] != resource:
                continue
            names = selected(branch)[1:]
            if attribute in names or (not names and attribute_around(branch) not in _ABOUT_RESOURCES):
                yield file.file.path, branch.start_point.row + 1, not names
