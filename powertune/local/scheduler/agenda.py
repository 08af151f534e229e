"""What is due next, of all schedules, by a clock that a test can advance."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from powertune.local.scheduler.timetable import Timetable

_LOOK_S = 30.0
"""How long the thread sleeps at most: a machine that wakes up from standby may find that it is late."""

Invoke = Callable[[float], None]
"""Called with the time that an invocation was scheduled for, in seconds since the epoch."""


@dataclass(slots=True, kw_only=True)
class _Entry:
    timetable: Timetable
    due: float
    invoke: Invoke
    complete: Callable[[], None]


class Agenda:
    """Invokes schedules in one thread, one after the other, in the order of their times.

    What lies in the past when it is entered is not invoked.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ahead_s = 0.0
        self._changed = threading.Condition()
        # Held while what is due is invoked: by the thread, or by who advances the clock.
        self._turn = threading.RLock()
        self._entries: dict[str, _Entry] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def now(self) -> float:
        """The time by the clock of schedules, in seconds since the epoch."""
        return self._clock() + self._ahead_s

    def enter(
        self, name: str, timetable: Timetable | None, invoke: Invoke, complete: Callable[[], None] = lambda: None
    ) -> None:
        """Enter a schedule, or enter it again.

        Args:
            name: whatever tells it from others.
            timetable: None if it is disabled. One that has not changed goes on as before.
            invoke: called at its times.
            complete: called after the last of them.
        """
        with self._changed:
            before = self._entries.get(name)
            if timetable is not None and before is not None and before.timetable == timetable:
                due: float | None = before.due
            else:
                due = timetable.first(self.now) if timetable is not None else None
            if due is None or timetable is None:
                self._entries.pop(name, None)
                return
            self._entries[name] = _Entry(timetable=timetable, due=due, invoke=invoke, complete=complete)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name="schedules", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def remove(self, name: str) -> None:
        """Forget a schedule."""
        with self._changed:
            self._entries.pop(name, None)

    def advance(self, seconds: float) -> int:
        """Set the clock forward, and invoke what becomes due on the way, each at its time.

        Returns:
            The number of invocations.
        """
        number = 0
        with self._turn:
            until = self.now + seconds
            while (due := self._earliest()) is not None and due <= until:
                self._ahead_s += max(0.0, due - self.now)
                number += self._invoke_next(due)
            self._ahead_s += max(0.0, until - self.now)
        with self._changed:
            self._changed.notify_all()
        return number

    def close(self) -> None:
        """Invoke nothing any more."""
        with self._changed:
            self._closed = True
            self._entries.clear()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._closed and ((due := self._earliest()) is None or due > self.now):
                    self._changed.wait(None if due is None else min(due - self.now, _LOOK_S))
                if self._closed:
                    return
            with self._turn:
                self._invoke_next(self.now)

    def _earliest(self) -> float | None:
        with self._changed:
            return min((entry.due for entry in self._entries.values()), default=None)

    def _invoke_next(self, until: float) -> int:
        """Invoke the first that is due until then, if any still is; returns how many it was."""
        with self._changed:
            # Somebody may have been faster, or has removed it.
            if not self._entries:
                return 0
            name, entry = min(self._entries.items(), key=lambda each: (each[1].due, each[0]))
            if entry.due > until:
                return 0
            scheduled = entry.due
            following = entry.timetable.following(scheduled, max(scheduled, self.now))
            if following is None:
                del self._entries[name]
            else:
                entry.due = following
        entry.invoke(scheduled)
        if following is None:
            entry.complete()
        return 1
