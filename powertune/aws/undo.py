"""Leaves a function as a run found it, from nothing but the journal on the function. May be repeated."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from powertune.aws.alias_moves import put_alias_back
from powertune.aws.architecture import restore_architecture
from powertune.aws.copies.lifecycle import delete_copies
from powertune.aws.foreign_versions import trial_size_published, trial_versions
from powertune.aws.function_snapshot import Alias, Version
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.errors import Changed, DeployedMeanwhile, FunctionBusy, NotFound, UsageError
from powertune.model import Advisory

#: Deletions under way at one time; the rate limiter decides how many per second.
_PARALLEL = 4
#: How long to wait before each look at $LATEST: an update that has ended may not be seen by every reader at once.
_LOOKS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
#: How often to look whether a person has abandoned undoing.
_LOOK_S = 0.5


def undo(
    function: LambdaFunction,
    journal: Journal,
    *,
    uncertain: bool = False,
    aliases: Collection[str] = (),
    versions: Iterable[Version] = (),
) -> tuple[Advisory, ...]:
    """Restore $LATEST, delete the run's aliases, then its versions, then its copies, then the journal.

    What an apply has changed is undone likewise, its alias first, as that is what production uses.

    Returns what was left because it is no longer the run's, and what somebody else has made of a trial size.

    Args:
        uncertain: a copy may be under way whose creation was never answered.
        aliases, versions: what the run has made, as far as it is known: a listing may not show what is new.

    Raises:
        DeployedMeanwhile: new code was deployed while $LATEST held a trial size. All else is undone.
        PowertuneError: AWS refused or failed; the journal is still there, and undo can be repeated.
    """
    try:
        listed = function.aliases()
    except NotFound:
        return _gone(function, journal, uncertain=uncertain)
    if _is_anothers(listed, journal):
        # Somebody has restored the function, and started a run: $LATEST and the lock are that run's.
        notes = kept((f"{function.ref.name} is in use by another run: its memory size and journal are left to that",))
        notes += _delete_published(function, journal, listed, aliases, versions)
        return notes + kept(delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain))
    left: DeployedMeanwhile | None = None
    notes = ()
    try:
        if journal.applied is not None:
            notes = kept(put_alias_back(function, journal.applied))
            listed = function.aliases()
        notes += kept(restore_memory(function, journal))
        if journal.applied is not None and journal.applied.architecture:
            notes += kept(restore_architecture(function, journal.applied.architecture, journal.code_sha256))
    except DeployedMeanwhile as error:
        left = error
    except NotFound:
        return _gone(function, journal, uncertain=uncertain)
    notes += _delete_published(function, journal, listed, aliases, versions)
    notes += kept(delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain))
    _delete_record(function, journal, listed)
    function.delete_alias(JOURNAL_ALIAS)
    if left is not None:
        raise DeployedMeanwhile("; ".join((left.message, *(note.message for note in notes))), hint=left.hint)
    return notes


def _gone(function: LambdaFunction, journal: Journal, *, uncertain: bool) -> tuple[Advisory, ...]:
    """Copies outlive the function that they were made of."""
    gone = f"function {function.ref.name} no longer exists"
    return kept((gone, *delete_copies(function, journal.run_id, journal.copies, uncertain=uncertain)))


def _is_anothers(listed: Mapping[str, Alias], journal: Journal) -> bool:
    """Whether the journal on the function is that of another run. Without one, it is ours: undo may be repeated."""
    return JOURNAL_ALIAS in listed and not _is_of(listed[JOURNAL_ALIAS], journal)


def _is_of(alias: Alias, journal: Journal) -> bool:
    """Whether an alias has been written by the run of a journal."""
    try:
        return Journal.decode(alias.description).run_id == journal.run_id
    except UsageError:
        return False


def _delete_record(function: LambdaFunction, journal: Journal, listed: Mapping[str, Alias]) -> None:
    """Delete the note that this apply is in effect; not that of an earlier one."""
    if journal.record is not None:
        # A listing may not show what is new.
        record = listed.get(journal.record) or function.alias(journal.record)
        if record is not None and _is_of(record, journal):
            function.delete_alias(journal.record)


def kept(sentences: Iterable[str]) -> tuple[Advisory, ...]:
    """What undoing has left alone, for a person to look at."""
    next_step = "look at it, and change it by hand if it is not wanted"
    return tuple(Advisory(code="kept", message=sentence, next_step=next_step) for sentence in sentences)


def _version_kept(function: LambdaFunction, number: str) -> Advisory:
    """What is left of a rollback that has left nothing undone."""
    name, region = function.ref.unqualified, function.aws.region
    return Advisory(
        code="version-kept",
        message=f"version {number} is kept, as requests may still be on their way to it",
        next_step="to delete it later: "
        f"aws lambda delete-function --function-name {name} --qualifier {number} --region {region}",
    )


def restore_memory(function: LambdaFunction, journal: Journal) -> tuple[str, ...]:
    """Give $LATEST its original memory size, and read it back.

    Only a size that the journal says the run has set is changed. Any other is somebody else's, and is left.

    Raises:
        DeployedMeanwhile: the size is the run's, but the code is not what the run saw: whoever deployed the code may
            have wanted the size, too.
    """
    for pause_s in _LOOKS_S:
        if pause_s:
            function.aws.sleep(pause_s)
        now = function.wait_until_settled()
        if now.memory_mb == journal.memory_mb:
            if pause_s or not journal.trial_mb:
                return ()
            continue  # a trial size whose update was not answered may not be seen yet
        if now.memory_mb not in journal.trial_mb:
            return (f"$LATEST has {now.memory_mb} MB, which somebody else has set; it was not changed",)
        if now.code_sha256 != journal.code_sha256 and journal.applied is not None:
            return (
                f"new code was deployed to $LATEST, which keeps its {now.memory_mb} MB; before the apply it had "
                f"{journal.memory_mb} MB",
            )
        if now.code_sha256 != journal.code_sha256:
            raise _left_at_trial(function, journal, now.memory_mb)
        try:
            function.set_memory(journal.memory_mb, now)
        except Changed:
            continue
        if function.wait_until_settled().memory_mb == journal.memory_mb:
            return ()
    raise FunctionBusy(
        f"{function.ref.name} keeps being changed by somebody else", hint="wait until the deployment has ended"
    )


def _left_at_trial(function: LambdaFunction, journal: Journal, memory_mb: int) -> DeployedMeanwhile:
    name, region = function.ref.unqualified, function.aws.region
    return DeployedMeanwhile(
        f"somebody else deployed new code to {function.ref.name} while $LATEST had the trial size of {memory_mb} MB, "
        f"and it was not changed; before the run it had {journal.memory_mb} MB",
        hint=f"unless {memory_mb} MB was deployed on purpose: aws lambda update-function-configuration "
        f"--function-name {name} --memory-size {journal.memory_mb} --region {region}",
    )


def _delete_published(
    function: LambdaFunction,
    journal: Journal,
    listed: Mapping[str, Alias],
    aliases: Collection[str],
    versions: Iterable[Version],
) -> tuple[Advisory, ...]:
    """Delete the run's aliases and versions, but for a version that somebody else's alias points at."""
    _each(function.delete_alias, [name for name in {*listed, *aliases} if journal.owns_alias(name)])
    foreign_aliases = {name: alias for name, alias in listed.items() if not journal.owns_alias(name)}
    held = {version: name for name, alias in foreign_aliases.items() for version in alias.versions}
    every = (*function.versions(), *versions)
    marked = {v.number for v in every if v.description == journal.mark}
    served: set[str] = set()
    if journal.applied is not None:
        # Its alias has led there: requests may still be on their way, and failed events be tried again.
        served = (marked & {journal.applied.after}) - held.keys()
        marked -= served
    foreign = trial_versions(
        every,
        mark=journal.mark,
        highest_before=journal.last_version,
        sizes={*journal.trial_mb, *(v.memory_mb for v in every if v.number in marked)},
        original_mb=journal.memory_mb,
    )

    def delete(number: str) -> None:
        # A SnapStart version whose snapshot is still being taken cannot be deleted.
        with suppress(NotFound):
            function.wait_until_settled(number)
            function.delete_version(number)

    _each(delete, sorted(marked - held.keys(), key=int))
    pinned = sorted(marked & held.keys(), key=int)
    notes = kept(f"version {number} is kept: alias {held[number]} points at it" for number in pinned)
    notes += tuple(_version_kept(function, number) for number in served)
    if journal.applied is not None:
        return notes
    return (
        *notes,
        *trial_size_published(function.ref.name, foreign, journal.memory_mb),
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
