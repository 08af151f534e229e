"""Whether one configuration is really better than another, or the two cannot be told apart."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from powertune.analysis.quantiles import student_t
from powertune.analysis.summary import LEVEL, Interval

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEstimate:
    """An estimate of the logarithm of a positive quantity, from `n` samples, with the variance of the estimate.

    Both are None where they are not known: `variance` for a single sample, `log` for a quantity that is 0.
    """

    n: int
    log: float | None
    variance: float | None


SAME = Comparison(ratio=1.0, interval=(1.0, 1.0), verdict=Difference.INDISTINGUISHABLE)
"""A configuration compared with itself."""


def log_mean(values: ArrayLike) -> LogEstimate:
    """The log of the mean of a sample, which may come in any order.

    By the delta method, the variance of the log of a mean is s^2 / (n mean^2).
    """
    return log_product(values)


def log_product(*samples: ArrayLike) -> LogEstimate:
    """The log of the product of the means of quantities that were observed together, invocation by invocation.

    By the delta method, log(mean a) + log(mean b) varies as the mean of a / mean a + b / mean b does; taking the sum
    for each invocation keeps what the two have in common, such as a slow minute, from being counted as independent.
    """
    columns = [np.asarray(sample, dtype=np.float64) for sample in samples]
    n = int(columns[0].size)
    # fsum rounds once, whatever the order: the answer does not depend on the order of observation.
    means = [math.fsum(column) / n if n else 0.0 for column in columns]
    if not all(mean > 0 for mean in means):
        return LogEstimate(n=n, log=None, variance=None)
    log = math.fsum(math.log(mean) for mean in means)
    if n < 2:
        return LogEstimate(n=n, log=log, variance=None)
    relative = sum((column / mean for column, mean in zip(columns, means, strict=True)), np.zeros(n))
    if np.all(relative == relative[0]):
        return LogEstimate(n=n, log=log, variance=0.0)
    squares = math.fsum((relative - len(columns)) ** 2)
    return LogEstimate(n=n, log=log, variance=squares / (n - 1) / n)


def compare(candidate: LogEstimate, baseline: LogEstimate, *, level: float = LEVEL) -> Comparison:
    """Compare two independent estimates by the interval of their ratio.

    The interval is symmetric in the log ratio (Hedges, Gurevitch & Curtis, "The Meta-Analysis of Response Ratios in
    Experimental Ecology", Ecology 80, 1999), with Student's t at the degrees of freedom of Welch (Biometrika 34,
    1947) and Satterthwaite (1946), as the two spread differently. A closed form, because a bootstrap of thousands
    cannot reach the far tails that a correction for many comparisons asks for.
    """
    if candidate.log is None or baseline.log is None:
        return Comparison(ratio=None, interval=None, verdict=Difference.INCONCLUSIVE)
    log_ratio = candidate.log - baseline.log
    if candidate.variance is None or baseline.variance is None:
        return Comparison(ratio=_exp(log_ratio), interval=None, verdict=Difference.INCONCLUSIVE)
    variance = candidate.variance + baseline.variance
    reach = 0.0
    if variance > 0:
        # Shares, because squares of tiny variances would vanish.
        parts = (
            (candidate.variance / variance) ** 2 / (candidate.n - 1),
            (baseline.variance / variance) ** 2 / (baseline.n - 1),
        )
        reach = student_t(1 - (1 - level) / 2, 1 / sum(parts)) * math.sqrt(variance)
    return Comparison(
        ratio=_exp(log_ratio),
        interval=(_exp(log_ratio - reach), _exp(log_ratio + reach)),
        verdict=_verdict(log_ratio - reach, log_ratio + reach),
    )


def compare_means(candidate: ArrayLike, baseline: ArrayLike, *, level: float = LEVEL) -> Comparison:
    """Compare the means of two independent samples of non-negative values."""
    return compare(log_mean(candidate), log_mean(baseline), level=level)


def _verdict(low: float, high: float) -> Difference:
    # Equal means may differ by a rounding error, which is no difference.
    if high < -1e-12:
        return Difference.LOWER
    if low > 1e-12:
        return Difference.HIGHER
    return Difference.INDISTINGUISHABLE


def _exp(value: float) -> float:
    return math.exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, value)))
