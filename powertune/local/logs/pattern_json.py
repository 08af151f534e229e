"""Filter patterns for JSON events: `{ ($.latency > 100) && ($.kind = "GET*") }`."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from powertune.local.logs.pattern_grammar import INVALID, OPERATORS, Predicate, Tokens, conditions
from powertune.local.logs.pattern_values import BadPatternError, comparison

_STEP = re.compile(r"""\[(?P<index>\d+)\]|\.?\["(?P<double>[^"]*)"\]|\.?\['(?P<single>[^']*)'\]
    |\.(?P<name>[A-Za-z0-9_\-]+)|(?P<every>\[\*\]|\.\*)""", re.VERBOSE)  # fmt: skip
#: How many `*` the selectors of a pattern may have.
_MOST_WILDCARDS = 3


def json_pattern(pattern: str) -> Callable[[str], bool]:
    """Whether an event is a JSON object, or array, for which the condition in braces holds.

    Raises:
        BadPatternError: the pattern is none.
    """
    tokens = Tokens(pattern.strip()[1:-1])
    holds = conditions(tokens, _condition)
    if tokens.kind:
        raise BadPatternError(INVALID)

    def matches(message: str) -> bool:
        if not message.lstrip().startswith(("{", "[")):
            return False
        try:
            return holds(json.loads(message))
        except (ValueError, RecursionError):
            return False

    return matches


def _condition(tokens: Tokens) -> Predicate[Any]:
    if tokens.kind != "selector":
        raise BadPatternError(INVALID)
    steps = _steps(tokens.take())
    if tokens.took("IS"):
        return _identity(steps, tokens)
    if tokens.took("NOT"):
        tokens.expect("EXISTS")
        return lambda document: not any(True for _ in _select(document, steps))
    operator = tokens.take()
    if operator not in OPERATORS:
        raise BadPatternError(INVALID)
    holds = comparison(operator.replace("=!", "!="), tokens.value())
    return lambda document: any(holds(found) for found in _scalars(_select(document, steps)))


def _identity(steps: tuple[str | int | None, ...], tokens: Tokens) -> Predicate[Any]:
    constants = {"NULL": None, "TRUE": True, "FALSE": False}
    word = tokens.take()
    if word not in constants:
        raise BadPatternError(INVALID)
    wanted = constants[word]
    return lambda document: any(found is wanted for found in _select(document, steps))


def _steps(selector: str) -> tuple[str | int | None, ...]:
    """Names and indexes, and None for every member."""
    steps: list[str | int | None] = []
    for match in _STEP.finditer(selector, 1):
        if match["index"] is not None:
            steps.append(int(match["index"][:9]))
        elif match["every"]:
            steps.append(None)
        else:
            steps.append(next(each for each in match.group("double", "single", "name") if each is not None))
    if steps.count(None) > _MOST_WILDCARDS:
        raise BadPatternError(INVALID)
    return tuple(steps)


def _select(document: Any, steps: tuple[str | int | None, ...]) -> Iterable[Any]:
    found = [document]
    for step in steps:
        found = [member for each in found for member in _members(each, step)]
    return found


def _members(value: Any, step: str | int | None) -> Iterable[Any]:
    if step is None:
        return value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    if isinstance(step, int):
        return value[step : step + 1] if isinstance(value, list) else ()
    return (value[step],) if isinstance(value, dict) and step in value else ()


def _scalars(values: Iterable[Any]) -> Iterable[str | float]:
    """A selector that leads to an object, an array or null matches nothing."""
    for value in values:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, str):
            yield value
        elif isinstance(value, int | float):
            # An integer of JSON may be larger than any float.
            yield float(value) if abs(value) < 1e300 else str(value)
