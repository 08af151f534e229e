"""A sample of durations or costs in a few honest numbers: mean, percentiles, and how sure the mean is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powertune.analysis.environments import Environments
from powertune.analysis.estimates import LEVEL, Interval, Sample, estimate_mean, independent_units, mean_of
from powertune.model import Statistic
from powertune.quantiles import NORMAL, student_t

#: Bootstrap resamples behind an interval: Efron & Tibshirani ask for 1,000 to 2,000 where tails are estimated.
RESAMPLES = 2_000
#: Below, a resample holds too few distinct values for its tails to mean anything.
SMALLEST_BOOTSTRAP = 10
#: Above, the bootstrap interval of a mean has converged to the normal one.
LARGEST_BOOTSTRAP = 5_000
#: Iglewicz & Hoaglin's limit on the modified z-score.
OUTLYING = 3.5
_BLOCK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A sample of `n` >= 1 values, in their unit.

    `interval` is the 95 % interval of the mean, `deviation` the standard deviation (n - 1); both are None for a
    single value. `units` is how many independent observations the interval rests on: execution environments where
    several were measured, else single values. `outliers` counts the values far from the rest (see `outlying`); they
    are part of every figure.
    """

    n: int
    mean: float
    median: float
    p95: float
    p99: float
    deviation: float | None
    interval: Interval | None
    units: int
    outliers: int
    sample_mean: float

    @property
    def p95_seen(self) -> float | None:
        """The 95th percentile, where there are enough values to have one beyond it."""
        return self.p95 if self.n >= Statistic.P95.fewest else None

    @property
    def p99_seen(self) -> float | None:
        """The same of the 99th."""
        return self.p99 if self.n >= Statistic.P99.fewest else None


def summarize(
    values: ArrayLike,
    *,
    seed: Sequence[int],
    environments: Environments | None = None,
    contributions: Sample | None = None,
    groups: Sequence[Sample] | None = None,
) -> Summary:
    """Summarize a sample of at least one finite, non-negative value, whatever the order it comes in.

    Percentiles interpolate linearly between order statistics (Hyndman & Fan's type 7), as numpy, pandas and
    spreadsheets do, so that anybody gets the same figures from the raw file.

    Args:
        seed: of the resampling behind the interval.
        environments: where each value comes from, None where values are independent of each other.
        contributions: what each value contributes to the mean, None where these are the values. `mean`, `interval`
            and `units` are theirs.
        groups: the same values apart, where they differ by design; outliers are far from the rest of their group.

    Raises:
        ValueError: the sample is empty.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise ValueError("an empty sample has no summary")
    median, p95, p99 = (float(value) for value in np.percentile(sample, (50, 95, 99)))
    parts = sample if contributions is None else contributions
    units = independent_units(parts, environments)
    return Summary(
        n=int(sample.size),
        mean=mean_of(parts),
        median=median,
        p95=p95,
        p99=p99,
        deviation=_deviation(sample),
        interval=mean_interval(parts, seed=seed, environments=environments),
        units=int(units.size) if environments is None or environments.tell else environments.created,
        outliers=sum(int(np.count_nonzero(outlying(group))) for group in groups or [sample]),
        sample_mean=mean_of(sample),
    )


def outlying(values: ArrayLike) -> NDArray[np.bool_]:
    """Which values are far from the rest: those whose modified z-score is beyond 3.5.

    0.6745 x (value - median) / MAD, and where more than half of the values are equal (MAD = 0), the mean absolute
    deviation instead of the median one (Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993).
    """
    sample = np.asarray(values, dtype=np.float64)
    if not sample.size:
        return np.zeros(0, dtype=np.bool_)
    distances = np.abs(sample - np.median(sample))
    scale = float(np.median(distances)) / 0.6745 or float(distances.mean()) * 1.253314
    far: NDArray[np.bool_] = distances > OUTLYING * scale
    return far


def _deviation(sample: Sample) -> float | None:
    if sample.size < 2:
        return None
    # Rounding would give equal values a spread.
    return 0.0 if np.all(sample == sample[0]) else float(np.sort(sample).std(ddof=1))


def mean_interval(
    values: ArrayLike,
    *,
    seed: Sequence[int],
    environments: Environments | None = None,
    level: float = LEVEL,
) -> Interval | None:
    """The interval that holds the mean with confidence `level`; None for a single value.

    It rests on the independent observations (see `estimates.independent_units`): environments, or single values.

    * Up to 9 of them: Student's t with the cluster-robust error of `estimates.estimate_mean`, for a resample of so
      few hardly differs from the sample. Never below 0, as the values are not.
    * 10 to 5,000: the bootstrap, bias-corrected and accelerated (BCa: Efron & Tibshirani, An Introduction to the
      Bootstrap, 1993, ch. 14), from 2,000 resamples, for durations are skewed. Its level is widened as Hesterberg
      ("What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015, section 4) advises against
      the bootstrap's narrowness in small samples. The studentized bootstrap would be as accurate to second order, but
      explodes when a resample leaves out a lone outlier, which is what durations on Lambda look like.
    * More: the normal interval, to which both converge.

    Equal values give an interval without width.

    Args:
        seed: of the resampling; the same seed and sample give the same interval.
    """
    estimate = estimate_mean(values, environments)
    if estimate.variance is None:
        return None
    units = independent_units(values, environments)
    if estimate.variance > 0 and _resamples(units.size, environments) and units[0] < units[-1]:
        low, high = _bca(units, estimate.mean, (1 - level) / 2, seed)
        return min(low, estimate.mean), max(high, estimate.mean)
    interval = estimate.interval(level)
    assert interval is not None
    return max(0.0, interval[0]), interval[1]


def _resamples(units: int, environments: Environments | None) -> bool:
    """Whether this many units are enough for a bootstrap, and alike: none of them has much more of the values."""
    if environments is not None and not environments.even(SMALLEST_BOOTSTRAP):
        return False
    return SMALLEST_BOOTSTRAP <= units <= LARGEST_BOOTSTRAP


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
