"""Where a value of Terraform is written: here, in a variable, in a local value, or where a module is called."""

from dataclasses import replace

from powertune.iac.called import Called, Part, put_together
from powertune.iac.candidate import Blank, Setting, Slot, refused, value_of
from powertune.iac.hcl import Expression, Form
from powertune.iac.terraform_modules import ModuleUse, loaded_values, used_elsewhere

#: More steps than people take.
_MOST_STEPS = 20


def value_slot(scope: ModuleUse, setting: Setting, value: Expression, steps: int = 0) -> Slot:
    """Where a value is written.

    Args:
        scope: the folder that the value is in, as it is used.
        setting: what it is the value of.
        value: what is written.
        steps: how many references led here.
    """
    if setting is Setting.ARCHITECTURE and value.form is Form.LIST:
        if len(value.parts) != 1:
            return refused(value.path, value.line, "architectures is not a list of one", "correct it")
        return value_slot(scope, setting, value.parts[0], steps)
    if value.form is Form.LITERAL:
        known = value_of(setting, value.text)
        if known is not None:
            return Slot(value=known, blank=Blank(path=value.path, start=value.start, end=value.end, line=value.line))
    if value.form is Form.TEMPLATE and len(value.parts) == 1 and value.parts[0].form is Form.REFERENCE:
        # "${var.memory}", as everybody wrote it before Terraform 0.12.
        value = value.parts[0]
    if value.form is Form.REFERENCE and len(value.reference) == 2 and steps < _MOST_STEPS:
        kind, name = value.reference
        if kind in ("var", "local"):
            follow = _variable if kind == "var" else _local
            slot = follow(scope, setting, value, name, steps)
            return _unless_used(slot, scope, value, f"{kind}.{name}, which holds the {setting}, is also used here")
    problem = f"the {setting} is an expression, {_short(value.text)}"
    return refused(value.path, value.line, problem, "change it by hand")


def _unless_used(slot: Slot, scope: ModuleUse, value: Expression, problem: str) -> Slot:
    """A slot that cannot be filled if something else refers to the same."""
    used = used_elsewhere(scope.folder, value.reference, value)
    if used is None:
        return slot
    hint = "put the value itself on the function, then try again"
    return replace(slot, obstacle=refused(*used, problem, hint).obstacle)


def _variable(scope: ModuleUse, setting: Setting, value: Expression, name: str, steps: int) -> Slot:
    if scope.call is not None and scope.caller is not None and (given := scope.call.value(name)) is not None:
        return _through(value_slot(scope.caller, setting, given, steps + 1), f"var.{name}")
    declared = next(scope.folder.blocks("variable", name), None)
    if declared is None:
        return refused(value.path, value.line, f"var.{name} is not declared in this folder", "declare it")
    given_in_files = loaded_values(scope.folder, name) if scope.call is None else []
    if given_in_files:
        ((first, loaded), *others) = given_in_files
        if others or not loaded:
            files = ", ".join(each.path for each, _ in given_in_files)
            problem = f"var.{name}, which holds the {setting}, is set in {files}"
            return refused(declared.file.path, declared.line, problem, "change the right one by hand")
        return _through(value_slot(scope, setting, first, steps + 1), f"var.{name}")
    default = declared.value("default")
    if default is None:
        problem = f"var.{name}, which holds the {setting}, has no default"
        return refused(declared.file.path, declared.line, problem, "change the value where Terraform gets it from")
    slot = _through(value_slot(scope, setting, default, steps + 1), f"var.{name}")
    # In a module that is called, a variable has no other values than that of the call.
    if scope.call is not None:
        return slot
    note = f"what sets var.{name} from outside, such as TF_VAR_{name} or -var, still overrides its default"
    return replace(slot, notes=(note,))


def _local(scope: ModuleUse, setting: Setting, value: Expression, name: str, steps: int) -> Slot:
    found = [each for each in scope.folder.blocks("locals") if each.value(name) is not None]
    given = found[0].value(name) if found else None
    if given is None or len(found) > 1:
        return refused(value.path, value.line, f"local.{name} is not defined once in this folder", "define it once")
    return _through(value_slot(scope, setting, given, steps + 1), f"local.{name}")


def _through(slot: Slot, via: str) -> Slot:
    return Slot(value=slot.value, blank=slot.blank, obstacle=slot.obstacle, notes=slot.notes, via=via)


def name_of(scope: ModuleUse, value: Expression | None) -> Called:
    """What function_name says."""
    if value is None:
        return Called()
    return put_together(_parts(scope, value, 0), value.text)


def _parts(scope: ModuleUse, value: Expression, steps: int) -> list[Part | None]:
    if value.form is Form.LITERAL:
        return [Part(choices=(value.text,))]
    if value.form is Form.TEMPLATE:
        return [part for piece in value.parts for part in _parts(scope, piece, steps)]
    if value.form is not Form.REFERENCE or len(value.reference) != 2 or steps >= _MOST_STEPS:
        return [None]
    kind, name = value.reference
    if kind == "local":
        found = [each.value(name) for each in scope.folder.blocks("locals") if each.value(name) is not None]
        return _parts(scope, found[0], steps + 1) if found and found[0] is not None else [None]
    if kind != "var":
        return [None]
    if scope.call is not None and scope.caller is not None and (given := scope.call.value(name)) is not None:
        return _parts(scope.caller, given, steps + 1)
    declared = next(scope.folder.blocks("variable", name), None)
    default = declared.value("default") if declared is not None else None
    values = [each for each, _ in loaded_values(scope.folder, name)] if scope.call is None else []
    # A name that may be this or that, depending on what Terraform is run with, is one of these.
    texts = [each.text for each in (*values, *([default] if default else [])) if each.form is Form.LITERAL]
    return [Part(choices=tuple(dict.fromkeys(texts)))] if texts else [None]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:80]}..."
