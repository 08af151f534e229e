"""What --max-regression and --min-effect mean: shares by metric, as `duration=5%,cost=5%`."""

from powertune.errors import UsageError
from powertune.gate.gated_metrics import COMPARED
from powertune.gate.model import Tolerances
from powertune.gate.rules import DEFAULT_MOST
from powertune.units import did_you_mean, shown

_OFF = "off"
#: Ten times as much: nobody means more.
_MOST = 10.0
_LONGEST = 1_000


def parse_tolerances(max_regression: str | None, min_effect: str | None) -> Tolerances:
    """The tolerances that two options ask for; a metric that is not named keeps its default.

    `off` in the place of a share leaves a metric out.

    Raises:
        UsageError: a text does not parse, or names an unknown metric.
    """
    asked = parse_max_regression(max_regression or "")
    most = {name: share for name, share in {**DEFAULT_MOST, **asked}.items() if share is not None}
    return Tolerances(
        most=most,
        min_effect=parse_min_effect(min_effect or ""),
        asked=frozenset(name for name, share in asked.items() if share is not None),
    )


def parse_max_regression(text: str) -> dict[str, float | None]:
    """By how much each metric may be worse, as a share: `duration=5%,init=off`; None is not compared at all.

    Raises:
        UsageError: it does not parse, or names an unknown metric.
    """
    return {
        name: None if value == _OFF else _share(text, value, "max-regression")
        for name, value in _parts(text, "max-regression")
    }


def parse_min_effect(text: str) -> dict[str, float]:
    """The smallest change of each metric that is told from noise, as a share: `duration=3.1%`.

    Raises:
        UsageError: it does not parse, or names an unknown metric.
    """
    return {name: _share(text, value, "min-effect") for name, value in _parts(text, "min-effect")}


def _parts(text: str, option: str) -> list[tuple[str, str]]:
    if len(text) > _LONGEST:
        raise UsageError(f"{option} {shown(text)} is too long", hint=f'for example "{_example(option)}"')
    found: list[tuple[str, str]] = []
    for part in text.split(",") if text.strip() else []:
        name, equals, value = (each.strip() for each in part.partition("="))
        if not equals:
            raise UsageError(
                f"{option} {shown(part.strip())} is not METRIC=SHARE", hint=f'for example "{_example(option)}"'
            )
        if name not in COMPARED:
            raise UsageError(f"{option} names an unknown metric {shown(name)}", hint=did_you_mean(name, COMPARED))
        if any(name == known for known, _ in found):
            raise UsageError(f"{option} names {name} twice", hint="name each metric once")
        found.append((name, value))
    return found


def _share(text: str, value: str, option: str) -> float:
    digits = value.removesuffix("%").strip()
    try:
        # Not everything that Python takes for a number is one here: 1_0, inf, +5, and digits of other scripts.
        number = float(digits) if digits.isascii() and digits.replace(".", "", 1).isdigit() else float("nan")
    except ValueError:
        number = float("nan")
    share = number / 100
    if not value.endswith("%") or not 0 <= share <= _MOST:
        off = "" if option == "min-effect" else ", or off"
        raise UsageError(
            f"{option} {shown(text)}: {shown(value)} is not a share from 0% to {100 * _MOST:,.0f}%{off}",
            hint=f'write a percentage, as in "{_example(option)}"',
        )
    return share


def _example(option: str) -> str:
    return "duration=3%,init=8%" if option == "min-effect" else "duration=5%,cost=5%,init=10%"
