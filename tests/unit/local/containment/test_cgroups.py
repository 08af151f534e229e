"""Cgroups of both versions, in a folder that imitates them; which containment is chosen."""

import os
import subprocess
from pathlib import Path

import pytest
from function_processes import wait_for_state

from powertune.errors import UsageError
from powertune.local.containment import cell, cgroup, cgroup_v1, cgroup_v2
from powertune.local.containment.choice import choose
from powertune.local.containment.memory_watch import MemoryWatch
from powertune.local.system.owners import Owner
from powertune.local.system.processes import (
    MIB,
    process_table,
)

OWNER = Owner("1", 2, "3")


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
    assert cell.pids() == (sleeper,)
    assert not cell.out_of_memory()
    # Who has ended while they were stopped is not told to go on: the number may be somebody else's by then.
    cell.freeze()
    cell.ended()
    cell.thaw()
    wait_for_state(sleeper, "T")
    cell.started(sleeper)
    cell.freeze()
    cell.thaw()
    wait_for_state(sleeper, "S")
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
    assert cell.pids() == ()
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
    watch = MemoryWatch(process_table())
    cell = cgroup_v2.V2Cell(tmp_path / "c", 1, False, watch)
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
    assert cell.PERIOD_S == 0.02


def test_reaping_cgroups(tmp_path: Path) -> None:
    root = v1(tmp_path, "cpu")
    found = cgroup_v1.probe(root, "", Owner.current(process_table()), process_table())
    assert found is not None
    dead = root / "cpu" / Owner(process_table().namespace(), os.getpid(), "1").name
    (dead / "env-1").mkdir(parents=True)
    found.reap()
    assert not dead.exists()
    found.close()
