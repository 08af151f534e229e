"""How far a scan is: one line on a terminal that changes, elsewhere a line for each place."""

import sys
from contextlib import suppress
from threading import Lock
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from powertune.cli.console import say
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.units import plural, printable


class ScanProgress:
    """Follows the places of a scan, and what is asked about each; a `PlacesObserver`.

    Args:
        total: how many places there are.
        quiet: whether to say nothing.
        terminal: where to draw; by default stderr, if it is a terminal.
    """

    def __init__(self, total: int, *, quiet: bool = False, terminal: Console | None = None) -> None:
        self._total, self._quiet = total, quiet
        self._done = self._functions = 0
        self._reading: dict[AccountRegion, str] = {}
        self._lock = Lock()
        self._live: Live | None = None
        if (terminal is not None or sys.stderr.isatty()) and not quiet:
            self._live = Live(console=terminal or Console(stderr=True), transient=True, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._live is not None:
            with suppress(OSError, ValueError):  # the terminal may be gone
                self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.stop()

    def asked(self, place: AccountRegion, what: str) -> None:
        """What is asked about a place now; called by the thread that asks."""
        with self._lock:
            self._reading[place] = what
            self._draw()

    def place_started(self, place: AccountRegion) -> None:
        """AWS is being asked about a place."""
        self.asked(place, "sign in")

    def place_done(self, scanned: ScannedPlace, *, kept: bool) -> None:
        """A place is done."""
        place = scanned.evidence.place
        with self._lock:
            self._reading.pop(place, None)
            self._done += 1
            self._functions += len(scanned.evidence.functions)
            self._draw()
        if self._live is None and not self._quiet:
            say(f"{self._done} of {plural(self._total, 'place')}: {place}: {_outcome(scanned)}{' (kept)' * kept}")

    def stopping(self) -> None:
        """Say what Ctrl-C does: a query of logs may take minutes."""
        say("finishing the places that are being read; press Ctrl-C once more to leave at once")

    def _draw(self) -> None:
        if self._live is not None:
            with suppress(OSError, ValueError):
                self._live.update(Text(printable(self._line()), no_wrap=True, overflow="ellipsis"))

    def _line(self) -> str:
        reading = ", ".join(f"{place}: {what}" for place, what in self._reading.items())
        done = f"{self._done} of {plural(self._total, 'place')}, {plural(self._functions, 'function')}"
        return f"{done}; {reading}" if reading else done


def _outcome(scanned: ScannedPlace) -> str:
    whole = next((gap for gap in scanned.gaps if gap.what == ""), None)
    if whole is not None:
        return f"not scanned: {whole.reason}"
    gaps = f", {plural(len(scanned.gaps), 'gap')}" if scanned.gaps else ""
    return f"{plural(len(scanned.evidence.functions), 'function')}{gaps}"
