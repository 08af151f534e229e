"""The invocations of a measurement as columns of a document, with what they all share written once."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Annotated, Any

import msgspec

from powertune.documents import Raw, Schema, read_part
from powertune.figures import LARGEST, SMALLEST, range_of
from powertune.model import INVOCATION_FIELDS, Configuration, Invocation, Invocations

#: Always a list, and so says how many invocations there are.
_UNFOLDED = "started_at"
#: Few distinct values in a million places: one object for each.
_REPEATED = ("error_type", "executed_version", "environment", "duration_ms", "billed_ms")
#: Called as a field of configurations, but what Lambda reported.
_REPORTED = "memory_mb"


def write_columns(invocations: Invocations) -> Mapping[str, Any]:
    """Each field of the invocations: a list, or the one value that they all share.

    That is half of a large file, and half of its reading.
    """
    return {name: _folded(name, invocations.column(name)) for name in INVOCATION_FIELDS}


def read_columns(data: Raw, schema: Schema, place: str, configuration: Configuration) -> Invocations:
    """The invocations that columns hold; each column is checked as a whole.

    Raises:
        UsageError: a column is missing or as long as no other, or holds what no invocation has.
    """
    columns = read_part(data, _columns_type(), schema, place)
    found = {name: getattr(columns, name) for name in INVOCATION_FIELDS}
    lengths = {len(values) for values in found.values() if isinstance(values, tuple)}
    if len(lengths) != 1:
        raise schema.damaged(f"the columns of {configuration} have different lengths, or none")
    length = lengths.pop()
    # What is shared by several columns, such as that nothing is known, is one tuple for all of them.
    shared: dict[Any, tuple[Any, ...]] = {}
    for f in fields(Invocation):
        values = found[f.name]
        if _is_number(f, float) and not f.name.endswith("_at"):
            _check_smallest(values if isinstance(values, tuple) else (values,), schema, f"{place}.{f.name}")
        if not isinstance(values, tuple):
            found[f.name] = shared.setdefault((type(values), values), (values,) * length)
        elif f.name in _REPEATED:
            pool: dict[Any, Any] = {}
            found[f.name] = tuple(map(pool.setdefault, values, values))
    return Invocations(found)


def _check_smallest(values: tuple[float | None, ...], schema: Schema, place: str) -> None:
    least = min(filter(None, values), default=LARGEST)
    if least < SMALLEST:
        raise schema.wrong(place, least)


def _folded(name: str, values: tuple[Any, ...]) -> Any:
    if values and name != _UNFOLDED and values.count(values[0]) == len(values):
        return values[0]
    return values


@cache
def _columns_type() -> type[Any]:
    """A struct with a field for each column, of the type and range that its figures have."""
    return msgspec.defstruct("Columns", [_column(f) for f in fields(Invocation)], kw_only=True)


def _column(f: Field[Any]) -> tuple[Any, ...]:
    item: Any = f.type
    low, high = (0, LARGEST) if f.name == _REPORTED else range_of(f.name)
    within = msgspec.Meta(ge=low, le=high)
    ranged: Mapping[Any, Any] = {int: Annotated[int, within], float: Annotated[float, within]}
    for number in ranged:
        if _is_number(f, number):
            item = ranged[number] if item is number else ranged[number] | None
    column: Any = tuple[item, ...] | item
    # A missing status is not a success.
    if f.default is MISSING or f.name == "status":
        return f.name, column
    return f.name, column, f.default


def _is_number(f: Field[Any], number: type[float]) -> bool:
    return f.type in (number, number | None)
