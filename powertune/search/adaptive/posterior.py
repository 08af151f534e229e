"""The curves that may be true, given the evidence: what each candidate costs along them, and how good it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from powertune.model import Configuration
from powertune.quantiles import NORMAL
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.candidates import considered, possible
from powertune.search.adaptive.curves import believe
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.objective import Objective
from powertune.search.adaptive.rates import Rates
from powertune.search.answer import Band

#: The number of curves that are drawn.
CURVES = 400
#: Deviations with a standard deviation of 1, one for each curve, in an order that has nothing to do with the curves.
_STEPS, _TAIL_STEPS = (
    np.random.default_rng(seed).permutation([NORMAL.inv_cdf((i + 0.5) / CURVES) for i in range(CURVES)])
    for seed in range(2)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """Curves drawn from what is believed.

    `candidates` are in order. `log_ms`, `costs` (currency per warm invocation) and `scores` (see `Objective.scores`)
    have shape (curves, candidates). `current_log_ms` and `current_costs`, of shape (curves,), are None without a
    current configuration that works or may work.
    """

    evidence: Evidence
    objective: Objective
    candidates: tuple[Configuration, ...]
    log_ms: Array
    costs: Array
    scores: Array
    current_log_ms: Array | None
    current_costs: Array | None

    @classmethod
    def of(cls, evidence: Evidence, rates: Rates, seed: int) -> "Posterior":
        """Draw the curves.

        Args:
            evidence: with at least one sample, or hint.
            seed: decides, with the number of samples, which curves are drawn.
        """
        everything = possible(evidence)
        # NumPy takes no negative seed.
        drawn = believe(evidence.seen, everything).draw(CURVES, (abs(seed), sum(evidence.counts.values())))
        kept = considered(evidence, everything, drawn)
        candidates = tuple(everything[i] for i in kept)
        goal = evidence.exploration.goal
        objective = replace(
            Objective.of(goal, candidates, rates),
            tails=_tails(evidence, candidates),
            outliers=evidence.outliers.log_factor,
            failures=_failures(evidence, candidates),
        )
        log_ms = drawn[:, kept]
        costs = objective.costs(log_ms)
        current, current_log_ms = evidence.exploration.current, _current_log_ms(evidence, everything, drawn)
        current_costs = None
        if current is not None and current_log_ms is not None:
            alone = Objective.of(goal, (current,), rates)
            alone = replace(alone, failures=evidence.failures.at(current).share)
            current_costs = alone.costs(current_log_ms[:, np.newaxis])[:, 0]
        return cls(
            evidence=evidence,
            objective=objective,
            candidates=candidates,
            log_ms=log_ms,
            costs=costs,
            scores=objective.scores(log_ms, costs),
            current_log_ms=current_log_ms,
            current_costs=current_costs,
        )

    @property
    def measured(self) -> dict[Configuration, int]:
        """Where the configurations that work are among the candidates."""
        return {c: i for i, c in enumerate(self.candidates) if c in self.evidence.samples}

    @property
    def curve(self) -> tuple[Band, ...]:
        """What is believed of every candidate, in order."""
        return tuple(self._band(c, self.log_ms[:, i]) for i, c in enumerate(self.candidates))

    @property
    def current(self) -> Band | None:
        """What is believed of the current configuration."""
        current = self.evidence.exploration.current
        if current is None or self.current_log_ms is None:
            return None
        return self._band(current, self.current_log_ms)

    def _band(self, configuration: Configuration, log_ms: Array) -> Band:
        """The mean with the outliers that were cut from the samples, whose effect is the same for all."""
        outliers = self.evidence.outliers.log_factor + self.evidence.outliers.doubt * _STEPS
        freedom = self.evidence.freedom(configuration)
        return Band(configuration=configuration, log_ms=log_ms + outliers, freedom=freedom)


def _tails(evidence: Evidence, candidates: Sequence[Configuration]) -> Array:
    """The log of the ratio of the limited statistic to the mean along each curve: of shape (curves, candidates).

    What is not known of it is taken to be the same for all candidates.
    """
    tails = [evidence.tails.at(candidate) for candidate in candidates]
    doubts = np.outer(_TAIL_STEPS, [tail.doubt for tail in tails])
    found: Array = np.array([tail.log_factor for tail in tails]) + doubts
    return found


def _failures(evidence: Evidence, candidates: Sequence[Configuration]) -> Array | float:
    """What failures add to the cost, as a share: of shape (curves, candidates); 0 where nothing has failed."""
    found = [evidence.failures.at(candidate) for candidate in candidates]
    if not any(each.share for each in found):
        return 0.0
    steps = np.random.default_rng(2).standard_normal((CURVES, len(found)))
    drawn = np.array([each.share for each in found]) + np.array([each.deviation for each in found]) * steps
    return np.maximum(0.0, drawn)


def _current_log_ms(evidence: Evidence, everything: Sequence[Configuration], drawn: Array) -> Array | None:
    """The column of the current configuration, if there is one and it may work."""
    current = evidence.exploration.current
    if current is None or (current not in evidence.samples and not evidence.feasibility.untried(current)):
        return None
    return drawn[:, everything.index(current)]
