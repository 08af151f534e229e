"""How much durations vary: within an execution environment, between environments, and by jumps."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.samples import Sample

#: The prior of the standard deviation of log durations, as certain as NOISE_WEIGHT observations: within an
#: environment, and between environments.
NOISE, NOISE_WEIGHT = 0.08, 3
LANE_NOISE, LANE_NOISE_WEIGHT = 0.03, 4
#: Durations above JUMP x the median of their group are jumps. At least FEWEST_JUMPS of them, and a share of more than
#: MANY_JUMPS, are no longer outliers.
JUMP, FEWEST_JUMPS, MANY_JUMPS = 1.8, 3, 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The variance of log durations within an execution environment, and between environments.

    `jumps` is whether the function often takes much longer than usual, as one that does one of two things. These
    durations count in full; otherwise outliers are cut down.
    """

    within: float
    between: float
    jumps: bool

    @classmethod
    def of(cls, samples: Iterable[Sample], *, jumps: bool) -> "Noise":
        """What all samples, without outliers, show together, drawn towards the prior."""
        samples = tuple(samples)
        within = _variance_with_jumps(samples) if jumps else _variance(samples)
        between = _variance_between(samples, within)
        return cls(within=within, between=between, jumps=jumps)


def has_jumps(samples: Iterable[Sample]) -> bool:
    """Whether durations are far above others of their group more often than outliers are."""
    groups = _groups(samples)
    far = sum(int((group > JUMP * np.quantile(group, 0.5, method="lower")).sum()) for group in groups)
    return far >= FEWEST_JUMPS and far > MANY_JUMPS * sum(group.size for group in groups)


def _groups(samples: Iterable[Sample]) -> list[Array]:
    """Durations that differ only by noise: those of one configuration and payload, where there are two or more."""
    return [group for sample in samples for group in sample.groups if group.size > 1]


def _variance(samples: Iterable[Sample]) -> float:
    """The variance of log durations within a configuration."""
    logs = [np.log(group) for group in _groups(samples)]
    # Values differ from their own mean by less than from the true one.
    residuals = [(values - values.mean()) * math.sqrt(values.size / (values.size - 1)) for values in logs]
    count = sum(len(values) - 1 for values in residuals)
    if not count:
        return NOISE**2
    robust = 1.4826 * float(np.median(np.abs(np.concatenate(residuals))))
    return (NOISE_WEIGHT * NOISE**2 + count * robust**2) / (NOISE_WEIGHT + count)


def _variance_with_jumps(samples: Iterable[Sample]) -> float:
    """The variance of a duration relative to its mean, jumps included."""
    groups = _groups(samples)
    squares = math.fsum(float(((group / group.mean() - 1) ** 2).sum()) for group in groups)
    freedom = sum(len(group) - 1 for group in groups)
    return squares / max(1, freedom)


def _variance_between(samples: Iterable[Sample], within: float) -> float:
    """The variance of log durations between environments.

    Lanes whose environments are not known may share environments, or be served by all of them in turn. If such lanes
    agree, that shows nothing; only a difference between them counts.
    """
    usual, weight = LANE_NOISE**2, float(LANE_NOISE_WEIGHT)
    total, freedom = weight * usual, weight
    for sample in samples:
        for group, served in zip(sample.groups, sample.served, strict=True):
            parts = [np.log(group[served == each]) for each in set(served.tolist())]
            if len(parts) > 1:
                between = float(np.var([values.mean() for values in parts], ddof=1))
                noise = within * float(np.mean([1 / values.size for values in parts]))
                total += (len(parts) - 1) * max(0.0 if sample.known else usual, between - noise)
                freedom += len(parts) - 1
    return total / freedom
