"""What a goal makes of durations: the cost of each candidate, and how far it is from what is wanted."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from powertune.model import EXCHANGE, Configuration, Goal
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.rates import Rates
from powertune.units import ROUNDING_MS

#: Missing a limit by 1 % is as bad as being this many percent more expensive, or slower.
_SEVERITY = 10.0
#: With a tolerance, being 1 % faster is worth _WORTH_OF_SPEED percent of the cost, and costing 1 % more than the
#: tolerance allows is as bad as _EXCESS percent: which of several sizes along a flat cost is just within the
#: tolerance is hard to tell, and worth little.
_EXCESS = 3.0
_WORTH_OF_SPEED = EXCHANGE * _EXCESS
#: A difference in speed below 3 % is not worth paying for.
_INDIFFERENT = 0.03
#: There is no billed duration below.
_LEAST_MS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Objective:
    """A goal, with the prices of the candidates.

    `rates` are per billed ms, one for each candidate, and `request` is per invocation, in the region's currency.
    `tails` are the logs of the ratio of the statistic that the goal limits to the mean without outliers, along each
    curve, of shape (curves, candidates), or the same for all; and `outliers` is that of the mean with them, which is
    what is paid. `failures` are what those add to the cost of an invocation that succeeds, as a share, along
    each curve, or the same for all.
    """

    goal: Goal
    rates: Array
    request: float
    tails: Array | float = 0.0
    outliers: float = 0.0
    failures: Array | float = 0.0

    @classmethod
    def of(cls, goal: Goal, candidates: Sequence[Configuration], rates: Rates) -> "Objective":
        """The objective for these candidates, before anything is known of tails, outliers and failures."""
        per_ms = np.array([rates.per_ms(candidate) for candidate in candidates])
        return cls(goal=goal, rates=per_ms, request=rates.request)

    def costs(self, log_ms: Array) -> Array:
        """Currency per warm invocation that succeeds; `log_ms` has shape (curves, candidates), as the result has."""
        billed = np.exp(log_ms)
        if self.goal.ignores_cost:
            billed = np.maximum(billed + ROUNDING_MS, _LEAST_MS)
        costs: Array = (billed * self.rates + self.request) * (1 + self.failures)
        return costs

    def metric(self, log_ms: Array, costs: Array) -> Array:
        """The logarithm of what the strategy minimizes, without tolerance and limits, of the same shape."""
        weight = self.goal.cost_weight
        if weight in (0.0, 1.0):
            # The other factor is left out, even where its logarithm is infinite.
            return np.log(costs) if weight else log_ms.copy()
        metric: Array = weight * np.log(costs) + (1 - weight) * log_ms
        return metric

    def scores(self, log_ms: Array, costs: Array) -> Array:
        """The logarithm of what the goal minimizes, of the same shape: a difference is a share.

        A configuration that exceeds the tolerance or a limit gets a penalty, so that it wins only where no other
        comes closer.
        """
        goal = self.goal
        scores = self.metric(log_ms, costs)
        if goal.tolerance is not None:
            excess = np.log(costs / costs.min(axis=1, keepdims=True)) - math.log1p(goal.tolerance)
            scores = _WORTH_OF_SPEED * scores + _EXCESS * np.maximum(0.0, excess)
        if (limit := goal.max_duration) is not None:
            scores += _SEVERITY * np.maximum(0.0, log_ms + self.tails - math.log(limit.at_most_ms))
        if goal.max_cost is not None:
            scores += _SEVERITY * np.maximum(0.0, np.log(costs / goal.max_cost) + self.outliers)
        return scores

    @property
    def indifference(self) -> float:
        """A difference in scores that is not worth paying for."""
        # With a tolerance, the scores say already what speed is worth.
        return 0.0 if self.goal.ignores_duration or self.goal.tolerance is not None else _INDIFFERENT

    def best(self, scores: Array, costs: Array, among: Iterable[int]) -> int:
        """The candidate with the lowest expected score; of those that are about as fast, the cheapest."""
        means = {index: float(scores[:, index].mean()) for index in among}
        level = min(means.values()) + self.indifference
        return min((i for i, mean in means.items() if mean <= level), key=lambda index: float(costs[:, index].mean()))
