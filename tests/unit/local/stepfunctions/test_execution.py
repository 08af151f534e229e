"""Executions end for good, only one has a name, and a retry waits as long as it is asked to."""

import json
import math
import threading
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from machines import machine_of
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome

from powertune.local.stepfunctions.definitions import program_of
from powertune.local.stepfunctions.execution import LiveExecution, Order
from powertune.local.stepfunctions.interpreter import _eval_retrier as eval_retrier
from powertune.local.stepfunctions.registry import Registry


@dataclass(frozen=True)
class Waiting:
    """A program that waits, in a frame as a task does."""

    seconds: float
    timeout_seconds: Any = None

    def eval(self, env: Any) -> None:
        """Wait, and end."""
        env.next_state_name = "Wait"
        frame = env.open_frame()
        frame.pause(self.seconds)
        env.close_frame(frame)
        env.set_ended()


ORDER = Order(
    arn="arn:aws:states:us-east-1:123456789012:execution:m:one", name="one", account="123456789012",
    region="us-east-1", role_arn="arn:aws:iam::123456789012:role/r",
    machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:m", machine_name="m", kind="STANDARD",
    definition="{}", program=Waiting(600), input="{}",
)  # fmt: skip


def _threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == f"execution-{name}"]


def _begun(registry: Registry, order: Order) -> LiveExecution:
    execution = LiveExecution(order, registry.changed)
    assert registry.admit(execution) is execution
    execution.start()
    return execution


def test_an_execution_that_is_stopped_leaves_no_thread() -> None:
    registry = Registry()
    execution = _begun(registry, replace(ORDER, name="stopped"))
    assert len(_threads("stopped")) == 1
    execution.stop("Enough", None)
    registry.join(20)
    assert (execution.status, execution.error, _threads("stopped")) == ("ABORTED", "Enough", [])
    assert [event["type"] for event in execution.events] == ["ExecutionStarted", "ExecutionAborted"]
    execution.stop("Again", None)
    execution.time_out()
    assert (execution.status, execution.error, len(execution.events)) == ("ABORTED", "Enough", 2)


def test_an_execution_whose_time_is_over_leaves_no_thread() -> None:
    registry = Registry()
    program = replace(ORDER.program, timeout_seconds=SimpleNamespace(timeout_seconds=0.01))
    execution = _begun(registry, replace(ORDER, name="late", program=program))
    assert execution.ended.wait(20)
    registry.join(20)
    assert (execution.status, _threads("late")) == ("TIMED_OUT", [])


def test_closing_ends_all_executions_and_begins_no_more() -> None:
    registry = Registry()
    executions = [_begun(registry, replace(ORDER, arn=f"{ORDER.arn}{n}", name="closed")) for n in range(3)]
    registry.close()
    registry.join(20)
    assert ({each.status for each in executions}, _threads("closed")) == ({"ABORTED"}, [])
    late = LiveExecution(replace(ORDER, arn=f"{ORDER.arn}-late"), registry.changed)
    with pytest.raises(AWSError, match="closing"):
        registry.admit(late)
    late.run()
    assert late.status == "ABORTED"


def test_a_name_belongs_to_the_first_who_asks() -> None:
    registry = Registry()
    first, second = (LiveExecution(ORDER, registry.changed) for _ in range(2))
    assert registry.admit(first) is registry.admit(second) is first


def test_express_executions_are_forgotten_when_they_end() -> None:
    registry = Registry()
    kept, gone = (replace(ORDER, arn=f"{ORDER.arn}-{kind}", name=kind, kind=kind) for kind in ("STANDARD", "EXPRESS"))
    for order in (kept, gone):
        execution = _begun(registry, replace(order, program=Waiting(0)))
        assert execution.ended.wait(20)
    until = threading.Event()
    while registry.find(gone.arn) is not None:
        assert not until.wait(0.001)
    assert registry.find(kept.arn) is not None


@pytest.mark.long
@given(
    st.integers(1, 10), st.integers(1, 5), st.integers(1, 8), st.none() | st.integers(11, 100), st.booleans()
)  # fmt: skip
def test_delays_of_retries(interval: int, rate: int, attempts: int, most: int | None, jitter: bool) -> None:
    retrier: dict[str, Any] = {"ErrorEquals": ["X"], "IntervalSeconds": interval, "BackoffRate": rate}
    retrier |= {"MaxAttempts": attempts} | ({"MaxDelaySeconds": most} if most else {})
    retrier |= {"JitterStrategy": "FULL"} if jitter else {}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f"},
        "Retry": [retrier],
        "End": True,
    }
    parsed: Any = program_of(json.dumps(machine_of(A=task))).states.states["A"]
    env: Any = LiveExecution(ORDER, lambda _: None).env
    env.next_state_name = "A"
    waits: list[float] = []
    vars(env)["pause"] = waits.append
    outcomes = []
    for _ in range(attempts + 1):
        env.stack.append(CustomErrorName("X"))
        eval_retrier(parsed.retry.retriers[0], env)
        outcomes.append(env.stack.pop())
    assert outcomes == [RetrierOutcome.Executed] * attempts + [RetrierOutcome.Failed]
    limits = [min(interval * rate**index, most or math.inf) for index in range(attempts)]
    assert len(waits) == attempts
    for wait, limit in zip(waits, limits, strict=True):
        assert 0 <= wait <= limit if jitter else wait == limit
