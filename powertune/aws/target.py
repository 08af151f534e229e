"""A function on AWS as a `measure.Target`: published at each size, invoked, and left as it was found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from threading import Event, Lock

from powertune.aws.client import Aws
from powertune.aws.copies.lifecycle import copy_of, delete_copies
from powertune.aws.copies.names import copy_names
from powertune.aws.error_translation import how_to_restore
from powertune.aws.function_caller import FunctionCaller
from powertune.aws.function_snapshot import FunctionSnapshot
from powertune.aws.holder import Holder, changed
from powertune.aws.journal import Journal, JournalLock, alias_name, held_by_another, journal_of
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.publisher import Publisher
from powertune.aws.resuming import latest_as_found
from powertune.aws.undo import kept, undo
from powertune.errors import (
    AlreadyExists,
    FunctionBusy,
    NotFound,
    NotRestored,
    PowertuneError,
    Unavailable,
)
from powertune.measure import Publishing
from powertune.model import Advisory, Configuration, FunctionRef, Invocation
from powertune.plan import Plan


class AwsTarget:
    """One run's hold on one function. Publishing, invoking and undoing may be asked for by different threads.

    Args:
        restore_command: what a person types to undo this run by hand.
        processors: functions invoked before and after each invocation (None for none), outside of the measurement.
        clock: seconds since the epoch.
        stop: called before each change; may raise to keep it from being made.
    """

    def __init__(
        self,
        aws: Aws,
        plan: Plan,
        *,
        restore_command: str,
        processors: tuple[FunctionRef | None, FunctionRef | None] = (None, None),
        clock: Callable[[], float],
        stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._aws = aws
        self._plan = plan
        self._state = plan.function
        self._closing = Event()
        self._stop = stop
        #: Changes are given up once undoing begins; undoing itself is patient.
        changes = LambdaFunction.of(replace(aws, give_up=self._stop_if_closing), plan.function)
        self._publisher = Publisher(plan, changes, journal=self._new_journal, stop=self._stop_if_closing)
        self._function = LambdaFunction.of(aws, plan.function)
        self._restore_command = restore_command
        self._caller = FunctionCaller(aws, plan, processors=processors, clock=clock)
        self._clock = clock
        self._lock: JournalLock | None = None
        self._opening = False
        self._joined = False
        self._last_version = 0
        self._changing = Lock()
        self._advisories: list[Advisory] = []

    def open(self) -> None:
        """Create the journal alias: the lock, and the memory of what to undo.

        Where only copies are measured, they are all that there is to undo, and their tags say so.

        Raises:
            FunctionBusy: another run is active on the function, or has died on it.
        """
        if self._plan.touches_original:
            self._take_lock()
        else:
            self._opening = True

    def resume(self) -> None:
        """In place of `open`: continue a run that another process has begun, on what its journal and marks name.

        The journal is read from the function, as no other record of it can be up to date.

        Raises:
            FunctionBusy: the journal is gone, or is another run's; or somebody else has changed the function.
            NotRestored: new code was deployed while $LATEST held a trial size.
        """
        if self._plan.touches_original:
            self._lock = lock = JournalLock.taken(self._function, self._plan.run_id)
            self._last_version = lock.journal.last_version
            self._opening = True
            self._publisher.hold(latest_as_found(self._function, lock, self._state.fingerprint), lock)
        self._opening = True
        self._publisher.adopt()

    def join(self) -> None:
        """In place of `open`: invoke what another process of the run has published, and which that one undoes."""
        self._joined = True

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        """Publish a version of each and give it an alias, on a copy if it is to be on one; put $LATEST back.

        Raises:
            FunctionBusy: somebody else has changed the function meanwhile.
            FunctionRefused: no copy can be made of it.
        """
        with self._changing:
            self._held()
            self._publisher.publish(configurations, publishing)

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        """Invoke the alias of a size once, with the processors around it."""
        function, alias = self._published(configuration)
        try:
            return self._caller.invoke(
                configuration, payload, lane, function=function.ref.unqualified, qualifier=alias
            )
        except NotFound as error:
            raise self._vanished(function, alias, error) from None

    def recover(
        self, invocations: Mapping[Configuration, Sequence[Invocation]], *, patient: bool
    ) -> Mapping[str, Invocation]:
        """Read missing reports from CloudWatch Logs."""
        return self._caller.recover(invocations, patient=patient)

    def reports_are_lost(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> bool:
        """Look into why none of these has a report, and say so; False if the next ones may well have one."""
        return self._caller.reports_are_lost(invocations)

    def environments(self, invocations: Mapping[Configuration, Sequence[Invocation]]) -> Mapping[str, str]:
        """The environments that served them, as far as the logs tell."""
        return self._caller.environments(invocations)

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
                self._advisories.extend(self._undo())
            except NotRestored:
                raise
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
        return self._caller.throttles

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What came up while publishing, reading logs, and undoing."""
        return (*self._publisher.advisories, *self._advisories, *self._caller.advisories)

    def _undo(self) -> tuple[Advisory, ...]:
        function = LambdaFunction.of(self._aws.patient(), self._state)
        uncertain, denied = self._publisher.uncertain, self._publisher.denied
        # Whom no copy was allowed may not even ask whether there are any.
        copies = 0 if denied else len(self._plan.copies)
        if not self._plan.touches_original:
            return kept(delete_copies(function, self._plan.run_id, copies, uncertain=uncertain))
        journal = self._lock.journal if self._lock is not None else self._own_journal(function)
        if journal is None:
            return ()
        journal = replace(journal, copies=copies)
        holder = self._publisher.holder(self._state.architecture)
        return undo(
            function,
            journal,
            uncertain=uncertain,
            aliases=() if holder is None else holder.aliases,
            versions=() if holder is None else holder.published,
        )

    def _take_lock(self) -> None:
        found = self._function.wait_until_updated()
        self._last_version = max((int(version.number) for version in self._function.versions()), default=0)
        lock = JournalLock(self._function, self._new_journal(found))
        self._opening = True
        try:
            lock.take()
        except AlreadyExists:
            # After a lost answer, it may be this run's own first attempt that has taken it.
            if not self._is_locked_by_us():
                self._opening = False
                raise held_by_another(self._function, self._restore_command) from None
            lock = JournalLock.taken(self._function, self._plan.run_id)
        self._lock = lock
        # Another run may have ended between the look and the lock: then the size that was seen was its trial.
        locked = self._function.wait_until_updated()
        if locked.memory_mb != found.memory_mb or locked.fingerprint != self._state.fingerprint:
            lock.journal = self._new_journal(locked)
            raise changed(self._state.name)
        self._publisher.hold(locked, lock)

    def _new_journal(self, found: FunctionSnapshot) -> Journal:
        return Journal(
            run_id=self._plan.run_id,
            started_at=int(self._clock()),
            memory_mb=found.memory_mb,
            code_sha256=found.code_sha256,
            last_version=self._last_version,
            copies=len(self._plan.copies),
        )

    def _held(self) -> None:
        self._stop_if_closing()
        assert self._opening, "open() comes first"

    def _stop_if_closing(self) -> None:
        if self._closing.is_set():
            raise FunctionBusy("the run is being undone", hint="start another run")
        self._stop()

    def _holder(self, configuration: Configuration) -> Holder:
        self._held()
        holder = self._publisher.holder(configuration.architecture)
        if holder is None:
            raise FunctionBusy(
                f"the copy of {self._state.name} for {configuration.architecture} is gone: somebody has deleted it",
                hint="do not delete the copies of a run that is active",
            )
        return holder

    def _published(self, configuration: Configuration) -> tuple[LambdaFunction, str]:
        """The function that holds a configuration, and the name of its alias, which follow from the plan."""
        if not self._joined:
            holder = self._holder(configuration)
            return holder.function, holder.alias(configuration.memory_mb)
        alias = alias_name(self._plan.run_id, configuration.memory_mb)
        copies = dict(zip(self._plan.copies, self._copy_names(), strict=True))
        name = copies.get(configuration.architecture)
        return self._function if name is None else copy_of(self._function, name), alias

    def _copy_names(self) -> tuple[str, ...]:
        return copy_names(self._state.name, self._plan.run_id, len(self._plan.copies))

    def _vanished(self, function: LambdaFunction, alias: str, error: NotFound) -> PowertuneError:
        """Why Lambda does not know an alias that was created."""
        if function.alias(alias) is not None:
            return Unavailable(
                f"{error.message}, although it exists", hint="Lambda has not caught up; run again later"
            )
        return FunctionBusy(
            f"the versions of this run are gone: somebody restored or deleted {self._state.name}",
            hint="do not restore a function while a run on it is active",
        )

    def _own_journal(self, function: LambdaFunction) -> Journal | None:
        """Our journal, if its creation went through although its answer was lost; nobody else's."""
        return journal_of(function, self._plan.run_id)

    def _is_locked_by_us(self) -> bool:
        return self._own_journal(self._function) is not None
