"""A whole search as a user gets it: simulated, judged by the analysis, and compared with the truth."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.search_policies import adapter
from benchmarks.search_policies.adapter import drive
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.simulation import Conditions
from powertune.model import Architecture, Configuration, Exploration, Goal, Invocation
from powertune.search.adaptive import Adaptive
from powertune.units import MB_PER_VCPU, ROUNDING_MS, USUAL_MB

SMALLEST_MB, LARGEST_MB = 128, 10_240
#: The gain that there is, where there is one.
GAIN = 0.2
SIZES = tuple(sorted(USUAL_MB))
INIT_MS = 200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A function that waits, and computes with threads: the second takes as long as the CPU share says."""

    waits_ms: float
    works_ms: float
    threads: int = 1

    def duration_ms(self, memory_mb: int) -> float:
        """The mean duration at a size."""
        return self.waits_ms + self.works_ms * max(1 / self.threads, MB_PER_VCPU / memory_mb)

    def cost(self, memory_mb: int) -> float:
        """What an invocation costs on average, in USD."""
        configuration = Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)
        return PRICES.invocation_cost(configuration, self.duration_ms(memory_mb) + ROUNDING_MS)

    def best_mb(self, goal: Goal) -> int:
        """The size that the goal wants, of the usual ones."""
        cheapest = min(map(self.cost, SIZES))
        if goal.tolerance is None:
            return min(SIZES, key=self.cost)
        able = [size for size in SIZES if self.cost(size) <= (1 + goal.tolerance) * cheapest]
        return min(able, key=lambda size: (round(self.duration_ms(size), 6), self.cost(size)))

    def worse_mb(self, goal: Goal) -> int:
        """A size from which the change to the best gains `GAIN`: in duration at no higher cost, or else in cost."""
        best = self.best_mb(goal)
        slower = [
            size for size in SIZES if size < best and self.duration_ms(best) <= (1 - GAIN) * self.duration_ms(size)
        ]
        if goal.tolerance is not None and slower:
            return max(slower)
        return min(size for size in SIZES if size > best and self.cost(best) <= (1 - GAIN) * self.cost(size))

    def gains(self, before_mb: int, after_mb: int, goal: Goal) -> bool:
        """Whether a change truly helps: it lowers the cost, or the duration at a cost that the goal bears."""
        if self.cost(after_mb) < self.cost(before_mb):
            return True
        ratio = self.duration_ms(after_mb) / self.duration_ms(before_mb)
        bears = self.cost(after_mb) <= goal.most_cost_ratio(ratio) * self.cost(before_mb)
        return goal.tolerance is not None and ratio < 1 and bears


class Simulated:
    """The function, with noise. Each size and lane is an environment of its own, whose first invocation is cold."""

    def __init__(self, work: Work, conditions: Conditions, generator: np.random.Generator) -> None:
        self._work, self._conditions, self._generator = work, conditions, generator
        self._luck: dict[tuple[int, int], float] = {}
        self.invocations = 0

    def invoke(self, configuration: Configuration, lane: int) -> Invocation:
        """Invoke once."""
        place = (configuration.memory_mb, lane)
        init_ms = None if place in self._luck else INIT_MS
        if init_ms is not None:
            self._luck[place] = self._conditions.lane_factor(self._generator)
        chance = float(self._conditions.factors(self._generator, 1)[0])
        duration = self._work.duration_ms(configuration.memory_mb) * self._luck[place] * chance
        self.invocations += 1
        return Invocation(
            started_at=float(self.invocations),
            duration_ms=duration,
            billed_ms=math.ceil(duration + (init_ms or 0.0)),
            init_ms=init_ms,
            max_memory_used_mb=60,
            request_id=str(self.invocations),
            lane=lane,
            environment=f"{configuration.memory_mb}/{lane}",
        )


#: From one that computes all the time to one that waits.
WORKS = (
    Work(waits_ms=20, works_ms=500),
    Work(waits_ms=10, works_ms=2000, threads=4),
    Work(waits_ms=200, works_ms=60),
    Work(waits_ms=300, works_ms=150),
    Work(waits_ms=500, works_ms=10),
)


def recommended(work: Work, current_mb: int, goal: Goal, conditions: Conditions, *, seed: int) -> tuple[int, int]:
    """What `powertune run` recommends, in MB, and how many invocations that takes."""
    current = Configuration(memory_mb=current_mb, architecture=Architecture.X86_64)
    exploration = Exploration(
        smallest_mb=SMALLEST_MB,
        largest_mb=LARGEST_MB,
        architectures=(Architecture.X86_64,),
        goal=goal,
        current=current,
    )
    search = Adaptive(exploration=exploration, prices=PRICES, seed=seed)
    function = Simulated(work, conditions, np.random.default_rng((seed, WORKS.index(work))))
    measured, stop = drive(search, function.invoke)
    return adapter.recommended(search, measured, stop).memory_mb, function.invocations
