"""The duty cycle: its arithmetic, and the processes that it stops."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from function_processes import wait_for_state
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.containment.duty_cycle import Budget, DutyCell, DutyCycle
from powertune.local.containment.memory_watch import MemoryWatch, Watched
from powertune.local.system.processes import (
    LinuxProcesses,
    process_table,
)


@given(st.floats(0.05, 4), st.lists(st.floats(0, 0.05), max_size=50))
def test_budget_gives_what_it_promises(cpus: float, uses: list[float]) -> None:
    budget = Budget(cpus)
    periods = 0
    for used in uses:
        budget.spend(used)
        debt = budget.periods_in_debt()
        budget.refill(debt)
        periods += debt
        assert 0 < budget.left_s <= budget.quota_s or debt == 0
        assert budget.left_s > -1e-9
        assert budget.left_s <= budget.quota_s
    assert sum(uses) <= (periods + 1) * budget.quota_s + 1e-6


def test_budget_is_not_saved_up() -> None:
    budget = Budget(0.5)
    budget.refill(100)
    assert budget.left_s == budget.quota_s == 0.010
    budget.spend(0.010)
    assert budget.periods_in_debt() == 1
    budget.spend(0.025)
    assert budget.periods_in_debt() == 3


class Spender(LinuxProcesses):
    """Says that a process has used ever more CPU time."""

    def __init__(self) -> None:
        super().__init__()
        self.used = 0.0

    def cpu_seconds(self, pid: int) -> float:
        self.used += 50.0
        return self.used


def test_duty_cycle_stops_who_has_spent_too_much(sleeper: int) -> None:
    watch = MemoryWatch(process_table())
    cell = DutyCell(512, Spender(), watch, 2)
    cell.set_cpu(0.25)
    cell.started(sleeper)
    wait_for_state(sleeper, "T")
    cell.set_cpu(64)
    wait_for_state(sleeper, "S")
    cell.close()
    watch.close()


BURN = """
import subprocess, sys, time
while time.process_time() < 0.2: pass
subprocess.run([sys.executable, "-c", "pass"])
time.sleep(0.2)
"""


@pytest.mark.long
def test_duty_cycle_lets_a_process_come_to_its_end() -> None:
    way = DutyCycle(process_table())
    cell = way.cell(1, 512)
    assert cell.launcher == ()
    cell.set_cpu(0.4)
    with subprocess.Popen([sys.executable, "-c", BURN], start_new_session=True) as process:
        cell.started(process.pid)
        assert process.wait() == 0
    cell.ended()
    assert cell.pids() == ()
    cell.close()
    way.reap()
    way.close()


STRAY = """
import subprocess, sys
subprocess.Popen(["sleep", "600"], start_new_session=True)
subprocess.run(["setsid", "sh", "-c", "sleep 600 & exec sleep 600"])
"""


def test_duty_cycle_holds_processes_that_left_the_group() -> None:
    way = DutyCycle(process_table())
    cell = way.cell(1, 512)
    cell.set_cpu(0.5)
    with subprocess.Popen([sys.executable, "-c", STRAY], start_new_session=True) as process:
        cell.started(process.pid)
        for _ in range(500):
            if len(members := process_table().family([process.pid])) == 4:
                break
            time.sleep(0.01)
        strays = [pid for pid in members if pid != process.pid]
        assert len(strays) == 3
        assert cell.pids() == tuple(members)
        cell.freeze()
        for pid in members:
            wait_for_state(pid, "T")
        cell.thaw()
        for pid in members:
            wait_for_state(pid, "S")
        cell.kill()
        assert process.wait() == -signal.SIGKILL
    for pid in strays:
        assert process_table().started(pid) is None
    cell.ended()
    cell.close()
    way.close()


class OldNews(LinuxProcesses):
    """A table that the first who looks waits for, and so gets as it was."""

    def __init__(self, before: tuple[int, ...], after: tuple[int, ...]) -> None:
        super().__init__()
        self._answers = [after, before]
        self.asked, self.may_answer = threading.Event(), threading.Event()

    def started(self, pid: int) -> str | None:
        return "then"

    def family(self, roots: Collection[int]) -> tuple[int, ...]:
        found = self._answers.pop() if self._answers else tuple(sorted(roots))
        if not self.asked.is_set():
            self.asked.set()
            assert self.may_answer.wait(30)
        return found


class Blind(MemoryWatch):
    """Looks at nobody, so that a test knows who looks when."""

    def watch(self, cell: Watched, limit_bytes: int) -> None:
        pass


def test_who_looked_before_a_process_was_born_does_not_forget_it() -> None:
    leader, daemon = 2_000_000_001, 2_000_000_002
    table = OldNews((leader,), (leader, daemon))
    cell = DutyCell(512, table, Blind(table), 2)
    cell.started(leader)
    with ThreadPoolExecutor(2) as threads:
        early = threads.submit(cell.pids)
        assert table.asked.wait(30)
        late = threads.submit(cell.pids)
        wait([late], 0.2)
        table.may_answer.set()
        assert early.result(30) == (leader,)
        assert daemon in late.result(30)
    assert daemon in cell.pids()


def test_a_process_without_parent_and_environment_is_remembered() -> None:
    """A daemon: seen once below the function's process, it is held and ended although nothing links them any more."""
    way = DutyCycle(process_table())
    cell = way.cell(1, 512)
    script = "env -i setsid sleep 600 & read _; exit 0"
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, start_new_session=True) as process:
        cell.started(process.pid)
        for _ in range(500):
            if len(members := process_table().family([process.pid])) == 2:
                break
            time.sleep(0.01)
        (daemon,) = (pid for pid in members if pid != process.pid)
        assert daemon in cell.pids()
        assert process.stdin is not None
        process.stdin.close()
        # Not reaped yet: the number of the group is not given away before the cell has ended it.
        wait_for_state(process.pid, "Z")
        assert process_table().started(daemon) is not None
        cell.kill()
        assert process_table().started(daemon) is None
        cell.ended()
    cell.close()
    way.close()


def test_duty_cycle_freezes(sleeper: int) -> None:
    watch = MemoryWatch(process_table())
    cell = DutyCell(512, process_table(), watch, 2)
    cell.started(sleeper)
    cell.set_cpu(0.5)
    cell.freeze()
    wait_for_state(sleeper, "T")
    cell.thaw()
    wait_for_state(sleeper, "S")
    assert cell.pids() == (sleeper,)
    assert not cell.out_of_memory()
    cell.close()
    wait_for_state(sleeper, "Z")
    watch.close()
