"""Cgroups of both versions in a folder that imitates them, the duty cycle's arithmetic, and who owns what."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import UsageError
from powertune.local import cgroup, cgroup_v1, cgroup_v2, containment, janitor
from powertune.local.containment import available_cores, choose
from powertune.local.duty_cycle import Budget, DutyCell, DutyCycle
from powertune.local.memory_watch import MemoryWatch
from powertune.local.owners import Owner, remains
from powertune.local.processes import (
    MIB,
    LinuxProcesses,
    PortableProcesses,
    process_table,
    signal_all,
    signal_group,
)

OWNER = Owner("1", 2, "3")


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process group of its own, that sleeps."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process.pid
        process.kill()


@pytest.fixture(autouse=True)
def joinable(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that imitates cgroups, a process that ended would stay a member, and its number be signalled."""
    monkeypatch.setattr(cgroup, "can_join", lambda folders: all(folder.is_dir() for folder in folders))


def v1(root: Path, *controllers: str) -> Path:
    for controller in controllers:
        (root / controller).mkdir(parents=True)
        (root / controller / "cgroup.procs").write_text("")
    return root


def test_v1_layout(tmp_path: Path) -> None:
    found = cgroup_v1.probe(v1(tmp_path, "cpu", "memory"), "", OWNER, process_table())
    assert found is not None
    cell = found.cell(7, 256)
    cpu, memory = tmp_path / "cpu/powertune-1-2-3/env-7", tmp_path / "memory/powertune-1-2-3/env-7"
    assert (cpu / "cpu.cfs_period_us").read_text() == "20000"
    assert (memory / "memory.limit_in_bytes").read_text() == str(256 * MIB)
    for cpus, quota in ((1.0, "20000"), (128 / 1769, "1447"), (0.001, "1000"), (2.5, "50000")):
        cell.set_cpu(cpus)
        assert (cpu / "cpu.cfs_quota_us").read_text() == quota
    assert cell.launcher[-2:] == (str(cpu / "cgroup.procs"), str(memory / "cgroup.procs"))
    output = subprocess.run([*cell.launcher, "echo", "inside"], capture_output=True, text=True, check=True).stdout
    assert output == "inside\n"
    assert (cpu / "cgroup.procs").read_text() == (memory / "cgroup.procs").read_text()
    (cpu / "cgroup.procs").write_text("")
    (memory / "cgroup.procs").write_text("")
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    cell.started(1)
    assert not cell.out_of_memory()
    (memory / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert cell.out_of_memory()
    cell.ended()
    found.close()


def test_v1_signals_and_measures_its_members(tmp_path: Path, sleeper: int) -> None:
    found = cgroup_v1.probe(v1(tmp_path, "cpu"), "", OWNER, process_table())
    assert found is not None
    cell = found.cell(1, 256)
    (tmp_path / "cpu/powertune-1-2-3/env-1/cgroup.procs").write_text(f"{sleeper}\n0\n")
    cell.started(sleeper)
    cell.freeze()
    wait_for_state(sleeper, "T")
    cell.thaw()
    wait_for_state(sleeper, "S")
    assert 0 < cell.peak_bytes() < 64 * MIB
    assert not cell.out_of_memory()
    (tmp_path / "cpu/powertune-1-2-3/env-1/cgroup.procs").write_text("")
    cell.close()
    found.close()


def test_v1_below_our_own_cgroup(tmp_path: Path) -> None:
    root = v1(tmp_path, "cpu", "memory", "cpu/mine", "memory/mine")
    for controller in ("cpu", "memory"):
        (root / controller / "powertune-1-2-3").write_text("a file, so that the root is not writable")
    found = cgroup_v1.probe(root, "4:memory:/mine\n1:cpu:/mine\n", OWNER, process_table())
    assert found is not None
    assert (root / "cpu/mine/powertune-1-2-3").is_dir()
    found.close()
    assert cgroup_v1.probe(root, "", OWNER, process_table()) is None


def test_v1_is_not_there(tmp_path: Path) -> None:
    assert cgroup_v1.probe(tmp_path, "1:cpu:/", OWNER, process_table()) is None


def v2(root: Path, *folders: str, controllers: str = "cpu memory") -> Path:
    for folder in ("", *folders):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "cgroup.controllers").write_text(controllers)
        (root / folder / "cgroup.subtree_control").write_text(controllers)
    return root


