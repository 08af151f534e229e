"""Only records that this user wrote name a process to kill."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from function_processes import wait_for_state

from powertune.local.runtime import janitor
from powertune.local.system.owners import Owner
from powertune.local.system.processes import (
    process_table,
)


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
