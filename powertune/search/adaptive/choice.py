"""The best of the measured configurations, and how sure that is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from powertune.model import Configuration
from powertune.quantiles import student_t
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.posterior import Posterior
from powertune.search.answer import UPPER, Answer, Conclusion

#: The factor by which the stated doubt exceeds that of the posterior: real curves are wilder than the families.
DOUBT = 1.9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """A measured configuration as an answer: the one that is expected to meet the goal best, if made by `of`.

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
        return cls.at(posterior, posterior.objective.best(posterior.scores, posterior.costs, able.tolist()), able)

    @classmethod
    def at(cls, posterior: Posterior, index: int, able: NDArray[np.intp]) -> "Choice":
        """The choice of the candidate at `index`, whether or not it is the best."""
        scores = posterior.scores
        # A choice that is as good as another one, and cheaper, is no loss.
        behind = float(scores[:, index].mean() - scores[:, able].mean(axis=0).min())
        losses = scores[:, index] - scores.min(axis=1) - min(behind, posterior.objective.indifference)
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
    def conclusion(self) -> Conclusion:
        """What it says of all that was measured and considered."""
        others = (index for index in self.able.tolist() if index != self.index)
        evidence = self.posterior.evidence
        reasons = {c: evidence.feasibility.why_not(c) for c in evidence.measured}
        return Conclusion(
            answers=(self.answer, *(Choice.at(self.posterior, index, self.able).answer for index in others)),
            curve=self.posterior.curve,
            current=self.posterior.current,
            excluded={c: why for c, why in reasons.items() if why is not None},
        )

    @property
    def answer(self) -> Answer:
        """The choice with its intervals and probabilities."""
        posterior, pick = self.posterior, self.index
        evidence = posterior.evidence
        costs = np.log(posterior.costs[:, pick])
        quantile = student_t(UPPER, evidence.freedom(self.configuration))
        reach = quantile * math.hypot(float(costs.std()), evidence.outliers.doubt)
        middle = float(costs.mean()) + evidence.outliers.log_factor
        return Answer(
            configuration=self.configuration,
            cost_interval=(math.exp(middle - reach), math.exp(middle + reach)),
            p_best=self._probability(),
            loss=math.expm1(self.loss),
        )

    def _probability(self) -> float:
        """The probability that no other configuration that can be the answer is better."""
        scores = self.posterior.scores
        rivals = [index for index in self.able.tolist() if index != self.index]
        behind = scores[:, rivals] - scores[:, [self.index]]
        means = behind.mean(axis=0)
        doubtful = means + DOUBT * (behind - means)
        return float((doubtful >= 0).all(axis=1).mean())
