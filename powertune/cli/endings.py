"""How a command ends: errors and bugs as a person sees them, and the error that no other may replace."""

from collections.abc import Iterator
from contextlib import contextmanager

from powertune import __version__
from powertune.cli.console import say
from powertune.errors import Bug, ExitCode, PowertuneError
from powertune.units import printable

#: Where to report a bug.
ISSUES = "the issue tracker of the place where you got powertune"


def show_error(error: PowertuneError) -> ExitCode:
    """What went wrong, and the next step; of a bug, where it is. Returns the exit code."""
    if isinstance(error, Bug):
        return show_bug(error.exception)
    say(f"error: {printable(error.message)}")
    if error.hint:
        say(f"hint: {printable(error.hint)}")
    return error.exit_code


def show_bug(bug: BaseException) -> ExitCode:
    """A bug whole, and where to report it. Returns the exit code."""
    import traceback

    say("".join(traceback.format_exception(bug)))
    say(f"error: this is a bug in powertune {__version__}\nhint: report it, with the above, to {ISSUES}")
    return ExitCode.BUG


@contextmanager
def outranked(pending: PowertuneError | None) -> Iterator[None]:
    """What goes wrong in this block is said, and does not replace the error that the command is to end with.

    Args:
        pending: that error, for the caller to raise; None: what goes wrong is raised.
    """
    try:
        yield
    except (Exception, KeyboardInterrupt) as failure:  # a bug, too, must not hide that a function is not restored
        if pending is None:
            raise
        if isinstance(failure, PowertuneError) and not isinstance(failure, Bug):
            say(f"error: {printable(failure.message)}")  # the next step is that of the pending error
        elif not isinstance(failure, KeyboardInterrupt):
            show_bug(failure.exception if isinstance(failure, Bug) else failure)
