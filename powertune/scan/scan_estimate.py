"""What a scan will ask and cost, before anything but the number of functions is known."""

import math
from dataclasses import dataclass

from powertune.region_prices import RegionPrices
from powertune.scan.evidence import AccountRegion

#: The most functions that a page of ListFunctions holds, and the most queries that GetMetricData takes.
FUNCTIONS_PER_PAGE, QUERIES_PER_CALL = 50, 500
#: Metrics that are asked of a function in use: invocations, throttles, duration, errors, concurrency, queued events,
#: and what was written to its log group. Several statistics of one metric are charged once.
METRICS = 7
#: Queries for these: duration takes five.
QUERIES = 11
#: What GetMetricData costs where prices are not known: the highest of any region (CloudWatch pricing).
_USD_PER_METRIC = 0.000014


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceEstimate:
    """What one account in one region takes at most, without Logs Insights and without single functions.

    `functions` is None where they could not be counted. `usd` is for metrics.
    """

    place: AccountRegion
    functions: int | None
    listing_calls: int = 0
    metric_calls: int = 0
    metrics: int = 0
    usd: float = 0.0


def estimate_place(place: AccountRegion, functions: int | None, prices: RegionPrices | None) -> PlaceEstimate:
    """What it takes to read this many functions, each of which is in use and has one version."""
    if functions is None:
        return PlaceEstimate(place=place, functions=None)
    known = None if prices is None or prices.currency != "USD" else prices.observability
    each = (known.get_metric_data if known is not None else None) or _USD_PER_METRIC
    return PlaceEstimate(
        place=place,
        functions=functions,
        listing_calls=math.ceil(functions / FUNCTIONS_PER_PAGE) or 1,
        metric_calls=math.ceil(functions * QUERIES / QUERIES_PER_CALL),
        metrics=functions * METRICS,
        usd=functions * METRICS * each,
    )
