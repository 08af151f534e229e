"""What a goal makes of durations: what each candidate costs, and how far it is from what is wanted."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.model import Configuration, Goal, Strategy
from powertune.prices import RegionPrices
from powertune.search.curves import Array

#: Missing a limit by 1 % is as bad as being so many percent more expensive, or slower.
_SEVERITY = 10.0
#: With a tolerance, being 1 % faster is worth so many percent of the cost, and costing 1 % more than it is as bad as
#: so many: which of several sizes along a flat cost is just within the tolerance is hard to tell, and worth little.
_WORTH_OF_SPEED, _EXCESS = 0.3, 3.0
#: Nobody should pay for a difference in speed below 3 %.
_INDIFFERENT = 0.03
#: What whole milliseconds add to a duration, on average; and there is no billed duration below 1 ms.
_ROUNDING_MS, _LEAST_MS = 0.5, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A goal, with the prices of the candidates that it is asked about.

    `rates` are per billed ms, `request` per invocation, in the region's currency. `tail` is the log of the ratio to
    the mean of the statistic that durations are limited by.
    """

    goal: Goal
    rates: Array
    request: float
    tail: float = 0.0

    @classmethod
    def of(
        cls,
        goal: Goal,
        candidates: Sequence[Configuration],
        prices: RegionPrices,
        ephemeral_storage_mb: int,
        tail: float,
    ) -> "Objective":
        """The objective for so many candidates."""
        rates = np.array([prices.rate_per_ms(candidate, ephemeral_storage_mb) for candidate in candidates])
        return cls(goal=goal, rates=rates, request=prices.request, tail=tail)

    def costs(self, log_ms: Array) -> Array:
        """Currency per warm invocation; `log_ms` has shape (curves, candidates), as the result has."""
        billed = np.exp(log_ms)
        if self.goal.strategy is Strategy.SPEED:
            billed = np.maximum(billed + _ROUNDING_MS, _LEAST_MS)
        costs: Array = billed * self.rates + self.request
        return costs

    def scores(self, log_ms: Array, costs: Array) -> Array:
        """The logarithm of what the goal wants to be low, of the same shape: a difference is a share.

        A configuration that exceeds the tolerance, or a limit, is so much worse that it wins only where nothing else
        comes nearer.
        """
        goal = self.goal
        match goal.strategy:
            case Strategy.COST:
                scores = np.log(costs)
            case Strategy.SPEED:
                scores = log_ms.copy()
            case Strategy.BALANCED:
                scores = goal.balanced_weight * np.log(costs) + (1 - goal.balanced_weight) * log_ms
            case Strategy.TOLERANCE:
                excess = np.log(costs / costs.min(axis=1, keepdims=True)) - math.log1p(goal.cost_tolerance)
                scores = _WORTH_OF_SPEED * log_ms + _EXCESS * np.maximum(0.0, excess)
        if (limit := goal.max_duration) is not None:
            scores += _SEVERITY * np.maximum(0.0, log_ms + self.tail - math.log(limit.at_most_ms))
        if goal.max_cost is not None:
            scores += _SEVERITY * np.maximum(0.0, np.log(costs / goal.max_cost))
        return scores

    def best(self, scores: Array, costs: Array, among: Sequence[int]) -> int:
        """The candidate with the lowest expected score; of those as fast, the cheapest."""
        means = {index: float(scores[:, index].mean()) for index in among}
        margin = _INDIFFERENT if self.goal.strategy in (Strategy.SPEED, Strategy.BALANCED) else 0.0
        level = min(means.values()) + margin
        return min((i for i in among if means[i] <= level), key=lambda index: float(costs[:, index].mean()))
