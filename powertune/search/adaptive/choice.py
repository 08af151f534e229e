"""The best of the measured configurations, and how sure that is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.model import Configuration
from powertune.quantiles import student_t
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.posterior import LEVEL, Posterior
from powertune.search.answer import Answer, Ratio

#: The standard deviation of the log of `Evidence.outlier_factor`, which is not known well.
OUTLIERS_DOUBT = 0.015
#: The factor by which the stated doubt exceeds that of the posterior: real curves are wilder than the families.
DOUBT = 1.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """The measured configuration that is expected to meet the goal best.

    `index` is its place among the candidates of the posterior, `able` are the places of all measured configurations
    that can be the answer, and `losses` say for each curve how much worse the choice is than the best candidate, in
    the logarithm.
    """

    posterior: Posterior
    index: int
    able: NDArray[np.intp]
    losses: Array

    @classmethod
    def of(cls, posterior: Posterior) -> "Choice | None":
        """The choice; None if no measured configuration can be the answer."""
        admits = posterior.evidence.feasibility.admits
        able = np.array([index for c, index in posterior.measured.items() if admits(c)], dtype=np.intp)
        if not able.size:
            return None
        scores = posterior.scores
        index = posterior.objective.best(scores, posterior.costs, able.tolist())
        # A choice that is as good as another one, and cheaper, is no loss.
        indifference = float(scores[:, index].mean() - scores[:, able].mean(axis=0).min())
        losses = scores[:, index] - scores.min(axis=1) - indifference
        return cls(posterior=posterior, index=index, able=able, losses=losses)

    @property
    def configuration(self) -> Configuration:
        """What is chosen."""
        return self.posterior.candidates[self.index]

    @property
    def loss(self) -> float:
        """How much worse it is expected to be than the best candidate, in the logarithm."""
        return float(self.losses.mean())

    @property
    def answer(self) -> Answer:
        """The choice with its intervals and probabilities."""
        posterior, pick = self.posterior, self.index
        evidence, baseline, candidates = posterior.evidence, posterior.baseline, posterior.candidates
        costs = np.log(posterior.costs[:, pick])
        quantile = student_t(LEVEL, evidence.freedom(self.configuration))
        reach = quantile * math.hypot(float(costs.std()), OUTLIERS_DOUBT)
        middle = float(costs.mean()) + math.log(evidence.outlier_factor)
        ratios: tuple[Ratio | None, Ratio | None] = (None, None)
        if baseline is not None:
            durations = posterior.log_ms[:, pick] - baseline.log_ms
            ratios = _ratio(costs - np.log(baseline.costs), quantile), _ratio(durations, quantile)
        return Answer(
            configuration=self.configuration,
            cost_interval=(math.exp(middle - reach), math.exp(middle + reach)),
            p_best=self._probability(),
            loss=math.expm1(self.loss),
            equivalent=tuple(candidates[i] for i in self._rivals if self._is_alike(i, quantile)),
            cost_ratio=ratios[0],
            duration_ratio=ratios[1],
        )

    @property
    def _rivals(self) -> list[int]:
        return [index for index in self.able.tolist() if index != self.index]

    def _probability(self) -> float:
        """The probability that no other configuration that can be the answer is better."""
        scores = self.posterior.scores
        behind = scores[:, self._rivals] - scores[:, [self.index]]
        means = behind.mean(axis=0)
        doubtful = means + DOUBT * (behind - means)
        return float((doubtful >= 0).all(axis=1).mean())

    def _is_alike(self, other: int, quantile: float) -> bool:
        """Whether another cannot be told apart in what the strategy minimizes; one beyond the tolerance can."""
        posterior = self.posterior
        metric = posterior.objective.metric(posterior.log_ms, posterior.costs)
        difference = metric[:, other] - metric[:, self.index]
        tolerance = posterior.objective.goal.tolerance
        costs = posterior.costs.mean(axis=0)
        if tolerance is not None and costs[other] > (1 + tolerance) * costs.min():
            return False
        return bool(abs(difference.mean()) <= quantile * difference.std())


def _ratio(difference: Array, quantile: float) -> Ratio:
    """The ratio whose logarithm has the distribution of `difference`."""
    middle, reach = float(difference.mean()), quantile * float(difference.std())
    return Ratio(value=math.exp(middle), interval=(math.exp(middle - reach), math.exp(middle + reach)))
