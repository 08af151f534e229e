"""The Pareto plane: cost against duration."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from powertune.analysis import Analysis
from powertune.report.charts.placement import Box, Label, along, leader, place_labels
from powertune.report.charts.points import ChartPoint, judged, mark_roles, roles
from powertune.report.charts.scales import (
    Segment,
    apply_scale,
    beside,
    milliseconds,
    money,
    plain,
    say,
    scale_for,
    segments,
)
from powertune.report.charts.texts import text_width
from powertune.report.palette import FAINT, FRONT, INK

#: With more points than that, only those of the front, and those that matter to the reader, carry a label.
_LABEL_ALL = 12
_SIZE = 8.0
_PADDING = 2.0
#: How far a label may be from its point, in pixels: near where there are many, as a bundle of lines helps nobody.
_ANYWHERE, _NEAR = 100.0, 16.0


def draw_pareto(axes: Axes, analysis: Analysis) -> None:
    """Every judged configuration as a point; lower left is better."""
    points = judged(analysis)
    plain(axes, "Cost against duration", "lower left is better; faint: another size is cheaper and faster", above=20)
    axes.set_xlabel("mean duration, ms", color=INK)
    axes.set_ylabel("cost per million", color=INK)
    axes.yaxis.set_label_coords(*beside(axes))
    if not points:
        say(axes, "Nothing to compare: no size could be judged.")
        return
    durations = [end for point in points if point.duration_ends for end in point.duration_ends]
    costs = [end for point in points if point.cost_ends for end in point.cost_ends]
    across = scale_for((point.duration for point in points), durations, room=0.1)
    apply_scale(axes, "x", across, milliseconds)
    upward = scale_for((point.cost for point in points), costs, room=0.1)
    apply_scale(axes, "y", upward, money(analysis.currency))
    front = sorted((point for point in points if point.front), key=lambda point: point.duration)
    axes.plot(
        [p.duration for p in front], [p.cost for p in front], color=FRONT, linestyle=":", linewidth=1.3, zorder=3
    )
    colors = [point.style.color if point.front else point.style.pale for point in points]
    _draw_intervals(axes, points, colors)
    for point, color in zip(points, colors, strict=True):
        size, layer = (6.5, 5) if point.front else (5.0, 4)
        look: dict[str, Any] = {"marker": point.style.marker, "markersize": size, "color": color, "zorder": layer}
        axes.plot([point.duration], [point.cost], **look)
        mark_roles(axes, analysis, point.configuration, point.duration, point.cost)
    _draw_labels(axes, analysis, points, front)


def _draw_intervals(axes: Axes, points: Sequence[ChartPoint], colors: Sequence[str]) -> None:
    lines: list[Segment] = []
    hues = []
    for point, color in zip(points, colors, strict=True):
        if point.duration_ends is not None:
            lines.append((point.duration_ends[0], point.cost, point.duration_ends[1], point.cost))
            hues.append(color)
        if point.cost_ends is not None:
            lines.append((point.duration, point.cost_ends[0], point.duration, point.cost_ends[1]))
            hues.append(color)
    segments(axes, lines, hues, width=1.0, layer=2)


def _draw_labels(axes: Axes, analysis: Analysis, points: Sequence[ChartPoint], front: Sequence[ChartPoint]) -> None:
    scale = axes.figure.dpi / 72
    named = _named(analysis, points)
    texts = [_text(analysis, point) for point in named]
    weights = ["bold" if _matters(analysis, point) else "normal" for point in named]
    labels, few = [], len(named) <= _LABEL_ALL
    for point, text, weight in zip(named, texts, weights, strict=True):
        far = _ANYWHERE if few or _matters(analysis, point) else _NEAR
        width = text_width(text, _SIZE, weight) * scale + 2 * _PADDING
        labels.append(Label(*_pixel(axes, point), width, (_SIZE + 2) * scale, _mark(analysis, point) * scale, far))
    corners = axes.transAxes.transform([(0, 0), (1, 1)])
    within: Box = (*map(float, corners[0] + 2), *map(float, corners[1]))  # type: ignore[assignment]
    solid = [_around(axes, point, _mark(analysis, point) * scale) for point in points]
    thin = along([_pixel(axes, point) for point in front])
    for point in points:
        thin += along(_pixels(axes, [(end, point.cost) for end in point.duration_ends or ()]))
        thin += along(_pixels(axes, [(point.duration, end) for end in point.cost_ends or ()]))
    boxes = place_labels(labels, within=within, solid=solid, thin=thin)
    for point, text, weight, label, box in zip(named, texts, weights, labels, boxes, strict=True):
        if box is not None:
            _write(axes, point, text, weight, label, box)


def _write(axes: Axes, point: ChartPoint, text: str, weight: str, label: Label, box: Box) -> None:
    """Text in its box, placed relative to the point, so that it is at the same place at any resolution."""
    scale = axes.figure.dpi / 72
    offset = ((box[0] + _PADDING - label.x) / scale, ((box[1] + box[3]) / 2 - label.y) / scale)
    line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.7, "shrinkA": 1, "shrinkB": label.mark / scale}
    axes.annotate(
        text,
        (point.duration, point.cost),
        offset,
        textcoords="offset points",
        ha="left",
        va="center_baseline",
        fontsize=_SIZE,
        fontweight=weight,
        color=point.style.color if point.front else INK,
        arrowprops=line if leader(label, box) else None,
        zorder=7,
        gid="label",
    )


def _named(analysis: Analysis, points: Sequence[ChartPoint]) -> list[ChartPoint]:
    """The points that get a label, the most important one first."""
    several = len(points) > _LABEL_ALL
    wanted = [point for point in points if not several or point.front or roles(analysis, point.configuration)]
    return sorted(wanted, key=lambda point: (not _matters(analysis, point), not point.front, point.configuration))


def _matters(analysis: Analysis, point: ChartPoint) -> bool:
    return bool({"now", "recommended"} & set(roles(analysis, point.configuration)))


def _text(analysis: Analysis, point: ChartPoint) -> str:
    return ", ".join([f"{point.configuration.memory_mb} MB", *roles(analysis, point.configuration)])


def _mark(analysis: Analysis, point: ChartPoint) -> float:
    """Half the size of what is drawn at a point, in points."""
    names = roles(analysis, point.configuration)
    return 9.0 if "recommended" in names else 7.5 if "now" in names else 3.5


def _pixel(axes: Axes, point: ChartPoint) -> tuple[float, float]:
    x, y = axes.transData.transform((point.duration, point.cost))
    return float(x), float(y)


def _pixels(axes: Axes, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Pixels of data coordinates, kept inside the panel: the end of an interval may lie outside of a scale."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    inside = [(min(max(x, left), right), min(max(y, low), high)) for x, y in places]
    return [(float(x), float(y)) for x, y in (axes.transData.transform(place) for place in inside)]


def _around(axes: Axes, point: ChartPoint, half: float) -> Box:
    x, y = _pixel(axes, point)
    return (x - half, y - half, x + half, y + half)
