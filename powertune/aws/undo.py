"""Leaves a function as a run found it, from nothing but the journal on the function. May be repeated."""

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from powertune.aws.copies import delete_copies
from powertune.aws.functions import LambdaFunction
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.errors import Changed, FunctionBusy, NotFound

#: Deletions under way at one time; the rate limiter decides how many per second.
_PARALLEL = 4
_ATTEMPTS = 5
#: How often to look whether a person has abandoned undoing.
_LOOK_S = 0.5


def read_journal(function: LambdaFunction) -> Journal | None:
    """The journal of a run that is active or has died; None if there is none.

    Raises:
        UsageError: there is one, but this version of powertune cannot read it.
    """
    description = function.alias_description(JOURNAL_ALIAS)
    return None if description is None else Journal.decode(description)


def undo(function: LambdaFunction, journal: Journal, *, uncertain: bool = False) -> tuple[str, ...]:
    """Restore $LATEST, delete the run's aliases, then its versions, then its copies, then the journal.

    Returns what could not be undone because it is no longer the run's: sentences for a person.

    Args:
        uncertain: a copy may be under way whose creation was never answered.

    Raises:
        PowertuneError: AWS refused or failed; the journal is still there, and undo can be repeated.
    """
    try:
        notes = restore_memory(function, journal)
    except NotFound:
        kept = delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain)
        return (f"function {function.ref.name} no longer exists", *kept)
    aliases = function.aliases()
    _each(function.delete_alias, [name for name in aliases if journal.owns_alias(name)])
    held = {v: name for name, versions in aliases.items() if not journal.owns_alias(name) for v in versions}
    marked = [version.number for version in function.versions() if version.description == journal.mark]

    def delete(number: str) -> None:
        # A SnapStart version whose snapshot is still being taken cannot be deleted.
        with suppress(NotFound):
            function.wait_until_settled(number)
            function.delete_version(number)

    _each(delete, [number for number in marked if number not in held])
    kept = delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain)
    function.delete_alias(JOURNAL_ALIAS)
    pinned = [number for number in marked if number in held]
    return (*notes, *(f"version {number} is kept: alias {held[number]} points at it" for number in pinned), *kept)


def restore_memory(function: LambdaFunction, journal: Journal) -> tuple[str, ...]:
    """Give $LATEST its original memory size, and read it back.

    A size that the run cannot have set is somebody else's deployment, and is left alone.
    """
    for _ in range(_ATTEMPTS):
        now = function.wait_until_settled()
        if now.memory_mb == journal.memory_mb:
            return ()
        if not journal.owns_memory(now.memory_mb):
            return (f"$LATEST has {now.memory_mb} MB, set by somebody else, and is left so",)
        try:
            function.set_memory(journal.memory_mb, now)
        except Changed:
            continue
    raise FunctionBusy(
        f"{function.ref.name} keeps being changed by somebody else", hint="wait until the deployment has ended"
    )


def _each(delete: Callable[[str], None], names: list[str]) -> None:
    """Delete all, several at a time. The threads are daemons: who abandons undoing does not wait for the calls."""
    waiting: SimpleQueue[str] = SimpleQueue()
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    for name in names:
        waiting.put(name)

    def work() -> None:
        with suppress(Empty):
            while True:
                name = waiting.get_nowait()
                try:
                    delete(name)
                except BaseException as error:  # carried to the undoing thread, which raises it
                    ended.put(error)
                else:
                    ended.put(None)

    for number in range(min(_PARALLEL, len(names))):
        Thread(target=work, name=f"undo-{number}", daemon=True).start()
    try:
        for _ in names:
            error = _next(ended)
            if error is not None:
                raise error
    finally:
        with suppress(Empty):
            while True:
                waiting.get_nowait()


def _next(ended: "SimpleQueue[BaseException | None]") -> BaseException | None:
    """How the next deletion ended. A signal that arrives just before a wait does not end it, so no wait is long."""
    while True:
        with suppress(Empty):
            return ended.get(timeout=_LOOK_S)
