"""The other engine: a state machine tunes the function inside the account, and this process follows it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.executions import (
    FAILED,
    SUCCEEDED,
    Execution,
    ExecutionArn,
    Executions,
)
from powertune.aws.identity import ConnectionOptions
from powertune.aws.journal import read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.objects import Objects
from powertune.engine.failures import why_ended
from powertune.engine.following import RunReader, Storyteller, Watcher, read_results
from powertune.engine.restoring import restore_command
from powertune.engine.state_machine import TuningMachine
from powertune.engine.steps.store import RunStore
from powertune.engine.steps.worker import run_id_of
from powertune.errors import (
    AccessDenied,
    FunctionFailed,
    Inconclusive,
    NotFound,
    NotRestored,
    PowertuneError,
    Unavailable,
    UsageError,
)
from powertune.model import FunctionRef, TuningRun

#: How long to wait between two looks at an execution, in seconds: longer, step by step, while nothing is new.
FIRST_POLL_S, LONGEST_POLL_S, _SLOWER = 2.0, 5.0, 1.25
#: How long restoring may take after an execution was stopped: an event, workers that still run, and an undo.
RESTORE_S = 300.0
#: How long a results file may take to appear after the function is restored.
_KEEPING_S = 10.0
#: What the workers keep of a run when they restore the function, and when they are told to change nothing more.
_RESTORED, _STOPPED, _ERRAND = "restored", "stopped", "errand.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an execution has ended: what was measured, if anything was, and what went wrong, if anything did.

    `judged`: the run was measured to its end, and judged; an `error` is then for want of a recommendation.
    """

    run: TuningRun | None
    error: PowertuneError | None = None
    judged: bool


