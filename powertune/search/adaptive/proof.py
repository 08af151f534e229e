"""Whether a change from the current configuration is proven to help, or worth proving."""

import math
from dataclasses import dataclass

import numpy as np

from powertune.model import Configuration, Goal
from powertune.quantiles import student_t
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.choice import Choice

#: A change that is expected to gain less is not worth the invocations that would prove it.
WORTH_PROVING = 0.05
#: The error that all comparisons with the current configuration share: a little less than the analysis allows, which
#: decides in the end.
ERROR = 0.04


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Proof:
    """What is known of a change, from the second configuration of the `pair` to the first one.

    `log_cost` and `log_duration`, of shape (curves,), are the logarithms of the ratios of the two along each curve
    that may be true. `quantile` is how many standard deviations away from 0 proves a difference.
    """

    pair: tuple[Configuration, Configuration]
    goal: Goal
    log_cost: Array
    log_duration: Array
    quantile: float

    @classmethod
    def of(cls, choice: Choice, index: int) -> "Proof | None":
        """The change from the current configuration to the candidate at `index`.

        None where the two are the same, or the current one was not measured or does not work.
        """
        posterior = choice.posterior
        evidence, current = posterior.evidence, posterior.evidence.exploration.current
        changed = posterior.candidates[index]
        if current is None or current == changed or current not in evidence.samples:
            return None
        if posterior.current_log_ms is None or posterior.current_costs is None:
            return None
        freedom = min(evidence.freedom(current), evidence.freedom(changed))
        return cls(
            pair=(changed, current),
            goal=posterior.objective.goal,
            log_cost=np.log(posterior.costs[:, index]) - np.log(posterior.current_costs),
            log_duration=posterior.log_ms[:, index] - posterior.current_log_ms,
            quantile=student_t(1 - ERROR / 2 / max(1, choice.able.size - 1), freedom),
        )

    @property
    def growth(self) -> float:
        """By which factor invocations and environments have to grow until the change is proven; below 1 where it is.

        That is for differences as large as the expected ones. Infinite where these would not help, or hardly.
        """
        if self.goal.tolerance is None:
            weight = self.goal.cost_weight
            return self._growth(weight * self.log_cost + (1 - weight) * self.log_duration)
        slowest = float(self.log_duration.mean()) + self.quantile * float(self.log_duration.std())
        excess = self.log_cost - math.log(self.goal.most_cost_ratio(math.exp(slowest)))
        faster = max(self._growth(self.log_duration), self._growth(excess, least=0.0))
        return min(self._growth(self.log_cost), faster)

    def _growth(self, log_ratio: Array, least: float = -math.log1p(-WORTH_PROVING)) -> float:
        """The same until a ratio is proven to be below 1; infinite if its log is not expected to be `least` less."""
        distance = -float(log_ratio.mean())
        return (self.quantile * float(log_ratio.std()) / distance) ** 2 if distance > least else math.inf
