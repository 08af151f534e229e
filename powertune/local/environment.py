"""One execution environment: a process that runs a function's code, one event at a time."""

import math
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from powertune.local import endings, runtimes
from powertune.local.accounts import Account
from powertune.local.code_cache import CodeCache
from powertune.local.containment import Cell
from powertune.local.endings import Ended
from powertune.local.functions import Function
from powertune.local.keys import AccessKey
from powertune.local.outputs import Line, Output, Outputs
from powertune.local.processes import MIB, ProcessTable
from powertune.local.runtime_api import Answer, Event, RuntimeApi

_LAST_WORDS_S = 2.0
"""How long a runtime that posted an init error may take to exit by itself."""

LEADER_FILE = "leader"
_SCRATCH = "tmp"


class Closing(Exception):
    """The server is ending: nothing is started any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What all environments share."""

    code: CodeCache
    outputs: Outputs
    processes: ProcessTable
    folder: Path
    endpoint_url: str
    access_key: AccessKey = field(default_factory=AccessKey.random_temporary)
    account: Account | None = None
    python_client: str = "auto"


class _Phase(Enum):
    DOWN = auto()
    STARTING = auto()
    READY = auto()
    RUNNING = auto()
    FINISHING = auto()


class Environment:
    """The process, its Runtime API and its cell. Used by one invocation at a time."""

    def __init__(self, function: Function, number: int, cell: Cell, world: World) -> None:
        self.function, self._cell, self._world = function, cell, world
        self.log_stream = function.new_log_stream(time.time(), os.urandom(16).hex())
        self.used_before = False
        self._folder = world.folder / str(number)
        self._folder.mkdir(parents=True)
        own = os.geteuid()
        self._api = RuntimeApi(self, {own} if world.account is None else {own, world.account.uid})
        self._starting = threading.Lock()
        self._closed = False
        self._changed = threading.Condition()
        self._phase = _Phase.DOWN
        self._process: subprocess.Popen[bytes] | None = None
        self._output: Output | None = None
        self._code: tuple[Path, Path | None] | None = None
        self._init_error: tuple[bytes, str] | None = None
        self._answer: Answer | None = None
        self._at = 0.0
        self._settled: Callable[[], None] | None = None
        self._spare_cpus = max(1.0, function.cpus)
        self._peak_bytes = 0

    @property
    def up(self) -> bool:
        """Whether a runtime is there and waits for an event."""
        with self._changed:
            return self._phase is _Phase.READY

    @property
    def peak_mb(self) -> int:
        """Max Memory Used: over the environment's life, in whole MB, at most the memory size."""
        return min(self.function.memory_mb, math.ceil(self._peak_bytes / MIB))

    # What the runtime does; called by the Runtime API's threads.

    def asked_for_next(self, at: float) -> None:
        """Initialized, or done with what follows an answer."""
        with self._changed:
            if self._phase is _Phase.RUNNING:
                return
            self._phase, self._at = _Phase.READY, at
            self._changed.notify_all()
        self._settle()

    def answered(self, answer: Answer) -> None:
        """The invocation is over. What the runtime does until it asks again is not measured, so it may hurry."""
        with self._changed:
            if self._phase is not _Phase.RUNNING:
                return
            self._phase, self._answer = _Phase.FINISHING, answer
            self._changed.notify_all()
        self._cell.set_cpu(self._spare_cpus)

    def failed_to_initialize(self, payload: bytes, error_type: str) -> None:
        """Remembered until the runtime exits."""
        with self._changed:
            self._init_error = (payload, error_type)
            self._changed.notify_all()

    # What an invocation does with the environment.

    def initialize(self, timeout_s: float, cpus: float, request_id: str) -> Ended:
        """Start the runtime and wait until it asks for an event.

        Raises:
            UnknownRuntime: there is no way to run this runtime here.
            BadPackage: the code or a layer cannot be unpacked.
            Closing: the environment was closed.
        """
        began = time.perf_counter()
        try:
            self._start(cpus)
        except (runtimes.NoEntrypoint, OSError) as error:
            return endings.no_entrypoint(request_id, error)
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._phase is not _Phase.STARTING or self._init_error is not None, timeout_s
            )
            if self._init_error is not None:
                at = time.perf_counter()
                self._changed.wait_for(lambda: self._phase is _Phase.DOWN, _LAST_WORDS_S)
                ended = endings.init_failed((at - began) * 1000, *self._init_error)
            elif not done:
                ended = endings.init_timed_out(timeout_s * 1000)
            elif self._phase is _Phase.READY:
                ended = Ended(duration_ms=(self._at - began) * 1000)
            else:
                ended = self._exited(self._at - began, request_id)
        if ended.ok:
            self._note_peak()
        else:
            self.stop()
        return ended

    def run(self, event: Event, timeout_s: float) -> Ended:
        """Hand an event to the runtime and wait for what it posts, for at most the function's timeout."""
        self._cell.set_cpu(self.function.cpus)
        if not self._begin():
            return self._exited(0.0, event.request_id)
        self._cell.thaw()
        began = time.perf_counter()
        try:
            began = self._api.deliver(event)
        except ConnectionError:
            self.stop()
        with self._changed:
            done = self._changed.wait_for(lambda: self._phase is not _Phase.RUNNING, timeout_s)
            answer = self._answer
        if not done:
            return self._timed_out(event.request_id, timeout_s)
        if answer is None:
            return self._exited(max(0.0, self._at - began), event.request_id)
        self._note_peak()
        return endings.answered(answer, (answer.at - began) * 1000)

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call back once, when the runtime has asked for the next event or has ended."""
        with self._changed:
            self._settled = callback
        self._settle()

    def take_output(self) -> tuple[Line, ...]:
        """What was written since last asked."""
        return () if self._output is None else self._output.take()

    def freeze(self) -> None:
        """Stop the processes until the next event: an idle environment computes nothing."""
        self._cell.freeze()

    def stop(self) -> None:
        """End the runtime; the environment can be initialized again."""
        self._cell.kill()
        with self._changed:
            self._changed.wait_for(lambda: self._phase is _Phase.DOWN, _LAST_WORDS_S)

    def close(self) -> None:
        """End the runtime for good and remove what belongs to it. Doing so twice is harmless."""
        with self._starting:
            closed, self._closed = self._closed, True
        if closed:
            return
        self.stop()
        self._api.close()
        self._cell.close()
        if self._output is not None:
            self._world.outputs.close_one(self._output)
        if self._code is not None:
            self._world.code.release(self.function)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin(self) -> bool:
        """Expect an answer; False when the runtime ended while it was idle."""
        with self._changed:
            if self._phase is not _Phase.READY:
                return False
            self._answer, self._phase = None, _Phase.RUNNING
            return True

    def _start(self, cpus: float) -> None:
        # Whoever closes waits for a start that is under way, so that nothing is left which starts later.
        with self._starting:
            if self._closed:
                raise Closing("the embedded AWS is ending")
            places = self._places()
            command = runtimes.command(self.function, places, self._world.python_client)
            session = runtimes.Session(
                runtime_api=self._api.address,
                endpoint_url=self._world.endpoint_url,
                log_stream=self.log_stream,
                access_key=self._world.access_key,
            )
            variables = runtimes.variables(self.function, places, session, os.environ)
            self._launch(command, places.task_root, variables, cpus)

    def _launch(self, command: tuple[str, ...], task_root: Path, variables: dict[str, str], cpus: float) -> None:
        if self._output is not None:
            self._world.outputs.close_one(self._output)
        self._output = self._world.outputs.open()
        with self._changed:
            self._phase, self._init_error, self._answer = _Phase.STARTING, None, None
        self._cell.set_cpu(cpus)
        try:
            become = () if (account := self._world.account) is None else account.launcher
            if account is not None:
                account.give_pipe(self._output.write_end)
            process = self._spawn((*self._cell.launcher, *become, *command), task_root, variables, self._output)
        except OSError:
            with self._changed:
                self._phase = _Phase.DOWN
            raise
        finally:
            self._output.handed_over()
        self._process = process
        (self._folder / LEADER_FILE).write_text(f"{process.pid} {self._world.processes.started(process.pid)}")
        self._cell.started(process.pid, runtimes.mark(self._folder / _SCRATCH))
        threading.Thread(target=self._wait, args=(process,), name="environment", daemon=True).start()

    @staticmethod
    def _spawn(
        command: tuple[str, ...], folder: Path, variables: dict[str, str], output: Output
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - running the function's code is what this is for
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output.write_end,
            stderr=output.write_end,
            start_new_session=True,
        )

    def _places(self) -> runtimes.Places:
        scratch = self._folder / _SCRATCH
        scratch.mkdir(exist_ok=True)
        if self._world.account is not None:
            self._world.account.give(scratch)
        if self._code is None:
            self._code = self._world.code.claim(self.function)
        task_root, layers = self._code
        return runtimes.Places(task_root=task_root, layers=layers, scratch=scratch)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        if hasattr(os, "waitid"):
            # Without reaping: the group's number must not be given away before the group is ended.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        at = time.perf_counter()
        self._cell.kill()
        self._cell.ended()
        process.wait()
        self._api.disconnect()
        with self._changed:
            self._phase, self._at = _Phase.DOWN, at
            self._changed.notify_all()
        self._settle()

    def _settle(self) -> None:
        with self._changed:
            if self._phase not in (_Phase.READY, _Phase.DOWN):
                return
            callback, self._settled = self._settled, None
        if callback is not None:
            callback()

    def _note_peak(self) -> None:
        self._peak_bytes = max(self._peak_bytes, self._cell.peak_bytes())

    def _timed_out(self, request_id: str, timeout_s: float) -> Ended:
        self._note_peak()
        self.stop()
        return endings.timed_out(timeout_s * 1000, request_id, self.function.timeout_s)

    def _exited(self, seconds: float, request_id: str) -> Ended:
        out_of_memory = self._cell.out_of_memory()
        if out_of_memory:
            self._peak_bytes = self.function.memory_mb * MIB
        code = self._process.returncode if self._process is not None else 1
        return endings.exited(seconds * 1000, request_id, code, out_of_memory=out_of_memory)