def test_v2_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = v2(tmp_path, "user.slice", "user.slice/app.scope")
    monkeypatch.setattr(Path, "mkdir", mkdir_as_cgroup2)
    found = cgroup_v2.probe(root, "0::/user.slice/app.scope\n", OWNER, process_table())
    assert found is not None
    own = root / "user.slice/app.scope/powertune-1-2-3"
    cell = found.cell(7, 256)
    folder = own / "env-7"
    assert (folder / "memory.max").read_text() == str(256 * MIB)
    assert (folder / "memory.swap.max").read_text() == "0"
    assert (folder / "memory.oom.group").read_text() == "1"
    cell.set_cpu(128 / 1769)
    assert (folder / "cpu.max").read_text() == "1447 20000"
    assert cell.launcher[-1] == str(folder / "cgroup.procs")
    cell.started(1)
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    assert cell.out_of_memory()
    cell.freeze()
    cell.thaw()
    assert cell.peak_bytes() == 0
    cell.kill()
    assert (folder / "cgroup.kill").read_text() == "1"
    cell.ended()
    cell.close()
    found.reap()
    found.close()


REAL_MKDIR = Path.mkdir


def mkdir_as_cgroup2(path: Path, *args: object) -> None:
    """A cgroup has its files from birth."""
    REAL_MKDIR(path)
    for name in ("cgroup.procs", "cgroup.kill", "memory.swap.max"):
        (path / name).write_text("")
    (path / "cgroup.subtree_control").write_text("cpu memory" if path.name.startswith("powertune") else "")


def test_v2_climbs_to_an_ancestor_that_may_have_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = v2(tmp_path, "slice", "slice/scope")
    (root / "slice/scope/powertune-1-2-3").write_text("in the way")
    (root / "slice/scope/cgroup.controllers").write_text("memory")
    monkeypatch.setattr(Path, "mkdir", mkdir_as_cgroup2)
    found = cgroup_v2.probe(root, "0::/slice/scope\n", OWNER, process_table())
    assert found is not None
    assert (root / "slice/powertune-1-2-3").is_dir()


def test_v2_without_the_memory_controller_watches(tmp_path: Path, sleeper: int) -> None:
    processes, watch = process_table(), MemoryWatch(process_table())
    cell = cgroup_v2.V2Cell(tmp_path / "c", 1, False, processes, watch)
    cell.started(sleeper)
    (tmp_path / "c/cgroup.procs").write_text(str(sleeper))
    assert not cell.out_of_memory()
    watch.forget(cell)
    watch.close()


def test_v2_is_not_usable(tmp_path: Path) -> None:
    assert cgroup_v2.probe(tmp_path, "", OWNER, process_table()) is None
    assert cgroup_v2.probe(v2(tmp_path, controllers="pids"), "", OWNER, process_table()) is None
    assert cgroup_v2.probe(v2(tmp_path / "x"), "0::/gone\n", OWNER, process_table()) is None


def test_choice(tmp_path: Path) -> None:
    def choice(wanted: str, root: Path) -> str:
        table = process_table()
        found = choose(
            wanted, OWNER, table, v1_mounts=root, v2_mount=tmp_path / "none", self_cgroup=tmp_path / "none"
        )
        found.close()
        return found.name

    assert choice("auto", v1(tmp_path / "a", "cpu")) == "cgroup v1"
    assert choice("auto", tmp_path / "none") == "duty cycle"
    assert choice("duty cycle", v1(tmp_path / "b", "cpu")) == "duty cycle"
    for impossible in ("cgroup v2", "cgroup v1", "magic"):
        with pytest.raises(UsageError, match="is not available here"):
            choice(impossible, tmp_path / "none")


