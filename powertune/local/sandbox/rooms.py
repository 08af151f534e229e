"""Rooms for environments: namespaces with a root folder and a /tmp of their own, where runtimes are started."""

import contextlib
import logging
import marshal
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import powertune
from powertune.local.sandbox import scenery, storage
from powertune.local.sandbox.fitting import WRITABLE, Entry
from powertune.local.sandbox.launcher import FAILED
from powertune.local.sandbox.scenery import interpreter_libraries
from powertune.local.sandbox.storage import FOLDER, IMAGE, MEMORY, RoomError
from powertune.local.system.kernel_clock import Instant

_log = logging.getLogger(__name__)

_PREPARED_S = 30.0
_ROOT = "root"
_IMAGE = "storage"
_TRIAL_MB = 512
_START_WORDS = 3
"""The number of the runtime and two times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is started in a room, and how."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    task_root: Path
    layers: Path | None = None
    cgroups: tuple[Path, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A runtime that began at a moment.

    `process` is the one that ends as the runtime does, in a room the launcher; `leader` is the runtime's own number.
    """

    process: "subprocess.Popen[bytes]"
    leader: int
    at: Instant


class Rooms:
    """All rooms of a server, and the process that keeps their mounts."""

    def __init__(self, folder: Path, *, user: int | None, storage: str, with_user: bool) -> None:
        """Prepare what all rooms share.

        Args:
            folder: an existing folder of the server.
            user: who runs functions; None for the server's own user.
            storage: what /tmp is.
            with_user: whether it takes a user namespace, as without root's rights.

        Raises:
            RoomError: it is not permitted here.
        """
        self.user, self.storage, self._with_user = user, storage, with_user
        self._folder, self._root = folder, folder / _ROOT
        self._root.mkdir(exist_ok=True)
        self._lock = threading.Lock()
        self._keeper = subprocess.Popen(  # noqa: S603 - our own program
            _program("mount_keeper"), cwd="/", env=_clean(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            owner = os.geteuid() if user is None else user
            self.tell("build", str(self._root), list(scenery.common(folder / "accounts", owner)), with_user)
        except RoomError:
            self.close()
            raise

    def room(self, folder: Path, size_mb: int) -> "Room":
        """A new room.

        Args:
            folder: an existing folder of the environment.
            size_mb: how much /tmp holds.

        Raises:
            RoomError: its /tmp cannot be made.
        """
        return Room(self, folder, size_mb)

    def tell(self, order: str, *arguments: Any) -> None:
        """Have the keeper do something.

        Raises:
            RoomError: it failed, or the keeper has ended.
        """
        stdin, stdout = self._keeper.stdin, self._keeper.stdout
        assert stdin is not None
        assert stdout is not None
        with self._lock:
            try:
                stdin.write(marshal.dumps((order, *arguments)))
                stdin.flush()
                answer: str = marshal.load(stdout)  # noqa: S302 - from our own program
            except (OSError, EOFError, ValueError) as error:
                raise RoomError(f"{order}: the keeper of mounts has ended") from error
        if answer:
            raise RoomError(answer)

    def start(self, start: Start, tmp: Path, output: int) -> Started:
        """Start a runtime; `output` is what it writes to. Returns when the runtime's own program begins.

        Raises:
            RoomError: the namespaces cannot be prepared.
            OSError: the command cannot be executed.
        """
        order = marshal.dumps(self._order(start, tmp))
        read_end, write_end = os.pipe()
        try:
            try:
                process = subprocess.Popen(  # noqa: S603 - running the function's code is what this is for
                    [*_program("launcher"), str(write_end)], cwd="/", env=_clean(start.mark), stdin=subprocess.PIPE,
                    stdout=output, stderr=output, pass_fds=(write_end,), start_new_session=True,
                )  # fmt: skip
            finally:
                os.close(write_end)
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(order)
            said = _read_all(read_end)
        finally:
            os.close(read_end)
        return _started(process, said, start.command[0])

    def try_out(self, command: Sequence[str], folder: Path) -> None:
        """Run a command in a room.

        Raises:
            RoomError: it fails; the message has the last line that it wrote.
        """
        code = folder / "code"
        code.mkdir(parents=True)
        start = Start(command=tuple(command), variables={"PATH": os.defpath, **_libraries()}, task_root=code)
        room = None
        try:
            room = self.room(folder, _TRIAL_MB)
            with tempfile.TemporaryFile() as output:
                process = room.start(start, output.fileno()).process
                if process.wait(_PREPARED_S):
                    output.seek(0)
                    words = output.read().decode(errors="replace").strip().splitlines()
                    raise RoomError(f"{command[0]} does not run: {words[-1] if words else process.returncode}")
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise RoomError(f"{command[0]} does not end") from error
        except RoomError:
            raise
        except OSError as error:
            raise RoomError(str(error)) from error
        finally:
            if room is not None:
                room.close()
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of all mounts. Doing so twice is harmless."""
        assert self._keeper.stdin is not None
        with contextlib.suppress(OSError):
            self._keeper.stdin.close()
        self._keeper.wait()
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()

    def _order(self, start: Start, tmp: Path) -> dict[str, Any]:
        entries: list[Entry] = [(WRITABLE, str(tmp), str(scenery.SCRATCH))]
        return {
            "keeper": self._keeper.pid,
            "with_user": self._with_user,
            "user": self.user,
            "root": str(self._root),
            "entries": [*entries, *scenery.own(start.task_root, start.layers)],
            "cgroups": [str(file) for file in start.cgroups],
            "command": list(start.command),
            "variables": dict(start.variables),
            "folder": str(scenery.TASK_ROOT),
        }


class Room:
    """The room of one environment. Its /tmp outlives the runtimes that are started in it, one after the other."""

    def __init__(self, rooms: Rooms, folder: Path, size_mb: int) -> None:
        self._rooms, self._tmp = rooms, folder / "tmp"
        self._tmp.mkdir(mode=0o700, exist_ok=True)
        owner = os.geteuid() if rooms.user is None else rooms.user
        if rooms.storage == IMAGE:
            image = storage.format_image(folder / _IMAGE, size_mb)
            rooms.tell("mount image", storage.find("mount"), str(image), str(self._tmp), owner)
        elif rooms.storage == MEMORY:
            rooms.tell("mount memory", str(self._tmp), size_mb, owner)
        elif rooms.user is not None:
            os.chown(self._tmp, owner, owner)

    def start(self, start: Start, output: int) -> Started:
        """Start a runtime, as `Rooms.start` does."""
        return self._rooms.start(start, self._tmp, output)

    def close(self) -> None:
        """Let go of /tmp; what is in it is gone when the last process has ended."""
        if self._rooms.storage != FOLDER:
            try:
                self._rooms.tell("detach", str(self._tmp))
            except RoomError as error:
                _log.debug("%s", error)


def _program(name: str) -> list[str]:
    """One of ours, started without site-packages, which takes a tenth of the time."""
    place = str(Path(powertune.__file__).parents[1])
    script = f"import sys; sys.path.append({place!r}); from powertune.local.sandbox.{name} import main; main()"
    return [sys.executable, "-I", "-S", "-c", script]


def _clean(mark: str = "") -> dict[str, str]:
    """The environment of a program of ours: nothing of the function's, which has fewer rights than it."""
    name, _, value = mark.partition("=")
    return {**_libraries(), **({name: value} if name else {})}


def _libraries() -> dict[str, str]:
    folders = interpreter_libraries(os.environ)
    return {"LD_LIBRARY_PATH": os.pathsep.join(map(str, folders))} if folders else {}


def _read_all(descriptor: int) -> bytes:
    said = b""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    while waiting.poll(_PREPARED_S * 1000):
        if not (chunk := os.read(descriptor, 4096)):
            return said
        said += chunk
    return f"{FAILED}not prepared after {_PREPARED_S:g} s".encode()


def _started(process: "subprocess.Popen[bytes]", said: bytes, command: str) -> Started:
    """What the launcher says.

    Raises:
        RoomError: it could not prepare.
        OSError: the command could not be executed.
    """
    words = said.decode(errors="replace")
    numbers = [int(word) for word in words.split() if word.isdigit()]
    if len(numbers) == _START_WORDS and not words.startswith(FAILED):
        leader, clock_ns, kernel_ns = numbers
        return Started(process, leader, Instant(clock=clock_ns / 1e9, kernel_ns=kernel_ns))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if len(numbers) == _START_WORDS + 1 and not words.startswith(FAILED):
        raise OSError(numbers[-1], os.strerror(numbers[-1]), command)
    raise RoomError(words.removeprefix(FAILED) or "the launcher ended without a word")
