"""The values of a template's parameters, and what is wrong with them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from powertune.local.cloudformation.faults import invalid

NO_ECHO = "****"

_SSM = re.compile(r"AWS::SSM::Parameter::Value<(?P<inner>.+)>")
_LIST = re.compile(r"List<(?P<inner>.+)>|CommaDelimitedList")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter: `given` as text, `value` as functions see it (a list for list types)."""

    name: str
    declaration: Mapping[str, Any]
    given: str
    resolved: str
    value: Any

    @property
    def hidden(self) -> bool:
        """Whether descriptions show asterisks in place of the value."""
        return str(self.declaration.get("NoEcho", "")).lower() == "true"

    def described(self) -> dict[str, str]:
        """As DescribeStacks shows it."""
        shown = {"ParameterKey": self.name, "ParameterValue": NO_ECHO if self.hidden else self.given}
        if _SSM.fullmatch(str(self.declaration.get("Type", ""))) and not self.hidden:
            shown["ResolvedValue"] = self.resolved
        return shown


def collect(
    declared: Mapping[str, Any], asked: Mapping[str, str], read_ssm: Callable[[str], str]
) -> dict[str, Parameter]:
    """A value for each declared parameter. `read_ssm` looks up what Parameter Store holds under a name.

    Raises:
        Refused: a value is missing, belongs to no parameter, or violates a constraint.
    """
    if unknown := [name for name in asked if name not in declared]:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [name for name, spec in declared.items() if name not in asked and "Default" not in spec]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _parameter(name, spec, asked, read_ssm) for name, spec in declared.items()}


def text_of(value: Any) -> str:
    """A default or a value as text: true for True, as JSON writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(text_of, value)) if isinstance(value, list) else str(value)


def _parameter(
    name: str, spec: Mapping[str, Any], asked: Mapping[str, str], read_ssm: Callable[[str], str]
) -> Parameter:
    given = asked[name] if name in asked else text_of(spec["Default"])
    kind = str(spec.get("Type", "String"))
    resolved = given
    if match := _SSM.fullmatch(kind):
        kind, resolved = match["inner"], read_ssm(given)
    value: Any = resolved
    if match := _LIST.fullmatch(kind):
        kind = match["inner"] or "String"
        value = [part.strip() for part in resolved.split(",")] if resolved else []
    for each in value if isinstance(value, list) else [value]:
        # Constraints are about what was given: a name in Parameter Store, not what it holds.
        if reason := _violation(name, spec, kind, each if resolved == given else given):
            description = spec.get("ConstraintDescription")
            raise invalid(f"Parameter {name} failed to satisfy constraint: {description}" if description else reason)
    return Parameter(name=name, declaration=spec, given=given, resolved=resolved, value=value)


def _violation(name: str, spec: Mapping[str, Any], kind: str, value: str) -> str | None:
    allowed = spec.get("AllowedValues")
    if allowed is not None and value not in map(text_of, allowed):
        return f"Parameter '{name}' must be one of AllowedValues"
    pattern = spec.get("AllowedPattern")
    if pattern is not None and not _matches(str(pattern), value):
        return f"Parameter '{name}' must match pattern {pattern}"
    if kind == "Number":
        return _not_in_range(name, spec, value)
    if "MinLength" in spec and len(value) < int(spec["MinLength"]):
        return f"Parameter '{name}' must contain at least {spec['MinLength']} characters"
    if "MaxLength" in spec and len(value) > int(spec["MaxLength"]):
        return f"Parameter '{name}' must contain at most {spec['MaxLength']} characters"
    return None


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error as error:
        raise invalid(f"Template format error: invalid AllowedPattern {pattern}") from error


def _not_in_range(name: str, spec: Mapping[str, Any], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return f"Parameter '{name}' must be a number"
    if "MinValue" in spec and number < float(spec["MinValue"]):
        return f"Parameter '{name}' must be a number not less than {spec['MinValue']}"
    if "MaxValue" in spec and number > float(spec["MaxValue"]):
        return f"Parameter '{name}' must be a number not greater than {spec['MaxValue']}"
    return None
