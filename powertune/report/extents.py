"""Where an axis of amounts ends, and whether it is logarithmic: the same for the page and for the picture."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: From this ratio of the largest to the smallest value on, an axis is logarithmic.
LOGARITHMIC_FROM = 8.0
#: A linear axis shows at least this share of its largest value, lest noise looks like a trend.
_LEAST_SPAN = 0.25
#: How far beyond the points the ends of wide intervals may stretch an axis.
_STRETCH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """An axis from `low` to `high`; a logarithmic one starts above 0."""

    low: float
    high: float
    logarithmic: bool


def extent(points: Iterable[float], ends: Iterable[float] = (), *, room: float = 0.07) -> Extent:
    """The extent that shows all points, and the ends of their intervals as far as those are not absurdly far away.

    `room` is the share of the axis that stays free on either side. Where no point is above 0, it is 0 to 1.
    """
    values = list(points)
    least, most = min(values, default=0.0), max(values, default=0.0)
    if most <= 0:
        return Extent(low=0.0, high=1.0, logarithmic=False)
    reached = [end for end in ends if math.isfinite(end)]
    low = min([least, *(max(end, least / _STRETCH) for end in reached)])
    high = max([most, *(min(end, most * _STRETCH) for end in reached)])
    if least > 0 and most / least > LOGARITHMIC_FROM:
        margin = (high / low) ** room
        return Extent(low=low / margin, high=high * margin, logarithmic=True)
    lacking = max(0.0, _LEAST_SPAN * high - (high - low)) / 2
    low, high = low - lacking, high + lacking
    margin = room * (high - low)
    return Extent(low=max(0.0, low - margin), high=high + margin, logarithmic=False)
