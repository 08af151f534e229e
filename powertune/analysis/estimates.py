"""A mean and how sure it is, when values come from a few execution environments rather than one by one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powertune.analysis.environments import UNKNOWN, Environments, Labels
from powertune.quantiles import student_t

LEVEL = 0.95
#: By how much execution environments of one size usually differ (the coefficient of variation): a little more than
#: the median of 2.2 % over 195 sizes with ten of each (Lin, Ma & Shahrad, EuroSys 2026, doi 10.5281/zenodo.17162822).
USUAL = 0.03
#: By how much they are assumed to differ where it cannot be seen: twice the usual. CPUs of two generations may differ
#: by more.
ASSUMED = 0.06
Sample = NDArray[np.float64]
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """An estimated mean, the variance of that estimate, and the degrees of freedom that the variance rests on.

    `variance` is None where it cannot be told: for a single value. `along` is for an estimate of a search: by how
    much the quantity differs from its mean along each curve that may be true, of shape (curves,). Two such estimates
    are not independent: they have the same curves. The mean square of `along` is part of the variance.
    """

    mean: float
    variance: float | None
    freedom: float = math.inf
    along: Sample | None = field(default=None, compare=False)

    def interval(self, level: float = LEVEL) -> Interval | None:
        """The interval that holds the true value with confidence `level`."""
        if self.variance is None:
            return None
        reach = reach_of(self.variance, self.freedom, level)
        return self.mean - reach, self.mean + reach

    def times(self, factor: float) -> "Estimate":
        """The estimate of the quantity times a constant."""
        variance = None if self.variance is None else factor**2 * self.variance
        along = None if self.along is None else factor * self.along
        return Estimate(mean=factor * self.mean, variance=variance, freedom=self.freedom, along=along)

    def by_itself(self) -> "Estimate":
        """The same estimate, beside others that have nothing to do with its curves."""
        return replace(self, along=None)

    @property
    def shared(self) -> float:
        """The part of the variance that is due to the curves."""
        return 0.0 if self.along is None else float(np.mean(self.along**2))


def constant(value: float) -> Estimate:
    """A quantity that is known, as an estimate."""
    return Estimate(mean=value, variance=0.0)


def total(parts: Sequence[Estimate]) -> Estimate:
    """The sum of estimates, with the degrees of freedom of Welch and Satterthwaite (1946).

    They are independent, except for what they owe to the same curves: that is added curve by curve.
    """
    mean = math.fsum(part.mean for part in parts)
    own = [(part.variance - part.shared, part.freedom) for part in parts if part.variance is not None]
    if len(own) < len(parts):
        return Estimate(mean=mean, variance=None)
    curved = [(part.along, part.freedom) for part in parts if part.along is not None]
    along = None
    if curved:
        along = np.sum([deviations for deviations, _ in curved], axis=0)
        own.append((float(np.mean(along**2)), min(freedom for _, freedom in curved)))
    own = [(max(0.0, variance), freedom) for variance, freedom in own]
    variance = math.fsum(v for v, _ in own)
    if variance == 0:
        return Estimate(mean=mean, variance=0.0, along=along)
    # Shares, because squares of tiny variances would vanish.
    spread = math.fsum((v / variance) ** 2 / freedom for v, freedom in own)
    return Estimate(mean=mean, variance=variance, freedom=1 / spread if spread else math.inf, along=along)


def estimate_along(log_values: Sample, freedom: float) -> Estimate:
    """A positive quantity from its logarithm along each curve that may be true, by the delta method.

    The estimate is the geometric mean, so that the ratio of two of them is the mean ratio.
    """
    mean = float(log_values.mean())
    value = math.exp(mean)
    along = value * (log_values - mean)
    return Estimate(mean=value, variance=float(np.mean(along**2)), freedom=freedom, along=along)


def reach_of(variance: float, freedom: float, level: float) -> float:
    """Half the width of an interval: Student's t at `freedom`, times the standard error."""
    if variance == 0:
        return 0.0
    # Hill's formula has converged to the normal distribution long before.
    return student_t(1 - (1 - level) / 2, min(freedom, 1e6)) * math.sqrt(variance)


