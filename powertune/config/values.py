"""What an option's value means: each parser takes the option's name and what was given, text or TOML."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from powertune.errors import UsageError
from powertune.figures import LARGEST, SMALLEST
from powertune.model import Architecture, FunctionRef, Limit, Statistic, Strategy
from powertune.units import did_you_mean, parse_memory_list, shown

#: Each size is a version to publish, at the pace that AWS allows.
MOST_SIZES = 100
#: What --arch takes: one architecture, or both.
ARCHITECTURES = (*(str(architecture) for architecture in Architecture), "both")

Parser = Callable[[str, Any], Any]


def text(name: str, value: Any) -> str:
    """Text on one line: a name, a path or an address."""
    if not isinstance(value, str):
        raise UsageError(f"{name} {shown(value)} is not text", hint=f'write {name} = "..."')
    # A terminal's bytes that are not UTF-8 arrive as surrogates, and name files well enough.
    if any(ord(char) < 32 or ord(char) == 127 for char in value):
        raise UsageError(f"{name} {shown(value)} holds control characters", hint="write it on one line, without them")
    return value


def payload(name: str, value: Any) -> str:
    """Text that names or is the events; in TOML also the event itself, as a table, list or number."""
    if isinstance(value, str):
        if "\0" in value:
            raise UsageError(f"{name} {shown(value)} holds a NUL", hint="write \\u0000 in JSON")
        return event_source(value)
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise UsageError(
            f"{name} {shown(value)} cannot be written as JSON",
            hint="write dates as text, and neither infinite numbers nor tables within thousands of tables",
        ) from None


def event_source(value: str) -> str:
    """What names or is the events, with a file as `@file`, even if it is `file://file` as for the AWS CLI."""
    return re.sub(r"\Afileb?://", "@", value)


#: What Lambda keeps of the type of an error, and how many of them anybody can mean.
_LONGEST_TYPE, _MOST_TYPES = 128, 100


def error_types(name: str, value: Any) -> tuple[str, ...]:
    """Types of errors, as `NotFound,Throttled` or a list; sorted, each once."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given) or len(given) > _MOST_TYPES:
        raise UsageError(
            f"{dashed(name)} {shown(value)} is not a list of types of errors", hint='for example "NotFound,Throttled"'
        )
    named = {each.strip() for each in given} if given != [""] else set()
    for each in named:
        if not 0 < len(each) <= _LONGEST_TYPE or not each.isprintable() or "," in each:
            raise UsageError(
                f"{dashed(name)} {shown(each)} is not the type of an error",
                hint="name it as Lambda does in `errorType`, for example NotFound",
            )
    return tuple(sorted(named))


def function(name: str, value: Any) -> FunctionRef:
    """A function's name or ARN."""
    return FunctionRef.parse(text(name, value))


def memory(_: str, value: Any) -> tuple[int, ...]:
    """Memory sizes in MB, as a list, `128,512` or `128-1024:128`."""
    sizes = parse_memory_list(",".join(map(_written, value)) if isinstance(value, list) else _written(value))
    if len(sizes) > MOST_SIZES:
        raise UsageError(f"{len(sizes):,} memory sizes are more than {MOST_SIZES}", hint="take larger steps")
    return sizes


def whole(low: int, high: int) -> Callable[[str, Any], int]:
    """A parser of whole numbers from `low` to `high`."""

    def parse(name: str, value: Any) -> int:
        try:
            number = int(_written(value))
        except ValueError:
            number = low - 1
        if not low <= number <= high or isinstance(value, bool):
            raise UsageError(
                f"{dashed(name)} {shown(value)} is not a whole number from {low} to {high:,}",
                hint=f"for example {low}",
            )
        return number

    return parse


def positive(name: str, value: Any) -> float:
    """A number above 0."""
    try:
        number = float(_written(value))
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise UsageError(f"{dashed(name)} {shown(value)} is not a positive number", hint="for example 1.5")
    return _bounded(name, value, number)


def amount(name: str, value: Any) -> float:
    """An amount of money that may be 0."""
    return 0.0 if str(value).strip() in ("0", "0.0", "0.00") else positive(name, value)


def _bounded(name: str, value: Any, number: float) -> float:
    """The number, unless times and amounts that are computed from it would overflow, or vanish."""
    if not SMALLEST <= number <= LARGEST:
        size = "large" if number > 1 else "small"
        raise UsageError(f"{dashed(name)} {shown(value)} is too {size}", hint=f"from {SMALLEST:g} to {LARGEST:g}")
    return number


def _written(value: Any) -> str:
    """What was given as text, or a number of the file as text."""
    return "too large" if _is_huge(value) else str(value)


def _is_huge(value: Any) -> bool:
    """Whether it is a whole number beyond all that an option takes: Python refuses to write the largest of them."""
    return isinstance(value, int) and abs(value) > 2**64


def choice(choices: tuple[str, ...]) -> Callable[[str, Any], str]:
    """A parser of one of several words."""

    def parse(name: str, value: Any) -> str:
        if value not in choices:
            raise UsageError(f"unknown {dashed(name)} {shown(value)}", hint=did_you_mean(value, choices))
        return str(value)

    return parse


def strategy(name: str, value: Any) -> Strategy:
    """What is to be low."""
    return Strategy(choice(tuple(map(str, Strategy)))(name, value))


def architectures(name: str, value: Any) -> tuple[Architecture, ...]:
    """`x86_64`, `arm64` or `both`."""
    wanted = choice(ARCHITECTURES)(name, value)
    return tuple(Architecture) if wanted == "both" else (Architecture(wanted),)


