"""What the charts of the HTML report are made of, as plain values that plotly.js draws.

A color is written `@name`, for the custom property of that name: the page puts in the color of its scheme. Texts are
plain: the page makes them harmless.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.report.html.choice import coordinates, name
from powertune.report.report_text import Row
from powertune.units import plural, printable

Trace = dict[str, Any]
Figure = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart with the words around it. `figure` is None where there is nothing to draw, and then `note` says why."""

    name: str
    title: str
    note: str
    figure: Figure | None


def hover(row: Row, *more: str) -> str:
    """What is said of a configuration under the pointer: a line for each figure."""
    lines = [
        name(row),
        plural(row.profile.judged, f"{row.profile.judged_by} invocation"),
        f"mean duration {row.duration_interval}",
        f"{row.cost_interval} per million",
        *more,
        *map(printable, row.notes),
    ]
    return "\n".join(lines)


def marks(rows: Sequence[Row], *, x: str, y: str, yaxis: str) -> list[Trace]:
    """Rings around the current and the recommended configuration. The page moves the latter, which `meta` tells."""
    current, recommended = ([row for row in rows if row.current], [row for row in rows if row.recommended])
    traces: list[Trace] = []
    for title, mine, color, size in (
        ("now", current, "@ink", 15),
        ("recommended", recommended, "@recommended", 21),
    ):
        traces.append(
            {
                **points(mine, x, y),
                "name": title,
                "yaxis": yaxis,
                "legendgroup": title,
                "showlegend": yaxis == "y" and bool(mine),
                "mode": "markers",
                "marker": {"color": color, "symbol": "circle-open", "size": size, "line": {"width": 2.5}},
                "hoverinfo": "skip",
                "cliponaxis": False,
                "meta": {"moves": title == "recommended", "x": x, "y": y},
            }
        )
    return traces


def points(rows: Iterable[Row], x: str, y: str) -> Trace:
    """A trace at these configurations."""
    known = [(row, place) for row in rows if (place := coordinates(row.profile))]
    return {
        "type": "scatter",
        "x": [place[x] for _, place in known],
        "y": [place[y] for _, place in known],
        "hoverinfo": "text",
        "hovertext": [hover(row) for row, _ in known],
    }


def drawable(rows: Iterable[Row]) -> list[Row]:
    """Those that have a place in a chart."""
    return [row for row in rows if coordinates(row.profile) is not None]
