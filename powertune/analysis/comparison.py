"""Whether one configuration is really better than another, or the two cannot be told apart."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from powertune.analysis.environments import Environments
from powertune.analysis.estimates import LEVEL, Estimate, Interval, estimate_mean, mean_of, reach_of, total

#: An interval uses this share of the error that its level allows: the rest covers the approximations.
CAUTION = 0.85
#: exp() beyond this is not a number any more, and no ratio of durations is.
_LARGEST_LOG = 700.0


class Difference(StrEnum):
    """What the interval of a ratio says."""

    LOWER = "lower"
    HIGHER = "higher"
    INDISTINGUISHABLE = "indistinguishable"
    """The interval holds 1."""
    INCONCLUSIVE = "inconclusive"
    """Fewer than two samples on a side, or nothing to divide by: there is no interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Candidate / baseline, of their means: 0.8 is a fifth less. `interval` holds the ratio at the asked level."""

    ratio: float | None
    interval: Interval | None
    verdict: Difference


SAME = Comparison(ratio=1.0, interval=(1.0, 1.0), verdict=Difference.INDISTINGUISHABLE)
"""A configuration compared with itself."""


def log_mean(values: ArrayLike, environments: Environments | None = None) -> Estimate | None:
    """The log of the mean of a sample, in any order; None for a mean of 0, which has no log.

    By the delta method, the variance of the log of a mean is the variance of the mean / mean^2.
    """
    sample = np.asarray(values, dtype=np.float64)
    mean = mean_of(sample)
    if not mean > 0:
        return None
    return replace(estimate_mean(sample / mean, environments), mean=math.log(mean))


def log_of(estimate: Estimate) -> Estimate | None:
    """The log of an estimated quantity, by the delta method; None for one that is 0."""
    if not estimate.mean > 0:
        return None
    return replace(estimate.times(1 / estimate.mean), mean=math.log(estimate.mean))


def interval_of(log: Estimate | None, level: float = LEVEL) -> Interval | None:
    """The interval of a positive quantity from that of its logarithm."""
    interval = None if log is None else log.interval(level)
    return None if interval is None else (_exp(interval[0]), _exp(interval[1]))


def compare(candidate: Estimate | None, baseline: Estimate | None, *, level: float = LEVEL) -> Comparison:
    """Compare two estimates of the logarithm of a quantity by the interval of the ratio.

    The interval is symmetric in the log ratio (Hedges, Gurevitch & Curtis, "The Meta-Analysis of Response Ratios in
    Experimental Ecology", Ecology 80, 1999), with Student's t at the degrees of freedom of Welch (Biometrika 34,
    1947) and Satterthwaite (1946), as the two spread differently. A closed form, because a bootstrap of thousands
    cannot reach the far tails that a correction for many comparisons asks for.
    """
    if candidate is None or baseline is None:
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    return ratio_of(total([candidate, baseline.times(-1)]), level=level)


def ratio_of(log_ratio: Estimate, *, level: float = LEVEL) -> Comparison:
    """The comparison that an estimated log ratio amounts to."""
    if log_ratio.variance is None:
        return Comparison(ratio=_exp(log_ratio.mean), interval=None, verdict=Difference.INCONCLUSIVE)
    # The delta method and Satterthwaite's degrees of freedom are approximations, which claim a little too much for
    # few environments. Both are made to err to the side of doubt: see benchmarks/calibration.py.
    freedom = max(1.0, float(math.floor(min(log_ratio.freedom, 1e9))))
    reach = reach_of(log_ratio.variance, freedom, 1 - CAUTION * (1 - level))
    return comparison_of(_exp(log_ratio.mean), (_exp(log_ratio.mean - reach), _exp(log_ratio.mean + reach)))


def comparison_of(ratio: float, interval: Interval) -> Comparison:
    """The comparison of a ratio with its interval."""
    return Comparison(ratio=ratio, interval=interval, verdict=_verdict(*interval))


def _verdict(low: float, high: float) -> Difference:
    # Equal means may differ by a rounding error, which is no difference.
    if high < 1 - 1e-12:
        return Difference.LOWER
    if low > 1 + 1e-12:
        return Difference.HIGHER
    return Difference.INDISTINGUISHABLE


def _exp(value: float) -> float:
    return math.exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, value)))
