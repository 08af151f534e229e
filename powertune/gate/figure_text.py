"""Figures of a gate in words: amounts in the unit of their metric, and changes with their intervals."""

from powertune.gate.gated_metrics import MEGABYTES, METRICS, MS, PER_MILLION_UNIT, SHARE
from powertune.gate.model import Figure
from powertune.units import format_ms, format_share, format_usd, plain

#: A smaller change is shown as none.
_NONE = 5e-4
_OF = " per million"
#: Packages below that are shown in KB.
_SMALL_MB = 0.1


def amount_text(value: float, unit: str) -> str:
    """`312 ms`, `$2.10 per million`, `0.5 %`, `112 MB`, `0.3 KB`."""
    if unit == MS:
        return format_ms(value)
    if unit.endswith(PER_MILLION_UNIT):
        return f"{format_usd(value, unit.removesuffix(PER_MILLION_UNIT))}{_OF}"
    if unit == SHARE:
        return format_share(value / 100) if value else "0 %"
    if unit == MEGABYTES and 0 < value < _SMALL_MB:
        return f"{plain(round(1024 * value, 1))} KB"
    return f"{plain(round(value, 2))} {unit}"


def figure_text(figure: Figure | None, unit: str) -> str:
    """`312 ms [308 ms, 317 ms]`, `$2.10 [$2.01, $2.15] per million`; an end that is not known is a question mark."""
    if figure is None:
        return "-"
    if figure.interval is None:
        return amount_text(figure.value, unit)
    low, high = figure.interval
    value, *ends = (
        "?" if amount is None else amount_text(amount, unit).removesuffix(_OF) for amount in (figure.value, low, high)
    )
    return f"{value} [{', '.join(ends)}]{_OF if unit.endswith(PER_MILLION_UNIT) else ''}"


def change_text(ratio: Figure, metric: str) -> str:
    """`30 % slower [27 %, 33 %]`: positive figures in brackets are in the direction that the word says."""
    words = METRICS[metric]
    change = ratio.value - 1
    sign = -1.0 if change < -_NONE else 1.0
    said = "unchanged" if ratio.interval is None else f"0 % {words.more}"
    if abs(change) >= _NONE:
        said = f"{format_share(abs(change))} {words.more if sign > 0 else words.less}"
    if ratio.interval is None or ratio.interval[1] is None:
        return said
    low, high = sorted(sign * (end - 1) for end in ratio.interval if end is not None)
    return f"{said} [{_signed(low)}, {_signed(high)}]"


def _signed(share: float) -> str:
    return format_share(share if abs(share) >= _NONE / 10 else 0.0)
