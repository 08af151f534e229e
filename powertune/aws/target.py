"""A function on AWS as a `measure.Target`: published at each size, invoked, and left as it was found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Event, Lock

from powertune.aws.client import Aws
from powertune.aws.copies import delete_copies, make_copy, other_runtime_version
from powertune.aws.copy_names import copy_names
from powertune.aws.copy_request import Wanted
from powertune.aws.faults import how_to_restore
from powertune.aws.functions import LambdaFunction, over_limit
from powertune.aws.holder import Holder, changed
from powertune.aws.invocation import Sent, invoke_once, only_of_size, own_words, with_report
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.aws.logs import find_reports
from powertune.aws.processor import process
from powertune.aws.snapshot import Snapshot
from powertune.aws.undo import read_journal, undo
from powertune.errors import (
    AccessDenied,
    AlreadyExists,
    FunctionBusy,
    MemorySizeRefused,
    NotFound,
    NotRestored,
    PowertuneError,
    Unavailable,
    UsageError,
)
from powertune.model import Advisory, Architecture, Configuration, FunctionRef, Invocation
from powertune.plan import Plan


class AwsTarget:
    """One run's hold on one function. Publishing, invoking and undoing may be asked for by different threads.

    Args:
        restore_command: what a person types to undo this run by hand.
        processors: functions invoked before and after each invocation (None for none), outside of the measurement.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        aws: Aws,
        plan: Plan,
        *,
        restore_command: str,
        processors: tuple[FunctionRef | None, FunctionRef | None] = (None, None),
        clock: Callable[[], float],
    ) -> None:
        self._aws = aws
        self._plan = plan
        self._state = plan.function
        self._closing = Event()
        #: Changes are given up once undoing begins; undoing itself is patient.
        self._changes = LambdaFunction.of(replace(aws, give_up=self._stop_if_closing), plan.function)
        self._function = LambdaFunction.of(aws, plan.function)
        self._holders: dict[Architecture, Holder] = {}
        self._restore_command = restore_command
        self._before, self._after = processors
        self._clock = clock
        self._journal: Journal | None = None
        self._opening = False
        #: Whether a copy may yet appear, as its creation was not answered.
        self._uncertain = False
        self._limit_mb: int | None = None
        self._changing = Lock()
        self._counting = Lock()
        self._throttles = 0
        self._failures: set[str] = set()
        self._in_vain = False
        self._advisories: list[Advisory] = []

    def open(self) -> None:
        """Create the journal alias: the lock, and the memory of what to undo.

        Where only copies are measured, they are all that there is to undo, and their tags say so.

        Raises:
            FunctionBusy: another run is active on the function, or has died on it.
        """
        if self._plan.touches_original:
            self._lock()
        else:
            self._journal = self._new_journal(self._state.memory_mb)
            self._opening = True

    def publish(self, configuration: Configuration) -> None:
        """Set the memory size, publish a version, and give it an alias; on a copy if it is to be on one.

        Raises:
            MemorySizeRefused: the account may not use so much memory.
            FunctionBusy: somebody else has changed the function meanwhile.
            FunctionRefused: no copy can be made of it.
        """
        memory_mb = configuration.memory_mb
        if self._limit_mb is not None and memory_mb > self._limit_mb:
            raise over_limit(memory_mb, self._limit_mb)
        with self._changing:
            journal = self._held()
            if configuration.architecture not in self._holders:
                self._holders[configuration.architecture] = self._make_copy(configuration.architecture, journal)
            try:
                self._holders[configuration.architecture].publish(memory_mb)
            except MemorySizeRefused as refused:
                self._limit_mb = refused.limit_mb
                raise

    def rest(self) -> None:
        """Put $LATEST back while measuring goes on: production calls it only as long as publishing takes."""
        with self._changing:
            if self._plan.touches_original:
                self._holders[self._state.architecture].rest()

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        """Invoke the alias of a size once, with the processors around it."""
        event = payload if self._before is None else process(self._aws, self._before, payload) or payload
        try:
            sent = invoke_once(
                self._aws,
                function=self._holders[configuration.architecture].function.ref.unqualified,
                qualifier=self._held().alias(configuration.memory_mb),
                payload=event,
                tail=self._plan.design.telemetry != "logs",
                lane=lane,
                started_at=self._clock(),
                throttled=self._count_throttle,
            )
        except NotFound:
            raise FunctionBusy(
                f"the versions of this run are gone: somebody has restored or deleted {self._state.name} meanwhile",
                hint="do not restore a function while a run on it is active",
            ) from None
        if sent.invocation.status.failed:
            self._note_failure(configuration, sent)
        if self._after is not None:
            process(self._aws, self._after, sent.output or b"null")
        return only_of_size(sent.invocation, configuration.memory_mb)

    def recover(self, invocations: Sequence[Invocation], *, patient: bool) -> Mapping[str, Invocation]:
        """Read missing reports from CloudWatch Logs, all with one query.

        Who asks for the logs gets patience in every round, until it once has been in vain.
        """
        known = {i.request_id: i for i in invocations if i.request_id is not None}
        if self._plan.design.telemetry == "tail" or not known:
            return {}
        started = [i.started_at for i in known.values()]
        try:
            reports = find_reports(
                self._aws,
                log_group=self._state.log_group,
                log_format=self._state.log_format,
                request_ids=known.keys(),
                since=min(started),
                until=self._clock(),
                patient=patient or (self._plan.design.telemetry == "logs" and not self._in_vain),
            )
        except (AccessDenied, NotFound, Unavailable) as error:
            if self._plan.design.telemetry == "logs":
                raise
            self._advise_once("logs-unreadable", error.message, error.hint or "use --telemetry tail")
            return {}
        self._in_vain = not reports
        return {key: with_report(known[key], report) for key, report in reports.items()}

    def undo(self) -> None:
        """Restore $LATEST, then delete the run's aliases, versions, copies and journal.

        Raises:
            NotRestored: it could not be done.
        """
        if not self._opening:
            return
        self._closing.set()
        with self._changing:
            try:
                for note in self._undo():
                    self._advise_once("kept", note, "look at it, and mend it by hand if it is not wanted")
            except PowertuneError as error:
                what = "hold a trial configuration" if self._plan.touches_original else "have temporary copies"
                raise NotRestored(
                    f"{self._state.name} may still {what}: {error.message}",
                    hint=how_to_restore(error, self._restore_command),
                ) from error
            self._opening = False

    @property
    def throttles(self) -> int:
        """How many invocations Lambda throttled, and therefore did not execute."""
        return self._throttles

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What came up while publishing, reading logs, and undoing."""
        return tuple(self._advisories)

    def _undo(self) -> tuple[str, ...]:
        function = LambdaFunction.of(self._aws.patient(), self._state)
        if not self._plan.touches_original:
            return delete_copies(function, self._plan.run_id, len(self._plan.copies), uncertain=self._uncertain)
        journal = self._journal or self._own_journal(function)
        return () if journal is None else undo(function, journal, uncertain=self._uncertain)

    def _lock(self) -> None:
        found = self._function.wait_until_updated()
        journal = self._new_journal(found.memory_mb)
        self._opening = True
        try:
            self._function.create_alias(JOURNAL_ALIAS, "$LATEST", journal.encode())
        except AlreadyExists:
            self._opening = False
            raise self._locked() from None
        self._journal = journal
        # Another run may have ended between the look and the lock: then the size that was seen was its trial.
        locked = self._function.wait_until_updated()
        if locked.memory_mb != found.memory_mb or locked.fingerprint != self._state.fingerprint:
            self._journal = Journal(run_id=journal.run_id, started_at=journal.started_at, memory_mb=locked.memory_mb)
            raise changed(self._state.name)
        self._holders[self._state.architecture] = self._holder(self._changes, journal, locked)

    def _make_copy(self, architecture: Architecture, journal: Journal) -> Holder:
        """Copy $LATEST as it was when the plan was made, but for what may be published of it in this moment."""
        names = copy_names(self._state.name, journal.run_id, len(self._plan.copies))
        seen = self._changes.wait_until_updated(give_up=self._stop_if_closing)
        if seen.fingerprint != self._state.fingerprint:
            raise changed(self._state.name)
        wanted = Wanted(
            name=names[self._plan.copies.index(architecture)],
            run_id=journal.run_id,
            architecture=architecture,
            log_group=self._state.log_group,
            image_uri=self._plan.image_uri(architecture),
        )
        try:
            copy, made = make_copy(self._changes, seen, wanted)
        except (FunctionBusy, Unavailable):
            self._uncertain = True
            raise
        self._advisories.extend(other_runtime_version(seen, made))
        return self._holder(copy, journal, made)

    def _holder(self, function: LambdaFunction, journal: Journal, found: Snapshot) -> Holder:
        return Holder(function, journal, found, stop=self._stop_if_closing)

    def _new_journal(self, memory_mb: int) -> Journal:
        return Journal(
            run_id=self._plan.run_id,
            started_at=int(self._clock()),
            memory_mb=memory_mb,
            sizes=tuple(sorted({c.memory_mb for c in self._plan.design.configurations})) or None,
            copies=len(self._plan.copies),
        )

    def _held(self) -> Journal:
        self._stop_if_closing()
        assert self._journal is not None, "open() comes first"
        return self._journal

    def _stop_if_closing(self) -> None:
        if self._closing.is_set():
            raise FunctionBusy("the run is being undone", hint="start another run")

    def _own_journal(self, function: LambdaFunction) -> Journal | None:
        """Our journal, if its creation went through although its answer was lost; nobody else's."""
        journal = read_journal(function)
        return journal if journal is not None and journal.run_id == self._plan.run_id else None

    def _locked(self) -> FunctionBusy:
        try:
            journal = read_journal(self._function)
        except UsageError as error:
            return FunctionBusy(error.message, hint=error.hint)
        who = f"run {journal.run_id}" if journal else "another run"
        return FunctionBusy(
            f"{who} is active on {self._state.name}, or has died on it",
            hint=f"wait until it has ended; if it has died: {self._restore_command}",
        )

    def _count_throttle(self) -> None:
        with self._counting:
            self._throttles += 1

    def _note_failure(self, configuration: Configuration, sent: Sent) -> None:
        """Keep the function's own words, once per kind of error."""
        kind = sent.invocation.error_type or str(sent.invocation.status)
        with self._counting:
            if kind in self._failures:
                return
            self._failures.add(kind)
        self._advise_once(
            "function-error",
            f"the function failed at {configuration}: {own_words(sent.output or b'')}",
            "look at the function's log; mend the function, its payload, or this memory size",
        )

    def _advise_once(self, code: str, message: str, next_step: str) -> None:
        advisory = Advisory(code=code, message=message, next_step=next_step)
        if advisory not in self._advisories:
            self._advisories.append(advisory)
