"""Duration and cost against the memory size, one above the other: two scales on one panel are misread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from powertune.analysis import Analysis, ProfileStatus
from powertune.model import Architecture
from powertune.report.charts.points import ChartPoint, Ends, architectures, judged, mark_roles, recommended
from powertune.report.charts.scales import apply_scale, beside, milliseconds, money, plain, say, scale_for
from powertune.report.charts.texts import text_width
from powertune.report.palette import ARCHITECTURES, CURRENT, INK, RECOMMENDED

_NOTE = "means of {} invocations, and what a million invocations cost"
_TICK_SIZE = 8
#: Points between two labels.
_GAP = 5.0


@dataclass(frozen=True, slots=True)
class _Series:
    """One quantity of every point: a value and the ends of its interval."""

    points: Sequence[ChartPoint]
    values: Sequence[float]
    ends: Sequence[Ends | None]


def draw_memory(top: Axes, bottom: Axes, analysis: Analysis) -> None:
    """Both panels. `bottom` stands right below `top` and carries the memory sizes of both."""
    points = judged(analysis)
    lone = any(point.duration_ends is None for point in points)
    plain(
        top,
        "Duration and cost against memory",
        _NOTE.format(analysis.run.design.judged) + ("; no band: one invocation only" if lone else ""),
        above=20,
    )
    plain(bottom, "")
    top.set_ylabel("mean duration, ms", color=INK)
    bottom.set_ylabel("cost per million", color=INK)
    for axes in (top, bottom):
        axes.yaxis.set_label_coords(*beside(axes))
    bottom.set_xlabel("memory size, MB (logarithmic)", color=INK)
    if not points:
        say(top, "No duration to show: no size could be judged.")
        say(bottom, "No cost to show.")
        return
    _memory_axis(top, bottom, analysis)
    durations = _Series(points, [p.duration for p in points], [p.duration_ends for p in points])
    costs = _Series(points, [p.cost for p in points], [p.cost_ends for p in points])
    _quantity(top, analysis, durations)
    _quantity(bottom, analysis, costs)
    ends = [end for pair in durations.ends if pair for end in pair]
    scale = scale_for(durations.values, ends, room=0.12)
    apply_scale(top, "y", scale, milliseconds)
    ends = [end for pair in costs.ends if pair for end in pair]
    apply_scale(bottom, "y", scale_for(costs.values, ends, room=0.16), money(analysis.currency))
    _guides(top, bottom, analysis)


def _quantity(axes: Axes, analysis: Analysis, series: _Series) -> None:
    for architecture in architectures(analysis):
        _line(axes, analysis, architecture, series)
    for point, value in zip(series.points, series.values, strict=True):
        mark_roles(axes, analysis, point.configuration, point.configuration.memory_mb, value)
    for profile in analysis.profiles:
        if profile.status is ProfileStatus.INFEASIBLE:
            style = ARCHITECTURES[profile.configuration.architecture]
            row = architectures(analysis).index(profile.configuration.architecture)
            place, where = axes.get_xaxis_transform(), (profile.configuration.memory_mb, 0.06 + 0.08 * row)
            axes.plot(*where, "x", color=style.color, markersize=6.5, markeredgewidth=1.8, transform=place, zorder=5)


def _line(axes: Axes, analysis: Analysis, architecture: Architecture, series: _Series) -> None:
    """A line through the sizes of one architecture; it is broken where a size between them could not be judged."""
    style = ARCHITECTURES[architecture]
    found = {p.configuration: (v, e) for p, v, e in zip(series.points, series.values, series.ends, strict=True)}
    tested = [p.configuration for p in analysis.profiles if p.configuration.architecture is architecture]
    nothing = (math.nan, None)
    sizes = [configuration.memory_mb for configuration in tested]
    values = [found.get(configuration, nothing)[0] for configuration in tested]
    pairs = [found.get(configuration, nothing)[1] or (math.nan, math.nan) for configuration in tested]
    lows, highs = [low for low, _ in pairs], [high for _, high in pairs]
    filled = style.color if style.line == "-" else style.pale
    axes.fill_between(sizes, lows, highs, color=style.color, alpha=0.17, linewidth=0, zorder=2)
    axes.vlines(sizes, lows, highs, color=style.color, linewidth=1.1, zorder=3)
    axes.plot(
        sizes,
        values,
        color=style.color,
        linestyle=style.line,
        marker=style.marker,
        markersize=5.5,
        markerfacecolor=filled,
        linewidth=1.7,
        zorder=4,
    )


def _memory_axis(top: Axes, bottom: Axes, analysis: Analysis) -> None:
    """Both panels get the same logarithmic axis, with a tick at every size and a label wherever one fits."""
    sizes = sorted(
        {p.configuration.memory_mb for p in analysis.profiles if p.status is not ProfileStatus.UNMEASURED}
        | {analysis.current.memory_mb}
    )
    room = max((sizes[-1] / sizes[0]) ** 0.05, 2**0.125)
    for axes in (top, bottom):
        axes.set_xscale("log", base=2)
        axes.set_xlim(sizes[0] / room, sizes[-1] * room)
        labelled = _labelled(axes, sizes, analysis)
        axes.xaxis.set_major_locator(FixedLocator(labelled))
        axes.xaxis.set_minor_locator(FixedLocator([size for size in sizes if size not in labelled]))
        axes.xaxis.set_major_formatter(FixedFormatter([str(size) for size in labelled]))
        axes.xaxis.set_minor_formatter(FixedFormatter([]))
        axes.yaxis.set_minor_locator(NullLocator())
    top.tick_params(axis="x", which="both", labelbottom=False)


def _labelled(axes: Axes, sizes: Sequence[int], analysis: Analysis) -> list[int]:
    """The sizes whose labels fit side by side: first the two that matter, then the ends, then the roundest."""
    best = recommended(analysis)
    order = [analysis.current.memory_mb, *([best.memory_mb] if best else []), sizes[0], sizes[-1]]
    order += sorted(sizes, key=lambda size: (-(size & -size), size))
    scale = axes.figure.dpi / 72
    kept: dict[int, tuple[float, float]] = {}
    for size in order:
        middle = float(axes.transData.transform((size, 1.0))[0])
        half = scale * (text_width(str(size), _TICK_SIZE) + _GAP) / 2
        if all(middle + half <= low or high <= middle - half for low, high in kept.values()):
            kept[size] = (middle - half, middle + half)
    return sorted(kept)


def _guides(top: Axes, bottom: Axes, analysis: Analysis) -> None:
    """A line through both panels at the current and at the recommended size, named above."""
    named = _guide_names(analysis)
    for size, (_, color) in named.items():
        for axes in (top, bottom):
            axes.axvline(size, color=color, linewidth=1.1, linestyle=(0, (1, 2.2)), zorder=1)
    sides = _sides(top, {size: text for size, (text, _) in named.items()})
    for size, (text, color) in named.items():
        top.annotate(
            text,
            (size, 1),
            (0, 4),
            xycoords=top.get_xaxis_transform(),
            textcoords="offset points",
            ha=sides[size],
            va="bottom",
            color=color,
            fontsize=8.5,
            fontweight="bold",
        )


def _guide_names(analysis: Analysis) -> dict[int, tuple[str, str]]:
    """What to write above which sizes, and in which color."""
    best, now = recommended(analysis), analysis.current
    several = len(architectures(analysis)) > 1
    profile = analysis.profile(now)
    state = "" if profile and profile.status is ProfileStatus.OK else " (not measured)"
    if profile and profile.status is ProfileStatus.INFEASIBLE:
        state = " (fails)"
    present = f"now{f' {now.architecture}' if several else ''}{state}"
    if best is None:
        return {now.memory_mb: (present, CURRENT)}
    chosen = f"recommended{f' {best.architecture}' if several else ''}"
    if best == now:
        return {now.memory_mb: (f"{chosen}, as now", RECOMMENDED)}
    if best.memory_mb == now.memory_mb:
        return {now.memory_mb: (f"{present}, {chosen}", RECOMMENDED)}
    return {now.memory_mb: (present, CURRENT), best.memory_mb: (chosen, RECOMMENDED)}


def _sides(axes: Axes, texts: dict[int, str]) -> dict[int, str]:
    """Centred above their sizes; where two would run into each other, away from each other."""
    if len(texts) < 2:
        return dict.fromkeys(texts, "center")
    (left, first), (right, second) = sorted(texts.items())
    apart = float(axes.transData.transform((right, 1.0))[0] - axes.transData.transform((left, 1.0))[0])
    needed = sum(text_width(text, 8.5, "bold") for text in (first, second)) / 2 + _GAP
    if apart > needed * axes.figure.dpi / 72:
        return dict.fromkeys(texts, "center")
    return {left: "right", right: "left"}
