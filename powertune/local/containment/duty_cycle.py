"""Containment without cgroups: processes that used up their quota are stopped, and continued when they may go on.

Imitates the kernel's bandwidth control (CFS): a quota per period of 20 ms, refilled at each period's end and never
saved up; what was used beyond it is a debt that is paid by standing still, so that code which waits is not slowed.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from powertune.local.containment.cell import PERIOD_S, Cell, Throttling
from powertune.local.containment.memory_watch import MemoryWatch
from powertune.local.system.processes import MIB, ProcessTable, signal_all, signal_group

SLICE_S = 0.001
"""The shortest time between two looks: shorter ones would cost the machine more than they are worth."""

_LONGEST_LOOK_S = 0.004
_MEMBERS_EVERY_S = 0.1
_KILL_ATTEMPTS = 200
_KILL_PAUSE_S = 0.01


class Budget:
    """The arithmetic of a quota, in seconds of CPU time."""

    def __init__(self, cpus: float, period_s: float = PERIOD_S) -> None:
        self.period_s = period_s
        self.quota_s = cpus * period_s
        self.left_s = self.quota_s

    def spend(self, cpu_s: float) -> None:
        """CPU time was used."""
        self.left_s -= cpu_s

    def refill(self, periods: int) -> None:
        """Periods have ended."""
        self.left_s = min(self.left_s + periods * self.quota_s, self.quota_s)

    def periods_in_debt(self) -> int:
        """How many period ends to stand still for until there is something to spend again."""
        if self.left_s > 0:
            return 0
        return int(-self.left_s / self.quota_s) + 1


class DutyCell:
    """A process group, with what has left it, that a thread paces while it runs."""

    def __init__(
        self,
        memory_mb: int,
        processes: ProcessTable,
        watch: MemoryWatch,
        cores: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = memory_mb * MIB
        self._processes, self._watch, self._cores, self._clock = processes, watch, cores, clock
        self._leader: int | None = None
        self._mark: str | None = None
        self._family: _Family | None = None
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._frozen = False
        self._closed = False
        self._budget: Budget | None = None
        self._thread: threading.Thread | None = None

    @property
    def launcher(self) -> tuple[str, ...]:
        """Nothing: the process group is the cell."""
        return ()

    @property
    def cgroups(self) -> tuple[Path, ...]:
        """None."""
        return ()

    def started(self, leader: int, mark: str | None = None) -> None:
        """Pace this process group, and what comes from it, from now on."""
        with self._changed:
            self._leader, self._mark, self._frozen = leader, mark, False
            self._family = _Family(self._processes, leader)
            self._changed.notify_all()
        self._watch.watch(self, self._limit)

    def ended(self) -> None:
        """Signal nobody any more."""
        with self._changed:
            self._leader = self._family = None

    def set_cpu(self, cpus: float) -> None:
        """A new budget; a share of all cores needs no pacing."""
        with self._changed:
            self._budget = Budget(cpus) if cpus < self._cores else None
            if self._budget is not None and self._thread is None:
                self._thread = threading.Thread(target=self._pace, name="duty-cycle", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def freeze(self) -> None:
        """SIGSTOP to all."""
        with self._changed:
            self._frozen = True
            self._signal(signal.SIGSTOP)
        self._watch.forget(self)

    def thaw(self) -> None:
        """SIGCONT to all."""
        with self._changed:
            self._frozen = False
            self._signal(signal.SIGCONT)
            self._changed.notify_all()
        self._watch.watch(self, self._limit)

    def pids(self) -> tuple[int, ...]:
        """The processes of the group, and those that have left it."""
        family = self._family
        return () if family is None else family.look()

    def throttling(self) -> Throttling:
        """Nothing: who is stopped does not wait for a processor."""
        return Throttling()

    def out_of_memory(self) -> bool:
        """Whether the watch has killed for memory."""
        return self._watch.exceeded(self)

    def kill(self) -> None:
        """SIGKILL to all, until nobody is left: a process may be born while its parent dies."""
        self._signal(signal.SIGKILL)
        for _ in range(_KILL_ATTEMPTS):
            strays = set(self.pids())
            if self._family is not None and self._mark is not None:
                strays.update(self._processes.marked(self._mark))
            if not strays:
                return
            signal_all(strays, signal.SIGKILL)
            time.sleep(_KILL_PAUSE_S)

    def close(self) -> None:
        """End all processes and the thread."""
        self._watch.forget(self)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.kill()
        if self._thread is not None:
            self._thread.join()

    def _signal(self, number: signal.Signals) -> None:
        if self._leader is not None:
            signal_group(self._leader, number)
        if self._family is not None:
            signal_all(self._family.strays, number)

    def _pace(self) -> None:
        spent: _Spent | None = None
        with self._changed:
            budget, boundary = None, 0.0
            while not self._closed:
                if self._frozen or self._budget is None or self._family is None:
                    self._changed.wait()
                    budget = None
                    continue
                if budget is not self._budget or spent is None or spent.family is not self._family:
                    budget, boundary = self._budget, self._clock() + PERIOD_S
                    spent = _Spent(self._family, self._processes, self._clock)
                    spent.since_last()
                boundary = self._step(budget, boundary, spent)

    def _step(self, budget: Budget, boundary: float, spent: "_Spent") -> float:
        """Look once, and stop the group if it must stand still; returns when the present period ends."""
        if self._leader is None:
            return boundary
        self._changed.wait(min(max(budget.left_s / self._cores, SLICE_S), _LONGEST_LOOK_S))
        budget.spend(spent.since_last())
        boundary = _refill(budget, boundary, self._clock())
        debt = budget.periods_in_debt()
        if debt and self._may_stop(budget):
            self._signal(signal.SIGSTOP)
            resume = boundary + (debt - 1) * budget.period_s
            while (left := resume - self._clock()) > 0 and self._may_stop(budget):
                self._changed.wait(left)
            if not self._frozen and not self._closed:
                self._signal(signal.SIGCONT)
            boundary = _refill(budget, boundary, self._clock())
        return boundary

    def _may_stop(self, budget: Budget) -> bool:
        return budget is self._budget and not self._frozen and not self._closed


def _refill(budget: Budget, boundary: float, now: float) -> float:
    if now < boundary:
        return boundary
    ended = int((now - boundary) / budget.period_s) + 1
    budget.refill(ended)
    return boundary + ended * budget.period_s


class _Family:
    """A process group, and the processes that have left it: a descendant that was seen once is remembered."""

    def __init__(self, processes: ProcessTable, leader: int) -> None:
        self._processes, self.leader = processes, leader
        self._known: dict[int, str] = {}
        self._looking = threading.Lock()
        self.strays: tuple[int, ...] = ()

    def look(self) -> tuple[int, ...]:
        """The members that live now."""
        table = self._processes
        # Several threads look: one that began earlier must not forget whom a later one has found.
        with self._looking:
            alive = [pid for pid, started in self._known.items() if table.started(pid) == started]
            members = table.family({self.leader, *alive})
            self._known = {pid: started for pid in members if (started := table.started(pid)) is not None}
            self.strays = tuple(pid for pid in members if not _in_group(pid, self.leader))
        return members


def _in_group(pid: int, leader: int) -> bool:
    try:
        return os.getpgid(pid) == leader
    except OSError:
        return True


class _Spent:
    """CPU time of a family between two looks, including processes that come and go."""

    def __init__(self, family: _Family, processes: ProcessTable, clock: Callable[[], float]) -> None:
        self.family, self._processes, self._clock = family, processes, clock
        self._seen: dict[int, float] = {}
        self._others: tuple[int, ...] = ()
        self._listed_at = -_MEMBERS_EVERY_S

    def since_last(self) -> float:
        now, leader = self._clock(), self.family.leader
        if now - self._listed_at >= _MEMBERS_EVERY_S:
            self._listed_at = now
            self._others = tuple(pid for pid in self.family.look() if pid != leader)
            self._seen = {pid: used for pid, used in self._seen.items() if pid == leader or pid in self._others}
        total = 0.0
        for pid in (leader, *self._others):
            used = self._processes.cpu_seconds(pid)
            total += max(0.0, used - self._seen.get(pid, used if pid == leader else 0.0))
            self._seen[pid] = used
        return total


class DutyCycle:
    """Cells that are process groups."""

    name = "duty cycle"

    def __init__(self, processes: ProcessTable) -> None:
        self._processes = processes
        self._watch = MemoryWatch(processes)

    def cell(self, number: int, memory_mb: int) -> Cell:  # noqa: ARG002 - a process group needs no name
        """A cell for a process group that is yet to start."""
        return DutyCell(memory_mb, self._processes, self._watch, os.cpu_count() or 1)

    def reap(self) -> None:
        """Nothing: what a dead server left is found by the process numbers in its folder."""

    def close(self) -> None:
        """End the watch."""
        self._watch.close()
