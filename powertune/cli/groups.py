"""Groups of options: a frozen dataclass that is a command's parameter stands for one option for each field."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter
from typing import Any, get_type_hints


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command as Typer reads it, which knows no groups: with the fields of each group in its place."""
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    groups = {parameter.name: parameter.annotation for parameter in parameters if _is_group(parameter)}

    @functools.wraps(command)
    def spread_out(**given: Any) -> None:
        for name, kind in groups.items():
            given[name] = kind(**{field.name: given.pop(field.name) for field in fields(kind)})
        command(**given)

    flat = [each for parameter in parameters for each in _flat(parameter)]
    vars(spread_out)["__signature__"] = inspect.Signature(flat)
    return spread_out


def given(*groups: Any) -> dict[str, Any]:
    """The options in these groups that were given, by name."""
    every = {field.name: getattr(group, field.name) for group in groups for field in fields(group)}
    return {name: value for name, value in every.items() if value is not None}


def _is_group(parameter: Parameter) -> bool:
    return hasattr(parameter.annotation, "__dataclass_fields__")


def _flat(parameter: Parameter) -> list[Parameter]:
    """The parameter as keywords: itself, or the fields of its group."""
    if not _is_group(parameter):
        return [parameter.replace(kind=Parameter.KEYWORD_ONLY)]
    hints = get_type_hints(parameter.annotation, include_extras=True)
    return [
        Parameter(field.name, Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name])
        for field in fields(parameter.annotation)
    ]


def _default(field: Field[Any]) -> Any:
    return Parameter.empty if field.default is MISSING else field.default
