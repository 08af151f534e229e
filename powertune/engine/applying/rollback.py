"""Takes the last apply back, from any machine: what it changed is noted on the function itself."""

from dataclasses import dataclass, replace

from powertune.aws.alias_moves import Route, is_ours, leads_to
from powertune.aws.error_translation import how_to_restore
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.journal import Journal, JournalLock, held_by_another, read_journal, record_name
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.undo import undo
from powertune.errors import AlreadyExists, Changed, FunctionBusy, NotFound, NotRestored, PowertuneError, UsageError
from powertune.model import Advisory


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackPlan:
    """What a rollback is going to do, as sentences: `steps`, and what it leaves alone.

    `locked`: the apply has not ended, so its journal is still the lock of the function.
    """

    journal: Journal
    locked: bool
    steps: tuple[str, ...]
    left: tuple[str, ...] = ()


def plan_rollback(function: LambdaFunction, alias: str | None, command: str) -> RollbackPlan:
    """Look for the last apply to a function or to one of its aliases. Changes nothing.

    Args:
        command: what undoes the run that holds the function, if another one does.

    Raises:
        NotFound: the function is gone, or nothing was applied to it.
        FunctionBusy: a run, or another apply, is active on it.
        Changed: nothing that the apply has changed is as it left it.
    """
    latest = function.read()
    journal = read_journal(function)
    locked = journal is not None
    if journal is None:
        journal = _record(function, alias)
    elif journal.applied is None or journal.applied.alias != alias:
        raise held_by_another(function, command)
    steps, left = _what(function, journal, latest)
    if not steps and not locked:
        raise Changed(
            f"nothing is left to roll back of {journal.what}: {'; '.join(left)}",
            hint="whoever deployed since has decided; change it by hand if it is not wanted",
        )
    return RollbackPlan(journal=journal, locked=locked, steps=steps, left=left)


def roll_back(function: LambdaFunction, plan: RollbackPlan, command: str) -> tuple[Advisory, ...]:
    """Do it; returns what was left alone. May be repeated.

    Args:
        command: what to type to try again.

    Raises:
        FunctionBusy: a run, or another apply, has become active on the function.
        NotRestored: it could not be finished; the journal is on the function, and says what is left to do.
    """
    function = replace(function, aws=function.aws.patient())
    name = function.ref.name
    if not plan.locked:
        lock = JournalLock(function, plan.journal)
        try:
            lock.take()
        except AlreadyExists:
            raise held_by_another(function, command) from None
    try:
        return undo(function, plan.journal)
    except NotRestored:
        raise
    except PowertuneError as error:
        raise NotRestored(
            f"{name} is not rolled back: {error.message}", hint=how_to_restore(error, command)
        ) from error
    except KeyboardInterrupt:
        raise NotRestored(f"{name} is not rolled back: it was abandoned", hint=command) from None


def _record(function: LambdaFunction, alias: str | None) -> Journal:
    """What was noted of the last apply."""
    found = function.alias(record_name(alias))
    if found is not None:
        try:
            return Journal.decode(found.description)
        except UsageError:
            raise FunctionBusy(
                f"alias {record_name(alias)} of {function.ref.name} does not say what was applied",
                hint="another version of powertune may have written it, or somebody else",
            ) from None
    what = function.ref.name if alias is None else f"{function.ref.name}:{alias}"
    prefix = record_name("")
    others = sorted(name.removeprefix(prefix) for name in function.aliases() if name.startswith(prefix))
    hint = "`powertune apply` notes on the function what it applies"
    if alias is None and others:
        hint = f"to an alias, it has: powertune apply --rollback {function.ref.name}:{others[0]}"
    raise NotFound(f"powertune has applied nothing to {what} that could be rolled back", hint=hint)


def _what(
    function: LambdaFunction, journal: Journal, latest: FunctionSnapshot
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is still as the apply left it, and is put back; and what is not."""
    steps, left = [], []
    applied = journal.applied
    if applied is not None and applied.alias is not None and applied.after:
        now = function.alias(applied.alias)
        if now is None:
            left.append(f"alias {applied.alias} no longer exists")
        elif is_ours(now, applied):
            steps.append(f"alias {applied.alias} leads to {leads_to(now)}, and gets version {applied.before} back")
        elif not Route(version=applied.before).is_of(now):
            left.append(f"alias {applied.alias} leads to {leads_to(now)}, which somebody else has set")
    if latest.memory_mb in journal.trial_mb and latest.memory_mb != journal.memory_mb:
        if latest.code_sha256 == journal.code_sha256:
            steps.append(f"$LATEST has {latest.memory_mb:,} MB, and gets {journal.memory_mb:,} MB back")
        else:
            left.append(f"$LATEST has new code, and keeps its {latest.memory_mb:,} MB")
    elif journal.trial_mb and latest.memory_mb != journal.memory_mb:
        left.append(f"$LATEST has {latest.memory_mb:,} MB, which somebody else has set")
    if applied is not None and applied.architecture not in ("", latest.architecture):
        if latest.code_sha256 == journal.code_sha256:
            steps.append(f"$LATEST is on {latest.architecture}, and gets {applied.architecture} back")
        else:
            left.append(f"$LATEST has new code, and keeps {latest.architecture}")
    return tuple(steps), tuple(left)
