"""The charts of the HTML report: what is drawn of a report, and what is said where there is nothing to draw."""

from collections.abc import Sequence

from powertune.analysis import Profile, ProfileStatus, pareto_front
from powertune.model import Architecture
from powertune.report.html.axes import Axis, amount_axis, memory_axis
from powertune.report.html.choice import coordinates, significant
from powertune.report.html.rows import cold_starts, distributions
from powertune.report.html.traces import Chart, Trace, drawable, marks, points
from powertune.report.palette import ARCHITECTURES
from powertune.report.report_text import ReportText, Row
from powertune.units import PER_MILLION


def draw_charts(report: ReportText) -> tuple[Chart, ...]:
    """The four charts, in the order in which they are read."""
    return (_curves(report), _plane(report), distributions(report), cold_starts(report))


def _curves(report: ReportText) -> Chart:
    """Mean duration above mean cost, both against memory."""
    rows = drawable(report.rows)
    title = "Duration and cost against memory"
    if not rows:
        note = "No configuration has a duration and a cost above 0, so there is nothing to draw."
        return Chart(name="curves", title=title, note=note, figure=None)
    traces: list[Trace] = []
    for axis, field in (("y", "duration"), ("y2", "cost")):
        for architecture in Architecture:
            mine = [row for row in rows if row.profile.configuration.architecture is architecture]
            traces += _curve(mine, architecture, axis, field)
        traces += marks(rows, x="memory", y=field, yaxis=axis)
    sizes = [float(row.profile.configuration.memory_mb) for row in rows]
    return Chart(
        name="curves",
        title=title,
        note="Bands are 95 % intervals of the mean. The memory axis is logarithmic, and so is one that spans much.",
        figure={
            "data": traces,
            "layout": {
                "height": 580,
                "xaxis": {**memory_axis(sizes), "anchor": "y2"},
                "yaxis": {**_panel_axis("Mean duration (ms)", rows, "duration"), "domain": [0.54, 1]},
                "yaxis2": {**_panel_axis(_money("Cost per million", report), rows, "cost"), "domain": [0, 0.46]},
            },
        },
    )


def _panel_axis(title: str, rows: Sequence[Row], field: str) -> Axis:
    values = [place[field] for row in rows if (place := coordinates(row.profile))]
    ends = [end for row in rows for end in _interval(row.profile, field) or ()]
    return amount_axis(title, values, ends)


def _curve(rows: Sequence[Row], architecture: Architecture, axis: str, field: str) -> list[Trace]:
    """One architecture in one panel: the intervals, the line, and the sizes that cannot be used."""
    style, color = ARCHITECTURES[architecture], f"@{architecture}"
    judged = [row for row in rows if row.profile.status is ProfileStatus.OK]
    others = [row for row in rows if row.profile.status is not ProfileStatus.OK]
    line: Trace = {
        **points(judged, "memory", field),
        "name": str(architecture),
        "mode": "lines+markers",
        "line": {"color": color, "width": 2, "dash": style.dash},
        "marker": {"color": color, "symbol": style.symbol, "size": 8},
        "showlegend": axis == "y",
    }
    unusable: Trace = {
        **points(others, "memory", field),
        "name": f"{architecture}, cannot be used",
        "mode": "markers",
        "marker": {"color": "@muted", "symbol": "x-thin-open", "size": 9, "line": {"width": 2}},
        "showlegend": axis == "y",
    }
    shown = [*_band(judged, field, f"{color}-band"), *([line] if judged else ()), *([unusable] if others else ())]
    return [{**trace, "yaxis": axis, "legendgroup": str(architecture)} for trace in shown]