def flag(name: str, value: Any) -> bool:
    """True or false, from TOML, the command line or the environment."""
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    word = _written(value).lower()
    if word not in known:
        raise UsageError(f"{dashed(name)} {shown(value)} is neither true nor false", hint="write true or false")
    return known[word]


def share(name: str, value: Any) -> float:
    """A share of 1, as `5%` or `0.05`."""
    text = _written(value).strip()
    try:
        number = float(text.removesuffix("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1 or isinstance(value, bool):
        raise UsageError(f"{dashed(name)} {shown(value)} is not a share", hint="for example 5%, or 0.05")
    return _bounded(name, value, number) if number else 0.0


def precision(name: str, value: Any) -> float:
    """A share above 0, as nothing is known exactly, and at most a half."""
    number = share(name, value)
    if not 0 < number <= 0.5:
        raise UsageError(f"{dashed(name)} {shown(value)} is not between 0 and 50%", hint="for example 3%")
    return number


def discount(name: str, value: Any) -> float:
    """A share below 1."""
    number = share(name, value)
    if number == 1:
        raise UsageError(f"{dashed(name)} {shown(value)} leaves nothing to pay", hint="for example 12%")
    return number


def factor(name: str, value: Any) -> float:
    """A number of at least 1, and at most 1,000."""
    number = positive(name, value)
    if not 1 <= number <= 1_000:
        relation = "less than 1" if number < 1 else "more than 1,000"
        raise UsageError(f"{dashed(name)} {shown(value)} is {relation}", hint="for example 1.1")
    return number


_LIMIT = re.compile(
    r"(?:(?P<statistic>mean|p50|p95|p99)\s*<=|<=)?\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>ms|s)?", re.ASCII
)


def limit(name: str, value: Any) -> Limit:
    """`p95<=300ms`, `mean<=2s`, or `300ms`, which is the mean's."""
    match = _LIMIT.fullmatch(_written(value).strip())
    number = float(match["value"]) * (1000 if match["unit"] == "s" else 1) if match else 0.0
    if match is None or not 0 < number < math.inf:
        raise UsageError(
            f"{dashed(name)} {shown(value)} is not a limit on a duration",
            hint='for example "p95<=300ms"; mean, p50, p95 and p99 can be limited',
        )
    return Limit(statistic=Statistic(match["statistic"] or "mean"), at_most_ms=_bounded(name, value, number))


_COST = re.compile(r"(?:<=)?\s*(?P<value>\d+(?:\.\d+)?)\s*(?P<currency>usd|cny)?\s*(?:/\s*1m)?", re.ASCII)


def cost(name: str, value: Any) -> tuple[float, str | None]:
    """`<=5usd/1M` or `5`, per million invocations: the amount for one, and the currency if it is named."""
    match = _COST.fullmatch(_written(value).strip().lower())
    number = float(match["value"]) / 1e6 if match else 0.0
    if match is None or not 0 < number < math.inf:
        raise UsageError(
            f"{dashed(name)} {shown(value)} is not an amount per million invocations", hint='for example "<=5usd/1M"'
        )
    return _bounded(name, value, number), match["currency"].upper() if match["currency"] else None


_VOLUME = re.compile(r"(?P<value>\d+(?:_\d+)*(?:\.\d+)?)\s*(?P<unit>[kM]?)", re.ASCII)
#: Elsewhere a comma is a decimal point: `2,5M`, and `2,500M`.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)


def volume(name: str, value: Any) -> float:
    """`2500000`, `2,500,000`, `2.5M` or `300k`."""
    text = _written(value).strip()
    match = _VOLUME.fullmatch(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)
    number = float(match["value"]) * {"": 1, "k": 1e3, "M": 1e6}[match["unit"]] if match else 0.0
    if not 0 < number < math.inf or isinstance(value, bool):
        raise UsageError(
            f"{dashed(name)} {shown(value)} is not a number of invocations", hint="for example 2.5M, or 2,500,000"
        )
    return _bounded(name, value, number)


_SPAN = re.compile(r"(?P<value>\d{1,9}(?:\.\d{1,9})?)\s*(?P<unit>s|min|m|h)", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600}
#: A day: whoever watches for longer wants an alarm.
_LONGEST_S = 86_400


def span(name: str, value: Any) -> float:
    """A span of time in seconds, as `90s`, `10m` or `1.5h`."""
    match = _SPAN.fullmatch(_written(value).strip())
    seconds = float(match["value"]) * _SECONDS[match["unit"]] if match else 0.0
    if not 0 < seconds <= _LONGEST_S:
        wrong = "not a span of time" if match is None else "longer than a day" if seconds else "no time at all"
        raise UsageError(f"{dashed(name)} {shown(value)} is {wrong}", hint="for example 90s, 10m or 2h")
    return seconds


#: Lambda's own pattern for the names of environment variables.
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")


def environment(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """A table of environment variables: each a text, or a number or true or false, as Python writes them."""
    if not isinstance(value, dict):
        raise UsageError(f"{name} {shown(value)} is not a table", hint='write environment = { BUCKET = "name" }')
    for key, item in value.items():
        if not _VARIABLE.fullmatch(key):
            raise UsageError(
                f"{name} {shown(key)} is not a valid name of an environment variable",
                hint="use letters, digits and _, and begin with a letter",
            )
        if not isinstance(item, str | int | float) or _is_huge(item) or "\0" in str(item):
            raise UsageError(f"{name} {key} cannot be {shown(item)}", hint=f'write {key} = "..."')
    return tuple((key, str(item)) for key, item in value.items())


def dashed(name: str) -> str:
    """What an option is called on the command line."""
    return "sleep" if name == "sleep_ms" else name.replace("_", "-")
