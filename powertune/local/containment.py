"""The interface to what holds an environment to its CPU share and memory size, and the choice of the best one."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from powertune.errors import UsageError
from powertune.local.owners import Owner
from powertune.local.processes import ProcessTable

PERIOD_S = 0.020
"""The period over which a CPU quota is counted, on Lambda (search-algorithms.md: UBC's throttle trace)."""


class Cell(Protocol):
    """What holds the processes of one environment."""

    @property
    def launcher(self) -> tuple[str, ...]:
        """What to put before a command, so that it starts inside the cell."""
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
        """Hold the processes to so many CPUs from now on, beginning with a whole period's quota."""
        ...

    def freeze(self) -> None:
        """Stop all processes until thawed."""
        ...

    def thaw(self) -> None:
        """Let them run again."""
        ...

    def peak_bytes(self) -> int:
        """The most memory that the present processes had resident, summed."""
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


def choose(
    wanted: str,
    owner: Owner,
    processes: ProcessTable,
    *,
    v1_mounts: Path = Path("/sys/fs/cgroup"),
    v2_mount: Path = Path("/sys/fs/cgroup"),
    self_cgroup: Path = Path("/proc/self/cgroup"),
) -> Containment:
    """The best way that this machine permits: a cgroup of either version, else a stop-and-continue duty cycle.

    Raises:
        UsageError: `wanted` names a way that does not exist or is not permitted here.
    """
    from powertune.local import cgroup_v1, cgroup_v2, duty_cycle

    memberships = self_cgroup.read_text() if self_cgroup.exists() else ""
    ways: dict[str, Callable[[], Containment | None]] = {
        "cgroup v2": lambda: cgroup_v2.probe(v2_mount, memberships, owner, processes),
        "cgroup v1": lambda: cgroup_v1.probe(v1_mounts, memberships, owner, processes),
        "duty cycle": lambda: duty_cycle.DutyCycle(processes),
    }
    for name, probe in ways.items():
        if wanted in ("auto", name) and (containment := probe()) is not None:
            return containment
    raise UsageError(
        f"CPU containment {wanted!r} is not available here",
        hint=f"use 'auto', or one of {', '.join(ways)}; a cgroup must be writable by this user",
    )


def available_cores(memberships: str, mounts: Sequence[Path] = (Path("/sys/fs/cgroup"),)) -> float:
    """The CPUs that this process may use: its affinity, bounded by the quota of its own cgroups."""
    cores = float(os.cpu_count() or 1)
    if sys.platform == "linux":
        cores = float(len(os.sched_getaffinity(0)))
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in mounts:
            top = mount / "cpu" if "cpu" in controllers.split(",") else mount
            folder = top / path.lstrip("/")
            for place in (folder, *folder.parents):
                cores = min(cores, _quota(place))
                if place == top:
                    break
    return cores


def _quota(place: Path) -> float:
    try:
        quota, period = (place / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (place / "cpu.cfs_quota_us").read_text().strip()
            period = (place / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return float("inf")
    return int(quota) / int(period) if quota.isdigit() and int(quota) > 0 else float("inf")
