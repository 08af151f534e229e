"""Policies that look for the cheapest memory size, and a simulated function of known cost to judge them on."""

from dataclasses import dataclass
from typing import Protocol

from benchmarks.search_policies.simulation import Sampler


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What a policy recommends, and how sure it says it is.

    `memory_mb` is None when it found no size that works. `cost_interval` is the 95 % interval of what a warm
    invocation at the pick costs on average, in USD. `p_best` is the stated probability that of all sizes which the
    policy measured none is cheaper. None where the policy states nothing.
    """

    memory_mb: int | None
    cost_interval: tuple[float, float] | None = None
    p_best: float | None = None


class Policy(Protocol):
    """A way to look for the cheapest size."""

    def run(self, sampler: Sampler) -> Pick:
        """Invoke what it takes, and pick. All that is known of the function beforehand is its range of sizes."""
        ...
