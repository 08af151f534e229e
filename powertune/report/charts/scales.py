"""Axes: linear or logarithmic, where they end, and which ticks carry a label."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from powertune.report.extents import extent
from powertune.report.palette import EMPTY, FAINT, GRID, INK, MUTED
from powertune.units import format_ms, format_usd

_MOST_TICKS = 7
_STEPS = ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
Direction = Literal["x", "y"]
#: x and y of one end, x and y of the other.
Segment = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis from `low` to `high`, with labels at `ticks`."""

    low: float
    high: float
    logarithmic: bool
    ticks: tuple[float, ...]


def scale_for(points: Iterable[float], ends: Iterable[float] = (), *, room: float = 0.07) -> Scale:
    """A scale that shows all points, and the ends of their intervals as far as those are not absurdly far away.

    `room` is the share of the axis that stays free on either side.
    """
    values = list(points)
    if not values:
        return Scale(low=0.0, high=1.0, logarithmic=False, ticks=())
    found = extent(values, ends, room=room)
    return (_logarithmic if found.logarithmic else _linear)(found.low, found.high)


def milliseconds(scale: Scale) -> list[str]:
    """The labels of an axis of ms."""
    return [format_ms(tick).removesuffix(" ms") for tick in scale.ticks]


def money(currency: str) -> Callable[[Scale], list[str]]:
    """The labels of an axis of money: whole amounts, or at least two decimals; as many for each tick if linear."""
    around = format_usd(0.0, currency)

    def labels(scale: Scale) -> list[str]:
        digits = [_decimals(tick) for tick in scale.ticks]
        most = max(digits, default=0)
        shown = digits if scale.logarithmic else [most] * len(digits)
        return [around.replace("0.00", f"{tick:,.{few}f}") for tick, few in zip(scale.ticks, shown, strict=True)]

    return labels


def _decimals(value: float) -> int:
    """How many decimals money is written with: none for a whole amount, else two, or as many as it takes."""
    if value == round(value):
        return 0
    return next((few for few in range(2, 12) if math.isclose(round(value, few), value, rel_tol=1e-9)), 12)


def zero_based(values: Iterable[float], *, room: float) -> Scale:
    """A linear scale from 0, for bars."""
    high = max((value for value in values if math.isfinite(value)), default=0.0)
    return _linear(0.0, high * (1 + room) if high > 0 else 1.0)


def apply_scale(axes: Axes, direction: Direction, scale: Scale, form: Callable[[Scale], Sequence[str]]) -> None:
    """Give one of the two directions of a panel its scale and its labels, as `form` writes them."""
    axis = axes.xaxis if direction == "x" else axes.yaxis
    if direction == "x":
        axes.set_xscale("log" if scale.logarithmic else "linear")
        axes.set_xlim(scale.low, scale.high)
    else:
        axes.set_yscale("log" if scale.logarithmic else "linear")
        axes.set_ylim(scale.low, scale.high)
    axis.set_major_locator(FixedLocator(list(scale.ticks)))
    axis.set_major_formatter(FixedFormatter(list(form(scale))))
    axis.set_minor_locator(NullLocator())


def plain(axes: Axes, title: str, note: str = "", *, above: float = 8.0) -> None:
    """The bare look that all panels share: a title, a note below it, two spines, a faint grid.

    `above` is how far over the panel the lower one of title and note stands, in points.
    """
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.set_axisbelow(True)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.tick_params(which="both", color=FAINT, labelcolor=INK, labelsize=8)
    offset: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "ha": "left",
        "va": "bottom",
    }
    if title:
        height = above + 13 if note else above
        axes.annotate(title, (0, 1), (0, height), color=INK, fontsize=11.5, fontweight="bold", **offset)
    if note:
        axes.annotate(note, (0, 1), (0, above), color=MUTED, fontsize=8, **offset)


def segments(
    axes: Axes, lines: Iterable[Segment], colors: str | Sequence[str], *, width: float, layer: float
) -> None:
    """Many straight lines at once, each from one place to another: far faster than one by one."""
    ends = [((x0, y0), (x1, y1)) for x0, y0, x1, y1 in lines]
    drawn = LineCollection(ends, colors=colors, linewidths=width, zorder=layer, capstyle="butt")
    axes.add_collection(drawn, autolim=False)


def beside(axes: Axes) -> tuple[float, float]:
    """Where the name of the vertical axis goes, in fractions of a panel: clear of its labels, in line with others."""
    return -48 / width_points(axes), 0.5


def width_points(axes: Axes) -> float:
    """How wide a panel is, in points."""
    return axes.get_window_extent().width * 72 / axes.figure.dpi


def say(axes: Axes, words: str) -> None:
    """Words in place of a panel that has nothing to show."""
    axes.set(xticks=[], yticks=[], xlabel="", ylabel="", facecolor=EMPTY)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=MUTED, fontsize=11)


def _linear(low: float, high: float) -> Scale:
    ticks = MaxNLocator(nbins=_MOST_TICKS - 1, steps=[1, 2, 5, 10]).tick_values(low, high)
    inside = tuple(float(tick) for tick in ticks if low <= tick <= high)
    return Scale(low=low, high=high, logarithmic=False, ticks=inside)


def _logarithmic(low: float, high: float) -> Scale:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _STEPS:
        ticks = _inside(low, high, decades, steps)
        if len(ticks) <= _MOST_TICKS:
            break
    return Scale(low=low, high=high, logarithmic=True, ticks=ticks[:: 1 + (len(ticks) - 1) // _MOST_TICKS])


def _inside(low: float, high: float, decades: Sequence[int], steps: Sequence[int]) -> tuple[float, ...]:
    values = (step * 10.0**decade for decade in decades for step in steps)
    return tuple(value for value in values if low <= value <= high)
