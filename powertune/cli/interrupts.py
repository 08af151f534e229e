"""The first signal ends the measuring and lets the function be restored; only Ctrl-C at a terminal abandons that."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from types import FrameType

from powertune.cli.console import say
from powertune.engine.stopping import StopRequest

#: SIGHUP is a terminal that was closed, or a connection that was lost.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))
#: How long to wait, at the end, for a notice that is being written to a terminal that may not take it.
_LAST_NOTICE_S = 1.0

RESTORING = "restoring the function"
INSIST = "restoring the function; press Ctrl-C once more to leave it as it is"
WRITING = "writing the reports"
INSIST_WRITING = "writing the reports; press Ctrl-C once more to end without them"


def at_keyboard() -> bool:
    """Whether stdin and stderr are a terminal at this moment: a window that was closed no longer is one."""
    return os.isatty(0) and os.isatty(2)


class Interrupts:
    """SIGINT and the like as one KeyboardInterrupt; while the function is being restored they only give notice.

    A run is asked to end instead, once `end_by` has named its request.

    Only a person who has read the notice can insist: with SIGINT, at a terminal. SIGHUP and SIGTERM never insist,
    however often they come: whoever sends them wants the process to end, not the function to be left changed. Reports
    are another matter: nothing is left to restore, and a second signal of any kind ends them.

    The handler only takes notes. It runs between any two instructions of the main thread, which may be writing to
    stderr itself, or may have lost it: a notice is written by a thread of its own.
    """

    def __init__(
        self, notice: str = RESTORING, insist: str = INSIST, *, keyboard: Callable[[], bool] = at_keyboard
    ) -> None:
        self._notice = notice
        self._insist = insist
        self._keyboard = keyboard
        #: Whether something is under way that signals do not end: restoring, or then the reports.
        self.restoring = False
        self.restored = False
        self.insisted = False
        #: The last signal that came; None before any.
        self.number: int | None = None
        self._writing = False
        self._request: StopRequest | None = None
        self._noticed: set[str] = set()
        #: Its `put` may be called again while it is being called, as signals demand.
        self.notices: SimpleQueue[str | None] = SimpleQueue()

    def end_by(self, request: StopRequest) -> None:
        """From now on, the first signal asks a run to end; a person who insists has its function left as it is."""
        self._request = request

    def writing(self) -> None:
        """Nothing is left to restore. The first signal from now on waits for the reports; the second ends them."""
        self._notice, self._insist = WRITING, INSIST_WRITING
        self._noticed.clear()
        self._writing = True
        self.restoring = True

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Called by Python between two instructions of the main thread."""
        self.number = number
        if not self.restoring:
            self.restoring = True
            if self._request is None:
                raise KeyboardInterrupt
            self._request.ask()
            return
        by_hand = number == signal.SIGINT and self._keyboard()
        notice = self._insist if by_hand else self._notice
        known = bool(self._noticed) if self._writing else notice in self._noticed
        if not known:
            self._noticed.add(notice)
            self.notices.put(notice)
        elif by_hand or self._writing:
            self.insisted = True
            if self._request is not None:
                self._request.insisted = True
            raise KeyboardInterrupt


@contextmanager
def interruptible(
    notice: str = RESTORING, insist: str = INSIST, *, keyboard: Callable[[], bool] = at_keyboard
) -> Iterator[Interrupts]:
    """Handle interrupts in this block; the second one is answered with a notice.

    Args:
        notice: what to say of a signal that changes nothing any more.
        insist: what to say to a person at the keyboard, who may then insist.
        keyboard: whether there is such a person.
    """
    interrupts = Interrupts(notice, insist, keyboard=keyboard)
    speaker = Thread(target=_speak, args=(interrupts.notices,), name="notices", daemon=True)
    speaker.start()
    # What is ignored stays so: under nohup, a run is to outlive its terminal.
    heeded = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupts.handle) for number in heeded}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        interrupts.notices.put(None)
        speaker.join(_LAST_NOTICE_S)


def _speak(notices: "SimpleQueue[str | None]") -> None:
    """In a thread of its own: it may wait for a terminal that is held up without holding up the undo."""
    while (text := notices.get()) is not None:
        say(text)
