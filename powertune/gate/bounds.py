"""The ends of intervals that decide a check: of means and ratios, of percentiles, and of shares."""

import math
from collections.abc import Callable

import numpy as np

from powertune.analysis.comparison import ratio_of
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate, Sample, estimate_mean
from powertune.analysis.exact_tests import at_most, upper_limit
from powertune.gate.confidence import Tails
from powertune.gate.model import GateVerdict
from powertune.quantiles import NORMAL, student_t

Bounds = tuple[float, float | None]
#: More invocations than this are not worth a gate.
MOST_TO_DECIDE = 100_000
#: How alike percentiles of one environment are taken to be where environments are not known: the intraclass
#: correlation of being above the 95th percentile, for environments that differ by what `analysis` assumes then, and
#: values that differ by as much within them. It is more the steadier the function is.
ALIKE = 0.2
_FROM_HERE = 1.25
#: An end that is further away than this factor bounds nothing: it comes from two or three environments.
_UNBOUNDED = 1e6


def decide(bounds: Bounds | None, limit: float, *, strict: bool = False) -> GateVerdict:
    """Failed if all of the interval is beyond the limit, passed if all of it is within, else inconclusive.

    Args:
        strict: the limit itself is beyond.
    """
    if bounds is None:
        return GateVerdict.INCONCLUSIVE
    low, high = bounds
    if low > limit or (strict and low == limit):
        return GateVerdict.FAILED
    if high is not None and (high < limit or (high == limit and not strict)):
        return GateVerdict.PASSED
    return GateVerdict.INCONCLUSIVE


def log_bounds(log: Estimate | None, tails: Tails) -> Bounds | None:
    """The ends of the interval of a positive quantity, or a ratio, from its logarithm; None for one value or none.

    Each end is that of the two-sided interval of `analysis.comparison` that leaves out as much on its side.
    """
    if log is None or not math.isfinite(log.mean):
        return None
    low, high = (ratio_of(log, level=1 - 2 * tail).interval for tail in (tails.low, tails.high))
    if low is None or high is None:
        return None
    value = math.exp(log.mean)
    return low[0] if low[0] > value / _UNBOUNDED else 0.0, high[1] if high[1] < value * _UNBOUNDED else None


def scaled(bounds: Bounds | None, factor: float) -> Bounds | None:
    """The same ends in another unit."""
    if bounds is None:
        return None
    low, high = bounds
    return factor * low, None if high is None else factor * high


def growth_of_log(log: Estimate, bounds: Bounds, limit: float) -> float:
    """By which factor invocations and environments have to grow until a quantity as large as this one is decided.

    An interval narrows with the root of their number. Infinite where the quantity is at the limit.
    """
    low, high = bounds
    distance = math.log(limit) - log.mean if limit > 0 else -math.inf
    if distance == 0 or high is None:
        return math.inf
    end = high if distance > 0 else low
    reach = abs(math.log(end) - log.mean) if end > 0 else math.inf
    return (reach / abs(distance)) ** 2


def quantile_bounds(values: Sample, environments: Environments | None, quantile: float, tails: Tails) -> Bounds:
    """The ends of the interval of a percentile; the upper one is None where too few values are beyond it.

    The order statistics between which the quantile lies, by the binomial distribution (Hahn & Meeker, Statistical
    Intervals, 1991, section 5.2). Values of one environment are alike, so it is not their number that counts but how
    many independent ones would tell as much (see `effective`): the ranks of these are those of the values in
    proportion (Woodruff, "Confidence Intervals for Medians and Other Position Measures", Journal of the American
    Statistical Association 47, 1952).
    """
    ordered = np.sort(values)
    low_n, high_n = (effective(ordered, values, environments, quantile, tail) for tail in (tails.low, tails.high))
    below = _rank(lambda rank: at_most(rank - 1, low_n, quantile) <= tails.low, low_n)
    above = _rank(lambda rank: at_most(rank - 1, high_n, quantile) < 1 - tails.high, high_n) + 1
    low = float(ordered[max(0, math.floor(below / low_n * ordered.size) - 1)]) if below else 0.0
    return low, float(ordered[math.ceil(above / high_n * ordered.size) - 1]) if above <= high_n else None


def effective(
    ordered: Sample, values: Sample, environments: Environments | None, quantile: float, tail: float
) -> int:
    """How many independent values would tell a quantile as well as these do: at least one, at most all.

    The number over the design effect of being above the sample's quantile, less for the degrees of freedom of that
    (Korn & Graubard, "Confidence Intervals for Proportions With Small Expected Number of Positive Counts Estimated
    From Survey Data", Survey Methodology 24, 1998).
    """
    n = int(values.size)
    if environments is None or n < 2:
        return n
    above = (values > ordered[min(n - 1, math.ceil(quantile * n) - 1)]).astype(np.float64)
    share = float(above.mean())
    if not environments.tell:
        return max(1, math.floor(n / (1 + (n / min(n, environments.created) - 1) * ALIKE)))
    estimate = estimate_mean(above, environments)
    if not 0 < share < 1 or not estimate.variance:
        return n
    inflated = estimate.variance * n / (share * (1 - share))
    narrowed = (NORMAL.inv_cdf(1 - tail) / student_t(1 - tail, min(estimate.freedom, 1e6))) ** 2
    return max(1, min(n, math.floor(n / max(1.0, inflated) * narrowed)))


def share_bounds(count: int, of: int, tails: Tails) -> tuple[float, float]:
    """The ends of the interval of a share (Clopper & Pearson, Biometrika 26, 1934)."""
    return 1 - upper_limit(of - count, of, 1 - tails.low), upper_limit(count, of, 1 - tails.high)


def growth_of_share(count: float, of: int, limit: float, tails: Tails) -> float:
    """By which factor a sample has to grow until a share as large as this one is decided; infinite if none does."""
    growth = _FROM_HERE
    while of * growth <= MOST_TO_DECIDE:
        more = round(of * growth)
        expected = round(count * growth)
        if at_most(expected, more, limit) <= tails.high or 1 - at_most(expected - 1, more, limit) <= tails.low:
            return growth
        growth *= _FROM_HERE
    return math.inf


def _rank(holds: Callable[[int], bool], most: int) -> int:
    """The largest number from 1 to `most` for which it holds, 0 if for none: it holds up to some number."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
