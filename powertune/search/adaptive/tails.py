"""How far the limited statistic of each size is above its mean, and how well that is known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from powertune.model import Configuration, Limit
from powertune.quantiles import NORMAL
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.noise import Noise
from powertune.search.adaptive.outliers import Outliers
from powertune.search.adaptive.samples import Sample

#: Fewer durations do not tell how far single ones are from their mean.
_FEWEST = 4
#: What the noise makes of a percentile counts as much as one duration above it; so does, for a single size, that of
#: all sizes.
_WEIGHT = 1.0
#: A standard normal distribution, and how far to the sides of a percentile its density is taken from.
_NORMAL = np.array([NORMAL.inv_cdf((i + 0.5) / 400) for i in range(400)])
_NEAR = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedTail:
    """The log of the ratio of a limited statistic to the mean without outliers, and its standard deviation."""

    log_factor: float = 0.0
    doubt: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedTails:
    """The tails of all sizes: `usual` is that of a size without durations of its own."""

    usual: LimitedTail
    own: Mapping[Configuration, LimitedTail]

    @classmethod
    def of(
        cls,
        raw: Mapping[Configuration, Sample],
        cut: Mapping[Configuration, Sample],
        noise: Noise,
        outliers: Outliers,
        limit: Limit | None,
    ) -> "LimitedTails":
        """What the samples show of the statistic that a goal limits; nothing if it limits none.

        The tail is that of lognormal durations with this noise, as long as hardly any duration was above the
        percentile; and more and more of those that were seen, first of all sizes, then of each one. How well it is
        known follows from the noise (the variance of a sample quantile; Cramer, Mathematical Methods of Statistics,
        1946, section 28.5).

        Args:
            raw: the samples with outliers; others than those in `cut` are ignored.
            cut: the samples without them.
        """
        if limit is None:
            return cls(usual=LimitedTail(), own={})
        share = limit.statistic.share
        if share is None:
            return cls(usual=LimitedTail(log_factor=outliers.log_factor, doubt=outliers.doubt), own={})
        shapes = {c: _shape(sample, noise.within, share) for c, sample in cut.items()}
        alone = _mean([shape.log_factor for shape in shapes.values()])
        ratios = {c: np.concatenate(raw[c].groups) / sample.mean for c, sample in cut.items()}
        ratios = {c: found if found.size >= _FEWEST else np.empty(0) for c, found in ratios.items()}
        usual = _towards(alone, np.concatenate([np.empty(0), *ratios.values()]), share)
        beyond = 1 / (1 - share)
        own = {
            c: LimitedTail(
                log_factor=_towards(usual + shape.log_factor - alone, ratios[c], share),
                doubt=shape.doubt / math.sqrt(cut[c].count + _WEIGHT * beyond),
            )
            for c, shape in shapes.items()
        }
        # A size that has no durations yet will have enough before it is the answer.
        after = _mean([shape.doubt for shape in shapes.values()]) / math.sqrt((1 + _WEIGHT) * beyond)
        return cls(usual=LimitedTail(log_factor=usual, doubt=after), own=own)

    def at(self, configuration: Configuration) -> LimitedTail:
        """The tail of a size."""
        return self.own.get(configuration, self.usual)


def _shape(sample: Sample, within: float, share: float) -> LimitedTail:
    """The tail of lognormal durations around the mean of each payload, and its doubt after a single duration."""
    levels = np.array([group.mean() for group in sample.groups]) / sample.mean
    weights = np.array(sample.weights) / sum(sample.weights)
    logs = np.add.outer(np.log(levels), math.sqrt(within) * _NORMAL - within / 2).ravel()
    order = np.argsort(logs, kind="stable")
    below = np.cumsum(np.repeat(weights, _NORMAL.size)[order]) / _NORMAL.size
    near = min(_NEAR, (1 - share) / 2)
    low, middle, high = np.interp((share - near, share, share + near), below, logs[order])
    return LimitedTail(
        log_factor=float(middle), doubt=math.sqrt(share * (1 - share)) * float(high - low) / (2 * near)
    )


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else 0.0


def _towards(expected: float, ratios: Array, share: float) -> float:
    """The log of a quantile of the ratios, drawn towards what is expected."""
    above = (1 - share) * ratios.size
    if not above:
        return expected
    seen = math.log(float(np.quantile(ratios, share)))
    return (_WEIGHT * expected + above * seen) / (_WEIGHT + above)
