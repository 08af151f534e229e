"""Policies that look for the best memory size, and functions of known cost to judge them on."""

from dataclasses import dataclass
from typing import Protocol

from benchmarks.search_policies.goals import Assignment
from benchmarks.search_policies.sampler import Sampler
from powertune.model import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What a policy recommends, and how sure it says it is.

    `configuration` is None when it found none that works. `cost_interval` is the 95 % interval of what a warm
    invocation at the pick costs on average, in USD. `p_best` is the stated probability that of all configurations
    which the policy measured none is better. `exhausted` says whether it stopped although it was not sure enough.
    None where the policy states nothing.
    """

    configuration: Configuration | None
    cost_interval: tuple[float, float] | None = None
    p_best: float | None = None
    exhausted: bool | None = None


class Policy(Protocol):
    """A way to look for the best size."""

    def takes(self, assignment: Assignment, /) -> bool:
        """Whether it can look for that."""
        ...

    def run(self, sampler: Sampler, assignment: Assignment) -> Pick:
        """Invoke what it takes, and pick. All else that is known of the function is its range of sizes."""
        ...
