"""What a day of a function costs, as a number and as metric math: the two agree."""

from decimal import Decimal

from powertune.region_prices import RegionPrices
from powertune.units import ROUNDING_MS
from powertune.watch.model import UsedDay, WatchedFunction

#: What neither contains, though AWS bills it.
LEFT_OUT = "INIT, provisioned concurrency, SnapStart and logs"
#: The ids of the metrics in the expression.
DURATION, INVOCATIONS = "duration", "invocations"


def day_cost(day: UsedDay, function: WatchedFunction, prices: RegionPrices) -> float:
    """What a day costs on demand, in the region's currency.

    CloudWatch's Duration is not the billed duration: each invocation is rounded up to a whole millisecond, which adds
    0.5 ms on average (as `scan.money` counts it), and INIT is billed but not part of it. `LEFT_OUT` names the rest.
    Prices are those of the first volume tier, without a Savings Plan and the free tier.
    """
    billed_ms = day.duration_sum_ms + ROUNDING_MS * day.invocations
    return billed_ms * _rate(function, prices) + day.invocations * prices.request


def day_cost_expression(function: WatchedFunction, prices: RegionPrices) -> str:
    """The same in metric math, of the sums `duration` and `invocations` of a day."""
    billed_ms = f"({DURATION} + {ROUNDING_MS} * {INVOCATIONS})"
    rate, request = _plain(_rate(function, prices)), _plain(prices.request)
    return f"{billed_ms} * {rate} + {INVOCATIONS} * {request}"


def _rate(function: WatchedFunction, prices: RegionPrices) -> float:
    """The price of a billed millisecond, of ephemeral storage too, with 12 digits."""
    return float(f"{prices.rate_per_ms(function.configuration, function.ephemeral_storage_mb):.12g}")


def _plain(number: float) -> str:
    """Without an exponent: the User Guide says nothing of exponents in metric math."""
    return format(Decimal(repr(number)), "f")
