"""The warm invocations of one size: their durations by payload, and the execution environment of each."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powertune.model import Measurement, Population
from powertune.search.adaptive.arrays import Array

#: Warm durations beyond this multiple of the median are outliers, and are cut down to it.
WINSOR = 1.45
#: The longer one of a pair is an outlier with this probability. Its logarithm is then larger by this much, with this
#: standard deviation.
OUTLYING_SHARE, OUTLYING, OUTLYING_SPREAD = 0.03, 0.75, 0.35
#: Odds are bounded, or their exponential is too large for a float.
_LARGEST_LOG = 700.0
#: Shorter durations are not told apart.
LEAST_MS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The durations or billed durations (ms) of a configuration's warm invocations, with the environment of each.

    They come in groups, one for each payload, with its share of the traffic, because payloads may differ.
    """

    groups: tuple[Array, ...]
    weights: tuple[float, ...]
    served: tuple[NDArray[np.int64], ...]
    """A number for each environment; for each lane, where environments are not known."""
    known: bool
    """Whether all environments are known."""
    doubt: float = 0.0
    """The variance of the log of the mean that comes from not knowing which durations are outliers."""

    @classmethod
    def of(cls, measurement: Measurement, column: str, weights: tuple[float, ...]) -> "Sample | None":
        """The warm invocations of a configuration that works; None if a payload has none yet.

        Args:
            column: `duration_ms` or `billed_ms`.
            weights: the share of each payload.
        """
        if measurement.infeasible or measurement.unmeasured:
            return None
        select = measurement.invocations.select
        names = select(Population.WARM, "environment")
        known = None not in names
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        served = tuple(map(numbers.__getitem__, names)) if known else select(Population.WARM, "lane")
        columns = (select(Population.WARM, column), served, select(Population.WARM, "payload"))
        timed = [(max(ms, LEAST_MS), by, payload) for ms, by, payload in zip(*columns, strict=True) if ms is not None]
        payloads = sorted({payload for _, _, payload in timed})
        if not payloads or len(payloads) < len(weights):
            return None
        return cls(
            groups=tuple(np.array([ms for ms, _, of in timed if of == payload]) for payload in payloads),
            weights=weights,
            served=tuple(np.array([by for _, by, of in timed if of == payload]) for payload in payloads),
            known=known,
        )

    @property
    def count(self) -> int:
        """The number of warm invocations."""
        return sum(group.size for group in self.groups)

    @property
    def effective_count(self) -> float:
        """How many warm invocations of a single payload would tell the mean as well, with the same relative noise.

        A rare payload that takes long has most of the error: it is that of a stratified mean.
        """
        total = sum(self.weights)
        mean = self.mean
        parts = (
            (weight / total * float(group.mean()) / mean) ** 2 / group.size
            for weight, group in zip(self.weights, self.groups, strict=True)
        )
        return 1 / sum(parts)

    @property
    def environments(self) -> int:
        """The number of execution environments; the number of lanes, where environments are not known."""
        return len({number for numbers in self.served for number in numbers.tolist()})

    @property
    def mean(self) -> float:
        """The mean in ms, each payload weighted by its share."""
        total = sum(weight * float(group.mean()) for weight, group in zip(self.weights, self.groups, strict=True))
        return total / sum(self.weights)

    def without_outliers(self) -> "Sample":
        """The same sample with outliers cut down, payload by payload."""
        return replace(self, groups=tuple(map(_winsorized, self.groups)))

    def without_lies(self, within: float) -> "Sample":
        """The same sample with the longer one of each pair cut down as far as it is likely to be an outlier.

        Durations are lognormal, or outliers (Box and Tiao, "A Bayesian Approach to Some Outlier Problems",
        Biometrika 55, 1968): of three or more, the median tells which; of two, only their difference does.

        Args:
            within: the variance of log durations within an environment.
        """
        settled = [_settled(group, within) for group in self.groups]
        total = sum(weight * float(group.mean()) for weight, (group, _) in zip(self.weights, settled, strict=True))
        parts = (
            (weight * float(group.mean()) / total) ** 2 * doubt
            for weight, (group, doubt) in zip(self.weights, settled, strict=True)
        )
        return replace(self, groups=tuple(group for group, _ in settled), doubt=sum(parts))


def _settled(values: Array, within: float) -> tuple[Array, float]:
    """A group of durations, and the variance of the log of its mean that comes from the doubt about a pair."""
    if values.size != 2:
        return values, 0.0
    low, middle = math.log(values.min()), math.log(values.mean())
    apart = math.log(values.max()) - low
    spread = 2 * within + OUTLYING_SPREAD**2
    usual = -(apart**2) / (4 * within) - math.log(2 * within) / 2
    outlying = -((apart - OUTLYING) ** 2) / (2 * spread) - math.log(spread) / 2
    odds = usual - outlying + math.log((1 - OUTLYING_SHARE) / OUTLYING_SHARE)
    share = 1 / (1 + math.exp(min(odds, _LARGEST_LOG)))
    mean = math.exp(middle + share * (low - middle))
    longer = 2 * mean - values.min()
    doubt = share * within / 2 + share * (1 - share) * (middle - low) ** 2
    return np.where(values == values.max(), longer, values), doubt


def _winsorized(values: Array) -> Array:
    return np.minimum(values, WINSOR * float(np.median(values))) if values.size > 2 else values
