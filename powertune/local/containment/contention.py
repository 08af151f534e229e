"""Whether an invocation had the processor when it wanted it, by the kernel's own counters.

A thread that can run and does not is either throttled, which is the function's own allotment, or waits for somebody
else who runs: a neighbor, the server, a program of the user, another guest of the host. Linux counts both. What a
thread waited is in `/proc/PID/schedstat` (Documentation/scheduler/sched-stats.rst) and contains the throttling, which
is in the cgroup's `cpu.stat` as well (Documentation/scheduler/sched-bwc.rst).
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from powertune.local.containment.cell import Throttling
from powertune.local.system.processes import read_file

NOTABLE = 0.05
"""From which part of its duration on an invocation counts as disturbed."""

_NOTABLE_MS = 0.2
"""What the kernel itself takes, at least, to put a thread on a processor, is no disturbance."""

_TICK_MS = 1000 / (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The counters of an environment at one moment. Times in ms; `waited_ms` per thread, since it began."""

    cpu_ms: float = 0.0
    waited_ms: Mapping[int, float] = field(default_factory=dict)
    throttling: Throttling = field(default_factory=Throttling)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contention:
    """What an invocation used of the processor, and what it was kept waiting for one by others, in ms."""

    cpu_ms: float = 0.0
    waited_ms: float = 0.0

    def is_notable(self, duration_ms: float) -> bool:
        """Whether a duration says more about the neighbors than it should."""
        return self.waited_ms > max(NOTABLE * duration_ms, _NOTABLE_MS)


def between(before: Snapshot, after: Snapshot, *, duration_ms: float, stolen_ms: float, spread: int) -> Contention:
    """What befell an environment between two moments.

    Threads of one function that wait for each other are no disturbance: the function is kept waiting for no longer
    than it does not compute. Nor is a delay in a period at whose end the quota was used up, as the function got all
    that it was to have. Stolen time comes in ticks, and counts when there are enough of them.

    Args:
        before, after: the counters.
        duration_ms: how long the invocation took.
        stolen_ms: how long the host ran something else on the environment's processors.
        spread: how many processors it could use.
    """
    cpu_ms = max(0.0, after.cpu_ms - before.cpu_ms)
    waited_ms = sum(max(0.0, ms - before.waited_ms.get(thread, 0.0)) for thread, ms in after.waited_ms.items())
    throttling = after.throttling.since(before.throttling)
    idle_ms = max(0.0, duration_ms - cpu_ms / spread)
    by_others_ms = max(0.0, min(waited_ms, idle_ms) - throttling.throttled_ms / spread)
    by_others_ms *= 1 - throttling.part
    if stolen_ms > 2 * _TICK_MS:
        by_others_ms += stolen_ms / spread
    return Contention(cpu_ms=cpu_ms, waited_ms=by_others_ms)


def waited_ms(pids: Iterable[int], proc: Path = Path("/proc")) -> dict[int, float]:
    """How long each thread of these processes waited for a processor since it began, in ms; nothing where unknown."""
    waits = {}
    for pid in pids:
        try:
            threads = os.listdir(f"{proc}/{pid}/task")  # noqa: PTH208 - this is done for each invocation
        except OSError:
            continue
        for thread in threads:
            try:
                fields = read_file(f"{proc}/{pid}/task/{thread}/schedstat").split()
            except OSError:
                continue
            waits[int(thread)] = int(fields[1]) / 1e6
    return waits


def stolen_ms(numbers: Iterable[int], stat: Path = Path("/proc/stat")) -> float:
    """The time for which the host ran something else than these processors, in ms, to the tick."""
    wanted = {f"cpu{number}".encode() for number in numbers}
    try:
        lines = read_file(str(stat)).splitlines()
    except OSError:
        return 0.0
    rows = (line.split() for line in lines if line.startswith(b"cpu"))
    return sum(int(row[8]) * _TICK_MS for row in rows if row[0] in wanted and len(row) > 8)


class StolenTime:
    """What `stolen_ms` says, read at most once per tick, in which it cannot change by more than one."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, read: Callable[[Iterable[int]], float] = stolen_ms
    ) -> None:
        self._clock, self._read = clock, read
        self._known: dict[frozenset[int], tuple[float, float]] = {}

    def of(self, numbers: frozenset[int]) -> float:
        """The stolen time of these processors, in ms."""
        now = self._clock()
        at, stolen = self._known.get(numbers, (-math.inf, 0.0))
        if (now - at) * 1000 >= _TICK_MS:
            stolen = self._read(numbers)
            self._known[numbers] = (now, stolen)
        return stolen
