"""Leaves a function as a run found it, from nothing but the journal on the function. May be repeated."""

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from powertune.aws.copies import delete_copies
from powertune.aws.functions import LambdaFunction
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.snapshot import Version
from powertune.errors import Changed, FunctionBusy, NotFound, NotRestored

#: Deletions under way at one time; the rate limiter decides how many per second.
_PARALLEL = 4
_ATTEMPTS = 5


def undo(
    function: LambdaFunction,
    journal: Journal,
    *,
    uncertain: bool = False,
    aliases: Collection[str] = (),
    versions: Iterable[Version] = (),
) -> tuple[str, ...]:
    """Restore $LATEST, delete the run's aliases, then its versions, then its copies, then the journal.

    Returns what could not be undone because it is no longer the run's: sentences for a person.

    Args:
        uncertain: a copy may be under way whose creation was never answered.
        aliases, versions: what the run has made, as far as it is known: a listing may not show what is new.

    Raises:
        NotRestored: new code was deployed while $LATEST held a trial size. All else is undone.
        PowertuneError: AWS refused or failed; the journal is still there, and undo can be repeated.
    """
    left: NotRestored | None = None
    notes: tuple[str, ...] = ()
    try:
        notes = restore_memory(function, journal)
    except NotRestored as error:
        left = error
    except NotFound:
        kept = delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain)
        return (f"function {function.ref.name} no longer exists", *kept)
    notes += _delete_published(function, journal, aliases, versions)
    notes += delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain)
    function.delete_alias(JOURNAL_ALIAS)
    if left is not None:
        raise left
    return notes


def restore_memory(function: LambdaFunction, journal: Journal) -> tuple[str, ...]:
    """Give $LATEST its original memory size, and read it back.

    Only a size that the journal says the run has set is changed. Any other is somebody else's, and is left.

    Raises:
        NotRestored: the size is the run's, but the code is not what the run saw: whoever deployed the code may have
            wanted the size, too.
    """
    for _ in range(_ATTEMPTS):
        now = function.wait_until_settled()
        if now.memory_mb == journal.memory_mb:
            return ()
        if now.memory_mb not in journal.trial_mb:
            return (f"$LATEST has {now.memory_mb} MB, set by somebody else, and is left so",)
        if now.code_sha256 != journal.code_sha256:
            raise _left_at_trial(function, journal, now.memory_mb)
        try:
            function.set_memory(journal.memory_mb, now)
        except Changed:
            continue
    raise FunctionBusy(
        f"{function.ref.name} keeps being changed by somebody else", hint="wait until the deployment has ended"
    )


def _left_at_trial(function: LambdaFunction, journal: Journal, memory_mb: int) -> NotRestored:
    name, region = function.ref.unqualified, function.aws.region
    return NotRestored(
        f"somebody else deployed new code to {function.ref.name} while $LATEST had the trial size of {memory_mb} MB, "
        f"and $LATEST is left so; before the run it had {journal.memory_mb} MB",
        hint=f"unless {memory_mb} MB was deployed on purpose: aws lambda update-function-configuration "
        f"--function-name {name} --memory-size {journal.memory_mb} --region {region}",
    )


def _delete_published(
    function: LambdaFunction, journal: Journal, aliases: Collection[str], versions: Iterable[Version]
) -> tuple[str, ...]:
    """Delete the run's aliases and versions; a version that somebody else's alias points at is kept, and said."""
    listed = function.aliases()
    _each(function.delete_alias, [name for name in {*listed, *aliases} if journal.owns_alias(name)])
    held = {v: name for name, pointed in listed.items() if not journal.owns_alias(name) for v in pointed}
    marked = {v.number for v in (*function.versions(), *versions) if v.description == journal.mark}

    def delete(number: str) -> None:
        # A SnapStart version whose snapshot is still being taken cannot be deleted.
        with suppress(NotFound):
            function.wait_until_settled(number)
            function.delete_version(number)

    _each(delete, sorted(marked - held.keys(), key=int))
    pinned = sorted(marked & held.keys(), key=int)
    return tuple(f"version {number} is kept: alias {held[number]} points at it" for number in pinned)


def _each(delete: Callable[[str], None], names: list[str]) -> None:
    pool = ThreadPoolExecutor(max_workers=_PARALLEL)
    try:
        for done in [pool.submit(delete, name) for name in names]:
            done.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
