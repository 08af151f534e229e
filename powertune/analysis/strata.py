"""Payloads as strata: what each invocation contributes to the mean, when events of the traffic differ by design."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from powertune.analysis.environments import UNKNOWN, Environments, Labels
from powertune.analysis.estimates import Sample, mean_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """The payload of each value of a sample, pairwise, and the share of the traffic that each payload has.

    Every payload has a value, and the shares add up to 1.
    """

    payloads: Labels
    shares: Mapping[int, float]

    @classmethod
    def of(cls, payloads: ArrayLike, weights: Mapping[int, float]) -> "Strata":
        """Those with these weights, in any unit. Payloads without a value are left out."""
        labels = np.asarray(payloads, dtype=np.int64)
        sent = sorted(set(labels.tolist()))
        total = sum(weights.get(payload, 1.0) for payload in sent)
        return cls(payloads=labels, shares={payload: weights.get(payload, 1.0) / total for payload in sent})

    def contributions(self, values: Sample, environments: Environments) -> Sample:
        """What each value contributes to the mean of the traffic: their mean is the mean, their scatter its error.

        The shares are chosen and not drawn, so the difference between two payloads is no error of the mean: the
        stratified estimator weighs the mean of each payload with its share, and only the scatter within payloads
        counts (Cochran, Sampling Techniques, 1977, section 5.3). Each value becomes the mean plus its weighted
        deviation from the mean of its payload, as in the linearization of a stratified, clustered sample, so that
        environments still share their luck (Wolter, Introduction to Variance Estimation, 2007, chapter 6). The
        deviations from an estimated mean are too small by the factor that is undone here.

        A payload that was sent once, or to one environment of several, does not show its scatter. Then the whole
        scatter of the values counts, and more if some payload has fewer values than its share.
        """
        if len(self.shares) < 2:
            return values
        groups, shares = self._groups, list(self.shares.values())
        counts = [np.count_nonzero(chosen) for chosen in groups]
        means = [mean_of(values[chosen]) for chosen in groups]
        mean = float(np.dot(shares, means))
        weights = [share * values.size / count for share, count in zip(shares, counts, strict=True)]
        units = [self._units(environments, chosen) for chosen in groups]
        if min(units) < 2:
            return mean + max(1.0, *weights) * (values - mean_of(values))
        deviations = np.empty_like(values)
        for chosen, own, weight, count in zip(groups, means, weights, units, strict=True):
            deviations[chosen] = weight * np.sqrt(count / (count - 1)) * (values[chosen] - own)
        return mean + deviations

    def split(self, values: Sample) -> Sequence[Sample]:
        """The values of each payload."""
        return [values[chosen] for chosen in self._groups]

    @property
    def _groups(self) -> list[NDArray[np.bool_]]:
        return [self.payloads == payload for payload in self.shares]

    @staticmethod
    def _units(environments: Environments, chosen: NDArray[np.bool_]) -> int:
        """How many independent observations a payload has: environments, where several are known; else values."""
        if not environments.tell:
            return int(np.count_nonzero(chosen))
        served = environments.labels[chosen]
        return int(np.unique(served[served != UNKNOWN]).size)
