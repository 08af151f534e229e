"""What a run, or an apply, has to undo, written on the function itself, so that any machine can undo it."""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from powertune.errors import Changed, FunctionBusy, NotFound, UsageError
from powertune.units import shown

if TYPE_CHECKING:
    from powertune.aws.lambda_function import LambdaFunction

#: The alias whose description is the journal, and whose existence is the lock.
JOURNAL_ALIAS = "powertune-journal"
#: The alias whose description says what an apply has changed once it has ended, so that it can be rolled back. With
#: the name of the alias that was moved after it, if one was.
RECORD_ALIAS = "powertune-applied"
#: Lambda's limit on an alias's description.
DESCRIPTION_LIMIT = 256
_VERSION = 2
_HINT = "do not restore a function while a run on it is active"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRun:
    """What makes a journal that of an apply: the run whose answer is put into effect, and the alias that is moved.

    `alias` is None where only $LATEST is changed. It pointed at the version `before`, and is moved to `after`, which
    is empty until the alias is about to be moved: a version that is named here may have served production.
    `architecture` is the one that $LATEST had, empty where it is not changed.
    """

    run_id: str
    alias: str | None = None
    before: str = ""
    after: str = ""
    architecture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A run and what it found: `memory_mb` is the original size, `code_sha256` the code as GetFunction names it.

    `trial_mb` are the sizes that $LATEST may hold at this moment because the run has set them: the last one that it
    set, and the one that it is about to set. `last_version` is the highest number of a published version, 0 if there
    was none. `copies` is how many copies of the function it makes; their names follow
    from its id. `applied` is None in the journal of a run; an apply's `trial_mb` is the size that it applies.
    """

    run_id: str
    started_at: int
    memory_mb: int
    code_sha256: str = ""
    last_version: int = 0
    trial_mb: tuple[int, ...] = ()
    copies: int = 0
    applied: AppliedRun | None = None

    @property
    def mark(self) -> str:
        """The description of every version that the run publishes."""
        if self.applied is not None:
            return f"powertune apply {self.run_id}, of run {self.applied.run_id}"
        return f"powertune {self.run_id}"

    @property
    def what(self) -> str:
        """What a person is told that it is of."""
        return f"{'run' if self.applied is None else 'apply'} {self.run_id}"

    @property
    def record(self) -> str | None:
        """The name of the alias that says what was applied; None for a run."""
        return None if self.applied is None else record_name(self.applied.alias)

    def alias(self, memory_mb: int) -> str:
        """The name of the alias of one size."""
        return alias_name(self.run_id, memory_mb)

    def owns_alias(self, name: str) -> bool:
        """Whether the run created the alias of that name."""
        return name.startswith(f"powertune-{self.run_id}-")

    def encode(self) -> str:
        """Compact JSON of at most 256 characters.

        Raises:
            UsageError: the name of the alias that is moved, or the id of the run, does not fit.
        """
        fields: dict[str, Any] = {
            "v": _VERSION,
            "run": self.run_id,
            "at": self.started_at,
            "mem": self.memory_mb,
            "code": self.code_sha256,
            "last": self.last_version,
            "trial": self.trial_mb,
            "copies": self.copies,
        }
        if (applied := self.applied) is not None:
            fields |= {"of": applied.run_id, "alias": applied.alias, "from": applied.before, "to": applied.after}
            fields |= {"arch": applied.architecture} if applied.architecture else {}
        text = json.dumps(fields, separators=(",", ":"))
        if applied is not None and len(text) > DESCRIPTION_LIMIT:
            raise UsageError(
                f"the name of alias {shown(applied.alias)} is too long to be noted on the function for a rollback",
                hint=f"it is {len(text) - DESCRIPTION_LIMIT} characters too long; apply the size without --alias, "
                "then publish a version and move the alias by hand",
            )
        assert len(text) <= DESCRIPTION_LIMIT, text
        return text

    @classmethod
    def decode(cls, text: str) -> "Journal":
        """Read a description.

        Raises:
            UsageError: it is not a journal, or one of another version.
        """
        try:
            document = json.loads(text)
            if (version := document["v"]) != _VERSION:
                raise UsageError(
                    f"alias {JOURNAL_ALIAS} was written by another version of powertune (format {shown(version)})",
                    hint="restore with the version that started the run",
                )
            return cls(
                run_id=str(document["run"]),
                started_at=int(document["at"]),
                memory_mb=int(document["mem"]),
                code_sha256=str(document["code"]),
                last_version=int(document["last"]),
                trial_mb=tuple(int(size) for size in document["trial"]),
                copies=int(document["copies"]),
                applied=_applied(document),
            )
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise UsageError(
                f"the description of alias {JOURNAL_ALIAS} is not a journal: {text[:DESCRIPTION_LIMIT]!r}",
                hint="look at the function's memory size and aliases, then delete the alias by hand",
            ) from None


def _applied(document: dict[str, Any]) -> AppliedRun | None:
    """What older versions of powertune ignore: restoring by them leaves the alias where it is."""
    if "of" not in document:
        return None
    alias = document["alias"]
    return AppliedRun(
        run_id=str(document["of"]),
        alias=None if alias is None else str(alias),
        before=str(document["from"]),
        after=str(document["to"]),
        architecture=str(document.get("arch", "")),
    )


def record_name(alias: str | None) -> str:
    """The name of the alias that says what was applied to the function, or to one of its aliases."""
    return RECORD_ALIAS if alias is None else f"{RECORD_ALIAS}-{alias}"


def alias_name(run_id: str, memory_mb: int) -> str:
    """The name of the alias that a run gives to the version of one size."""
    return f"powertune-{run_id}-{memory_mb}"


def read_journal(function: "LambdaFunction") -> Journal | None:
    """The journal of a run that is active or has died; None if there is none.

    Raises:
        UsageError: there is one, but this version of powertune cannot read it.
    """
    alias = function.alias(JOURNAL_ALIAS)
    return None if alias is None else Journal.decode(alias.description)


def journal_of(function: "LambdaFunction", run_id: str) -> Journal | None:
    """The journal of this run; None if there is none, or another's, as one is that cannot be read."""
    alias = function.alias(JOURNAL_ALIAS)
    if alias is None:
        return None
    try:
        journal = Journal.decode(alias.description)
    except UsageError:
        return None
    return journal if journal.run_id == run_id else None