class Followed:
    """An execution that is followed from its start or from somewhere in between, until its end.

    Args:
        aws: where the state machine is.
        place: how to get there, for commands that a person may type.
        ref: the function; None to read it from the execution's input.
    """

    def __init__(
        self,
        aws: Aws,
        arn: ExecutionArn,
        machine: TuningMachine,
        *,
        place: ConnectionOptions,
        ref: FunctionRef | None = None,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._aws = aws
        self._executions = Executions(aws=aws)
        self.arn = arn
        self.place = place
        self._ref = ref
        self._clock = clock
        self._sleep = sleep
        self._reader = None if machine.bucket is None else self._reading(machine.bucket)
        self._story: Storyteller | None = None
        self._states_told = True
        self._last: TuningRun | None = None

    @property
    def run_id(self) -> str:
        """The id of the execution's run."""
        return run_id_of(self.arn.text)

    @property
    def name(self) -> str:
        """The function's name, as far as it is known."""
        return "function" if self._ref is None else self._ref.name

    @property
    def restore_command(self) -> str:
        """What to type to restore the function by hand."""
        target = "FUNCTION" if self._ref is None else str(replace(self._ref, qualifier=None))
        region = (self._ref.region if self._ref else None) or self._aws.region
        return restore_command(target, replace(self.place, region=region))

    @property
    def last(self) -> TuningRun | None:
        """What was measured, as far as it was seen."""
        return self._last

    def follow(self, watcher: Watcher) -> Execution:
        """Tell what happens, until the execution has ended.

        Raises:
            NotFound: there is no such execution.
        """
        pause_s, state = FIRST_POLL_S, None
        if self._reader is None:
            watcher.unseen("its bucket is not known")
        while True:
            execution = self._executions.read(self.arn)
            self.know(execution)
            news = self._look(watcher)
            entered = self._state()
            if entered is not None and entered != state:
                state, news = entered, True
                self._enter(entered, watcher)
            if execution.ended:
                return execution
            pause_s = FIRST_POLL_S if news else min(LONGEST_POLL_S, pause_s * _SLOWER)
            self._sleep(pause_s)

    def stop(self) -> Execution:
        """Stop the execution, and wait until it has ended. Its function is then still to be restored.

        Raises:
            NotFound: it was never started.
        """
        self._executions.stop(self.arn, "stopped by powertune run")
        while True:
            execution = self._executions.read(self.arn)
            if execution.ended:
                self.know(execution)
                return execution
            self._sleep(FIRST_POLL_S)

    def end(self, execution: Execution) -> Ending:
        """What has come of an execution that has ended; waits until its function is restored.

        Raises:
            AccessDenied, NotFound, Unavailable: the results file cannot be read.
            UsageError: the execution was a dry run.
        """
        if execution.status == SUCCEEDED:
            return Ending(run=read_results(self._aws, execution), judged=True)
        restored = self.wait_until_restored(execution)
        run = self._kept(execution)
        if not restored:
            return Ending(run=run, error=self._not_restored(execution), judged=False)
        why = why_ended(execution)
        judged = execution.status == FAILED and isinstance(why, FunctionFailed | Inconclusive)
        return Ending(run=run, error=why, judged=judged)

    def wait_until_restored(self, execution: Execution) -> bool:
        """Wait until the state machine has restored the function after an execution that did not succeed.

        Returns:
            False if it is not known to be restored when the time is over.
        """
        until = self._clock() + RESTORE_S
        while True:
            if self._is_restored(execution):
                if self._story is not None:
                    self._story.restored()
                return True
            if self._left() is not None:
                return False
            if self._clock() >= until:
                # What has kept the workers from saying so need not have kept them from doing it.
                return self._journal_is_gone() is True
            if self._reader is None and self._journal_is_gone() is None:
                return False  # nothing of it can be seen from here, however long one looks
            self._sleep(FIRST_POLL_S)

    def _reading(self, bucket: str) -> RunReader:
        objects = Objects(aws=self._aws, bucket=bucket, owner=self.arn.machine.account_id)
        return RunReader(RunStore(objects=objects, run_id=self.run_id))

    def know(self, execution: Execution) -> None:
        """Note which function the execution is about, if its input says so."""
        given: Any = execution.given
        if self._ref is None and isinstance(given, dict):
            with suppress(UsageError):
                self._ref = FunctionRef.parse(str(given.get("lambdaARN", "")))

    def _look(self, watcher: Watcher) -> bool:
        """Tell what was measured since the last look; whether anything was."""
        if self._reader is None:
            return False
        try:
            self._reader.refresh()
            plan, run = self._reader.plan, self._reader.run()
        except (AccessDenied, NotFound) as denied:
            self._reader = None
            watcher.unseen(denied.message)
            return False
        except Unavailable:
            return False  # it may be there at the next look
        if plan is None or run is None:
            return False
        if self._story is None:
            self._story = Storyteller(plan, watcher.planned(plan))
        self._last = run
        if self._reader.has(_RESTORED):
            self._story.restored()
        return self._story.tell(run)

    def _state(self) -> str | None:
        """The state that the execution is in; None if it is not known, or may not be."""
        if not self._states_told:
            return None
        try:
            return self._executions.state(self.arn)
        except AccessDenied:
            self._states_told = False
        except Unavailable:
            pass
        return None

    def _enter(self, state: str, watcher: Watcher) -> None:
        watcher.entered(state)
        if self._story is not None and state.startswith("Restore"):
            self._story.restoring()

    def _is_restored(self, execution: Execution) -> bool:
        """Whether the function is known to be as the run found it."""
        if self._reader is None:
            return self._journal_is_gone() is True
        try:
            self._reader.refresh()
        except (AccessDenied, NotFound):
            self._reader = None
            return False
        except Unavailable:
            return False
        if self._reader.has(_RESTORED):
            return True
        # Before the errand is kept, nothing is touched; a worker that still runs touches nothing once it is told.
        told = execution.status == FAILED or self._reader.has(_STOPPED)
        return told and not self._reader.has(_ERRAND)

    def _journal_is_gone(self) -> bool | None:
        """Whether the function holds no journal of this run; None if that cannot be seen from here."""
        if self._ref is None or self._ref.region not in (None, self._aws.region):
            return None
        try:
            journal = read_journal(LambdaFunction(self._aws, replace(self._ref, qualifier=None)))
        except PowertuneError:
            return None
        return journal is None or journal.run_id != self.run_id

    def _kept(self, execution: Execution) -> TuningRun | None:
        """What was measured by an execution that did not succeed: its results file, or what was seen of it."""
        until = self._clock() + (_KEEPING_S if self._last is not None else 0.0)
        while self._reader is not None and self._ref is not None:
            try:
                found = self._reader.published(self._ref.name)
            except PowertuneError:
                break
            if found is not None:
                return found
            if self._clock() >= until:
                break
            self._sleep(FIRST_POLL_S)
        self._look_once_more()
        if self._last is None or not any(len(each.invocations) for each in self._last.measurements):
            return None
        return replace(self._last, stopped=f"the execution has ended as {execution.status}")

    def _look_once_more(self) -> None:
        """See what came in after the last look, which may have been interrupted."""
        if self._reader is not None:
            with suppress(PowertuneError):
                self._reader.refresh()
                self._last = self._reader.run() or self._last

    def _left(self) -> NotRestored | None:
        """What the workers could not restore, as only a person knows what is meant; None if nothing is known of that.

        The journal is gone then as well, so that the function looks as if it were restored.
        """
        return None if self._reader is None else self._reader.left

    def _not_restored(self, execution: Execution) -> NotRestored:
        why = self._left() or why_ended(execution)
        if isinstance(why, NotRestored):
            return why
        return NotRestored(
            f"{self.name} may still hold a trial configuration: execution {self.arn.name} has ended as "
            f"{execution.status} ({why.message}), and the function is not known to be restored",
            hint=self.restore_command,
        )
