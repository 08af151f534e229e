"""What a search is asked for, and how far a pick is from the best that there is: each goal has a loss of its own."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from benchmarks.search_policies.functions import Function, common_range
from benchmarks.search_policies.landscape import Array, Landscape
from powertune.model import Architecture, Configuration, Goal, Limit, Statistic, Strategy
from powertune.search.adaptive.objective import Objective

X86_64 = Architecture.X86_64
#: What a pick loses at which the function fails, or none at all.
FAILURE_LOSS = 10.0
#: With a tolerance, a pick is good that costs at most so much more than the cheapest size, and is at most so much
#: slower than the fastest size within the tolerance.
GOOD_COST, GOOD_SLOWNESS = 1.07, 1.10
#: A limit that is exceeded by less is as good as kept.
LIMIT_SLACK = 0.03
#: What the search makes of a limit: by how many percent more cost missing it by 1 % counts.
_SEVERITY = 10.0
#: A limit on p95 leaves at least this much room above the lowest p95 that there is.
ROOM = 1.10


class Aim(StrEnum):
    """The goals, the default first."""

    TOLERANCE = "tolerance"
    """The fastest size that costs at most 5 % more than the cheapest."""
    COST = "cost"
    SPEED = "speed"
    BALANCED = "balanced"
    P95 = "p95"
    """The cheapest size whose p95 is within a limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a policy is to look for.

    `traffic` is in invocations per month. `current` is the configuration in use. None where that is not told.
    `publishing_s` is how long publishing a size takes.
    """

    aim: Aim
    goal: Goal
    architectures: tuple[Architecture, ...] = (X86_64,)
    traffic: float | None = None
    current: Configuration | None = None
    publishing_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How good a pick is. All are shares.

    `loss` is what the goal wants to be low, against the best: cost, duration, or the geometric mean of both. With a
    limit on p95 it is the cost against the cheapest size that keeps the limit, not below 0. With a tolerance it is
    the sum of `excess`, the cost beyond the tolerance, and `slowness`, against the fastest size within the tolerance;
    each not below 0. `good` and `missed` (the limit, by more than 3 %) are None where the goal has no such thing.
    """

    loss: float
    excess: float
    slowness: float
    good: bool | None = None
    missed: bool | None = None


