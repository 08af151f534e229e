"""What a part of a template refers to: parameters and resources, by Ref, Fn::GetAtt and inside Fn::Sub."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

PLACEHOLDER = re.compile(r"\$\{(?P<literal>!?)(?P<name>[^}]*)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A mention of a parameter, a pseudo parameter or a resource; `attribute` is None for Ref."""

    name: str
    attribute: str | None = None

    def __str__(self) -> str:
        return self.name if self.attribute is None else f"{self.name}.{self.attribute}"


def references(node: Any) -> Iterator[Reference]:
    """All mentions in a part of a template, in the order of the text."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and len(node) == 1 and isinstance(value, str):
                yield Reference(value)
            elif key == "Fn::GetAtt" and (target := attribute_of(value)) is not None:
                yield target
            elif key == "Fn::Sub":
                yield from _in_text(value)
            else:
                yield from references(value)


def attribute_of(value: Any) -> Reference | None:
    """What the argument of Fn::GetAtt names; None if it does not say it as Fn::GetAtt takes it."""
    parts = value.split(".", 1) if isinstance(value, str) else value
    if isinstance(parts, list) and len(parts) >= 2 and all(isinstance(part, str) for part in parts):
        return Reference(parts[0], ".".join(parts[1:]))
    return None


def conditions_in(node: Any) -> Iterator[str]:
    """The conditions that Fn::If and Condition in a part of a template name."""
    if isinstance(node, list):
        for each in node:
            yield from conditions_in(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::If" and isinstance(value, list) and value and isinstance(value[0], str):
                yield value[0]
            if key == "Condition" and isinstance(value, str) and len(node) == 1:
                yield value
            else:
                yield from conditions_in(value)


def _in_text(value: Any) -> Iterator[Reference]:
    text, variables = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
    yield from references(variables)
    if not isinstance(text, str):
        return
    for match in PLACEHOLDER.finditer(text):
        name = match["name"].strip()
        if not match["literal"] and not (isinstance(variables, dict) and name in variables):
            yield Reference(*name.split(".", 1))
