"""Where axes end: the page and the picture of a run show the same extent."""

import math

import pytest

from powertune.report.charts.scales import scale_for
from powertune.report.extents import Extent, extent
from powertune.report.html.axes import amount_axis


@pytest.mark.parametrize("values", [[1.0, 9.0], [100.0, 101.0], [0.5, 900_000.0]])
def test_the_page_and_the_picture_end_at_the_same_amounts(values: list[float]) -> None:
    ends = [values[0] / 2, 1e12, math.inf, math.nan]
    found = extent(values, ends, room=0.09)
    drawn = scale_for(values, ends, room=0.09)
    assert (drawn.low, drawn.high, drawn.logarithmic) == (found.low, found.high, found.logarithmic)
    axis = amount_axis("x", values, ends, room=0.09)
    assert (axis.get("type") == "log") is found.logarithmic
    shown = [10**end for end in axis["range"]] if found.logarithmic else axis["range"]
    assert shown == pytest.approx([found.low, found.high])


def test_where_nothing_is_above_zero_an_axis_has_an_extent_all_the_same() -> None:
    assert extent([]) == extent([0.0, 0.0]) == Extent(low=0.0, high=1.0, logarithmic=False)