def test_cores_are_bounded_by_our_own_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert available_cores("", (tmp_path,)) >= 1
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    everything = available_cores("", (tmp_path,))
    assert everything == 2
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/cpu.max").write_text("50000 100000")
    (tmp_path / "a/b/cpu.max").write_text("max 100000")
    assert available_cores("0::/a/b\n", (tmp_path,)) == 0.5
    (tmp_path / "a/cpu.max").write_text("150000 100000")
    assert available_cores("0::/a/b\n", (tmp_path,)) == 1.5
    (tmp_path / "a/cpu.max").write_text("50000 100000")
    (tmp_path / "cpu/c").mkdir(parents=True)
    (tmp_path / "cpu/c/cpu.cfs_quota_us").write_text("25000\n")
    (tmp_path / "cpu/c/cpu.cfs_period_us").write_text("100000\n")
    assert available_cores("1:cpu:/c\n", (tmp_path,)) == 0.25
    (tmp_path / "cpu/c/cpu.cfs_quota_us").write_text("-1\n")
    assert available_cores("1:cpu:/c\n", (tmp_path,)) == everything


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


def test_duty_cycle_lets_a_process_come_to_its_end() -> None:
    way = DutyCycle(process_table())
    cell = way.cell(1, 512)
    assert cell.launcher == ()
    cell.set_cpu(0.4)
    with subprocess.Popen([sys.executable, "-c", BURN], start_new_session=True) as process:
        cell.started(process.pid)
        assert process.wait() == 0
    cell.ended()
    assert cell.peak_bytes() == 0
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
        assert cell.peak_bytes() > 0
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
        assert cell.peak_bytes() > 0
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
    assert cell.peak_bytes() > 0
    assert not cell.out_of_memory()
    cell.close()
    wait_for_state(sleeper, "Z")
    watch.close()


def test_memory_watch(sleeper: int) -> None:
    class Hog:
        killed = 0

        def pids(self) -> tuple[int, ...]:
            return (sleeper,)

        def kill(self) -> None:
            self.killed += 1

    watch, hog = MemoryWatch(process_table()), Hog()
    watch.watch(hog, 1)
    watch.check()
    assert hog.killed
    assert watch.exceeded(hog)
    watch.watch(hog, 1 << 40)
    assert not watch.exceeded(hog)
    watch.forget(hog)
    watch.close()


def wait_for_state(pid: int, letter: str) -> None:
    for _ in range(500):
        if f") {letter} " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.01)
    raise AssertionError(Path(f"/proc/{pid}/stat").read_text())


@pytest.mark.parametrize("table", [LinuxProcesses(), PortableProcesses()])
def test_process_tables(table: LinuxProcesses | PortableProcesses, sleeper: int) -> None:
    own = os.getpid()
    assert table.started(own) == table.started(own) is not None
    assert table.namespace().isdigit()
    assert table.family([sleeper]) == (sleeper,)
    assert sleeper in table.family([own])
    assert 0 < table.rss(own) <= table.peak_rss(own) + 64 * MIB
    assert table.cpu_seconds(own) > 0
    gone = 2**22 - 7
    assert table.started(gone) is None
    assert table.rss(gone) == table.peak_rss(gone) == table.cpu_seconds(gone) == 0
    assert not signal_group(gone, signal.SIGCONT)
    signal_all([gone], signal.SIGCONT)


def test_no_process_file_system(tmp_path: Path) -> None:
    assert LinuxProcesses(tmp_path).namespace() == "0"


