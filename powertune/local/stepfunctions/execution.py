"""One execution: a thread that runs a program, and an end that is final in the moment it comes."""

import datetime
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionFailedEventDetails,
    ExecutionStatus,
    ExecutionTimedOutEventDetails,
    HistoryEventExecutionDataDetails,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.eval.states import ContextObjectData, ExecutionData, StateMachineData
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from powertune.local.stepfunctions.environment import LiveEnvironment
from powertune.local.stepfunctions.history import AbandonedError, History, details

EXPRESS_LIMIT_S = 300
_FULL = "The execution reached the maximum number of history events (25000)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be executed. Names are AWS's; `input` is JSON."""

    arn: str
    name: str
    account: str
    region: str
    role_arn: str
    machine_arn: str
    machine_name: str
    kind: str
    definition: str
    program: Any
    input: str
    version_arn: str | None = None
    alias_arn: str | None = None
    map_run_arn: str | None = None
    trace_header: str | None = None


class LiveExecution:
    """An execution. Its attributes are those that moto's API reads, and its end is announced once."""

    def __init__(self, order: Order, on_change: Callable[["LiveExecution"], None]) -> None:
        self.order, self._on_change = order, on_change
        self.name = order.name
        self.execution_arn = order.arn
        self.state_machine_arn = order.machine_arn
        self.execution_input = order.input
        self.start_date = _now()
        self.stop_date: datetime.datetime | None = None
        self.status = ExecutionStatus.RUNNING.value
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.map_runs: list[Any] = []
        self.history = History(self._fail_for_length)
        self.env = self._environment()
        self.env.execution = self
        self.exec_worker = SimpleNamespace(env=self.env)
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"execution-{order.name}", daemon=True)
        self._timer: threading.Timer | None = None
        self._record_start()

    def start(self) -> None:
        """Run in the background."""
        self._watch()
        self._thread.start()

    def run(self) -> None:
        """Run in this thread. It may return after the execution has ended, when a task takes longer."""
        self._watch()
        self._run()

    def spawn(self, order: Order) -> "LiveExecution":
        """A child execution, known where this one is."""
        child = LiveExecution(order, self._on_change)
        self._on_change(child)
        return child

    def stop(self, error: str | None, cause: str | None) -> None:
        """End as ABORTED, now, whatever is being done. An execution that has ended stays as it is."""
        told = {name: value for name, value in (("error", error), ("cause", cause)) if value is not None}
        self.env.event_history_context.source_event_id = 0
        final = details(executionAbortedEventDetails=told)
        self._interrupt(HistoryEventType.ExecutionAborted, final, ExecutionStatus.ABORTED, error, cause)

    def time_out(self) -> None:
        """End as TIMED_OUT: the definition's TimeoutSeconds are over."""
        final = details(executionTimedOutEventDetails=ExecutionTimedOutEventDetails())
        self._interrupt(HistoryEventType.ExecutionTimedOut, final, ExecutionStatus.TIMED_OUT, None, None)

    def join(self, seconds: float) -> None:
        """Wait until its thread has ended as well."""
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The history so far."""
        return self.history.events

    @property
    def record(self) -> dict[str, Any]:
        """What ResultWriter says of it."""
        reason = "" if self.status in ("FAILED", "TIMED_OUT", "ABORTED") else self.status
        told: dict[str, Any] = {
            "Cause": self.cause,
            "Error": self.error,
            "ExecutionArn": self.execution_arn,
            "Input": self.execution_input,
            "InputDetails": {"Included": True},
            "Name": self.name,
            "Output": self.output,
            "OutputDetails": {"Included": True} if self.output is not None else None,
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE" if reason else "REDRIVABLE",
            "RedriveStatusReason": f"Execution is {reason} and cannot be redriven" if reason else None,
            "StartDate": _text(self.start_date),
            "StateMachineArn": self.state_machine_arn,
            "Status": self.status,
            "StopDate": _text(self.stop_date) if self.stop_date else None,
        }
        return {name: value for name, value in told.items() if value is not None}

    def _watch(self) -> None:
        """End it when its time is over."""
        seconds = self._seconds()
        if seconds is not None and not self.env.abandoned:
            self._timer = threading.Timer(seconds, self.time_out)
            self._timer.daemon = True
            self._timer.start()

    def _fail_for_length(self) -> None:
        told = ExecutionFailedEventDetails(error="States.Runtime", cause=_FULL)
        final = details(executionFailedEventDetails=told)
        self._interrupt(HistoryEventType.ExecutionFailed, final, ExecutionStatus.FAILED, told["error"], told["cause"])

    def _seconds(self) -> float | None:
        """The time that it may take."""
        declared = self.order.program.timeout_seconds
        seconds: float | None = declared.timeout_seconds if declared is not None else None
        if self.order.kind == "EXPRESS":
            return min(seconds or EXPRESS_LIMIT_S, EXPRESS_LIMIT_S)
        return seconds

    def _run(self) -> None:
        self._on_change(self)
        try:
            self.order.program.eval(self.env)
        except AbandonedError:
            return
        state = self.env.program_state()
        if isinstance(state, ProgramEnded):
            self.output = to_json_str(self.env.states.get_input(), separators=(",", ":"))
            self._conclude(ExecutionStatus.SUCCEEDED, None, None)
        elif isinstance(state, ProgramError):
            found = state.error or {}
            self._conclude(ExecutionStatus.FAILED, found.get("error"), found.get("cause"))

    def _interrupt(
        self,
        kind: HistoryEventType,
        details: Any,
        status: ExecutionStatus,
        error: str | None,
        cause: str | None,
    ) -> None:
        try:
            self.history.add_event(context=self.env.event_history_context, event_type=kind, event_details=details)
        except AbandonedError:
            # It has ended in the meantime, and its thread says how.
            self.ended.wait(1)
            return
        self._conclude(status, error, cause)

    def _conclude(self, status: ExecutionStatus, error: str | None, cause: str | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.stop_date = _now()
        self.error, self.cause = error, cause
        self.status = status.value
        self.env.abandon()
        for endpoint in list(self.env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()
        self.ended.set()
        self._on_change(self)

    def _record_start(self) -> None:
        order = self.order
        told: dict[str, Any] = {
            "input": order.input,
            "inputDetails": HistoryEventExecutionDataDetails(truncated=False),
            "roleArn": order.role_arn,
        }
        if order.alias_arn:
            told["stateMachineAliasArn"] = order.alias_arn
        if order.version_arn:
            told["stateMachineVersionArn"] = order.version_arn
        self.history.add_event(
            context=self.env.event_history_context,
            event_type=HistoryEventType.ExecutionStarted,
            event_details=details(executionStartedEventDetails=told),
            update_source_event_id=False,
        )

    def _environment(self) -> LiveEnvironment:
        order = self.order
        started = _text(self.start_date)
        make: Any = ContextObjectData
        context = make(
            Execution=ExecutionData(
                Id=order.arn,
                Input=json.loads(order.input),
                Name=order.name,
                RoleArn=order.role_arn,
                StartTime=started,
            ),
            StateMachine=StateMachineData(Id=order.machine_arn, Name=order.machine_name),
        )
        env = LiveEnvironment(
            aws_execution_details=AWSExecutionDetails(
                account=order.account, region=order.region, role_arn=order.role_arn
            ),
            execution_type=order.kind,
            context=context,
            event_history_context=EventHistoryContext.of_program_start(),
            cloud_watch_logging_session=None,
            activity_store={},
        )
        env.event_manager = self.history
        return env


def _text(time: datetime.datetime) -> str:
    """As AWS writes times: `2024-05-01T12:00:00.123Z`."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)
