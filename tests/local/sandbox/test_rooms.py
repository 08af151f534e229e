"""Rooms without a server around them, in each way that this machine permits; and the choice between the ways."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from powertune.errors import UsageError
from powertune.local.sandbox import scenery
from powertune.local.sandbox.choice import choose
from powertune.local.sandbox.fitting import EMPTY, LINK, SEAL, SHOW
from powertune.local.sandbox.rooms import Rooms, Start
from powertune.local.sandbox.storage import FOLDER, IMAGE, MEMORY, RoomError
from powertune.local.settings import Settings
from powertune.local.system.kernel_clock import Instant

AS_ROOT = os.geteuid() == 0
WAYS = [(storage, with_user) for with_user in (False, True) for storage in (IMAGE, MEMORY, FOLDER)]
OTHER = 2_000_000_001


@pytest.fixture(params=[way for way in WAYS if way != (IMAGE, True)], ids=str)
def rooms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rooms]:
    storage, with_user = request.param
    try:
        rooms = Rooms(tmp_path, user=None if with_user else OTHER, storage=storage, with_user=with_user)
    except RoomError as error:
        pytest.skip(str(error))
    yield rooms
    rooms.close()
    rooms.close()


def run(rooms: Rooms, folder: Path, script: str, *, times: int = 1) -> list[tuple[int, str]]:
    """Run a shell script in one room, one process after the other; returns how each ended, and what it said."""
    (folder / "code").mkdir(parents=True)
    (folder / "code/file").write_text("mine\n")
    room, ends = rooms.room(folder, 512), []
    for _ in range(times):
        with (folder / "output").open("wb") as output:
            start = Start(command=("/bin/sh", "-c", script), variables={"A": "b"}, task_root=folder / "code")
            process = room.start(start, output.fileno()).process
        ends.append((process.wait(30), (folder / "output").read_text()))
    room.close()
    return ends


def test_what_is_in_a_room(rooms: Rooms, tmp_path: Path) -> None:
    script = "cat file; pwd; echo /proc/[0-9]*; test -w /var/task || echo sealed; env"
    ((status, said),) = run(rooms, tmp_path / "1", script)
    assert status == 0
    assert said.startswith("mine\n/var/task\n/proc/1 /proc/2\nsealed\n")
    assert set(said.splitlines()[4:]) <= {"A=b", "PWD=/var/task", "_=/usr/bin/env", "OLDPWD=/"}


def test_when_what_runs_in_a_room_began(rooms: Rooms, tmp_path: Path) -> None:
    """Neither when the room was asked for, nor when the server saw it."""
    (tmp_path / "1/code").mkdir(parents=True)
    room, before = rooms.room(tmp_path / "1", 512), Instant.now(time.time_ns())
    with (tmp_path / "1/output").open("wb") as output:
        command = ("/bin/sh", "-c", "date +%s%N")
        started = room.start(Start(command=command, variables={}, task_root=tmp_path / "1/code"), output.fileno())
    assert started.process.wait(30) == 0
    room.close()
    assert before.clock < started.at.clock < time.perf_counter()
    assert before.kernel_ns is not None
    assert started.at.kernel_ns is not None
    assert before.kernel_ns < started.at.kernel_ns < int((tmp_path / "1/output").read_text())


def test_tmp_stays_in_its_room(rooms: Rooms, tmp_path: Path) -> None:
    script = "find /tmp -maxdepth 1 -type f -printf '%f\\n'; echo x > /tmp/kept"
    assert run(rooms, tmp_path / "1", script, times=2) == [(0, ""), (0, "kept\n")]
    assert run(rooms, tmp_path / "2", script) == [(0, "")]
    if rooms.storage != FOLDER:
        assert list((tmp_path / "1/tmp").iterdir()) == []


def test_tmp_is_full_where_it_has_a_size(rooms: Rooms, tmp_path: Path) -> None:
    ((status, said),) = run(rooms, tmp_path / "1", "fallocate -l 600M /tmp/large || stat -c %s /tmp/large")
    assert (status, "No space left on device" in said) == (0, rooms.storage != FOLDER)


def test_how_a_process_ended_is_told(rooms: Rooms, tmp_path: Path) -> None:
    assert run(rooms, tmp_path / "1", "exit 7") == [(7, "")]
    assert run(rooms, tmp_path / "2", "kill -9 $$") == [(-9, "")]
    with pytest.raises(RoomError, match="/bin/sh does not run: no such thing"):
        rooms.try_out(("/bin/sh", "-c", "echo no such thing >&2; exit 1"), tmp_path / "3")
    with pytest.raises(RoomError, match="/nowhere"):
        rooms.try_out(("/nowhere",), tmp_path / "4")
    rooms.try_out(("/bin/true",), tmp_path / "5")
    assert not (tmp_path / "5").exists()


def test_a_keeper_that_has_ended_is_told(rooms: Rooms, tmp_path: Path) -> None:
    rooms.close()
    with pytest.raises(RoomError, match="the keeper of mounts has ended"):
        rooms.tell("detach", str(tmp_path))


def test_an_order_that_fails_is_told(rooms: Rooms, tmp_path: Path) -> None:
    with pytest.raises(RoomError, match="unmount"):
        rooms.tell("detach", str(tmp_path / "nowhere"))
    start = Start(command=("/bin/true",), variables={}, task_root=Path("/nowhere"))
    with (tmp_path / "output").open("wb") as output, pytest.raises(RoomError, match="bind /nowhere"):
        rooms.start(start, tmp_path, output.fileno())


def test_without_namespaces_a_note_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    found = choose(Settings(), tmp_path, memory_is_limited=False, is_root=False)
    assert (found.rooms, found.note) == (None, "functions see this machine's processes and /tmp: this is not Linux")
    found.close()
    with pytest.raises(UsageError, match="namespaces of their own here: this is not Linux"):
        choose(Settings(sandbox="namespaces"), tmp_path, memory_is_limited=False, is_root=False)
    assert choose(Settings(sandbox="off"), tmp_path, memory_is_limited=False, is_root=False).note is None


@pytest.mark.skipif(not AS_ROOT, reason="file systems in files take root")
def test_the_next_best_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory, unless a cgroup would count it; then in a folder, and a note says that this has no size."""
    best = choose(Settings(), tmp_path, memory_is_limited=True)
    assert best.rooms is not None
    assert (best.rooms.storage, best.rooms.user, best.note) == (IMAGE, 2_000_000_000 + os.getpid(), None)
    best.close()
    monkeypatch.setattr("powertune.local.sandbox.storage._PLACES_OF_PROGRAMS", str(tmp_path))
    for limited, storage, note in ((False, MEMORY, None), (True, FOLDER, "EphemeralStorage does not limit /tmp")):
        found = choose(Settings(), tmp_path, memory_is_limited=limited)
        assert found.rooms is not None
        assert found.rooms.storage == storage
        assert (found.note is None) if note is None else str(found.note).startswith(note)
        found.close()
    own = choose(Settings(function_user="own"), tmp_path, memory_is_limited=False)
    assert own.rooms is not None
    assert own.rooms.user is None
    own.close()


def test_of_a_project_only_the_package_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(scenery.__file__).parents[2]
    monkeypatch.setattr(sys, "path", [str(package.parent), str(tmp_path), str(tmp_path / "nowhere"), "relative"])
    shown = scenery.interpreter()
    assert package in shown
    assert package.parent not in shown
    assert tmp_path in shown
    assert tmp_path / "nowhere" not in shown


def test_an_interpreter_in_opt_leaves_room_for_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("prefix", "base_prefix", "exec_prefix"):
        monkeypatch.setattr(sys, name, "/opt/python/3.11")
    (tmp_path / "python").mkdir()
    (tmp_path / "link").symlink_to("python")
    entries = scenery.own(Path("/code"), tmp_path)
    assert entries[:2] == ((SHOW, "/code", "/var/task"), (EMPTY, "", "/opt"))
    assert (LINK, "python", "/opt/link") in entries
    assert (SHOW, str(tmp_path / "python"), "/opt/python") in entries
    assert (SHOW, "/opt/python/3.11", "/opt/python/3.11") in entries
    assert entries[-1] == (SEAL, "", "/opt")
    assert not any(place.startswith("/opt/") for _, _, place in scenery.common(tmp_path / "accounts", 1))
