"""What a filter pattern compares with: text with `*` at its ends, numbers, and regular expressions."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from powertune.local.logs.client_regex import ASCII, ClientRegex

#: Letters, digits, symbols and operators that a regular expression in a filter pattern may have.
_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,\-^$?\[\]{}|\\*+.]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


class BadPatternError(ValueError):
    """A filter pattern that CloudWatch Logs refuses, with its words."""


@dataclass(frozen=True, slots=True)
class Value:
    """The right side of a comparison. `quoted` text is never a number, and `regex` is the text between two `%`."""

    text: str
    quoted: bool = False
    regex: bool = False


def number(text: str) -> float | None:
    """The number that a text is, or None."""
    return float(text) if _NUMBER.fullmatch(text) else None


def regex(text: str) -> Callable[[str], bool]:
    """Whether a regular expression is found in a text, which may raise TooSlowError.

    Raises:
        BadPatternError: it has characters that are not supported, or is none.
    """
    if not _REGEX.fullmatch(text):
        raise BadPatternError(f"Invalid character(s) in term '%{text}%'")
    try:
        expression = ClientRegex.parse(text, ASCII)
    except ValueError:
        raise BadPatternError(f"Invalid regular expression '%{text}%'") from None
    return lambda message: expression.search(message) is not None


def wildcard(pattern: str) -> Callable[[str], bool]:
    """Whether a text is the pattern, in which `*` at the beginning or the end stands for anything."""
    left, right = pattern.startswith("*"), pattern.endswith("*")
    core = pattern.strip("*") if left or right else pattern
    if left and right:
        return lambda text: core in text
    if left:
        return lambda text: text.endswith(core)
    if right:
        return lambda text: text.startswith(core)
    return lambda text: text == core


Scalar = str | float


def comparison(operator: str, value: Value) -> Callable[[Scalar], bool]:
    """A predicate on a field's value.

    Raises:
        BadPatternError: the operator needs a number, or cannot take a regular expression.
    """
    if operator in ("=", "!="):
        equals = _equality(value)
        return equals if operator == "=" else lambda found: not equals(found)
    limit = None if value.quoted or value.regex else number(value.text)
    if limit is None:
        raise BadPatternError(f"Invalid numeric value '{value.text}'")
    return _ordering(operator, limit)


def _equality(value: Value) -> Callable[[Scalar], bool]:
    if value.regex:
        found_in = regex(value.text)
        return lambda found: found_in(_text(found))
    same = wildcard(value.text)
    wanted = None if value.quoted else number(value.text)
    if wanted is None:
        return lambda found: same(_text(found))

    def equals(found: Scalar) -> bool:
        actual = number(found) if isinstance(found, str) else found
        return same(found) if actual is None and isinstance(found, str) else actual == wanted

    return equals


_ORDERINGS: dict[str, Callable[[float, float], bool]] = {
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
}


def _ordering(operator: str, limit: float) -> Callable[[Scalar], bool]:
    holds = _ORDERINGS[operator]

    def compare(found: Scalar) -> bool:
        actual = number(found) if isinstance(found, str) else float(found)
        return actual is not None and holds(actual, limit)

    return compare


def _text(found: Scalar) -> str:
    return found if isinstance(found, str) else f"{found:.15g}"
