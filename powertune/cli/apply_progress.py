"""What an apply says on stderr while it works: each step, and each look at a canary that shows something new."""

from powertune.cli.console import say
from powertune.engine.applying.canary import CanaryLook
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

    def watching(self, look: CanaryLook, left_s: float) -> None:
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
        say(rolled_back_text(self._function, notes))


def rolled_back_text(function: str, notes: tuple[Advisory, ...]) -> str:
    """How a rollback has ended: a version that is kept for a while leaves nothing undone."""
    if any(note.code != "version-kept" for note in notes):
        return f"{function} is rolled back, except for what was left alone: see above"
    return f"{function} is rolled back"