def held_by_another(function: "LambdaFunction", restore_command: str) -> FunctionBusy:
    """That the journal of another run is on the function."""
    try:
        journal = read_journal(function)
    except UsageError as error:
        return FunctionBusy(error.message, hint=error.hint)
    who = journal.what if journal else "another run"
    return FunctionBusy(
        f"{who} is active on {function.ref.name}, or has died on it",
        hint=f"wait until it has ended; if it has died: {restore_command}",
    )


def check_free(function: "LambdaFunction", run_id: str, restore_command: str) -> None:
    """See that the function holds no journal but that of this run, before anything is made for it.

    Raises:
        FunctionBusy: another run is active on the function, or has died on it; or somebody else has made the alias.
    """
    try:
        journal = read_journal(function)
    except UsageError:
        raise held_by_another(function, restore_command) from None
    if journal is not None and journal.run_id != run_id:
        raise held_by_another(function, restore_command)


class JournalLock:
    """The journal alias while a run holds it: says on the function what is about to be set, before it is set.

    Every change is guarded by the alias's revision, so the journal of another run is never overwritten.
    """

    def __init__(self, function: "LambdaFunction", journal: Journal) -> None:
        self._function = function
        self._revision = ""
        self.journal = journal

    def take(self) -> None:
        """Create the alias.

        Raises:
            AlreadyExists: another run is active, or has died.
        """
        self._revision = self._function.create_alias(JOURNAL_ALIAS, "$LATEST", self.journal.encode()).revision

    @classmethod
    def taken(cls, function: "LambdaFunction", run_id: str) -> "JournalLock":
        """The lock that another process of the run has taken.

        Raises:
            FunctionBusy: the journal is gone, or is another run's.
            UsageError: this version of powertune cannot read it.
        """
        alias = function.alias(JOURNAL_ALIAS)
        if alias is None:
            raise _gone(run_id, function.ref.name)
        journal = Journal.decode(alias.description)
        if journal.run_id != run_id:
            raise _anothers(run_id, function.ref.name)
        lock = cls(function, journal)
        lock._revision = alias.revision
        return lock

    def announce(self, memory_mb: int, *, holds_mb: int) -> None:
        """Say that $LATEST, which holds one size, is about to get another.

        Raises:
            FunctionBusy: the journal is gone, or is another run's.
        """
        self._set({holds_mb, memory_mb})

    def clear(self) -> None:
        """Say that $LATEST holds its original size again: whatever it holds from now on, somebody else has set.

        Raises:
            FunctionBusy: the journal is gone, or is another run's.
        """
        self._set(set())

    def _set(self, sizes: set[int]) -> None:
        self.write(replace(self.journal, trial_mb=tuple(sorted(sizes - {self.journal.memory_mb}))))

    def write(self, journal: Journal) -> None:
        """Say something else on the function, before it is done.

        Raises:
            FunctionBusy: the journal is gone, or is another run's.
        """
        if journal == self.journal:
            return
        try:
            alias = self._function.describe_alias(JOURNAL_ALIAS, journal.encode(), revision=self._revision)
        except (Changed, NotFound):
            alias = self._function.describe_alias(JOURNAL_ALIAS, journal.encode(), revision=self._revision_now())
        self.journal, self._revision = journal, alias.revision

    def _revision_now(self) -> str:
        """The revision of the journal on the function, which is ours, although AWS says that it is another."""
        run_id, name = self.journal.run_id, self._function.ref.name
        alias = self._function.alias(JOURNAL_ALIAS)
        if alias is None:
            raise _gone(run_id, name)
        if alias.description != self.journal.encode():
            raise _anothers(run_id, name)
        return alias.revision


def _gone(run_id: str, name: str) -> FunctionBusy:
    return FunctionBusy(
        f"the journal of run {run_id} is no longer on {name}: somebody else has restored the function, or "
        "deleted the alias",
        hint=_HINT,
    )


def _anothers(run_id: str, name: str) -> FunctionBusy:
    return FunctionBusy(f"the journal on {name} is no longer that of run {run_id}", hint=_HINT)
