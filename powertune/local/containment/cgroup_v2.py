"""Containment by cgroup v2: cpu.max and memory.max below the deepest ancestor that is delegated to this user."""

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
_USUAL_WEIGHT = 100


class V2Cell:
    """One cgroup with both controllers, or with the cpu controller and a watch over the memory."""

    def __init__(self, folder: Path, memory_mb: int, limited: bool, watch: MemoryWatch) -> None:
        self._folder, self._limited, self._watch = folder, limited, watch
        self._limit = memory_mb * MIB
        self._kills_before = self._quota_us = 0
        self._stopped: tuple[int, ...] = ()
        folder.mkdir()
        if limited:
            (folder / "memory.max").write_text(str(self._limit))
            (folder / "memory.oom.group").write_text("1")
            if (swap := folder / "memory.swap.max").exists():
                swap.write_text("0")

    @property
    def launcher(self) -> tuple[str, ...]:
        """A shell that joins the cgroup and becomes the command."""
        return cgroup.launcher((self._folder,))

    @property
    def cgroups(self) -> tuple[Path, ...]:
        """One file."""
        return (self._folder / "cgroup.procs",)

    def started(self, leader: int, mark: str | None = None) -> None:  # noqa: ARG002 - a cgroup knows who is inside
        """Count kills from here."""
        self._kills_before, self._stopped = self._kills(), ()
        if not self._limited:
            self._watch.watch(self, self._limit)

    def ended(self) -> None:
        """Forget who was stopped: their numbers may be given to others."""
        self._stopped = ()

    def set_cpu(self, cpus: float) -> None:
        """Write the quota and the period."""
        quota = max(_SMALLEST_QUOTA_US, round(cpus * _PERIOD_US))
        if quota != self._quota_us:
            write_file(f"{self._folder}/cpu.max", f"{quota} {_PERIOD_US}")
            self._quota_us = quota

    def freeze(self) -> None:
        """Stop the processes. SIGSTOP, not cgroup.freeze: the latter acts only after a while."""
        self._stopped = self.pids()
        signal_all(self._stopped, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to those that were stopped, which saves asking who is inside: nobody is born meanwhile."""
        signal_all(self._stopped, signal.SIGCONT)

    def throttling(self) -> Throttling:
        """From `cpu.stat`."""
        return cgroup.throttling(self._folder, "throttled_usec", 1e3)

    def pids(self) -> tuple[int, ...]:
        """The processes inside."""
        return cgroup.members((self._folder,))

    def out_of_memory(self) -> bool:
        """Whether the kernel, or the watch, has killed for memory."""
        return self._kills() > self._kills_before or self._watch.exceeded(self)

    def kill(self) -> None:
        """All at once where the kernel can (5.14), else one by one."""
        if (switch := self._folder / "cgroup.kill").exists():
            with contextlib.suppress(OSError):
                switch.write_text("1")
        cgroup.kill_members((self._folder,))

    def close(self) -> None:
        """End the processes and remove the cgroup."""
        self._watch.forget(self)
        self.kill()
        cgroup.remove(self._folder)

    def _kills(self) -> int:
        return cgroup.counter(self._folder / "memory.events", "oom_kill")


class CgroupV2:
    """Cells below one cgroup that carries the owner's name."""

    name = "cgroup v2"

    def __init__(self, place: Path, owner: Owner, processes: ProcessTable) -> None:
        self._place = place
        self._own = place / owner.name
        self._processes = processes
        self._watch = MemoryWatch(processes)
        self._limited = False

    def open(self) -> bool:
        """Create this server's cgroup with its controllers, and see whether a process may join a child of it."""
        trial = self._own / "trial"
        try:
            _enable(self._place, ("cpu", "memory"))
            self._own.mkdir()
            enabled = _enable(self._own, ("cpu", "memory"))
            self._limited = "memory" in enabled
            (self._own / "cpu.weight").write_text(str(_USUAL_WEIGHT * WEIGHT))
            trial.mkdir()
            usable = "cpu" in enabled and cgroup.can_join([trial])
        except OSError:
            usable = False
        cgroup.remove(trial)
        if not usable:
            self.close()
        return usable

    def cell(self, number: int, memory_mb: int) -> Cell:
        """A cgroup of that number."""
        return V2Cell(self._own / f"env-{number}", memory_mb, self._limited, self._watch)

    def reap(self) -> None:
        """Bury the cgroups whose owners are dead."""
        for folder in owners.remains(self._place, self._processes):
            cgroup.bury(folder)

    def close(self) -> None:
        """Remove this server's cgroup."""
        self._watch.close()
        if self._own.exists():
            cgroup.bury(self._own)


def probe(mount: Path, memberships: str, owner: Owner, processes: ProcessTable) -> CgroupV2 | None:
    """The containment below the deepest ancestor where it works.

    Our own cgroup comes last in practice: it holds processes, and a cgroup with processes cannot give controllers to
    its children.
    """
    if not (mount / "cgroup.controllers").exists():
        return None
    path = next((line[3:] for line in memberships.splitlines() if line.startswith("0::")), "/")
    folder = mount / path.lstrip("/")
    for place in (folder, *folder.parents):
        if place.is_dir() and "cpu" in _words(place / "cgroup.controllers"):
            containment = CgroupV2(place, owner, processes)
            if containment.open():
                return containment
        if place == mount:
            break
    return None


def _words(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text().split())
    except OSError:
        return ()


def _enable(folder: Path, controllers: tuple[str, ...]) -> tuple[str, ...]:
    """Give controllers to the children of a cgroup, as far as allowed; returns those that they have."""
    control = folder / "cgroup.subtree_control"
    for controller in controllers:
        if controller not in _words(control):
            with contextlib.suppress(OSError):
                control.write_text(f"+{controller}")
    return tuple(word.lstrip("+") for word in _words(control))
