"""What a search believes at one moment: curves that may be true, what they cost, and what the best answer loses."""

import math
from functools import cached_property

import numpy as np

from powertune.model import Architecture, Configuration, Exploration, Strategy
from powertune.prices import RegionPrices
from powertune.quantiles import student_t
from powertune.search import Answer, Band, Ratio
from powertune.search.curves import Array, believe
from powertune.search.evidence import CAPPED_MB, Evidence
from powertune.search.objective import Objective

#: Sizes that are considered: so many, evenly spaced in the logarithm, and those that were measured.
CANDIDATES = 60
CURVES = 400
#: Sizes beyond what new accounts may use are looked at once one was measured that shows what more than a vCPU does,
#: and if they are expected to be this much faster.
BEYOND_ONE_VCPU_MB, HELPS = 2400, 0.05
#: By how much outliers raise a mean is not known well.
OUTLIERS_DOUBT = 0.015
#: How much less sure it is said to be which size is best than is believed: curves are wilder than the families.
DOUBT = 1.9
_LEVEL = 0.975


class Outlook:
    """Curves that may be true, given the evidence, and everything that follows from them.

    Args:
        seed: decides which curves are drawn.

    Attributes:
        candidates: what is considered, in order.
        log_ms, costs: of shape (curves, candidates): durations, as their logarithms, and currency per invocation.
        scores: of the same shape, see `Objective.scores`.
        measured: where the configurations that work are among the candidates.
    """

    def __init__(
        self,
        evidence: Evidence,
        exploration: Exploration,
        prices: RegionPrices,
        ephemeral_storage_mb: int,
        seed: int,
    ) -> None:
        self.evidence = evidence
        self._exploration = exploration
        current = exploration.current
        known_before = {hint.configuration for hint in exploration.hints if evidence.admits(hint.configuration)}
        everything = sorted({*evidence.samples, *known_before, *self._grid(), *({current} if current else ())})
        # NumPy takes no negative seed.
        drawn = believe(evidence.seen, everything).draw(CURVES, (abs(seed), sum(evidence.counts.values())))
        kept = [i for i, c in enumerate(everything) if self._considered(c, everything, drawn)]
        self.candidates = tuple(everything[i] for i in kept)
        self.log_ms = drawn[:, kept]
        tail = evidence.tail(exploration.goal)
        self._objective = Objective.of(exploration.goal, self.candidates, prices, ephemeral_storage_mb, tail)
        self.costs = self._objective.costs(self.log_ms)
        self.scores = self._objective.scores(self.log_ms, self.costs)
        self.measured = {c: i for i, c in enumerate(self.candidates) if c in evidence.samples}
        self._baseline: tuple[Array, Array] | None = None
        if current is not None and (current in evidence.samples or evidence.untried(current)):
            of_current = Objective.of(exploration.goal, (current,), prices, ephemeral_storage_mb, tail)
            column = drawn[:, [everything.index(current)]]
            self._baseline = (column[:, 0], of_current.costs(column)[:, 0])

    def _grid(self) -> set[Configuration]:
        grid: set[Configuration] = set()
        for architecture in self._exploration.architectures:
            low, high = self.evidence.bounds(architecture)
            if low <= high:
                sizes = np.unique(np.round(np.geomspace(low, high, CANDIDATES)).astype(int))
                grid |= {Configuration(memory_mb=int(size), architecture=architecture) for size in sizes}
        return grid

    def _considered(self, configuration: Configuration, everything: list[Configuration], drawn: Array) -> bool:
        """Whether a configuration was measured, or may be: large sizes only while more CPU still helps."""
        if configuration in self.evidence.samples:
            return True
        low, high = self.evidence.bounds(configuration.architecture)
        if configuration in self.evidence.barren:
            return False
        if not low <= configuration.memory_mb <= high:
            return False
        if configuration.memory_mb <= CAPPED_MB or low > CAPPED_MB:
            return True
        return configuration.architecture in self._helped(everything, drawn)

    def _helped(self, everything: list[Configuration], drawn: Array) -> frozenset[Architecture]:
        """The architectures on which the largest sizes are expected to be faster than the largest usual one."""
        if max((c.memory_mb for c in self.evidence.samples), default=0) < BEYOND_ONE_VCPU_MB:
            return frozenset()
        means = drawn.mean(axis=0)
        helped = set()
        for architecture in self._exploration.architectures:
            sizes = [(c.memory_mb, means[i]) for i, c in enumerate(everything) if c.architecture is architecture]
            usual = max((pair for pair in sizes if pair[0] <= CAPPED_MB), default=None)
            if usual is not None and usual[1] - max(sizes)[1] > HELPS:
                helped.add(architecture)
        return frozenset(helped)

    @cached_property
    def pick(self) -> int | None:
        """The best candidate among those that were measured and may be the answer; None without any."""
        return self._objective.best(self.scores, self.costs, self.able) if self.able else None

    @cached_property
    def losses(self) -> Array:
        """How much worse the pick is than the best candidate, for each curve, in the logarithm."""
        losses: Array = self.scores[:, self._picked] - self.scores.min(axis=1) - self.indifference
        return losses

    @cached_property
    def indifference(self) -> float:
        """By how much the pick is expected to be worse than another that was measured, which is more expensive."""
        means = self.scores[:, self.able].mean(axis=0)
        return float(self.scores[:, self._picked].mean() - means.min())

    @cached_property
    def able(self) -> list[int]:
        """Which candidates were measured and may be the answer."""
        return [index for c, index in self.measured.items() if self.evidence.admits(c)]

    @property
    def _picked(self) -> int:
        assert self.pick is not None, "asked for only where there is a pick"
        return self.pick

    def answer(self) -> Answer:
        """The pick, and how sure it is."""
        pick = self._picked
        costs = np.log(self.costs[:, pick])
        quantile = student_t(_LEVEL, self.evidence.freedom(self.candidates[pick]))
        reach = quantile * math.hypot(float(costs.std()), OUTLIERS_DOUBT)
        middle = float(costs.mean()) + math.log(self.evidence.outlier_factor)
        rivals = [index for index in self.able if index != pick]
        behind = self.scores[:, rivals] - self.scores[:, [pick]]
        means = behind.mean(axis=0)
        doubtful = means + DOUBT * (behind - means)
        alike = tuple(self.candidates[i] for i in rivals if self._alike(pick, i, quantile))
        return Answer(
            configuration=self.candidates[pick],
            cost_interval=(math.exp(middle - reach), math.exp(middle + reach)),
            p_best=float((doubtful >= 0).all(axis=1).mean()),
            loss=math.expm1(float(self.losses.mean())),
            equivalent=alike,
            cost_ratio=None if self._baseline is None else _ratio(costs - np.log(self._baseline[1]), quantile),
            duration_ratio=None
            if self._baseline is None
            else _ratio(self.log_ms[:, pick] - self._baseline[0], quantile),
        )

    def _alike(self, pick: int, other: int, quantile: float) -> bool:
        """Whether two cannot be told apart in what the strategy wants to be low; one beyond the tolerance can."""
        goal = self._exploration.goal
        weight = {Strategy.COST: 1.0, Strategy.BALANCED: goal.balanced_weight}.get(goal.strategy, 0.0)
        metric = weight * np.log(self.costs) + (1 - weight) * self.log_ms
        difference = metric[:, other] - metric[:, pick]
        costs = self.costs.mean(axis=0)
        if goal.strategy is Strategy.TOLERANCE and costs[other] > (1 + goal.cost_tolerance) * costs.min():
            return False
        return bool(abs(difference.mean()) <= quantile * difference.std())

    def curve(self) -> tuple[Band, ...]:
        """What is believed of every candidate."""
        low, middle, high = np.exp(np.quantile(self.log_ms, (1 - _LEVEL, 0.5, _LEVEL), axis=0))
        return tuple(
            Band(configuration=c, low_ms=float(low[i]), middle_ms=float(middle[i]), high_ms=float(high[i]))
            for i, c in enumerate(self.candidates)
        )


def _ratio(difference: Array, quantile: float) -> Ratio:
    """What a difference of logarithms means."""
    middle, reach = float(difference.mean()), quantile * float(difference.std())
    return Ratio(value=math.exp(middle), interval=(math.exp(middle - reach), math.exp(middle + reach)))
