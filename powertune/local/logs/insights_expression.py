"""Expressions of Logs Insights: from what was written to what computes it."""

import time
from collections.abc import Callable
from functools import partial

from powertune.local.logs.insights_commands import Call, Expression, Field, Literal, Regex
from powertune.local.logs.insights_fields import Row
from powertune.local.logs.insights_functions import FUNCTIONS, floor_time
from powertune.local.logs.insights_values import Value, text, truth

Compute = Callable[[Row], Value]


def compiled(expression: Expression) -> Compute:
    """What computes the expression for a row."""
    if isinstance(expression, Literal):
        value = expression.value
        return lambda _: value
    if isinstance(expression, Field):
        name = expression.name
        return lambda row: row.get(name)
    assert isinstance(expression, Call)
    return _call(expression)


def _call(call: Call) -> Compute:
    name, arguments = call.name, call.arguments
    if name == "like" and isinstance(arguments[1], Regex):
        return _matches(compiled(arguments[0]), arguments[1])
    if name == "now":
        # The time of the query, in seconds, is one for all rows.
        now = int(time.time())
        return lambda _: now
    parts = tuple(compiled(argument) for argument in arguments)
    if name == "and":
        left, right = parts
        return lambda row: truth(left(row)) and truth(right(row))
    if name == "or":
        left, right = parts
        return lambda row: truth(left(row)) or truth(right(row))
    if name == "bin":
        return lambda row: floor_time(row.get("@timestamp"), parts[0](row))
    function = FUNCTIONS[name]
    if len(parts) == 1:
        return partial(_apply_one, function, parts[0])
    if len(parts) == 2:
        return partial(_apply_two, function, *parts)
    return lambda row: function(*(part(row) for part in parts))


def _apply_one(function: Callable[..., Value], part: Compute, row: Row) -> Value:
    return function(part(row))


def _apply_two(function: Callable[..., Value], left: Compute, right: Compute, row: Row) -> Value:
    return function(left(row), right(row))


def _matches(value: Compute, regex: Regex) -> Compute:
    search = regex.pattern.search

    def matches(row: Row) -> Value:
        found = value(row)
        return found is not None and search(text(found)) is not None

    return matches