def estimate_mean(values: ArrayLike, environments: Environments | None = None) -> Estimate:
    """The mean of a sample, with an error that respects where its values come from.

    Values of one execution environment share its luck: a slow neighbor, an older CPU. So it is the environments that
    are independent, not the values, and their number decides how sure the mean is (see `_clustered`). Where Lambda's
    logs did not tell the environments, or there is only one, how much environments differ cannot be seen, and is
    assumed (see `_assumed`). Equal values have no error.

    Args:
        environments: where the values come from; None where they are independent, as cold starts are.
    """
    sample = np.asarray(values, dtype=np.float64)
    n = int(sample.size)
    mean = mean_of(sample)
    if n < 2:
        return Estimate(mean=mean, variance=None)
    if np.all(sample == sample[0]):
        return Estimate(mean=mean, variance=0.0)
    if environments is None:
        return Estimate(mean=mean, variance=variance_of(sample) / n, freedom=n - 1)
    if environments.tell:
        return _clustered(sample, environments.labels)
    return _assumed(sample, environments)


def _clustered(sample: Sample, labels: Labels) -> Estimate:
    """The mean of all values, with an error that rests on the environments that are known, two or more.

    In a model with random environments, the variance of the mean is the variance between them times the sum of their
    squared shares, plus the variance within them / n. The analysis of variance gives the proportion of the two, and
    the scatter of the environments' means gives the scale, with one degree of freedom less than there are
    environments (Hartung & Knapp, "A refined method for the meta-analysis of controlled clinical trials with binary
    outcome", Statistics in Medicine 20, 2001; Sidik & Jonkman, "A simple confidence interval for meta-analysis",
    Statistics in Medicine 21, 2002). With equal shares the proportion cancels out, and it is Student's t on the
    environments' means.

    With unequal shares, which are usual on Lambda, that method claims too much when few environments look equal by
    luck (Röver, Knapp & Friede, "Hartung-Knapp-Sidik-Jonkman approach and its modification for random-effects
    meta-analysis with few studies", BMC Medical Research Methodology 15, 2015). Their remedy widens all intervals;
    here environments are taken to differ by at least `USUAL` in the proportion, which widens those with unequal
    shares only.

    Values whose environment is not known count as if all were of the one that has the most: the fewer environments
    share the values, the less sure is the mean.
    """
    n = int(sample.size)
    mean = mean_of(sample)
    groups = _groups(sample[labels != UNKNOWN], labels[labels != UNKNOWN])
    within, between = groups.components()
    between = max(between, (USUAL * mean) ** 2)
    weights = 1 / (between + within / groups.counts)
    center = math.fsum(weights * groups.means) / math.fsum(weights)
    freedom = groups.counts.size - 1
    scale = math.fsum(weights * (groups.means - center) ** 2) / freedom
    served = np.sort(groups.counts)
    served[-1] += n - served.sum()
    variance = scale * (between * math.fsum((served / n) ** 2) + within / n)
    if variance > 1e-18 * mean**2:
        return Estimate(mean=mean, variance=variance, freedom=freedom)
    # Whole milliseconds can make the means of all environments equal by chance: that is not certainty.
    return Estimate(mean=mean, variance=variance_of(sample) / n, freedom=n - 1)


def _assumed(sample: Sample, environments: Environments) -> Estimate:
    """The mean of values of which nobody knows which environment served which; or one environment served them all.

    How much environments differ cannot be told from such a sample: values that differ by 8 % may come from equal
    environments, or from environments that differ by nearly as much. So the error of the mean has no estimate, but it
    has two upper bounds, and the narrower is taken. First, k environments cannot differ by more than the values do:
    if all of the variance were between them, that of the mean would be the variance of the values / (k - 1), with k -
    1 degrees of freedom. Second, environments are assumed to differ by no more than `ASSUMED`. Both are for
    environments with about equal shares: if one of four has most of the values, the second holds only where they
    differ by half of that.

    Lanes that differ by more than `ASSUMED` must be environments of their own; then they are taken for them.
    """
    n = int(sample.size)
    mean = mean_of(sample)
    k = min(n, environments.created)
    spread = variance_of(sample)
    most = (ASSUMED * mean) ** 2
    if environments.count is None and _apart(sample, environments.lanes, most):
        return _clustered(sample, environments.lanes)
    own = Estimate(mean=mean, variance=spread / n, freedom=n - 1)
    bounds = [total([own, Estimate(mean=0.0, variance=most / k)])]
    if k > 1:
        bounds.append(Estimate(mean=mean, variance=spread / (k - 1), freedom=k - 1))
    return min(bounds, key=lambda bound: reach_of(bound.variance or 0.0, bound.freedom, LEVEL))


