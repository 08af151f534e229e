"""The answer of a search: the configuration to use, how certain that is, and an estimate of all others."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from powertune.model import Configuration, Leader
from powertune.quantiles import student_t

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The quantile that ends a two-sided 95 % interval.
UPPER = 0.975


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A measured configuration as an answer.

    `cost_interval` is the 95 % interval of its mean cost, in currency per warm invocation. `p_best` is the
    probability that no other measured configuration is better, and `loss` how much worse than the optimum it is
    expected to be, as a share.
    """

    configuration: Configuration
    cost_interval: tuple[float, float]
    p_best: float
    loss: float

    @property
    def memory_mb(self) -> int:
        """Its memory size."""
        return self.configuration.memory_mb

    @property
    def leader(self) -> Leader:
        """What is recorded of it during the search."""
        return Leader(configuration=self.configuration, cost=self.cost_interval, loss=self.loss)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """What is believed of the mean duration of a configuration: of its billed ms, or of its ms if the goal is speed.

    `log_ms` is its logarithm along each of the curves that may be true, of shape (curves,). All bands of a search
    have the same curves, so that what two of them have in common cancels out of their difference. `freedom` are the
    degrees of freedom that the noise is known with.
    """

    configuration: Configuration
    log_ms: "NDArray[np.float64]"
    freedom: int

    @property
    def middle_ms(self) -> float:
        """The estimate."""
        return math.exp(float(self.log_ms.mean()))

    @property
    def interval_ms(self) -> tuple[float, float]:
        """The 95 % interval, symmetric in the logarithm."""
        middle, reach = float(self.log_ms.mean()), student_t(UPPER, self.freedom) * float(self.log_ms.std())
        return math.exp(middle - reach), math.exp(middle + reach)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What the measurements so far say.

    `answer` is the measured configuration that is expected to meet the goal best; `answers` are all that can be one,
    this one first. `curve` has a band for everything that is considered, in order, and `current` is the band of the
    current configuration; None if there is none, or it cannot work. `excluded` says why other configurations that
    were measured cannot be the answer, in clauses without a subject.
    """

    answers: tuple[Answer, ...]
    curve: tuple[Band, ...]
    current: Band | None
    excluded: Mapping[Configuration, str]

    @property
    def answer(self) -> Answer:
        """The best."""
        return self.answers[0]