def test_owners(tmp_path: Path, sleeper: int) -> None:
    table = process_table()
    alive = Owner.current(table)
    dead = Owner(alive.namespace, alive.pid, "1")
    foreign = Owner("99", alive.pid, "1")
    assert Owner.parse(alive.name) == alive
    for name in (alive.name, dead.name, foreign.name, "powertune-unrelated", "other"):
        (tmp_path / name).mkdir()
    assert [path.name for path in remains(tmp_path, table)] == [dead.name]
    assert list(remains(tmp_path / "nowhere", table)) == []
    records = tmp_path / dead.name / janitor.ENVIRONMENTS
    recycled = os.getpid()
    for number, record in enumerate((f"{sleeper} {table.started(sleeper)}", f"{recycled} 1", "nonsense")):
        (records / str(number)).mkdir(parents=True)
        (records / str(number) / "leader").write_text(record)
    janitor.reap(tmp_path, table)
    wait_for_state(sleeper, "Z")
    assert not (tmp_path / dead.name).exists()
    assert (tmp_path / alive.name).exists()


def dead_server(place: Path, victim: int) -> Path:
    """A folder as a dead server leaves it, whose record names a process."""
    table = process_table()
    folder = place / Owner(table.namespace(), os.getpid(), "1").name
    (folder / janitor.ENVIRONMENTS / "1").mkdir(parents=True)
    (folder / janitor.ENVIRONMENTS / "1/leader").write_text(f"{victim} {table.started(victim)}")
    folder.chmod(0o755)
    return folder


def test_a_link_names_nobody_to_kill(tmp_path: Path, sleeper: int) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "place").mkdir()
    folder = dead_server(tmp_path / "elsewhere", sleeper)
    (tmp_path / "place" / folder.name).symlink_to(folder)
    janitor.reap(tmp_path / "place", process_table())
    assert process_table().started(sleeper) is not None
    assert folder.exists()


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_folder_that_others_may_write_to_names_nobody_to_kill(tmp_path: Path, sleeper: int, mode: int) -> None:
    folder = dead_server(tmp_path, sleeper)
    folder.chmod(mode)
    janitor.reap(tmp_path, process_table())
    assert process_table().started(sleeper) is not None
    assert folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_names_nobody_to_kill(tmp_path: Path, sleeper: int) -> None:
    folder = dead_server(tmp_path, sleeper)
    os.chown(folder, 65534, 65534)
    janitor.reap(tmp_path, process_table())
    assert process_table().started(sleeper) is not None
    assert folder.exists()
    os.chown(folder, 0, 0)
    janitor.reap(tmp_path, process_table())
    wait_for_state(sleeper, "Z")


def test_a_process_that_left_its_group_is_known_by_its_folder(tmp_path: Path) -> None:
    folder = dead_server(tmp_path, 2**22 - 7)
    environment = {**os.environ, "LAMBDA_RUNTIME_DIR": str(folder / janitor.ENVIRONMENTS / "1/tmp")}
    with subprocess.Popen(["sleep", "600"], start_new_session=True, env=environment) as process:
        janitor.reap(tmp_path, process_table())
        assert process.wait() == -signal.SIGKILL


def test_cgroup_removal(tmp_path: Path, sleeper: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "REMOVAL_ATTEMPTS", 2)
    folder = tmp_path / "g"
    (folder / "child").mkdir(parents=True)
    cgroup.remove(folder)
    assert not folder.exists()
    cgroup.remove(folder)
    folder.mkdir()
    (folder / "cgroup.procs").write_text(str(sleeper))
    cgroup.bury(folder)
    wait_for_state(sleeper, "Z")
    assert cgroup.counter(folder / "nothing", "oom_kill") == 0
    assert containment.PERIOD_S == 0.02


def test_reaping_cgroups(tmp_path: Path) -> None:
    root = v1(tmp_path, "cpu")
    found = cgroup_v1.probe(root, "", Owner.current(process_table()), process_table())
    assert found is not None
    dead = root / "cpu" / Owner(process_table().namespace(), os.getpid(), "1").name
    (dead / "env-1").mkdir(parents=True)
    found.reap()
    assert not dead.exists()
    found.close()
