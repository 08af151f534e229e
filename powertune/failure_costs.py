"""What invocations that fail add to the cost of those that succeed, and how well that is known."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from powertune.model import Configuration, Invocations, Measurement, Population

#: For one configuration, the failures of all count as much as this many of its invocations: one failure among the
#: first three says little.
_WEIGHT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCost:
    """A share of the cost of an invocation that succeeds, and its standard deviation.

    `rate` is the share of the invocations that fail.
    """

    share: float = 0.0
    deviation: float = 0.0
    rate: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCosts:
    """Those of the configurations of a run; `usual` is that of one without invocations of its own."""

    usual: FailureCost = FailureCost()
    own: Mapping[Configuration, FailureCost] = field(default_factory=dict)

    @classmethod
    def of(cls, measurements: Iterable[Measurement]) -> "FailureCosts":
        """What the measurements show: the mean of a Poisson rate with a gamma prior around that of all.

        What fails where the function does not work at all is no part of a price: nobody would pay it.
        """
        working = {m.configuration: m.invocations for m in measurements if m.infeasible is None}
        lost = {configuration: _lost(invocations) for configuration, invocations in working.items()}
        made = {configuration: invocations.succeeded for configuration, invocations in working.items()}
        usual = math.fsum(lost.values()) / max(1, sum(made.values()))
        counted = {c: lost[c] + _WEIGHT * usual for c in working}
        failed = {c: len(invocations.select(Population.FAILED, "lane")) for c, invocations in working.items()}
        failing = sum(failed.values()) / max(1, sum(failed.values()) + sum(made.values()))
        return cls(
            usual=FailureCost(share=usual, rate=failing),
            own={
                c: FailureCost(
                    share=counted[c] / (made[c] + _WEIGHT),
                    deviation=math.sqrt(counted[c]) / (made[c] + _WEIGHT),
                    rate=(failed[c] + _WEIGHT * failing) / (failed[c] + made[c] + _WEIGHT),
                )
                for c in working
            },
        )

    def at(self, configuration: Configuration) -> FailureCost:
        """The one of a configuration."""
        return self.own.get(configuration, self.usual)


def _lost(invocations: Invocations) -> float:
    """How many invocations that succeed would have cost as much as those that failed.

    One that failed without a report counts as one that succeeds.
    """
    failed = invocations.select(Population.FAILED, "billed_ms")
    populations = (Population.WARM, Population.COLD)
    billed = [[ms for ms in invocations.select(population, "billed_ms") if ms] for population in populations]
    succeeded = billed[0] or billed[1]
    if not failed or not succeeded:
        return 0.0
    usual = fmean(succeeded)
    return math.fsum(usual if ms is None else ms for ms in failed) / usual
