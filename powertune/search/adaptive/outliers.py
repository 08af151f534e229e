"""By how much outliers raise a mean, which a few invocations do not show, and how well that is known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from powertune.model import Configuration
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.samples import Sample

#: The prior: outliers raise a mean by 2.5 %, with a standard deviation of 1.5 %. It weighs as much as this many
#: invocations.
OUTLIERS, OUTLIERS_DOUBT, OUTLIERS_WEIGHT = 1.025, 0.015, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outliers:
    """The log of the factor by which outliers raise a mean above that of the samples without them.

    `doubt` is the standard deviation with which it is known.
    """

    log_factor: float
    doubt: float

    @classmethod
    def of(
        cls, raw: Mapping[Configuration, Sample], cut: Mapping[Configuration, Sample], *, jumps: bool
    ) -> "Outliers":
        """What the prior and the samples show: the average excess of an invocation, and its standard error.

        Args:
            raw: the samples with outliers; others than those in `cut` are ignored.
            cut: the samples without them.
            jumps: whether nothing was cut, because long durations are no outliers.
        """
        excess = np.concatenate([np.empty(0), *(_excess(raw[c], sample) for c, sample in cut.items())])
        usual = 0.0 if jumps else OUTLIERS - 1
        weight = OUTLIERS_WEIGHT + excess.size
        mean = (OUTLIERS_WEIGHT * usual + float(excess.sum())) / weight
        known = OUTLIERS_WEIGHT * (OUTLIERS_WEIGHT * OUTLIERS_DOUBT**2 + (usual - mean) ** 2)
        squares = known + float(((excess - mean) ** 2).sum())
        return cls(log_factor=math.log1p(mean), doubt=math.sqrt(squares) / weight / (1 + mean))


def _excess(raw: Sample, cut: Sample) -> Array:
    """By how much each invocation is longer than in the sample without outliers, as shares of that one's mean.

    Payloads have their weights: the mean of the result is that of the sample's excess.
    """
    total = sum(cut.weights)
    parts = [
        (whole - group) * (weight / total * cut.count / group.size)
        for whole, group, weight in zip(raw.groups, cut.groups, cut.weights, strict=True)
    ]
    return np.concatenate(parts) / cut.mean
