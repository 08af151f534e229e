"""Which containment this machine permits: a cgroup of either version, else a duty cycle."""

from collections.abc import Callable
from pathlib import Path

from powertune.errors import UsageError
from powertune.local.containment import cgroup_v1, cgroup_v2, duty_cycle
from powertune.local.containment.cell import Containment
from powertune.local.system.owners import Owner
from powertune.local.system.processes import ProcessTable


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
