"""Who gets which processor, and how many there are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.system import cores
from powertune.local.system.cores import Cores, available_cores


@pytest.mark.long
@given(st.sets(st.integers(0, 255), min_size=1), st.floats(0.1, 300))
def test_functions_and_the_server_never_share_where_there_are_two(numbers: set[int], capacity: float) -> None:
    divided = Cores.divide(numbers, capacity)
    assert {*divided.harness, *divided.functions} <= numbers
    assert divided.functions
    if len(numbers) > 1:
        assert set(divided.harness).isdisjoint(divided.functions)
        assert len(divided.functions) <= max(1, capacity - 1)


def test_a_large_share_reaches_out_to_the_servers_processor() -> None:
    divided = Cores.divide((0, 1), 2.0)
    assert divided.affinity((1,), 1.0) == {1}
    assert divided.affinity((1,), 1.7) == {0, 1}
    assert Cores.divide((0, 1, 2, 3), 4.0).affinity((2, 3), 1.7) == {2, 3}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has processor affinity")
def test_what_is_started_inherits_the_processors_and_the_starter_gets_its_own_back() -> None:
    before = cores.usable_numbers()
    with cores.pinned(before[-1:]):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert cores.usable_numbers() == before
        assert os.sched_getaffinity(child.pid) == {before[-1]}
        cores.pin_process(child.pid, before)
        assert os.sched_getaffinity(child.pid) == set(before)
        cores.pin_process(child.pid, [9999])
        assert os.sched_getaffinity(child.pid) == set(before)
    finally:
        child.kill()
        child.wait()
    cores.pin_process(child.pid, before)


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
