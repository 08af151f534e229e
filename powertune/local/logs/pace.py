"""Long work that gives way: other threads of the server get the interpreter several times a millisecond."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")

_WORK_S = 0.0002
_REST_S = 0.00002
#: This many steps certainly take less than the time to work.
_STEPS = 16


class Pace:
    """Sleeps briefly after each stretch of work.

    Releasing the interpreter without sleeping is not enough: the thread that releases it may take it back before
    the thread that waits for it has woken up.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._steps = 0
        self._began = clock()

    def step(self) -> None:
        """Call this after each small piece of work."""
        self._steps += 1
        if self._steps % _STEPS or self._clock() - self._began < _WORK_S:
            return
        self._sleep(_REST_S)
        self._began = self._clock()

    def over(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """The same items, with rests."""
        for item in items:
            yield item
            self.step()
