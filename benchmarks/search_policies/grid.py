"""The fixed grid of AWS Lambda Power Tuning: every size equally often, a trimmed mean each, the best mean wins."""

import math
from dataclasses import dataclass

import numpy as np

from benchmarks.search_policies import Pick
from benchmarks.search_policies.goals import Aim, Assignment
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.sampler import Sampler
from powertune.model import Configuration

SIZES = (128, 256, 512, 1024, 1536, 3008)
#: The share that is left out at each end.
TRIMMED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the grid knows of a configuration: the cost by its rules (USD), the mean duration and its p95 (ms)."""

    cost: float
    duration_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedGrid:
    """The same number of invocations of each size, one after the other in one environment, as is its default.

    By its rules the first one, cold, is one of the samples; a mean duration is billed in whole milliseconds; a price
    per request is not looked at; of two sizes that cost the same, the faster one wins; and a size at which an
    invocation fails is left out. Sizes outside the range move to its end. Goals that it does not have (a tolerance, a
    limit on p95) are applied to what it measured, and so is the other architecture.
    """

    invocations: int

    def takes(self, _: Assignment) -> bool:
        """A grid can be read for any goal."""
        return True

    def run(self, sampler: Sampler, assignment: Assignment) -> Pick:
        """All sizes, then the best."""
        sizes = sorted({sampler.clip(size) for size in SIZES})
        all_ = [Configuration(memory_mb=s, architecture=a) for a in assignment.architectures for s in sizes]
        found = {c: measured for c in all_ if (measured := self._measure(sampler, c)) is not None}
        return Pick(configuration=_best(found, assignment) if found else None)

    def _measure(self, sampler: Sampler, configuration: Configuration) -> Measured | None:
        """None if it failed."""
        durations = []
        for _ in range(self.invocations):
            invocation = sampler.invoke(configuration)
            if invocation.status.failed:
                return None
            assert invocation.duration_ms is not None
            durations.append(invocation.duration_ms)
        mean = trimmed_mean(durations)
        cost = PRICES.rate_per_ms(configuration) * math.ceil(mean)
        return Measured(cost=cost, duration_ms=mean, p95_ms=float(np.quantile(durations, 0.95)))


def _best(found: dict[Configuration, Measured], assignment: Assignment) -> Configuration:
    """The configuration that the goal wants, if what was measured is the truth."""
    goal = assignment.goal

    def wanted(configuration: Configuration) -> tuple[float, float]:
        of = found[configuration]
        weight = goal.cost_weight
        return of.cost**weight * of.duration_ms ** (1 - weight), of.duration_ms

    if goal.tolerance is not None:
        most = (1 + goal.tolerance) * min(of.cost for of in found.values())
        return min((c for c, of in found.items() if of.cost <= most), key=wanted)
    if assignment.aim is Aim.P95:
        assert goal.max_duration is not None
        kept = [c for c, of in found.items() if of.p95_ms <= goal.max_duration.at_most_ms]
        return min(kept, key=wanted) if kept else min(found, key=lambda c: found[c].p95_ms)
    return min(found, key=wanted)


def trimmed_mean(values: list[float], share: float = TRIMMED) -> float:
    """The mean of what is left without the lowest and the highest `share`, rounded down to whole values."""
    out = int(share * len(values))
    kept = sorted(values)[out : len(values) - out]
    return sum(kept) / len(kept)
