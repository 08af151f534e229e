"""A mean and how sure it is, when values come from a few execution environments rather than one by one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powertune.quantiles import student_t

LEVEL = 0.95
Sample = NDArray[np.float64]
Lanes = NDArray[np.int64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimated mean, the variance of that estimate, and the degrees of freedom that the variance rests on.

    `variance` is None where it cannot be told: for a single value.
    """

    mean: float
    variance: float | None
    freedom: float = math.inf

    def interval(self, level: float = LEVEL) -> Interval | None:
        """The interval that holds the true value with confidence `level`."""
        if self.variance is None:
            return None
        reach = reach_of(self.variance, self.freedom, level)
        return self.mean - reach, self.mean + reach

    def times(self, factor: float) -> "Estimate":
        """The estimate of the quantity times a constant."""
        variance = None if self.variance is None else factor**2 * self.variance
        return Estimate(mean=factor * self.mean, variance=variance, freedom=self.freedom)


def constant(value: float) -> Estimate:
    """A quantity that is known, as an estimate."""
    return Estimate(mean=value, variance=0.0)


def total(parts: Sequence[Estimate]) -> Estimate:
    """The sum of independent estimates, with the degrees of freedom of Welch and Satterthwaite (1946)."""
    mean = math.fsum(part.mean for part in parts)
    variances = [(part.variance, part.freedom) for part in parts]
    known = [(variance, freedom) for variance, freedom in variances if variance is not None]
    if len(known) < len(parts):
        return Estimate(mean=mean, variance=None)
    variance = math.fsum(v for v, _ in known)
    if variance == 0:
        return Estimate(mean=mean, variance=0.0)
    # Shares, because squares of tiny variances would vanish.
    spread = math.fsum((v / variance) ** 2 / freedom for v, freedom in known)
    return Estimate(mean=mean, variance=variance, freedom=1 / spread if spread else math.inf)


def reach_of(variance: float, freedom: float, level: float) -> float:
    """Half the width of an interval: Student's t at `freedom`, times the standard error."""
    if variance == 0:
        return 0.0
    # Hill's formula has converged to the normal distribution long before.
    return student_t(1 - (1 - level) / 2, min(freedom, 1e6)) * math.sqrt(variance)


def estimate_mean(values: ArrayLike, lanes: ArrayLike | None = None) -> Estimate:
    """The mean of a sample, with an error that respects where its values come from.

    Values of one lane come from one execution environment, and share its luck: a slow neighbour, an older CPU. So it
    is the environments that are independent, not the values, and their number decides how sure the mean is. The
    variance is the bias-reduced cluster-robust one (CR2: Bell & McCaffrey, "Bias Reduction in Standard Errors for
    Linear Regression with Multi-Stage Samples", Survey Methodology 28, 2002), with their degrees of freedom, which
    Imbens & Kolesar ("Robust Standard Errors in Small Samples: Some Practical Advice", Review of Economics and
    Statistics 98, 2016) recommend when clusters are few; with lanes of equal size it is the t interval of the lanes'
    means. It holds whether environments differ or not, which a bootstrap of four of them does not. With one lane, or
    none named, every value stands for itself.

    Args:
        lanes: the lane of each value; None where values are independent.
    """
    sample = np.asarray(values, dtype=np.float64)
    n = int(sample.size)
    mean = mean_of(sample)
    if n < 2:
        return Estimate(mean=mean, variance=None)
    if np.all(sample == sample[0]):
        return Estimate(mean=mean, variance=0.0)
    sums, shares = _deviations(sample, mean, lanes)
    if len(sums) >= 2:
        variance = math.fsum(sums**2 / (1 - shares)) / n**2
        if variance > 1e-18 * mean**2:
            return Estimate(mean=mean, variance=variance, freedom=_freedom(shares))
        # Whole milliseconds can make the means of all lanes equal by chance: that is not certainty.
    squares = math.fsum((sample - mean) ** 2)
    return Estimate(mean=mean, variance=squares / (n - 1) / n, freedom=n - 1)


def independent_units(values: ArrayLike, lanes: ArrayLike | None) -> Sample:
    """One value for each independent observation, sorted: what each lane contributes to the mean; else the values.

    A lane's contribution is the mean plus the sum of its values' deviations from it, at the scale of one lane among
    equals: the lane's own mean, where lanes are of equal size. Their mean is the mean of all values.
    """
    sample = np.sort(np.asarray(values, dtype=np.float64))
    sums, _ = _deviations(np.asarray(values, dtype=np.float64), mean_of(sample), lanes)
    if len(sums) < 2 or len(sums) == sample.size:
        return sample
    return np.sort(mean_of(sample) + sums * len(sums) / sample.size)


def mean_of(sample: Sample) -> float:
    """The mean, whatever the order; within the sample, and equal to its values where they are equal."""
    if not sample.size:
        return 0.0
    # fsum rounds once: the answer does not depend on the order of observation.
    return float(np.clip(math.fsum(sample) / sample.size, sample.min(), sample.max()))


def _deviations(sample: Sample, mean: float, lanes: ArrayLike | None) -> tuple[Sample, Sample]:
    """The sum of each lane's deviations from the mean, and the share of values that it holds."""
    if lanes is None:
        return np.empty(0), np.empty(0)
    order = np.lexsort((sample, np.asarray(lanes)))
    sorted_lanes = np.asarray(lanes)[order]
    starts = np.flatnonzero(np.r_[True, sorted_lanes[1:] != sorted_lanes[:-1]])
    sums = np.add.reduceat(sample[order] - mean, starts)
    counts = np.diff(np.r_[starts, sample.size])
    # Lanes of equal content are interchangeable: sorting makes their order, and so rounding, no matter.
    by_sum = np.lexsort((counts, sums))
    return sums[by_sum], (counts / sample.size)[by_sum]


def _freedom(shares: Sample) -> float:
    """Bell & McCaffrey's degrees of freedom for a mean over lanes that hold these shares of the values."""
    odds = shares**2 / (1 - shares)
    crossed = math.fsum(odds) ** 2 - math.fsum(odds**2)
    return 1 / (math.fsum(shares**2) + crossed)
