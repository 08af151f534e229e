"""Ctrl-C once ends the measuring and lets the function be restored; insisting abandons even that."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from powertune.cli.console import say

#: SIGHUP is a terminal that was closed, or a connection that was lost.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Interrupts:
    """SIGINT and the like as one KeyboardInterrupt; while the function is being restored they only give notice."""

    def __init__(self, notice: str) -> None:
        self._notice = notice
        self.restoring = False
        self.restored = False
        self._noticed = 0

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        """Called by Python between two instructions of the main thread."""
        if not self.restoring:
            self.restoring = True
            raise KeyboardInterrupt
        self._noticed += 1
        if self._noticed > 1:
            raise KeyboardInterrupt
        say(self._notice)


@contextmanager
def interruptible(
    notice: str = "restoring the function; interrupt once more to leave it as it is",
) -> Iterator[Interrupts]:
    """Handle interrupts in this block; the second one is answered with a notice."""
    interrupts = Interrupts(notice)
    # What is ignored stays so: under nohup, a run is to outlive its terminal.
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupts.handle) for number in heeded}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
