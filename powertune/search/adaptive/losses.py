"""What invocations that fail add to the cost of those that succeed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from powertune.model import Configuration, Invocations, Population

#: The losses of all sizes count as much, for a single one, as this many of its invocations that succeed: one failure
#: among the first three says little.
_WEIGHT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Losses as shares of the cost of a warm invocation; `usual` is that of a size without invocations of its own."""

    usual: float
    own: Mapping[Configuration, float]

    @classmethod
    def of(cls, invocations: Mapping[Configuration, Invocations]) -> "Losses":
        """Those of sizes that work, drawn towards that of all of them."""
        lost = {c: _lost(of) for c, of in invocations.items()}
        made = {c: of.succeeded for c, of in invocations.items()}
        usual = math.fsum(lost.values()) / max(1, sum(made.values()))
        return cls(usual=usual, own={c: (lost[c] + _WEIGHT * usual) / (made[c] + _WEIGHT) for c in invocations})

    def at(self, configuration: Configuration) -> float:
        """The loss of a size."""
        return self.own.get(configuration, self.usual)


def _lost(invocations: Invocations) -> float:
    """How many warm invocations those that failed have cost. One without a report counts as one."""
    failed = invocations.select(Population.FAILED, "billed_ms")
    warm = [ms for ms in invocations.select(Population.WARM, "billed_ms") if ms]
    if not failed or not warm:
        return 0.0
    usual = fmean(warm)
    return math.fsum(usual if ms is None else ms for ms in failed) / usual
