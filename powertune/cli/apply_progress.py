"""What an apply says on stderr while it works: each step, and each look at a canary that shows something new."""

from powertune.cli.console import say
from powertune.engine.applying.canary import Look
from powertune.model import Advisory
from powertune.units import format_ms, format_seconds


class ApplyProgress:
    """An `ApplyObserver` for a person, or for the log of a pipeline: lines, no bars."""

    def __init__(self, function: str, *, quiet: bool) -> None:
        self._function = function
        self._quiet = quiet
        self._last = ""

    def doing(self, what: str) -> None:
        """A step begins."""
        if not self._quiet:
            say(what)

    def watching(self, look: Look, left_s: float) -> None:
        """The same figures are said once."""
        figures = "; ".join(
            f"version {each.version}: {each.errors:,} of {each.invocations:,} failed"
            + ("" if each.p95_ms is None else f", p95 {format_ms(each.p95_ms)}")
            for each in (look.new, look.before)
        )
        if not self._quiet and figures != self._last:
            self._last = figures
            say(f"{figures}; {format_seconds(left_s)} left")

    def undone(self, notes: tuple[Advisory, ...]) -> None:
        """What counts is said even to who wants no progress."""
        for note in notes:
            say(f"{note.message}; {note.next_step}")
        say(f"rolled back: {self._function} is as it was before" + (", but for what is said above" if notes else ""))
