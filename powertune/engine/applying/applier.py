"""Puts a plan into effect: all of it, or the function is as it was before, or the error says what holds.

The journal on the function is the lock, and says from the first change on what to undo. Once all is in effect, it is
kept under another name, for a rollback, and the lock is released.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from powertune.aws.alias_moves import Route, leads_to, move_alias
from powertune.aws.architecture import set_architecture
from powertune.aws.client import Aws
from powertune.aws.error_translation import how_to_restore
from powertune.aws.function_snapshot import Alias, FunctionSnapshot
from powertune.aws.journal import JOURNAL_ALIAS, JournalLock, held_by_another, journal_of
from powertune.aws.lambda_function import NOT_SEEN_PAUSE_S, NOT_SEEN_YET, LambdaFunction
from powertune.aws.undo import undo
from powertune.aws.version_metrics import AliasMetrics
from powertune.engine.applying.canary import CanaryJudgement, CanaryLook, CanaryVerdict, pace_of, watch
from powertune.engine.applying.latest import publish_latest, set_latest
from powertune.engine.applying.model import ApplyPlan, Canary, FoundAlias
from powertune.engine.direct import Interruptions, undo_once_more
from powertune.errors import AlreadyExists, CanaryFailed, Changed, Inconclusive, NotRestored, PowertuneError
from powertune.model import Advisory, Configuration

_HINT = "measure again once their deployment has ended"


class ApplyObserver(Protocol):
    """Told what is going on. `watching` may raise KeyboardInterrupt, as everything that takes time."""

    def doing(self, what: str) -> None:
        """A step begins."""
        ...

    def watching(self, look: CanaryLook, left_s: float) -> None:
        """What a look at the canary shows, and how much longer it is watched at most."""
        ...

    def undone(self, notes: tuple[Advisory, ...]) -> None:
        """All is as it was before, but for what the notes say."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedConfiguration:
    """What an apply has done. `version` is None where only $LATEST was changed; `judgement` is that of a canary."""

    chosen: Configuration
    version: str | None = None
    judgement: CanaryJudgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an apply works with. `rollback` is the command that undoes it, `restore` the one that undoes whatever has
    died on the function; `clock` counts seconds since the epoch."""

    aws: Aws
    rollback: str
    restore: str
    observer: ApplyObserver
    clock: Callable[[], float]
    sleep: Callable[[float], None]


def apply_plan(plan: ApplyPlan, around: Surroundings, interruptions: Interruptions) -> AppliedConfiguration:
    """Put a plan into effect, or undo what was begun, also if a signal comes at the worst moment.

    Raises:
        CanaryFailed: the new version is worse than the one before; all is as it was.
        Inconclusive: there were too few invocations to tell; all is as it was.
        Changed, FunctionBusy: somebody else deploys, or another run is active; nothing of theirs was changed.
        NotRestored: it could not be undone; the hint is the command that does it.
        KeyboardInterrupt: it was interrupted; `interruptions` say whether all is as it was.
        PowertuneError: as AWS says; all is as it was.
    """
    applier = _Applier(plan, around)
    try:
        done = False
        try:
            in_effect = applier.apply()
            done = True
        finally:
            if not done:
                applier.undo()
                interruptions.restored = True
    except KeyboardInterrupt:
        undo_once_more(applier.undo, interruptions)
        raise
    return in_effect


class _Applier:
    def __init__(self, plan: ApplyPlan, around: Surroundings) -> None:
        self._plan = plan
        self._around = around
        self._function = LambdaFunction(around.aws, plan.function)
        self._lock: JournalLock | None = None
        self._opening = False

    def apply(self) -> AppliedConfiguration:
        """Every step, in order."""
        plan, doing = self._plan, self._around.observer.doing
        lock = self._take_lock()
        latest = self._as_planned()
        doing(f"giving $LATEST {plan.chosen}")
        latest = set_latest(self._function, plan.memory_mb, latest)
        latest = set_architecture(self._function, plan.chosen.architecture, latest)
        if plan.alias is None:
            self._release(lock)
            return AppliedConfiguration(chosen=plan.chosen)
        doing("publishing a version, and waiting until it can be invoked")
        version = publish_latest(self._function, lock.journal.mark, latest)
        judgement = None
        # If the alias leads to what was chosen already, Lambda publishes nothing, and answers with that version.
        if version != plan.alias.alias.version:
            assert lock.journal.applied is not None
            lock.write(replace(lock.journal, applied=replace(lock.journal.applied, after=version)))
            judgement = self._move(plan.alias, version)
        self._release(lock)
        return AppliedConfiguration(chosen=plan.chosen, version=version, judgement=judgement)

    def undo(self) -> None:
        """Leave everything as it was before, if anything was begun.

        Raises:
            NotRestored: it could not be done.
        """
        if not self._opening:
            return
        function = replace(self._function, aws=self._around.aws.patient())
        name = self._plan.function.name
        try:
            journal = self._lock.journal if self._lock is not None else journal_of(function, self._plan.apply_id)
            notes = () if journal is None else undo(function, journal)
        except NotRestored:
            raise
        except PowertuneError as error:
            raise NotRestored(
                f"{name} may still hold a part of the change: {error.message}",
                hint=how_to_restore(error, self._around.rollback),
            ) from error
        self._opening = False
        self._around.observer.undone(notes)

    def _take_lock(self) -> JournalLock:
        lock = JournalLock(self._function, self._plan.journal(self._around.clock()))
        self._opening = True
        try:
            lock.take()
        except AlreadyExists:
            # After a lost answer, it may be our own first attempt that has taken it.
            if journal_of(self._function, self._plan.apply_id) is None:
                self._opening = False
                raise held_by_another(self._function, self._around.restore) from None
            lock = JournalLock.taken(self._function, self._plan.apply_id)
        self._lock = lock
        return lock

    def _as_planned(self) -> FunctionSnapshot:
        """$LATEST, if it and the alias still are what the plan was made for.

        Raises:
            Changed: they are not.
        """
        plan, name = self._plan, self._plan.function.name
        latest = self._function.wait_until_updated()
        if (latest.fingerprint, latest.memory_mb) != (plan.latest.fingerprint, plan.latest.memory_mb):
            raise Changed(f"{name} was changed by somebody else since the plan was made", hint=_HINT)
        if plan.alias is not None:
            self._check_alias(plan.alias.name, plan.alias.alias)
        return latest

    def _check_alias(self, name: str, expected: Alias) -> Alias:
        """An alias, if it leads where it is expected to lead.

        Raises:
            Changed: it does not.
        """
        now = self._function.alias(name)
        if now is None or (now.version, now.weights) != (expected.version, expected.weights):
            where = "is gone" if now is None else f"leads to {leads_to(now)}"
            raise Changed(
                f"alias {name} of {self._plan.function.name} {where}: somebody else has changed it", hint=_HINT
            )
        return now

    def _move(self, found: FoundAlias, version: str) -> CanaryJudgement | None:
        """Let the alias lead to the new version; by way of a canary, if one was asked for."""
        name, before = found.name, found.alias
        judgement = None
        if self._plan.canary is not None:
            before = self._shift(found, version, self._plan.canary)
            judgement = self._watch(found, version, self._plan.canary, before)
        self._around.observer.doing(f"moving alias {name} to version {version}")
        moved = move_alias(self._function, name, Route(version=version), before)
        self._read_back(name, moved, before)
        return judgement

    def _read_back(self, name: str, moved: Alias, before: Alias) -> None:
        """See that the alias leads where it was moved; what was changed a moment ago may not be seen yet.

        Raises:
            Changed: somebody else has changed it since.
        """
        for _ in range(NOT_SEEN_YET):
            now = self._function.alias(name)
            if now is None or (now.version, now.weights) != (before.version, before.weights):
                break
            self._around.aws.sleep(NOT_SEEN_PAUSE_S)
        self._check_alias(name, moved)

    def _shift(self, found: FoundAlias, version: str, canary: Canary) -> Alias:
        self._around.observer.doing(
            f"shifting {100 * canary.share:.4g} % of the invocations of alias {found.name} to version {version}"
        )
        route = Route(version=found.alias.version, canary=version, share=canary.share)
        return move_alias(self._function, found.name, route, found.alias)

    def _watch(self, found: FoundAlias, version: str, canary: Canary, shifted: Alias) -> CanaryJudgement:
        """Watch the canary.

        Raises:
            CanaryFailed: it is worse.
            Inconclusive: there were too few invocations to tell.
            Changed: somebody else has changed the alias.
        """
        around, pace = self._around, pace_of(self._plan)
        ends_at = around.clock() + pace.takes_s(canary.watch_s)

        def seen(look: CanaryLook) -> None:
            self._check_alias(found.name, shifted)
            around.observer.watching(look, max(0.0, ends_at - around.clock()))

        judgement = watch(
            AliasMetrics(around.aws, self._plan.function.name, found.name),
            (version, found.alias.version),
            canary,
            pace,
            clock=around.clock,
            sleep=around.sleep,
            seen=seen,
        )
        if judgement.verdict is CanaryVerdict.TOO_FEW:
            raise Inconclusive(
                f"too few invocations to tell: {judgement.why}",
                hint="watch longer (--watch 30m), shift a larger share (--canary 50%), or ask for less "
                "(--min-invocations)",
            )
        if judgement.verdict is not CanaryVerdict.HEALTHY:
            raise CanaryFailed(judgement.why, hint="the function's log says why; choose another size with --memory")
        return judgement

    def _release(self, lock: JournalLock) -> None:
        """Keep what to undo for a rollback, in place of what was kept of an earlier apply; then unlock."""
        name, text = lock.journal.record, lock.journal.encode()
        assert name is not None
        kept = self._function.alias(name)
        if kept is None:
            self._function.create_alias(name, "$LATEST", text)
        elif kept.description != text:
            self._function.describe_alias(name, text, revision=kept.revision)
        self._function.delete_alias(JOURNAL_ALIAS)
