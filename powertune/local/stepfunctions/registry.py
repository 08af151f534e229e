"""All executions of this server: found by their ARN, and ended when the server closes."""

import threading
import time
from typing import Any

from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcome
from moto.stepfunctions.parser.utils import TMP_THREADS

from powertune.local.stepfunctions import status_events
from powertune.local.stepfunctions.errors import error
from powertune.local.stepfunctions.execution import LiveExecution

_CLOSING = "The server is closing"
_TIMED_OUT = "Task Timed Out: 'Provided task does not exist anymore'"


class Registry:
    """Knows executions from their start on, also those inside a Distributed Map."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._executions: dict[str, LiveExecution] = {}
        self._closed = False

    def admit(self, execution: LiveExecution) -> LiveExecution:
        """Let an execution begin; returns the one that has its name already, if there is one.

        Raises:
            AWSError: the server is closing.
        """
        with self._lock:
            if self._closed:
                raise error("ServiceUnavailable", _CLOSING)
            return self._executions.setdefault(execution.execution_arn, execution)

    def changed(self, execution: LiveExecution) -> None:
        """An execution has begun or ended."""
        with self._lock:
            closed = self._closed
            if execution.order.kind == "EXPRESS" and execution.status != "RUNNING" and not closed:
                # Nobody can ask for it any more, and there may be millions of them.
                self._executions.pop(execution.execution_arn, None)
            else:
                self._executions[execution.execution_arn] = execution
            # Moto keeps every thread that it ever started in this list.
            TMP_THREADS.clear()
        if not closed:
            status_events.publish(execution)
        elif execution.status == "RUNNING":
            execution.stop(None, _CLOSING)

    def find(self, arn: str) -> LiveExecution | None:
        """The execution of this ARN."""
        return self._executions.get(arn)

    def forget(self, machine_arn: str) -> None:
        """Its state machine was deleted: so are its executions, and those of its Map Runs."""
        with self._lock:
            for arn, execution in list(self._executions.items()):
                if execution.state_machine_arn == machine_arn or execution.state_machine_arn.startswith(
                    f"{machine_arn}/"
                ):
                    del self._executions[arn]

    def of_machine(self, machine_arn: str) -> list[LiveExecution]:
        """Its executions."""
        return [each for each in self._all() if each.state_machine_arn == machine_arn]

    def map_run(self, arn: str) -> Any:
        """The Map Run of this ARN, or None."""
        return next((run for each in self._all() for run in each.map_runs if run.arn == arn), None)

    def answer_task(self, outcome: CallbackOutcome) -> None:
        """Hand a result to the task that waits for it.

        Raises:
            AWSError: nobody waits any more, or the token is none.
        """
        endpoint = self._endpoint(outcome.callback_id)
        endpoint.notify(outcome=outcome)

    def heartbeat(self, token: str) -> None:
        """The task that waits for this token is told that its work goes on.

        Raises:
            AWSError: nobody waits any more, or the token is none.
        """
        self._endpoint(token).notify_heartbeat()

    def close(self) -> None:
        """End all executions, without telling anybody."""
        with self._lock:
            self._closed = True
        for execution in self._all():
            if execution.status == "RUNNING":
                execution.stop(None, _CLOSING)

    def join(self, seconds: float) -> None:
        """Wait for the threads of executions."""
        until = time.monotonic() + seconds
        for execution in self._all():
            execution.join(max(until - time.monotonic(), 0))

    def _endpoint(self, token: str) -> Any:
        for execution in self._all():
            endpoint = execution.env.callback_pool_manager.get(token)
            if endpoint is not None:
                if execution.status != "RUNNING" or endpoint._notify_event.is_set():
                    raise error("TaskTimedOut", _TIMED_OUT)
                return endpoint
        raise error("InvalidToken", "Invalid Token: 'Invalid token'")

    def _all(self) -> list[LiveExecution]:
        with self._lock:
            return list(self._executions.values())
