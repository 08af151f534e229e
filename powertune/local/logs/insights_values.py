"""Values in Logs Insights: text, numbers and nothing; how they compare, and how they are shown."""

import math
import re
from datetime import UTC, datetime

Value = str | float | int | bool | None

_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\s*")
_CHUNKS = re.compile(r"\d+|\D+")


class Time(int):
    """Milliseconds since the epoch that are shown as a date."""


def number(value: Value) -> float | int | None:
    """The finite number that a value is, or None."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        found = float(value) if _NUMBER.fullmatch(value) else math.inf
        return found if math.isfinite(found) else None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def compare(left: Value, right: Value) -> int | None:
    """-1, 0 or 1; as numbers if both are, else as text; None if one of them is missing."""
    if left is None or right is None:
        return None
    a, b = number(left), number(right)
    if a is not None and b is not None:
        return (a > b) - (a < b)
    one, other = text(left), text(right)
    return (one > other) - (one < other)


def truth(value: Value) -> bool:
    """Whether a condition holds."""
    return value not in (None, False, 0, "", "0", "false")


def text(value: Value) -> str:
    """A value as an answer shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Time):
        try:
            at = datetime.fromtimestamp(value / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return str(int(value))
        return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{value % 1000:03d}"
    if isinstance(value, float):
        return _computed(value)
    return str(value)


def java_double(value: float) -> str:
    """A number as Java writes it, which shows in discovered fields: `15.0`, and `1.28E8` from ten millions on."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(float(value))
    mantissa, exponent = f"{value:.16e}".split("e")
    short = repr(float(value))
    if "e" in short:
        mantissa, exponent = short.split("e")
    else:
        mantissa = repr(round(float(mantissa), 15))
    return f"{float(mantissa)!r}E{int(exponent)}"


def sort_key(value: Value) -> tuple[int, float, tuple[tuple[int, int, str], ...]]:
    """Natural order: what is missing, then text by its runs of digits and other characters, then numbers."""
    if value is None:
        return 0, 0.0, ()
    found = number(value)
    if found is not None and not (isinstance(found, float) and math.isnan(found)):
        return 2, float(found), ()
    chunks = _CHUNKS.findall(text(value))
    return 1, 0.0, tuple((48, len(each), each) if each[0].isdigit() else (ord(each[0]), 0, each) for each in chunks)


def _computed(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    digits = 4 if abs(value) >= 1 else 10
    shown = f"{value:.{digits}f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else java_double(value)
    return "0" if shown in ("-0", "") else shown
