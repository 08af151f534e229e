"""Axes of the charts: where they end, whether they are logarithmic, and which memory sizes carry a label."""

import math
from collections.abc import Sequence
from typing import Any

from powertune.report.extents import extent

Axis = dict[str, Any]
#: Labels of memory sizes are at least this share of the axis apart.
_LEAST_GAP = 0.075
_PLAIN = {"gridcolor": "@grid", "linecolor": "@faint", "tickcolor": "@faint", "zeroline": False, "automargin": True}


def memory_axis(sizes: Sequence[float]) -> Axis:
    """Memory on a logarithmic scale, with labels at the sizes that were measured."""
    shown = labelled_sizes(sorted({int(size) for size in sizes}))
    low, high = math.log10(min(sizes)), math.log10(max(sizes))
    room = max(0.06 * (high - low), 0.05)
    return {
        **_PLAIN,
        "type": "log",
        "range": [low - room, high + room],
        "title": {"text": "Memory (MB)"},
        "tickmode": "array",
        "tickvals": shown,
        "ticktext": [str(size) for size in shown],
        "ticklabeloverflow": "allow",
    }


def labelled_sizes(sizes: Sequence[int]) -> list[int]:
    """The smallest, the largest, and of those between as many as keep their labels apart; powers of two first."""
    if len(sizes) < 2:
        return list(sizes)
    gap = _LEAST_GAP * math.log(sizes[-1] / sizes[0])
    shown = [sizes[0], sizes[-1]]
    for size in sorted(sizes[1:-1], key=lambda size: (size & (size - 1) != 0, size)):
        if all(abs(math.log(size / other)) >= gap for other in shown):
            shown.append(size)
    return sorted(shown)


def amount_axis(title: str, values: Sequence[float], ends: Sequence[float] = (), *, room: float = 0.07) -> Axis:
    """An amount above 0: logarithmic where the values span much.

    `ends` of intervals are shown as far as they are not absurdly far away, `room` is the share that stays free.
    """
    axis: Axis = {**_PLAIN, "title": {"text": title}, "tickformat": ",~r"}
    found = extent(values, ends, room=room)
    if not found.logarithmic:
        return {**axis, "range": [found.low, found.high]}
    first, last = math.log10(found.low), math.log10(found.high)
    # plotly.js labels 1, 2 and 5 of a decade where there is more than one, else as on a linear axis.
    return {**axis, "type": "log", "range": [first, last], "nticks": 3 if last - first > 1 else 4}


def bar_axis(title: str, values: Sequence[float]) -> Axis:
    """An amount that is drawn as a bar, and so from 0 on."""
    return {**_PLAIN, "title": {"text": title}, "tickformat": ",~r", "range": [0, 1.04 * max(values) or 1]}


def row_axis(names: Sequence[str]) -> Axis:
    """A row for each configuration, the first on top."""
    return {
        **_PLAIN,
        "range": [len(names) - 0.4, -0.6],
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "showgrid": False,
    }