def _band(rows: Sequence[Row], field: str, color: str) -> list[Trace]:
    """The area between the ends of the intervals, there and back again; of a single interval, a bar."""
    known = [(row.profile.configuration.memory_mb, _interval(row.profile, field)) for row in rows]
    ends = [(size, *bounds) for size, bounds in known if bounds is not None]
    there, back = [(size, low) for size, low, _ in ends], [(size, high) for size, _, high in reversed(ends)]
    band: Trace = {
        "type": "scatter",
        "x": [size for size, _ in there + back],
        "y": [significant(end) for _, end in there + back],
        "hoverinfo": "skip",
        "showlegend": False,
    }
    if len(ends) < 2:
        return [{**band, "mode": "lines", "line": {"color": color, "width": 14}}] if ends else []
    return [{**band, "mode": "none", "fill": "toself", "fillcolor": color}]


def _interval(profile: Profile, field: str) -> tuple[float, float] | None:
    """The ends of an interval as they are drawn: on a logarithmic axis there is no 0."""
    judged, scale = (profile.cost, PER_MILLION) if field == "cost" else (profile.duration, 1)
    if judged is None or judged.interval is None:
        return None
    low, high = judged.interval
    return max(low, judged.mean / 1_000) * scale, high * scale


def _plane(report: ReportText) -> Chart:
    """Cost against duration, with the front."""
    rows = [row for row in drawable(report.rows) if row.profile.status is ProfileStatus.OK]
    title = "Cost against duration"
    if not rows:
        note = "No configuration could be judged, so there is no front of cost against duration."
        return Chart(name="plane", title=title, note=note, figure=None)
    places = [place for row in rows if (place := coordinates(row.profile))]
    traces = [_front(rows)]
    for architecture in Architecture:
        mine = [row for row in rows if row.profile.configuration.architecture is architecture]
        traces += _cloud(mine, architecture)
    traces.append(_labels(rows))
    traces += marks(rows, x="duration", y="cost", yaxis="y")
    return Chart(
        name="plane",
        title=title,
        note="Down and to the left is better. Faint points are dominated: another is as cheap and as fast, and "
        "better in one of the two by more than noise explains.",
        figure={
            "data": traces,
            "layout": {
                "height": 460,
                "xaxis": amount_axis("Mean duration (ms)", [place["duration"] for place in places], room=0.09),
                "yaxis": amount_axis(
                    _money("Cost per million", report), [place["cost"] for place in places], room=0.12
                ),
            },
        },
    )


def _front(rows: Sequence[Row]) -> Trace:
    """The line through the points that none beats in both, by their means."""
    places = [place for row in rows if row.profile.pareto and (place := coordinates(row.profile))]
    plane = sorted((place["duration"], place["cost"]) for place in places)
    front = sorted(pareto_front(plane))
    return {
        "type": "scatter",
        "x": [plane[index][0] for index in front],
        "y": [plane[index][1] for index in front],
        "name": "Pareto front",
        "mode": "lines",
        "line": {"color": "@muted", "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _cloud(rows: Sequence[Row], architecture: Architecture) -> list[Trace]:
    """The points of one architecture: those of the front, then the dominated ones, which are faint."""
    style = ARCHITECTURES[architecture]
    traces: list[Trace] = []
    for front, suffix, size, opacity in ((True, "", 10, 1.0), (False, ", dominated", 9, 0.4)):
        mine = [row for row in rows if row.profile.pareto is front]
        if mine:
            marker = {"color": f"@{architecture}", "symbol": style.symbol, "size": size, "opacity": opacity}
            traces.append(
                {
                    **points(mine, "duration", "cost"),
                    "name": f"{architecture}{suffix}",
                    "mode": "markers",
                    "marker": marker,
                    "cliponaxis": False,
                }
            )
    return traces


def _labels(rows: Sequence[Row]) -> Trace:
    """A memory size at every point, the most important ones first: the page leaves out those without room."""
    ranked = sorted(rows, key=lambda row: (not row.recommended, not row.current, not row.profile.pareto))
    return {
        **points(ranked, "duration", "cost"),
        "mode": "markers+text",
        "text": [row.memory for row in ranked],
        "textfont": {"size": 12, "color": "@ink"},
        "marker": {"size": 18, "opacity": 0},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
        "meta": {"labels": True},
    }


def _money(label: str, report: ReportText) -> str:
    return f"{label} ({report.analysis.currency})"
