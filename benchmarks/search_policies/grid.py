"""The fixed grid of AWS Lambda Power Tuning: every size equally often, a trimmed mean each, the cheapest wins."""

import math
from dataclasses import dataclass

from benchmarks.search_policies import Pick
from benchmarks.search_policies.simulation import Sampler

SIZES = (128, 256, 512, 1024, 1536, 3008)
#: The share that is left out at each end.
TRIMMED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedGrid:
    """The same number of invocations of each size, one after the other in one environment, as is its default.

    By its rules the first one, cold, is one of the samples; a mean duration is billed in whole milliseconds; a price
    per request is not looked at; of two sizes that cost the same, the faster one wins; and a size at which an
    invocation fails is left out. Sizes outside the range move to its end.
    """

    invocations: int

    def run(self, sampler: Sampler) -> Pick:
        """All sizes, then the cheapest."""
        sizes = sorted({sampler.clip(size) for size in SIZES})
        prices = {size: price for size in sizes if (price := self._measure(sampler, size)) is not None}
        return Pick(memory_mb=min(prices, key=lambda size: prices[size], default=None))

    def _measure(self, sampler: Sampler, size: int) -> tuple[float, float] | None:
        """MB-milliseconds and duration; None if it failed."""
        durations = []
        for _ in range(self.invocations):
            invocation = sampler.invoke(size)
            if invocation.status.failed:
                return None
            assert invocation.duration_ms is not None
            durations.append(invocation.duration_ms)
        mean = trimmed_mean(durations)
        return size * math.ceil(mean), mean


def trimmed_mean(values: list[float], share: float = TRIMMED) -> float:
    """The mean of what is left without the lowest and the highest `share`, rounded down to whole values."""
    out = int(share * len(values))
    kept = sorted(values)[out : len(values) - out]
    return sum(kept) / len(kept)
