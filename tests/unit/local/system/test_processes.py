"""Tables of processes, with and without a process file system."""

import os
import signal
from pathlib import Path

import pytest

from powertune.local.system.processes import (
    MIB,
    LinuxProcesses,
    PortableProcesses,
    read_file,
    signal_all,
    signal_group,
)


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


def test_a_file_longer_than_one_read(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"0123456789" * 10_000)
    assert read_file(str(tmp_path / "long")) == b"0123456789" * 10_000