def _apart(sample: Sample, lanes: Labels, variance: float) -> bool:
    """Whether the variance between lanes is larger than that."""
    return bool(np.ptp(lanes) > 0) and _groups(sample, lanes).components()[1] > variance


def components(values: Sample, environments: Environments) -> tuple[float, float]:
    """The variance of a value within its environment, and that between environments, in the unit squared.

    Where the environments are not known, the first is that of all values, and the second what it is assumed to be.
    """
    if environments.tell:
        named = environments.labels != UNKNOWN
        return _groups(values[named], environments.labels[named]).components()
    spread = variance_of(values)
    most = (ASSUMED * mean_of(values)) ** 2
    return spread, min(most, spread) if environments.created > 1 else most


def independent_units(values: ArrayLike, environments: Environments | None) -> Sample:
    """One value for each independent observation, sorted: what each environment contributes to the mean; else values.

    An environment's contribution is the mean plus the sum of its values' deviations from it, at the scale of one
    among equals: its own mean, where the shares are equal. Their mean is the mean of all values.
    """
    sample = np.sort(np.asarray(values, dtype=np.float64))
    if environments is None or environments.count in (None, 1, sample.size):
        return sample
    groups = _groups(np.asarray(values, dtype=np.float64), environments.labels)
    mean = mean_of(sample)
    return np.sort(mean + groups.counts * (groups.means - mean) * groups.counts.size / sample.size)


def variance_of(sample: Sample) -> float:
    """The variance of a sample of two or more, in any order (n - 1)."""
    return math.fsum(((sample - mean_of(sample)) ** 2).tolist()) / (sample.size - 1)


def mean_of(sample: Sample) -> float:
    """The mean, whatever the order; within the sample, and equal to its values where they are equal."""
    if not sample.size:
        return 0.0
    # fsum rounds once: the answer does not depend on the order of observation. It is three times as fast on a list.
    mean = math.fsum(sample.tolist()) / sample.size
    return min(max(mean, float(sample.min())), float(sample.max()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Groups:
    """How many values each environment has, their mean, and the sum of their squared deviations from it."""

    counts: Labels
    means: Sample
    squares: Sample

    def components(self) -> tuple[float, float]:
        """The variances within and between groups, two or more: the analysis of variance with one random factor.

        For groups of unequal size: Searle, Casella & McCulloch, Variance Components, 1992, section 3.6.
        """
        n, k = int(self.counts.sum()), self.counts.size
        within = math.fsum(self.squares) / (n - k) if n > k else 0.0
        mean = math.fsum(self.counts * self.means) / n
        across = math.fsum(self.counts * (self.means - mean) ** 2) / (k - 1)
        size = (n - math.fsum(self.counts.astype(np.float64) ** 2) / n) / (k - 1)
        return within, max(0.0, (across - within) / size)


def _groups(sample: Sample, labels: Labels) -> _Groups:
    order = np.lexsort((sample, labels))
    values, labels = sample[order], labels[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    counts = np.diff(np.r_[starts, values.size])
    means = np.add.reduceat(values, starts) / counts
    squares = np.add.reduceat((values - np.repeat(means, counts)) ** 2, starts)
    # Groups of equal content are interchangeable: sorting makes their order, and so rounding, no matter.
    order = np.lexsort((squares, counts, means))
    return _Groups(counts=counts[order], means=means[order], squares=squares[order])
