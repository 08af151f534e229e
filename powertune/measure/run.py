"""A run from beginning to end in one process, or one batch of it in a process of its own."""

from collections.abc import Callable
from contextlib import suppress

from powertune.errors import PowertuneError
from powertune.measure.protocols import Observer, Target
from powertune.measure.session import Participants, Session
from powertune.model import BETWEEN_BATCHES, TuningRun
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
        sleep: waits for so many seconds.

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


def play_batch(
    plan: Plan,
    target: Target,
    observer: Observer,
    before: TuningRun | None,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> TuningRun:
    """Play the next batch of a run that another process may have begun, and leave the target open for the next one.

    The jobs and their order are those that one process would have played: they follow from the plan and from what was
    measured. The run goes on as long as `stopped` is `BETWEEN_BATCHES`.

    Args:
        target: open, or resumed.
        before: the run as the batch before has left it; None for the first batch.

    Raises:
        ValueError: `before` has ended, or was saved within a batch, whose rest would not be played.
        PowertuneError: AWS has failed. What was measured and paid for until then was handed to `observer.saved`, with
            the reason as `stopped`: a batch that has ended in its midst is not one to go on from.
    """
    if before is not None and before.stopped != BETWEEN_BATCHES:
        raise ValueError(f"run {before.run_id} cannot go on from where it is: {before.stopped}")
    participants = Participants(
        plan=plan, target=target, observer=observer, search=plan.search, clock=clock, sleep=sleep
    )
    session = Session(participants, before)
    try:
        reason = session.play_batch()
        session.settle()
    except BaseException as error:
        session.drain()
        observer.saved(session.snapshot(error.message if isinstance(error, PowertuneError) else "interrupted"))
        raise
    return session.snapshot(BETWEEN_BATCHES if reason is None else reason)


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
