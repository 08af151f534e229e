"""Time that passes only while every thread of a run waits, so that a run of minutes takes a moment, always the same.

One thread runs at a time. It goes on until it sleeps, waits for a queue, a lock or another thread; then the next one
that can go on does, in the order in which they became able to. When none can, it is the time of the first sleeper.
So what a program computes takes no time, and whatever it waits for takes exactly as long as it is said to.
"""

import heapq
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty
from types import ModuleType
from typing import Any

#: What a program may wait for, by the names under which its modules have imported it.
_WAITS = ("SimpleQueue", "Thread", "Lock")


class _Turn:
    """A thread's place among the others."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        #: What it waits for has come; else its time has.
        self.served = False
        self.waiting = 0


class SimulatedTime:
    """A clock, and what threads wait with.

    Args:
        start: seconds since the epoch.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._own = threading.local()
        self._able: deque[_Turn] = deque()
        self._sleepers: list[tuple[float, int, int, _Turn]] = []
        self._count = 0
        self._blocked: set[_Turn] = set()
        self._over = False
        self._own.turn = _Turn()

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        self.wait(seconds)

    @contextmanager
    def in_modules(self, modules: Sequence[ModuleType]) -> Iterator[None]:
        """Let these modules wait in simulated time; at the end, all threads that still wait end."""
        ours: dict[str, Callable[..., Any]] = {
            "SimpleQueue": lambda: SimulatedQueue(self),
            "Thread": lambda **settings: SimulatedThread(self, **settings),
            "Lock": lambda: SimulatedLock(self),
        }
        before = [(module, name, vars(module)[name]) for module in modules for name in _WAITS if name in vars(module)]
        for module, name, _ in before:
            vars(module)[name] = ours[name]
        try:
            yield
        finally:
            for module, name, real in before:
                vars(module)[name] = real
            self._end()

    def wait(self, seconds: float | None = None, waiters: "deque[_Turn] | None" = None) -> bool:
        """Let others go on until somebody serves the waiters, or the time is over; whether somebody has."""
        turn: _Turn = self._own.turn
        turn.served = False
        turn.waiting += 1
        self._blocked.add(turn)
        if waiters is not None:
            waiters.append(turn)
        if seconds is not None:
            self._count += 1
            heapq.heappush(self._sleepers, (self._now + seconds, self._count, turn.waiting, turn))
        self._hand_over()
        turn.go.acquire()
        if self._over:
            raise SystemExit
        if waiters is not None and turn in waiters:
            waiters.remove(turn)
        return turn.served

    def serve(self, waiters: "deque[_Turn]") -> None:
        """Let the first of the waiters go on, when its turn has come."""
        while waiters:
            turn = waiters.popleft()
            if turn in self._blocked:
                turn.served = True
                self._wake(turn)
                return

    def begin(self, work: Callable[[], None]) -> None:
        """Start a thread, which takes its first turn after those that can go on already."""
        turn = _Turn()

        def run() -> None:
            self._own.turn = turn
            turn.go.acquire()
            with suppress(SystemExit):  # that is how a thread ends which still waits when all is over
                if not self._over:
                    work()
            if not self._over:
                self._hand_over()

        self._able.append(turn)
        threading.Thread(target=run, daemon=True).start()

    def _wake(self, turn: _Turn) -> None:
        self._blocked.discard(turn)
        turn.waiting += 1  # what it slept for is void
        self._able.append(turn)

    def _hand_over(self) -> None:
        while not self._able:
            if not self._sleepers:
                raise RuntimeError("every thread waits for another one")
            at, _, waiting, turn = heapq.heappop(self._sleepers)
            if turn in self._blocked and turn.waiting == waiting:
                self._now = max(self._now, at)
                self._wake(turn)
        self._able.popleft().go.release()

    def _end(self) -> None:
        self._over = True
        for turn in (*self._blocked, *self._able):
            turn.go.release()


class SimulatedQueue:
    """A `queue.SimpleQueue`."""

    def __init__(self, time: SimulatedTime) -> None:
        self._time = time
        self._items: deque[Any] = deque()
        self._waiters: deque[_Turn] = deque()

    def put(self, item: Any) -> None:
        """Add an item, and let who waits for one go on."""
        self._items.append(item)
        self._time.serve(self._waiters)

    def get(self, timeout: float | None = None) -> Any:
        """The first item; raises Empty if none comes in time."""
        ends = None if timeout is None else self._time() + timeout
        while not self._items:
            left = None if ends is None else ends - self._time()
            if left is not None and left <= 0:
                raise Empty
            self._time.wait(left, self._waiters)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        """The first item; raises Empty if there is none."""
        if not self._items:
            raise Empty
        return self._items.popleft()


class SimulatedThread:
    """A `threading.Thread`, of which `target`, `args` and `name` are used as those of a daemon."""

    def __init__(
        self, time: SimulatedTime, *, target: Callable[..., None], args: tuple[Any, ...] = (), **_: object
    ) -> None:
        self._time = time
        self._target, self._args = target, args
        self._alive = False
        self._waiters: deque[_Turn] = deque()

    def start(self) -> None:
        """Begin."""
        self._alive = True
        self._time.begin(self._run)

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._alive

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, or the time is over."""
        if self._alive:
            self._time.wait(timeout, self._waiters)

    def _run(self) -> None:
        try:
            self._target(*self._args)
        finally:
            self._alive = False
            while self._waiters:
                self._time.serve(self._waiters)


class SimulatedLock:
    """A `threading.Lock`, as a context."""

    def __init__(self, time: SimulatedTime) -> None:
        self._time = time
        self._held = False
        self._waiters: deque[_Turn] = deque()

    def __enter__(self) -> None:
        while self._held:
            self._time.wait(None, self._waiters)
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
        self._time.serve(self._waiters)
