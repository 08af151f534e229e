"""The functions of Logs Insights: values to a value, None where an argument is missing or of the wrong kind."""

import math
from collections.abc import Callable

from powertune.local.logs.insights_values import Time, Value, compare, number, text, truth

Function = Callable[..., Value]
_MOST_CHARACTERS = 1_000_000


def _numeric(operation: Callable[..., float]) -> Function:
    def call(*values: Value) -> Value:
        numbers = [number(value) for value in values]
        if None in numbers:
            return None
        try:
            result = operation(*numbers)
            # An integer that is too large for a float overflows here, too.
            return result if math.isfinite(result) else None
        except (ArithmeticError, ValueError):
            return None

    return call


def _power(base: float, exponent: float) -> float:
    return math.pow(base, exponent)


def _remainder(left: float, right: float) -> float:
    return math.fmod(left, right)


def _texts(operation: Callable[..., Value]) -> Function:
    def call(*values: Value) -> Value:
        return None if None in values else operation(*(text(value) for value in values))

    return call


def _compared(holds: Callable[[int], bool]) -> Function:
    def call(left: Value, right: Value) -> Value:
        order = compare(left, right)
        return order is not None and holds(order)

    return call


def _extreme(sign: int) -> Function:
    def call(*values: Value) -> Value:
        best: Value = None
        for value in values:
            order = compare(value, best)
            if best is None or (order is not None and order * sign > 0):
                best = value
        return best

    return call


def _substr(value: Value, start: Value, length: Value = None) -> Value:
    begin, size = number(start), number(length)
    if value is None or begin is None:
        return None
    first = max(0, int(min(begin, _MOST_CHARACTERS)))
    rest = text(value)[first:]
    return rest if size is None else rest[: max(0, int(min(size, _MOST_CHARACTERS)))]


def _replace(whole: str, old: str, new: str) -> Value:
    if old and len(whole) + whole.count(old) * len(new) > _MOST_CHARACTERS:
        return None
    return whole.replace(old, new) if old else whole


def _stripped(side: str) -> Callable[..., Value]:
    def call(whole: str, end: str | None = None) -> Value:
        if end is None:
            return {"left": str.lstrip, "right": str.rstrip, "both": str.strip}[side](whole)
        if side in ("left", "both"):
            whole = whole.removeprefix(end)
        return whole.removesuffix(end) if side in ("right", "both") else whole

    return call


def floor_time(value: Value, period: Value, *, up: bool = False) -> Value:
    """A time, rounded down to a multiple of the period since the epoch, or up."""
    at, size = number(value), number(period)
    if at is None or not size:
        return None
    whole, size = int(at), int(size)
    return Time(-(-whole // size) * size if up else whole // size * size)


def like(value: Value, part: Value) -> bool:
    """Whether a text is in another."""
    return value is not None and part is not None and text(part) in text(value)


FUNCTIONS: dict[str, Function] = {
    "+": _numeric(lambda a, b: a + b),
    "-": _numeric(lambda a, b: a - b),
    "*": _numeric(lambda a, b: a * b),
    "/": _numeric(lambda a, b: a / b),
    "%": _numeric(_remainder),
    "^": _numeric(_power),
    "=": _compared(lambda order: order == 0),
    "!=": lambda a, b: compare(a, b) != 0,
    "<": _compared(lambda order: order < 0),
    "<=": _compared(lambda order: order <= 0),
    ">": _compared(lambda order: order > 0),
    ">=": _compared(lambda order: order >= 0),
    "not": lambda value: not truth(value),
    "in": lambda value, *choices: any(compare(value, choice) == 0 for choice in choices),
    "like": like,
    "abs": _numeric(abs),
    "ceil": _numeric(math.ceil),
    "floor": _numeric(math.floor),
    "log": _numeric(math.log),
    "sqrt": _numeric(math.sqrt),
    "greatest": _extreme(1),
    "least": _extreme(-1),
    "tonumber": number,
    "toint": _numeric(int),
    "ispresent": lambda value: value is not None,
    "isempty": lambda value: value is None or text(value) == "",
    "isblank": lambda value: value is None or not text(value).strip(),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "if": lambda condition, then, otherwise: then if truth(condition) else otherwise,
    "concat": lambda *values: "".join(text(value) for value in values),
    "strlen": _texts(len),
    "toupper": _texts(str.upper),
    "tolower": _texts(str.lower),
    "trim": _texts(_stripped("both")),
    "ltrim": _texts(_stripped("left")),
    "rtrim": _texts(_stripped("right")),
    "substr": _substr,
    "replace": _texts(_replace),
    "strcontains": _texts(lambda whole, part: int(part in whole)),
    "datefloor": floor_time,
    "dateceil": lambda value, period: floor_time(value, period, up=True),
    "frommillis": lambda value: None if number(value) is None else Time(int(number(value) or 0)),
    "tomillis": lambda value: None if number(value) is None else int(number(value) or 0),
}
