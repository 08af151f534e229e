"""The charts with a row for each configuration: how durations are spread, and what cold starts add."""

import math
from collections.abc import Sequence

from powertune.analysis import ColdStarts
from powertune.model import Architecture, Population
from powertune.report.html.axes import amount_axis, bar_axis, row_axis
from powertune.report.html.choice import name, significant
from powertune.report.html.samples import Spread, spread
from powertune.report.html.traces import Chart, Trace, hover
from powertune.report.report_text import ReportText, Row
from powertune.units import format_ms, plural

_ROW_PX = 28
_FRAME_PX = 120
#: The golden ratio's fraction spreads successive points evenly over the height of a row, the same way each time.
_TURN = 0.6180339887
#: In its row, how far up the quantiles are drawn, and how far down the points begin: neither hides the other.
_CLOUD = 0.15
_RAIN = 0.1


def distributions(report: ReportText) -> Chart:
    """The warm durations of every configuration: some of them as points, and quantiles of all."""
    analysis = report.analysis
    judged = analysis.run.design.judged
    title = f"How {judged} durations are spread"
    known = [
        (row, found)
        for row in report.rows
        if (found := spread(analysis, row.profile.configuration, configurations=len(report.rows)))
    ]
    if not known:
        note = f"No {judged} invocation has a duration, so there is no distribution to draw."
        return Chart(name="distributions", title=title, note=note, figure=None)
    traces: list[Trace] = []
    for architecture in Architecture:
        mine = [
            (index, row, found)
            for index, (row, found) in enumerate(known)
            if row.profile.configuration.architecture is architecture
        ]
        if mine:
            traces += _spreads(mine, architecture)
    ends = [value for _, found in known for value in found.points]
    return Chart(
        name="distributions",
        title=title,
        note="Thick: the middle half. Thin: from the 5th to the 95th percentile. Ring: the median. These are "
        "taken from every sample; the points below are some of them, evenly spaced by rank, with both ends.",
        figure={
            "data": traces,
            "layout": {
                "height": _FRAME_PX + _ROW_PX * len(known),
                "xaxis": amount_axis("Duration (ms)", ends, room=0.03),
                "yaxis": row_axis([name(row) for row, _ in known]),
            },
        },
    )


def _spreads(rows: Sequence[tuple[int, Row, Spread]], architecture: Architecture) -> list[Trace]:
    color, common = f"@{architecture}", {"type": "scatter", "legendgroup": str(architecture)}
    points = [
        (value, round(at + _RAIN + 0.3 * ((turn * _TURN) % 1), 3))
        for at, _, found in rows
        for turn, value in enumerate(found.points)
    ]
    return [
        {
            **common,
            "x": [x for x, _ in points],
            "y": [y for _, y in points],
            "mode": "markers",
            "marker": {"color": color, "size": 4, "opacity": 0.35},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        *(
            {**common, **_strokes(rows, first, last), "line": {"color": color, "width": width}}
            for first, last, width in ((0, 4, 1.5), (1, 3, 6))
        ),
        {
            **common,
            "x": [found.quantiles[2] for _, _, found in rows],
            "y": [at - _CLOUD for at, _, _ in rows],
            "mode": "markers",
            "marker": {"color": "@card", "size": 9, "line": {"color": color, "width": 2.5}},
            "name": str(architecture),
            "hoverinfo": "text",
            "hovertext": [hover(row, _quantile_words(found)) for _, row, found in rows],
        },
    ]


def _strokes(rows: Sequence[tuple[int, Row, Spread]], first: int, last: int) -> Trace:
    """A stroke in each row from one quantile to another; None lifts the pen."""
    return {
        "x": [x for _, _, found in rows for x in (found.quantiles[first], found.quantiles[last], None)],
        "y": [y for at, _, _ in rows for y in (at - _CLOUD, at - _CLOUD, None)],
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _quantile_words(found: Spread) -> str:
    low, _, median, _, high = (format_ms(value) for value in found.quantiles)
    return f"median {median}, p5 {low}, p95 {high}"


def cold_starts(report: ReportText) -> Chart:
    """What an invocation takes that begins with an init phase, next to a warm one."""
    title = "Cold starts"
    known = [(row, cold) for row in report.rows if (cold := row.profile.cold) is not None and _finite(cold)]
    if not known:
        note = "No cold start was seen, so there is nothing to say of them."
        return Chart(name="cold", title=title, note=note, figure=None)
    totals = [cold.init.mean + cold.duration.mean for _, cold in known]
    means = [] if report.analysis.run.design.only_cold_starts else [_warm_mean(row) for row, _ in known]
    warm = [(at, mean) for at, mean in enumerate(means) if mean is not None]
    return Chart(
        name="cold",
        title=title,
        note="Means: the init phase, then the duration of the same invocation. The line is the mean of warm ones. "
        "Cold and warm invocations are never averaged together.",
        figure={
            "data": [*_phases(known), _ticks(warm)],
            "layout": {
                "height": _FRAME_PX + _ROW_PX * len(known),
                "barmode": "stack",
                "bargap": 0.35,
                "xaxis": bar_axis("Time (ms)", [*totals, *(mean for _, mean in warm)]),
                "yaxis": row_axis([name(row) for row, _ in known]),
            },
        },
    )


def _finite(cold: ColdStarts) -> bool:
    return math.isfinite(cold.init.mean) and math.isfinite(cold.duration.mean)


def _warm_mean(row: Row) -> float | None:
    duration = row.profile.duration
    return duration.mean if duration is not None and math.isfinite(duration.mean) else None


def _phases(known: Sequence[tuple[Row, ColdStarts]]) -> list[Trace]:
    """The init phase, and the duration after it, which is paler; a color for each architecture."""
    colors = [f"@{row.profile.configuration.architecture}" for row, _ in known]
    bands = [f"@{row.profile.configuration.architecture}-band" for row, _ in known]
    common = {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(known))),
        "hoverinfo": "text",
        "hovertext": [_cold_words(row, cold) for row, cold in known],
    }
    return [
        {
            **common,
            "x": [significant(cold.init.mean) for _, cold in known],
            "name": "init",
            "marker": {"color": colors},
        },
        {
            **common,
            "x": [significant(cold.duration.mean) for _, cold in known],
            "name": "duration when cold",
            "marker": {"color": bands, "line": {"color": colors, "width": 1.5}},
        },
    ]


def _ticks(warm: Sequence[tuple[int, float]]) -> Trace:
    return {
        "type": "scatter",
        "x": [significant(mean) for _, mean in warm],
        "y": [at for at, _ in warm],
        "mode": "markers",
        "name": "duration when warm",
        "marker": {"color": "@ink", "symbol": "line-ns-open", "size": 16, "line": {"width": 2.5}},
        "hoverinfo": "skip",
    }


def _cold_words(row: Row, cold: ColdStarts) -> str:
    kind = "warm" if row.profile.judged_by is Population.WARM else "cold, init included,"
    bounds = cold.init.interval
    interval = "" if bounds is None else " [{}, {}]".format(*(format_ms(end).removesuffix(" ms") for end in bounds))
    return "\n".join(
        (
            name(row),
            plural(cold.init.n, "cold start"),
            f"init {format_ms(cold.init.mean)}{interval}",
            f"duration when cold {format_ms(cold.duration.mean)}",
            f"mean duration when {kind} {row.duration_interval}",
            f"{row.cost_interval} per million",
        )
    )
