"""Evaluates the intrinsic functions of a template."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from powertune.local.cloudformation.faults import invalid
from powertune.local.cloudformation.parameters import Parameter
from powertune.local.cloudformation.references import PLACEHOLDER, attribute_of

_DYNAMIC = "{{resolve:"


class _NoValue:
    """AWS::NoValue: leaves out what has it."""


NO_VALUE: Final = _NoValue()


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What functions can look up: `ref` and `attribute` of resources, and `imported`, the exports of other stacks."""

    mappings: Mapping[str, Any]
    conditions: Mapping[str, Any]
    parameters: Mapping[str, Parameter]
    pseudo: Mapping[str, Any]
    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    imported: Callable[[str], Any]

    def evaluate(self, node: Any) -> Any:
        """The value of a part of a template.

        Raises:
            Refused: a function is used wrongly, or what it names does not exist.
        """
        if isinstance(node, list):
            values = [self.evaluate(each) for each in node]
            return [value for value in values if value is not NO_VALUE]
        if isinstance(node, str) and _DYNAMIC in node:
            raise invalid(f"Template error: the embedded AWS does not support dynamic references: {node}")
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (name, argument) = next(iter(node.items()))
            if name == "Ref":
                return self.reference(argument)
            if name == "Condition" and isinstance(argument, str) and argument in self.conditions:
                return self.holds(argument)
            if name.startswith("Fn::"):
                return self._call(name, argument)
        members = {key: self.evaluate(value) for key, value in node.items()}
        return {key: value for key, value in members.items() if value is not NO_VALUE}

    def reference(self, name: str) -> Any:
        """What Ref gives."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.parameters:
            return self.parameters[name].value
        return self.pseudo[name] if name in self.pseudo else self.ref(name)

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise invalid(f"Template error: unresolved condition dependency {condition}")
        return self._true(self.evaluate(self.conditions[condition]))

    def _call(self, name: str, argument: Any) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise invalid(f"Template error: the embedded AWS does not support the function {name}")
        try:
            return function(self, argument)
        except (TypeError, KeyError, IndexError, ValueError, AttributeError) as error:
            raise invalid(f"Template error: the arguments of {name} are not valid: {error}") from error

    @staticmethod
    def _true(value: Any) -> bool:
        return value is True or value == "true"

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, list):
            argument = [self.evaluate(part) for part in argument]
        target = attribute_of(argument)
        if target is None or target.attribute is None:
            raise invalid("Template error: every Fn::GetAtt object requires two non-empty parameters")
        return self.attribute(target.name, target.attribute)

    def _sub(self, argument: Any) -> Any:
        text, given = (argument[0], argument[1]) if isinstance(argument, list) else (argument, {})
        variables = {key: self.evaluate(value) for key, value in given.items()}

        def value(match: Any) -> str:
            name = match["name"].strip()
            if match["literal"]:
                return "${" + str(match["name"]) + "}"
            if name in variables:
                return as_text(variables[name])
            if name not in self.parameters and "." in name:
                return as_text(self.attribute(*name.split(".", 1)))
            return as_text(self.reference(name))

        return str(PLACEHOLDER.sub(value, text))

    def _join(self, argument: Any) -> str:
        separator, parts = argument
        values = self.evaluate(parts)
        if not isinstance(values, list):
            raise invalid(
                "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
                "(2) a list of strings to be joined or a function that returns a list of strings "
                "(such as Fn::GetAZs) to be joined."
            )
        return str(self.evaluate(separator)).join(map(as_text, values))

    def _split(self, argument: Any) -> list[str]:
        return as_text(self.evaluate(argument[1])).split(str(argument[0]))

    def _select(self, argument: Any) -> Any:
        number, values = int(self.evaluate(argument[0])), self.evaluate(argument[1])
        if not 0 <= number < len(values):
            raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {number}")
        return values[number]

    def _if(self, argument: Any) -> Any:
        condition, yes, no = argument
        return self.evaluate(yes if self.holds(condition) else no)

    def _find(self, argument: Any) -> Any:
        name, first, second = (self.evaluate(part) for part in argument[:3])
        try:
            return self.evaluate(self.mappings[name][as_text(first)][as_text(second)])
        except KeyError as error:
            if len(argument) > 3 and "DefaultValue" in argument[3]:
                return self.evaluate(argument[3]["DefaultValue"])
            raise invalid(
                f"Template error: Unable to get mapping for {name}::{as_text(first)}::{as_text(second)}"
            ) from error

    def _equals(self, argument: Any) -> bool:
        left, right = (self.evaluate(part) for part in argument)
        return as_text(left) == as_text(right)

    def _import(self, argument: Any) -> Any:
        return self.imported(as_text(self.evaluate(argument)))

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(as_text(self.evaluate(argument)).encode()).decode()


def as_text(value: Any) -> str:
    """A value inside a text, as CloudFormation writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(as_text, value))
    return str(value)


_FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Fn::GetAtt": Scope._get_att,
    "Fn::Sub": Scope._sub,
    "Fn::Join": Scope._join,
    "Fn::Split": Scope._split,
    "Fn::Select": Scope._select,
    "Fn::If": Scope._if,
    "Fn::FindInMap": Scope._find,
    "Fn::ImportValue": Scope._import,
    "Fn::Base64": Scope._base64,
    "Fn::GetAZs": lambda scope, argument: [
        (scope.evaluate(argument) or scope.pseudo["AWS::Region"]) + z for z in "abc"
    ],
    "Fn::ToJsonString": lambda scope, argument: json.dumps(scope.evaluate(argument), separators=(",", ":")),
    "Fn::Length": lambda scope, argument: len(scope.evaluate(argument)),
    "Fn::Equals": Scope._equals,
    "Fn::Not": lambda scope, argument: not scope._true(scope.evaluate(argument[0])),
    "Fn::And": lambda scope, argument: all(scope._true(scope.evaluate(part)) for part in argument),
    "Fn::Or": lambda scope, argument: any(scope._true(scope.evaluate(part)) for part in argument),
}
"""All functions; those for conditions too, as CloudFormation says itself where they may stand."""
