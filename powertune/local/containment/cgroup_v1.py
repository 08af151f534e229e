"""Containment by cgroup v1: a CFS quota in the cpu hierarchy and a limit in the memory hierarchy."""

import contextlib
import signal
from pathlib import Path

from powertune.local.containment import cgroup
from powertune.local.containment.cell import PERIOD_S, WEIGHT, Cell, Throttling
from powertune.local.containment.memory_watch import MemoryWatch
from powertune.local.system import owners
from powertune.local.system.owners import Owner
from powertune.local.system.processes import MIB, ProcessTable, signal_all, write_file

_PERIOD_US = round(PERIOD_S * 1_000_000)
_SMALLEST_QUOTA_US = 1_000
_USUAL_SHARES = 1024


class V1Cell:
    """A cgroup in the cpu hierarchy, and one in the memory hierarchy if there is one."""

    def __init__(self, cpu: Path, memory: Path | None, memory_mb: int, watch: MemoryWatch) -> None:
        self._cpu, self._memory, self._watch = cpu, memory, watch
        self._limit = memory_mb * MIB
        self._folders = (cpu,) if memory is None else (cpu, memory)
        self._kills_before = self._quota_us = 0
        self._stopped: tuple[int, ...] = ()
        for folder in self._folders:
            folder.mkdir()
        (cpu / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        if memory is not None:
            (memory / "memory.limit_in_bytes").write_text(str(self._limit))
            if (swap := memory / "memory.memsw.limit_in_bytes").exists():
                swap.write_text(str(self._limit))

    @property
    def launcher(self) -> tuple[str, ...]:
        """A shell that joins both cgroups and becomes the command."""
        return cgroup.launcher(self._folders)

    @property
    def cgroups(self) -> tuple[Path, ...]:
        """One file per hierarchy."""
        return tuple(folder / "cgroup.procs" for folder in self._folders)

    def started(self, leader: int, mark: str | None = None) -> None:  # noqa: ARG002 - a cgroup knows who is inside
        """Count kills from here; without a memory hierarchy, watch the memory instead."""
        self._kills_before, self._stopped = self._kills(), ()
        if self._memory is None:
            self._watch.watch(self, self._limit)

    def ended(self) -> None:
        """Forget who was stopped: their numbers may be given to others."""
        self._stopped = ()

    def set_cpu(self, cpus: float) -> None:
        """Write the quota; the kernel refills it and lets throttled threads run."""
        quota = max(_SMALLEST_QUOTA_US, round(cpus * _PERIOD_US))
        if quota != self._quota_us:
            write_file(f"{self._cpu}/cpu.cfs_quota_us", str(quota))
            self._quota_us = quota

    def freeze(self) -> None:
        """SIGSTOP, which reaches processes that left the process group too."""
        self._stopped = self.pids()
        signal_all(self._stopped, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to those that were stopped, which saves asking who is inside: nobody is born meanwhile."""
        signal_all(self._stopped, signal.SIGCONT)

    def throttling(self) -> Throttling:
        """From `cpu.stat`."""
        return cgroup.throttling(self._cpu, "throttled_time", 1e6)

    def pids(self) -> tuple[int, ...]:
        """The processes inside."""
        return cgroup.members((self._cpu,))

    def out_of_memory(self) -> bool:
        """Whether the kernel, or the watch, has killed for memory."""
        return self._kills() > self._kills_before or self._watch.exceeded(self)

    def kill(self) -> None:
        """SIGKILL, until nobody is left."""
        cgroup.kill_members((self._cpu,))

    def close(self) -> None:
        """End the processes and remove the cgroups."""
        self._watch.forget(self)
        self.kill()
        for folder in self._folders:
            cgroup.remove(folder)

    def _kills(self) -> int:
        return 0 if self._memory is None else cgroup.counter(self._memory / "memory.oom_control", "oom_kill")


class CgroupV1:
    """Cells below one cgroup per hierarchy that carries the owner's name."""

    name = "cgroup v1"

    def __init__(self, cpu: Path, memory: Path | None, owner: Owner, processes: ProcessTable) -> None:
        self._places = (cpu,) if memory is None else (cpu, memory)
        self._own = tuple(place / owner.name for place in self._places)
        self._processes = processes
        self._watch = MemoryWatch(processes)

    def open(self) -> bool:
        """Create this server's cgroups and see whether a process may join them."""
        try:
            for folder in self._own:
                folder.mkdir()
                _trial = folder / "trial"
                _trial.mkdir()
            (self._own[0] / "trial" / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (self._own[0] / "trial" / "cpu.cfs_quota_us").write_text(str(_PERIOD_US))
            (self._own[0] / "cpu.shares").write_text(str(_USUAL_SHARES * WEIGHT))
            joined = cgroup.can_join([folder / "trial" for folder in self._own])
        except OSError:
            joined = False
        for folder in self._own:
            cgroup.remove(folder / "trial")
        if not joined:
            self.close()
        return joined

    def cell(self, number: int, memory_mb: int) -> Cell:
        """A cgroup of that number in each hierarchy."""
        folders = tuple(folder / f"env-{number}" for folder in self._own)
        return V1Cell(folders[0], folders[1] if len(folders) > 1 else None, memory_mb, self._watch)

    def reap(self) -> None:
        """Bury the cgroups whose owners are dead."""
        for place in self._places:
            for folder in owners.remains(place, self._processes):
                cgroup.bury(folder)

    def close(self) -> None:
        """Remove this server's cgroups."""
        self._watch.close()
        for folder in self._own:
            if folder.exists():
                cgroup.bury(folder)


def probe(mounts: Path, memberships: str, owner: Owner, processes: ProcessTable) -> CgroupV1 | None:
    """The containment, if a cpu hierarchy is mounted and writable: at its root, else at our own cgroup."""
    for at_root in (True, False):
        cpu = _place(mounts, "cpu", memberships, at_root)
        if cpu is None:
            continue
        for memory in (_place(mounts, "memory", memberships, at_root), None):
            containment = CgroupV1(cpu, memory, owner, processes)
            if containment.open():
                return containment
    return None


def _place(mounts: Path, controller: str, memberships: str, at_root: bool) -> Path | None:
    """Where in a hierarchy to create cgroups. The root comes first because a later server finds remains there."""
    for name in (controller, "cpu,cpuacct"):
        mount = mounts / name
        if controller in name.split(",") and (mount / "cgroup.procs").exists():
            if at_root:
                return mount
            for line in memberships.splitlines():
                _, controllers, path = line.split(":", 2)
                with contextlib.suppress(OSError):
                    if controller in controllers.split(",") and (folder := mount / path.lstrip("/")).is_dir():
                        return folder
    return None
