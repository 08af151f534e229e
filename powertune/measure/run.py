"""A run from beginning to end in one process."""

from collections.abc import Callable
from contextlib import suppress

from powertune.errors import PowertuneError
from powertune.measure.protocols import Observer, Target
from powertune.measure.session import Participants, Session
from powertune.model import TuningRun
from powertune.plan import Plan
from powertune.search import Search


def measure(
    plan: Plan,
    target: Target,
    observer: Observer,
    *,
    search: Search | None = None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> TuningRun:
    """Measure what the search proposes, then leave the function as it was found, whatever happens.

    The environments are looked up last, when all is saved and restored: whoever interrupts that loses nothing else.
    Every round is handed to `observer.saved`, so an interrupted run loses nothing. KeyboardInterrupt and failures of
    AWS end the run early: the target is undone, what was measured is handed over, and the exception goes on.

    Args:
        clock: seconds since the epoch.
        sleep: waits for a number of seconds.

    Raises:
        NotRestored: the function could not be put back; beats every other exception.
    """
    participants = Participants(
        plan=plan, target=target, observer=observer, search=search or plan.search, clock=clock, sleep=sleep
    )
    session = Session(participants)
    reason = "interrupted"
    try:
        target.open()
        reason = session.run()
    except PowertuneError as error:
        reason = error.message
        raise
    finally:
        _finish(session, target, observer, reason)
    advisories = target.advisories
    if session.name_environments() or target.advisories != advisories:
        observer.saved(session.snapshot(reason))
    return session.snapshot(reason)


def _finish(session: Session, target: Target, observer: Observer, reason: str) -> None:
    """Undo, whatever the observer does, and hand the run over, whatever undoing does."""
    try:
        try:
            observer.restoring()
        finally:
            target.undo()
    except BaseException:
        # A results file that cannot be written must not hide that the function is not restored.
        with suppress(PowertuneError):
            session.drain()
            observer.saved(session.snapshot(reason))
        raise
    observer.restored()
    session.drain()
    observer.saved(session.snapshot(reason))
