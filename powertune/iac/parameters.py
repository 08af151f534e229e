"""A value behind a parameter of a CloudFormation template: its Default, where nothing else depends on it."""

from collections.abc import Mapping

from powertune.iac.candidate import Blank, Setting, Slot, refused, value_of
from powertune.iac.intrinsics import referenced
from powertune.iac.node import DataDocument, Node

#: Where nothing depends on the value of a parameter: it orders and labels them for the console.
_HARMLESS = ("Metadata",)


def parameter_slot(
    document: DataDocument,
    setting: Setting,
    at: Node,
    overrides: Mapping[str, str],
) -> Slot:
    """The Default of a parameter.

    Args:
        document: the file.
        setting: what the parameter holds.
        at: what refers to the parameter.
        overrides: parameters that are set where the template is deployed from, and the files that do it.
    """
    template, name = document.root or at, next(referenced(at), "")
    parameter = template.at("Parameters", name)
    if parameter is None:
        problem = f"the {setting} refers to {name[:100]}, which is no parameter here"
        return refused(document.path, at.line, problem, "change it where it is set")
    if _text(parameter, "Type").startswith("AWS::SSM::"):
        problem = f"parameter {name} is read from Systems Manager"
        return refused(document.path, parameter.line, problem, "change the value there")
    default = parameter.get("Default")
    if default is None:
        problem = f"parameter {name} has no Default"
        return refused(document.path, parameter.line, problem, f"pass {name} when you deploy")
    if name in overrides:
        problem = f"parameter {name}, which holds the {setting}, is set in {overrides[name]}"
        return refused(document.path, parameter.line, problem, "change it there")
    value = value_of(setting, default.literal or "") if default.exact and not default.shared else None
    if value is None:
        problem = f"the Default of parameter {name} is not a plain value"
        return refused(document.path, default.line, problem, "change it by hand")
    obstacle = None
    if (used := _used_elsewhere(template, name, at)) is not None:
        problem = f"parameter {name}, which holds the {setting}, is also used here"
        hint = "put the value itself on the function, then try again"
        obstacle = refused(document.path, used.line, problem, hint).obstacle
    allowed = parameter.get("AllowedValues")
    note = (
        f"a stack that exists keeps its old value of parameter {name}; when you deploy, pass "
        f"--parameter-overrides {name}={{}}"
    )
    return Slot(
        value=value,
        blank=Blank(path=document.path, start=default.start, end=default.end, line=default.line),
        via=f"parameter {name}",
        allowed=tuple(item.text for item in allowed.items) if allowed is not None else (),
        least=_number(parameter, "MinValue"),
        most=_number(parameter, "MaxValue"),
        obstacle=obstacle,
        notes=(note,),
    )


def _text(parameter: Node, key: str) -> str:
    node = parameter.get(key)
    return node.literal or "" if node is not None else ""


def _number(parameter: Node, key: str) -> int | None:
    text = _text(parameter, key)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _used_elsewhere(template: Node, name: str, at: Node) -> Node | None:
    """Something else that refers to a parameter, be it of the same function or an output."""
    passed = {id(each) for each in at.walk()}
    sections = (value for section, value in template.pairs if section.text not in _HARMLESS)
    nodes = (node for section in sections for node in section.walk())
    return next((node for node in nodes if id(node) not in passed and name in referenced(node)), None)
