"""One execution environment: which phase its runtime is in, and how an initialization or an invocation ends."""

import contextlib
import math
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto

from powertune.local.containment import contention
from powertune.local.containment.cell import Cell
from powertune.local.containment.contention import Snapshot
from powertune.local.functions import Function
from powertune.local.runtime import outcomes, runtimes
from powertune.local.runtime.outcomes import Ended
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.process import RuntimeProcess
from powertune.local.runtime.runtime_api import Answer, Event, RuntimeApi
from powertune.local.runtime.world import Closing, World
from powertune.local.system import cores
from powertune.local.system.kernel_clock import Instant
from powertune.local.system.processes import MIB

_LAST_WORDS_S = 2.0
"""How long a runtime that posted an init error may take to exit by itself."""


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
        self.unreported_init_ms: float | None = None
        self._runtime = RuntimeProcess(function, world.folder / str(number), cell, world)
        self._api = RuntimeApi(self, {os.geteuid(), *world.users})
        self._starting = threading.Lock()
        self._closed = False
        self._changed = threading.Condition()
        self._phase = _Phase.DOWN
        self._init_error: tuple[bytes, str] | None = None
        self._answer: Answer | None = None
        self._at_answer: Snapshot | None = None
        self._resting: Snapshot | None = None
        self._at = Instant(clock=0.0)
        self._settled: Callable[[], None] | None = None
        self._spare_cpus = max(1.0, function.cpus)
        self._peak_bytes = 0
        self._numbers: frozenset[int] = frozenset()
        # The seconds spent on starting runtimes, and since when one is being started.
        self._preparation: tuple[float, float | None] = (0.0, None)

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

    def asked_for_next(self, at: Instant) -> None:
        """Initialized, or done with what follows an answer."""
        with self._changed:
            if self._phase is _Phase.RUNNING:
                return
            self._phase, self._at = _Phase.READY, at
            self._changed.notify_all()
        self._settle()

    def answered(self, answer: Answer) -> None:
        """The invocation is over. What the runtime does until it asks again is not measured, so it may hurry.

        The counters are read here, while the runtime waits for its response to be acknowledged and no other thread
        wants the interpreter.
        """
        with self._changed:
            if self._phase is not _Phase.RUNNING:
                return
            pids = self._cell.pids()
            self._note_peak(pids)
            self._phase, self._answer, self._at_answer = _Phase.FINISHING, answer, self._count(pids)
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
        try:
            with self._preparing():
                began = self._start(cpus)
        except (runtimes.NoEntrypoint, OSError) as error:
            return outcomes.no_entrypoint(request_id, error)
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._phase is not _Phase.STARTING or self._init_error is not None, timeout_s
            )
            if self._init_error is not None:
                at = Instant.now()
                self._changed.wait_for(lambda: self._phase is _Phase.DOWN, _LAST_WORDS_S)
                ended = outcomes.init_failed(began.until_ms(at), *self._init_error)
            elif not done:
                ended = outcomes.init_timed_out(timeout_s * 1000)
            elif self._phase is _Phase.READY:
                ended = Ended(duration_ms=began.until_ms(self._at))
            else:
                ended = self._exited(began.until_ms(self._at), request_id)
        if ended.ok:
            self._note_peak(self._cell.pids())
        else:
            self.stop()
        return ended

    def run(self, event: Event, timeout_s: float) -> Ended:
        """Hand an event to the runtime and wait for what it posts, for at most the function's timeout."""
        self._cell.set_cpu(self.function.cpus)
        if not self._begin():
            return self._exited(0.0, event.request_id)
        self._resting = None
        self._cell.thaw()
        began = Instant.now()
        try:
            began = self._api.deliver(event)
        except ConnectionError:
            self.stop()
        with self._changed:
            done = self._changed.wait_for(lambda: self._phase is not _Phase.RUNNING, timeout_s)
            answer, counters = self._answer, self._at_answer
        if not done:
            return self._timed_out(event.request_id, timeout_s)
        if answer is None:
            return self._exited(max(0.0, began.until_ms(self._at)), event.request_id)
        return outcomes.answered(answer, began.until_ms(answer.at), counters)

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call back once, when the runtime has asked for the next event or has ended."""
        with self._changed:
            self._settled = callback
        self._settle()

    def place(self, numbers: frozenset[int]) -> None:
        """Run on these processors from now on."""
        if numbers == self._numbers:
            return
        self._numbers = numbers
        for pid in self._cell.pids():
            cores.pin_process(pid, numbers)

    def wanted_ms(self) -> float:
        """The CPU time that the present processes used or waited for, and the time it took to start them, in ms.

        One that is being started does not stand still, although it has no process yet.
        """
        prepared_s, since = self._preparation
        if since is not None:
            prepared_s += time.perf_counter() - since
        pids = self._cell.pids()
        used_s = sum(self._world.processes.cpu_seconds(pid) for pid in pids)
        return (used_s + prepared_s) * 1000 + sum(contention.waited_ms(pids).values())

    def stolen_ms(self) -> float:
        """How long the host has run something else on the processors of this environment, in ms."""
        return self._world.stolen.of(self._numbers)

    def counters(self) -> Snapshot:
        """What the kernel counts of the processes, which does not change while they stand still."""
        return self._resting or self._count(self._cell.pids())

    def _count(self, pids: tuple[int, ...]) -> Snapshot:
        return Snapshot(
            cpu_ms=sum(self._world.processes.cpu_seconds(pid) for pid in pids) * 1000,
            waited_ms=contention.waited_ms(pids),
            throttling=self._cell.throttling(),
        )

    def take_output(self) -> tuple[Line, ...]:
        """What was written since last asked."""
        return self._runtime.take_output()

    def freeze(self) -> None:
        """Stop the processes until the next event: an idle environment computes nothing.

        Its counters are read here, where nobody waits for them.
        """
        self._cell.freeze()
        self._resting = self._count(self._cell.pids())

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
        self._runtime.close()

    def _begin(self) -> bool:
        """Expect an answer; False when the runtime ended while it was idle."""
        with self._changed:
            if self._phase is not _Phase.READY:
                return False
            self._answer, self._phase = None, _Phase.RUNNING
            return True

    @contextlib.contextmanager
    def _preparing(self) -> Iterator[None]:
        before_s, began = self._preparation[0], time.perf_counter()
        self._preparation = (before_s, began)
        try:
            yield
        finally:
            self._preparation = (before_s + time.perf_counter() - began, None)

    def _start(self, cpus: float) -> Instant:
        """Returns when the runtime began. Preparing its room is not the function's: Init Duration leaves it out."""
        # Whoever closes waits for a start that is under way, so that nothing is left which starts later.
        with self._starting:
            if self._closed:
                raise Closing("the embedded AWS is ending")
            places = self._runtime.prepare()
            settings = runtimes.EnvironmentSettings(
                runtime_api=self._api.address,
                endpoint_url=self._world.endpoint_url,
                log_stream=self.log_stream,
                access_key=self._world.access_key,
            )
            with self._changed:
                self._phase, self._init_error, self._answer = _Phase.STARTING, None, None
            self._cell.set_cpu(cpus)
            started = None
            try:
                started = self._runtime.start(places, settings, self._numbers)
            finally:
                if started is None:
                    with self._changed:
                        self._phase = _Phase.DOWN
            threading.Thread(target=self._wait, args=(started.process,), name="environment", daemon=True).start()
            return started.at

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        if hasattr(os, "waitid"):
            # Without reaping: the group's number must not be given away before the group is ended.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        else:
            process.wait()
        at = Instant.now()
        self._cell.kill()
        self._cell.ended()
        process.wait()
        self._api.disconnect()
        with self._changed:
            self._phase, self._at, self._resting = _Phase.DOWN, at, None
            self._changed.notify_all()
        self._settle()

    def _settle(self) -> None:
        with self._changed:
            if self._phase not in (_Phase.READY, _Phase.DOWN):
                return
            callback, self._settled = self._settled, None
        if callback is not None:
            callback()

    def _note_peak(self, pids: Iterable[int]) -> None:
        # The processes' own peaks: page cache, which a cgroup counts too, is not memory used.
        self._peak_bytes = max(self._peak_bytes, sum(map(self._world.processes.peak_rss, pids)))

    def _timed_out(self, request_id: str, timeout_s: float) -> Ended:
        self._note_peak(self._cell.pids())
        self.stop()
        return outcomes.timed_out(timeout_s * 1000, request_id, self.function.timeout_s)

    def _exited(self, duration_ms: float, request_id: str) -> Ended:
        out_of_memory = self._cell.out_of_memory()
        if out_of_memory:
            self._peak_bytes = self.function.memory_mb * MIB
        return outcomes.exited(duration_ms, request_id, self._runtime.exit_code, out_of_memory=out_of_memory)
