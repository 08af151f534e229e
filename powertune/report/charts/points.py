"""The judged configurations as points, and the marks that they carry in every panel."""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from powertune.analysis import Analysis, Profile, ProfileStatus
from powertune.model import Architecture, Configuration
from powertune.report.palette import ARCHITECTURES, CURRENT, FAINT, FRONT, INFEASIBLE, RECOMMENDED, Style
from powertune.units import PER_MILLION

#: The lower and the upper end of an interval.
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPoint:
    """A configuration with a mean duration in ms, a mean cost of a million invocations, and the ends of both."""

    configuration: Configuration
    style: Style
    duration: float
    duration_ends: Ends | None
    cost: float
    cost_ends: Ends | None
    front: bool


def judged(analysis: Analysis) -> list[ChartPoint]:
    """The points of the configurations that could be judged, ordered by configuration."""
    return [point for profile in analysis.profiles if (point := _point(profile)) is not None]


def _point(profile: Profile) -> ChartPoint | None:
    duration, cost = profile.duration, profile.cost
    if profile.status is not ProfileStatus.OK or duration is None or cost is None:
        return None
    return ChartPoint(
        configuration=profile.configuration,
        style=ARCHITECTURES[profile.configuration.architecture],
        duration=duration.mean,
        duration_ends=duration.interval,
        cost=cost.mean * PER_MILLION,
        cost_ends=None if cost.interval is None else (cost.interval[0] * PER_MILLION, cost.interval[1] * PER_MILLION),
        front=profile.pareto,
    )


def architectures(analysis: Analysis) -> list[Architecture]:
    """The architectures that were measured, x86_64 first."""
    present = {profile.configuration.architecture for profile in analysis.profiles}
    return [architecture for architecture in ARCHITECTURES if architecture in present]


def recommended(analysis: Analysis) -> Configuration | None:
    """The recommended configuration, if there is one."""
    return None if analysis.recommendation is None else analysis.recommendation.configuration


def roles(analysis: Analysis, configuration: Configuration) -> list[str]:
    """What a configuration is to the reader, in words."""
    known = ((analysis.current, "now"), (recommended(analysis), "recommended"), (analysis.knee, "knee"))
    return [word for chosen, word in known if chosen == configuration]


def mark_roles(axes: Axes, analysis: Analysis, point: Configuration, x: float, y: float, *, size: float = 16) -> None:
    """A ring around the recommended configuration, and a diamond around the one there is now.

    `size` is the diameter of the ring in points.
    """
    names = roles(analysis, point)
    common: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "none", "zorder": 6, "clip_on": False}
    if "recommended" in names:
        axes.plot([x], [y], marker="o", markersize=size, markeredgecolor=RECOMMENDED, markeredgewidth=2.2, **common)
    if "now" in names:
        width = 1.1 if size < 12 else 1.3
        axes.plot(
            [x], [y], marker="D", markersize=0.66 * size, markeredgecolor=CURRENT, markeredgewidth=width, **common
        )


def legend_handles(analysis: Analysis) -> list[Line2D | Patch]:
    """What the marks mean: those that the figure has, so none where nothing is shown."""
    shown = judged(analysis)
    if not shown:
        return []
    handles: list[Line2D | Patch] = [
        _handle(str(architecture), marker=style.marker, color=style.color, linestyle=style.line, markersize=6)
        for architecture, style in ARCHITECTURES.items()
        if architecture in architectures(analysis)
    ]
    if any(point.duration_ends for point in shown):
        handles.append(Patch(facecolor=FAINT, alpha=0.5, label="95 % interval of the mean"))
    hollow = {"linestyle": "none", "markerfacecolor": "none"}
    if recommended(analysis) is not None:
        ring = {"marker": "o", "markersize": 13, "markeredgecolor": RECOMMENDED, "markeredgewidth": 2.2}
        handles.append(_handle("recommended", **ring, **hollow))
    handles.append(_handle("now", marker="D", markersize=9, markeredgecolor=CURRENT, markeredgewidth=1.3, **hollow))
    if any(point.front for point in shown):
        handles.append(_handle("Pareto front", color=FRONT, linestyle=":", linewidth=1.3))
    if any(profile.status is ProfileStatus.INFEASIBLE for profile in analysis.profiles):
        handles.append(
            _handle("fails", marker="x", markersize=7, color=INFEASIBLE, markeredgewidth=1.8, linestyle="none")
        )
    return handles


def _handle(label: str, **look: Any) -> Line2D:
    return Line2D([], [], label=label, **{"markeredgecolor": look.get("color"), **look})
