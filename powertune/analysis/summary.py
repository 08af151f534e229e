"""A sample of durations or costs in a few honest numbers: mean, percentiles, and how sure the mean is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powertune.analysis.quantiles import NORMAL, student_t

#: Bootstrap resamples behind an interval: Efron & Tibshirani ask for 1,000 to 2,000 where tails are estimated.
RESAMPLES = 2_000
#: Below, a resample holds too few distinct values for its tails to mean anything.
SMALLEST_BOOTSTRAP = 10
#: Above, the bootstrap interval of a mean has converged to the normal one.
LARGEST_BOOTSTRAP = 5_000
LEVEL = 0.95
_BLOCK = 1_000_000

Sample = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A sample of `n` >= 1 values, in their unit. `interval` is the 95 % interval of the mean; None for one value."""

    n: int
    mean: float
    median: float
    p95: float
    p99: float
    interval: Interval | None

    def transformed(self, rate: float, offset: float) -> "Summary":
        """The summary of `rate * value + offset` of every value, for a rate that is not negative.

        Exact: means, percentiles and the intervals of `mean_interval` follow such a change of unit. So costs need no
        bootstrap of their own.
        """
        interval = self.interval
        return Summary(
            n=self.n,
            mean=rate * self.mean + offset,
            median=rate * self.median + offset,
            p95=rate * self.p95 + offset,
            p99=rate * self.p99 + offset,
            interval=None if interval is None else (rate * interval[0] + offset, rate * interval[1] + offset),
        )


def summarize(values: ArrayLike, *, seed: Sequence[int]) -> Summary:
    """Summarize a sample of at least one finite, non-negative value, whatever the order it comes in.

    Percentiles interpolate linearly between order statistics (Hyndman & Fan's type 7), as numpy, pandas and
    spreadsheets do, so that anybody gets the same figures from the raw file.

    Raises:
        ValueError: the sample is empty.
    """
    sample = np.sort(np.asarray(values, dtype=np.float64))
    if sample.size == 0:
        raise ValueError("an empty sample has no summary")
    median, p95, p99 = (float(value) for value in np.percentile(sample, (50, 95, 99)))
    return Summary(
        n=int(sample.size),
        mean=_mean(sample),
        median=median,
        p95=p95,
        p99=p99,
        interval=mean_interval(sample, seed=seed),
    )


def mean_interval(sample: Sample, *, seed: Sequence[int], level: float = LEVEL) -> Interval | None:
    """The interval that holds the mean with confidence `level`; None for a single value.

    * Up to 9 values: Student's t, for a resample of so few hardly differs from the sample. Never below 0, as the
      values are not.
    * 10 to 5,000 values: the bootstrap, bias-corrected and accelerated (BCa: Efron & Tibshirani, An Introduction to
      the Bootstrap, 1993, ch. 14), from 2,000 resamples, for durations are skewed. Its level is widened as Hesterberg
      ("What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015, section 4) advises against
      the bootstrap's narrowness in small samples. The studentized bootstrap would be as accurate to second order, but
      explodes when a resample leaves out a lone outlier, which is what durations on Lambda look like.
    * More: the normal interval, to which both converge.

    Equal values give an interval without width.

    Args:
        sample: sorted ascending, so that the result does not depend on the order of observation.
        seed: of the resampling; the same seed and sample give the same interval.
    """
    n = sample.size
    if n < 2:
        return None
    mean = _mean(sample)
    error = float(sample.std(ddof=1)) / math.sqrt(n)
    if sample[0] == sample[-1] or error == 0:
        return mean, mean
    tail = (1 - level) / 2
    if SMALLEST_BOOTSTRAP <= n <= LARGEST_BOOTSTRAP:
        low, high = _bca(sample, mean, tail, seed)
        return min(low, mean), max(high, mean)
    reach = error * (student_t(1 - tail, n - 1) if n < SMALLEST_BOOTSTRAP else NORMAL.inv_cdf(1 - tail))
    return max(0.0, mean - reach), mean + reach


def _mean(sample: Sample) -> float:
    # Rounding must not push the mean out of the sample, nor the mean of equal values off their value.
    return float(np.clip(sample.mean(), sample[0], sample[-1]))


def _bca(sample: Sample, mean: float, tail: float, seed: Sequence[int]) -> Interval:
    n = sample.size
    means = _resampled_means(sample, seed)
    below = (np.count_nonzero(means < mean) + np.count_nonzero(means <= mean)) / (2 * RESAMPLES)
    bias = NORMAL.inv_cdf(min(max(below, 1 / RESAMPLES), 1 - 1 / RESAMPLES))
    # The jackknife's acceleration, which for a mean is the sample's skewness / (6 sqrt(n)).
    centred = (sample - mean) / float(np.abs(sample - mean).max())
    acceleration = float((centred**3).sum() / (6 * (centred**2).sum() ** 1.5))
    reach = math.sqrt(n / (n - 1)) * student_t(1 - tail, n - 1)
    low, high = (_adjusted(bias, acceleration, bias + side * reach) for side in (-1, 1))
    return float(np.quantile(means, low)), float(np.quantile(means, high))


def _adjusted(bias: float, acceleration: float, z: float) -> float:
    """The share of the bootstrap distribution at which an end of the interval lies."""
    denominator = 1 - acceleration * z
    # Beyond the pole the formula turns back: the end is as far out as the resamples go.
    return NORMAL.cdf(bias + z / denominator) if denominator > 0 else float(z > 0)


def _resampled_means(sample: Sample, seed: Sequence[int]) -> Sample:
    """The means of `RESAMPLES` samples drawn with replacement, in blocks that bound the memory they take."""
    generator = np.random.default_rng(seed)
    rows = max(1, _BLOCK // sample.size)
    blocks = [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
    return np.concatenate(
        [sample[generator.integers(sample.size, size=(count, sample.size))].mean(axis=1) for count in blocks]
    )
