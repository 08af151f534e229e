"""MB, ms, USD and GB-seconds: parsing what people type, and formatting what they read."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from powertune.errors import UsageError

MEMORY_MIN_MB = 128
MEMORY_MAX_MB = 10_240
#: A function of this memory size has one full vCPU (AWS Lambda Developer Guide, "Configure memory").
MB_PER_VCPU = 1_769
#: The sizes that people use: powers of two, one vCPU, the limit of a new account, where cores are added, the most.
USUAL_MB = frozenset({128, 256, 512, 1024, MB_PER_VCPU, 2048, 3008, 4096, 5308, 8192, 8846, MEMORY_MAX_MB})
#: What whole milliseconds add to a billed duration, on average.
ROUNDING_MS = 0.5
#: AWS quotes the price of a million requests, and reports the cost of a million invocations.
PER_MILLION = 1_000_000

_RANGE = re.compile(r"(?P<low>\d+)\s*-\s*(?P<high>\d+)(?:\s*:\s*(?P<step>\d+))?", re.ASCII)
#: Longer than any size in MB, even with leading zeros.
_MOST_DIGITS = 9
#: A message repeats at most this many characters of a value. Any ARN fits.
_SHOWN = 200


def parse_memory_list(text: str) -> tuple[int, ...]:
    """Memory sizes in MB, ascending, from `128,512,1024`, from ranges such as `128-1024:128`, or from both.

    A range without a step is an error: `128-10240` would silently mean ten thousand sizes.

    Raises:
        UsageError: not a number, out of range, reversed, or named twice.
    """
    sizes: set[int] = set()
    for part in (part.strip() for part in text.split(",")):
        for size in _parse_range(part) if "-" in part else [_parse_size(part)]:
            if size in sizes:
                raise UsageError(f"memory size {size} MB is named twice in {shown(text)}", hint="name each size once")
            sizes.add(size)
    return tuple(sorted(sizes))


def _parse_size(text: str) -> int:
    digits = text.removesuffix("MB").removesuffix("mb").strip()
    if not (digits.isascii() and digits.isdigit()):
        raise UsageError(
            f"memory size {shown(text)} is not a whole number of MB", hint="for example --memory 128,512,1024"
        )
    if len(digits) > _MOST_DIGITS or not MEMORY_MIN_MB <= int(digits) <= MEMORY_MAX_MB:
        raise UsageError(
            f"memory size {shortened(digits)} MB is out of range",
            hint=f"Lambda offers {MEMORY_MIN_MB} to {MEMORY_MAX_MB} MB in steps of 1 MB",
        )
    return int(digits)


def _parse_range(text: str) -> range:
    match = _RANGE.fullmatch(text)
    if match is None or match["step"] is None:
        raise UsageError(f"memory range {shown(text)} is not LOW-HIGH:STEP", hint="for example --memory 128-1024:128")
    low, high, digits = _parse_size(match["low"]), _parse_size(match["high"]), match["step"]
    if len(digits) > _MOST_DIGITS:
        raise UsageError(f"memory range {shown(text)} has too large a step", hint=f"for example {low}-{high}:64")
    step = int(digits)
    if low > high:
        raise UsageError(f"memory range {shown(text)} is reversed", hint=f"write {high}-{low}:{step}")
    if step == 0:
        raise UsageError(f"memory range {shown(text)} has a step of 0", hint=f"for example {low}-{high}:64")
    return range(low, high + 1, step)


def format_ms(value: float) -> str:
    """A duration with three significant digits: `0.520 ms`, `14.3 ms`, `2,130 ms`."""
    return f"{_significant(value)} ms"


def format_usd(value: float, currency: str = "USD") -> str:
    """An amount of money, never in exponential notation: `$0.0000021`, `-$0.20`, `¥12.30`."""
    sign = {"USD": "$", "CNY": "¥"}.get(currency)
    amount = abs(value)
    text = f"{amount:,.2f}"
    if 0 < amount < 1:
        digits = _significant(amount).rstrip("0")
        text = digits if len(digits) > len(text) else text
    minus = "-" if value < 0 else ""
    return f"{minus}{sign}{text}" if sign else f"{minus}{text} {currency}"


def plain(value: float) -> str:
    """A number as a person types it, with up to six significant digits and no exponent: `0.00001`, `1`, `2.5`."""
    return format(Decimal(f"{value:.6g}"), "f")


def format_ratio(value: float) -> str:
    """A ratio with two decimals: `1.07x`."""
    return f"{value:.2f}x"


def format_share(value: float) -> str:
    """A fraction as a percentage with two digits: `3 %`, `0.42 %`, `120 %`."""
    return f"{100 * value:.2g} %" if abs(value) < 0.0995 else f"{100 * value:,.0f} %"


def format_seconds(value: float) -> str:
    """A time span: `8 s`, `3 min 20 s`, `1 h 05 min`."""
    seconds = round(value)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def _significant(value: float) -> str:
    """Three significant digits, or all digits before the decimal point."""
    if abs(value) >= 100 or value == 0:
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value)))
    # Rounding may carry: 9.999 is 10.0, not 10.00.
    if abs(round(value, decimals)) >= 10 ** (3 - decimals):
        decimals -= 1
    return f"{value:.{decimals}f}"


def printable(text: str) -> str:
    """The text on one line, without control characters, so that a function cannot control the terminal."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def shortened(text: str, most: int = _SHOWN) -> str:
    """The text, cut to `most` characters."""
    return text if len(text) <= most else f"{text[:most]}..."


def shown(value: object) -> str:
    """The `repr` of a value for an error message, cut if it is long.

    Python cannot write integers of thousands of digits in decimal, nor deeply nested structures.
    """
    try:
        # A text may be megabytes long, so it is cut before it is written.
        return shortened(repr(value[: _SHOWN + 1] if isinstance(value, str) else value))
    except (ValueError, RecursionError):
        return f"a huge {type(value).__name__}"


def did_you_mean(word: object, choices: Sequence[str], otherwise: str = "") -> str:
    """A hint for a word that is none of the choices: the nearest one, if one is near, and what there is."""
    from difflib import get_close_matches

    # A file may hold anything in the place of a word.
    near = get_close_matches(word.lower(), choices, n=1) if isinstance(word, str) and len(word) <= _SHOWN else []
    return " ".join((*(f"did you mean {each}?" for each in near), otherwise or f"one of {', '.join(choices)}"))


def plural(count: int, noun: str) -> str:
    """`1 version`, `2 versions`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