class Yardstick:
    """What is best for one goal among all sizes of one function, and how far any other one is from it."""

    def __init__(self, function: Function, aim: Aim, architectures: Collection[Architecture] = (X86_64,)) -> None:
        smallest, largest = common_range(function, tuple(architectures))
        self._aim = aim
        self._lands: Mapping[Architecture, Landscape] = {
            each: function.landscapes[each].within(smallest, largest) for each in architectures
        }
        self._cheapest = min(float(land.costs.min()) for land in self._lands.values())
        self.limit_ms = self._limit()
        self.goal = self._goal()
        self._best = min(float(self._allowed(land).min()) for land in self._lands.values())

    @property
    def cheapest_usd(self) -> float:
        """The lowest mean cost of an invocation."""
        return self._cheapest

    @property
    def best(self) -> Configuration:
        """The configuration that the goal wants."""
        found = []
        for architecture, land in self._lands.items():
            wanted = self._allowed(land)
            place = int(np.argmin(wanted))
            configuration = Configuration(memory_mb=int(land.sizes[place]), architecture=architecture)
            found.append((float(wanted[place]), configuration))
        return min(found)[1]

    def cost(self, configuration: Configuration) -> float:
        """The mean cost of an invocation in USD, infinite where the function fails."""
        land = self._lands[configuration.architecture]
        return float(land.costs[land.at(configuration.memory_mb)])

    def judge(self, pick: Configuration | None) -> Verdict:
        """How good a pick is."""
        if pick is None or math.isinf(self.cost(pick)):
            tolerance, p95 = self._aim is Aim.TOLERANCE, self._aim is Aim.P95
            return Verdict(
                loss=FAILURE_LOSS,
                excess=FAILURE_LOSS,
                slowness=FAILURE_LOSS,
                good=False if tolerance else None,
                missed=True if p95 else None,
            )
        land = self._lands[pick.architecture]
        place = land.at(pick.memory_mb)
        cost, wanted = float(land.costs[place]), float(self._wanted(land)[place])
        if self._aim is Aim.TOLERANCE:
            excess = max(0.0, cost / (self._cheapest * (1 + self._tolerance)) - 1)
            slowness = max(0.0, wanted / self._best - 1)
            good = cost <= GOOD_COST * self._cheapest and wanted <= GOOD_SLOWNESS * self._best
            return Verdict(loss=excess + slowness, excess=excess, slowness=slowness, good=good)
        if self._aim is Aim.P95:
            assert self.limit_ms is not None
            loss = max(0.0, wanted / self._best - 1)
            missed = bool(land.p95s[place] > (1 + LIMIT_SLACK) * self.limit_ms)
            return Verdict(loss=loss, excess=loss, slowness=0.0, missed=missed)
        return Verdict(loss=wanted / self._best - 1, excess=cost / self._cheapest - 1, slowness=0.0)

    def is_best(self, pick: Configuration, among: Collection[Configuration]) -> bool:
        """Whether no other one of these is better, by what the search says that it minimizes for this goal."""
        return all(self._score(pick) <= self._score(other) for other in among)

    def _score(self, configuration: Configuration) -> float:
        place = self._lands[configuration.architecture].at(configuration.memory_mb)
        return float(self._scores[configuration.architecture][place])

    @cached_property
    def _scores(self) -> Mapping[Architecture, Array]:
        """What the search minimizes, of every size."""
        lands = self._lands.values()
        costs, durations, p95s = (
            np.concatenate([getattr(land, name) for land in lands]) for name in ("costs", "durations", "p95s")
        )
        # Costs are given, so it needs no prices.
        objective = Objective(goal=replace(self.goal, max_duration=None), rates=np.ones(1), request=0.0)
        scores = objective.scores(np.log(durations)[np.newaxis], costs[np.newaxis])[0]
        if self.limit_ms is not None:
            scores = scores + _SEVERITY * np.maximum(0.0, np.log(p95s / self.limit_ms))
        ends = np.cumsum([len(land.sizes) for land in lands])[:-1]
        return dict(zip(self._lands, np.split(scores, ends), strict=True))

    def _wanted(self, land: Landscape) -> Array:
        """What is to be low."""
        match self._aim:
            case Aim.COST | Aim.P95:
                return land.costs
            case Aim.SPEED | Aim.TOLERANCE:
                return land.durations
            case Aim.BALANCED:
                return np.sqrt(land.costs * land.durations)

    def _allowed(self, land: Landscape) -> Array:
        """What is to be low, infinite where the goal does not allow the size."""
        wanted = self._wanted(land)
        if self._aim is Aim.TOLERANCE:
            return np.where(land.costs <= self._cheapest * (1 + self._tolerance), wanted, np.inf)
        if self.limit_ms is not None:
            return np.where(land.p95s <= self.limit_ms, wanted, np.inf)
        return wanted

    @property
    def _tolerance(self) -> float:
        return self.goal.cost_tolerance

    def _limit(self) -> float | None:
        """Between the lowest p95 and that of the cheapest size, so that it changes the answer where it can."""
        if self._aim is not Aim.P95:
            return None
        lowest = min(float(land.p95s.min()) for land in self._lands.values())
        land = min(self._lands.values(), key=lambda each: float(each.costs.min()))
        cheapest = float(land.p95s[np.argmin(land.costs)])
        return max(ROOM * lowest, math.sqrt(lowest * cheapest))

    def _goal(self) -> Goal:
        """As a user writes it."""
        match self._aim:
            case Aim.P95:
                assert self.limit_ms is not None
                limit = Limit(statistic=Statistic.P95, at_most_ms=self.limit_ms)
                return Goal(strategy=Strategy.COST, max_duration=limit)
            case Aim.TOLERANCE:
                return Goal()
            case Aim.COST | Aim.SPEED | Aim.BALANCED:
                return Goal(strategy=Strategy(self._aim.value))
