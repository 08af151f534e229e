"""The interface to what holds an environment to its CPU share and memory size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

PERIOD_S = 0.020
"""The period over which a CPU quota is counted, on Lambda as traces of throttled functions show."""


WEIGHT = 30
"""How much more of a processor functions get than the user's other programs, where both want it.

With this weight, a function that wakes up on a processor which somebody keeps busy runs within 0.1 ms, as if alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    """The kernel's account of a quota: periods with work, those in which it was used up, and the time lost, in ms."""

    periods: int = 0
    throttled: int = 0
    throttled_ms: float = 0.0

    def since(self, before: "Throttling") -> "Throttling":
        """What was added."""
        return Throttling(
            periods=self.periods - before.periods,
            throttled=self.throttled - before.throttled,
            throttled_ms=self.throttled_ms - before.throttled_ms,
        )

    @property
    def part(self) -> float:
        """The part of the periods in which the quota was used up."""
        return min(1.0, self.throttled / self.periods) if self.periods > 0 else 0.0


class Cell(Protocol):
    """What holds the processes of one environment."""

    @property
    def launcher(self) -> tuple[str, ...]:
        """What to put before a command, so that it starts inside the cell."""
        ...

    @property
    def cgroups(self) -> tuple[Path, ...]:
        """The files in which a process writes `0` to get inside, where it cannot be started by the launcher."""
        ...

    def started(self, leader: int, mark: str | None = None) -> None:
        """The process group that now runs inside; forgets what befell the one before.

        Args:
            leader: the first process.
            mark: an environment variable, as `NAME=value`, that no process outside has.
        """
        ...

    def ended(self) -> None:
        """The process group is gone, and its number may be given to another."""
        ...

    def set_cpu(self, cpus: float) -> None:
        """Hold the processes to a number of CPUs from now on, beginning with a whole period's quota."""
        ...

    def pids(self) -> tuple[int, ...]:
        """The processes inside."""
        ...

    def throttling(self) -> Throttling:
        """What the quota has cost until now, as far as the kernel counts it."""
        ...

    def freeze(self) -> None:
        """Stop all processes until thawed."""
        ...

    def thaw(self) -> None:
        """Let them run again."""
        ...

    def out_of_memory(self) -> bool:
        """Whether the present processes were killed for exceeding the memory size."""
        ...

    def kill(self) -> None:
        """End all processes, at once."""
        ...

    def close(self) -> None:
        """End all processes and leave nothing behind."""
        ...


class Containment(Protocol):
    """A way to hold processes to a CPU share."""

    name: str

    def cell(self, number: int, memory_mb: int) -> Cell:
        """A new cell with this memory limit."""
        ...

    def reap(self) -> None:
        """Remove what servers left that died without cleaning up."""
        ...

    def close(self) -> None:
        """Remove what is left of this server's own."""
        ...
