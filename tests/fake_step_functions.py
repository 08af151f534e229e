"""A state machine that tunes: its real steps, one for each look at the execution, over the fake account."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fake_aws import fake_aws
from fake_clock import FakeClock
from fake_lambda import FakeLambda
from fake_service import FakeService, client_error

from powertune.aws.client import Aws
from powertune.aws.identity import ConnectionOptions
from powertune.engine.steps import ending, judging, measuring
from powertune.engine.steps.worker import Worker
from powertune.errors import PowertuneError

BUCKET = "results"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:powertune"


@dataclass
class FakeConnection:
    """A `Connection` that leads to the fake."""

    fake: FakeLambda
    clock: FakeClock
    clients: dict[str, Any] = field(default_factory=dict)
    region: str = "us-east-1"
    ends_at: float | None = None

    def __enter__(self) -> "FakeConnection":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def place(self) -> ConnectionOptions:
        return ConnectionOptions(region=self.region)

    def aws(self, **_: Any) -> Aws:
        return fake_aws(self.fake, clock=self.clock, **self.clients)


@dataclass
class FakeExecution:
    """One execution: where it is, and what is still to come."""

    given: dict[str, Any]
    steps: Iterator[str]
    status: str = "RUNNING"
    states: list[str] = field(default_factory=list)
    output: Any = None
    error: str | None = None
    cause: str | None = None


class FakeStepFunctions(FakeService):
    """A boto3 client of Step Functions with one state machine. Each look at an execution takes its next step.

    `restores`: whether the function is restored after a stop, as EventBridge has it done.
    """

    service = "stepfunctions"

    def __init__(self, fake: FakeLambda, clock: FakeClock) -> None:
        super().__init__(fake.record)
        self._fake, self._clock = fake, clock
        self.executions: dict[str, FakeExecution] = {}
        self.restores = True
        self.machines = {MACHINE, f"{MACHINE}:live", f"{MACHINE}-2"}
        #: Called with the name of each state before its step; may raise as a step does.
        self.before: Any = lambda state: None

    def connection(self, **clients: Any) -> FakeConnection:
        """The way to the account, and to this state machine."""
        return FakeConnection(self._fake, self._clock, {"stepfunctions": self, **clients})

    def describe_state_machine(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_state_machine", kwargs)
        if kwargs["stateMachineArn"] not in self.machines:
            raise client_error("StateMachineDoesNotExist", "State Machine Does Not Exist")
        return {"stateMachineArn": kwargs["stateMachineArn"]}

    def start_execution(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("start_execution", kwargs)
        if kwargs["stateMachineArn"] != MACHINE:
            raise client_error("StateMachineDoesNotExist", "State Machine Does Not Exist")
        arn = f"{MACHINE.replace('stateMachine', 'execution')}:{kwargs['name']}"
        given = json.loads(kwargs["input"])
        if arn in self.executions and self.executions[arn].status != "RUNNING":
            raise client_error("ExecutionAlreadyExists", "Execution Already Exists")
        if arn not in self.executions:
            self.executions[arn] = FakeExecution(given=given, steps=iter(()))
            self.executions[arn].steps = self._steps(arn)
        self._fake.after_call("start_execution", kwargs)
        return {"executionArn": arn}

    def describe_execution(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_execution", kwargs)
        execution = self._find(kwargs)
        told = {"status": execution.status, "input": json.dumps(execution.given)}
        if execution.status != "RUNNING":
            told |= {"output": json.dumps(execution.output)} if execution.output is not None else {}
            return told | {k: v for k, v in (("error", execution.error), ("cause", execution.cause)) if v}
        state = next(execution.steps, None)
        if state is not None:
            execution.states.append(state)
        return told

    def get_execution_history(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_execution_history", kwargs)
        events = [
            {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": name}}
            for name in self._find(kwargs).states
        ]
        return {"events": events[::-1] if kwargs.get("reverseOrder") else events}

    def stop_execution(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("stop_execution", kwargs)
        execution = self._find(kwargs)
        if execution.status == "RUNNING":
            self.end(kwargs["executionArn"], "ABORTED", kwargs.get("cause"))
        return {}

    def end(self, arn: str, status: str, cause: str | None = None) -> None:
        """End an execution from outside."""
        execution = self.executions[arn]
        execution.status, execution.error, execution.cause = status, None, cause
        if self.restores:
            ending.restore_stopped(self.worker(), {"detail": {"executionArn": arn, "status": status}})

    def worker(self) -> Worker:
        """One of its workers."""
        connect: Any = lambda region, role: self.connection()  # noqa: E731 - a stand-in for a function of one line
        return Worker(
            bucket=BUCKET,
            account=MACHINE.split(":")[4],
            attempt="one",
            connect=connect,
            ends_at=self._clock() + 900,
            clock=self._clock,
            sleep=self._clock.sleep,
        )

    def _find(self, kwargs: dict[str, Any]) -> FakeExecution:
        if kwargs["executionArn"] not in self.executions:
            raise client_error("ExecutionDoesNotExist", "Execution Does Not Exist")
        return self.executions[kwargs["executionArn"]]

    def _steps(self, arn: str) -> Iterator[str]:
        """The states in the order of the state machine; each is named before it is taken."""
        execution = self.executions[arn]
        try:
            yield from self._tuned(arn, execution)
        except PowertuneError as error:
            yield "Restore after a failure"
            told = f"{error.message}; {error.hint}" if error.hint else error.message
            if self.restores:
                failure = f"{type(error).__name__}: {told}"
                ending.restore_function(self.worker(), {"execution": arn, "failure": failure})
            execution.status, execution.error, execution.cause = "FAILED", type(error).__name__, told

    def _tuned(self, arn: str, execution: FakeExecution) -> Iterator[str]:
        yield self._at("Prepare")
        made = _json(measuring.prepare(self.worker(), {"execution": arn, "input": execution.given}))
        if made["planned"] is not None:
            execution.status, execution.output = "SUCCEEDED", {"plan": made["planned"]}
            return
        state = made["state"]
        while state["turns"]:
            yield self._at("Publish")
            state = _json(measuring.publish(self.worker(), state))
            yield self._at("Measure")
            for turn in state["turns"]:
                measuring.measure(self.worker(), {"run": state["run"], "batch": state["batch"], "turn": turn})
            yield self._at("Record")
            state = _json(measuring.record(self.worker(), state))
        yield self._at("Restore")
        notes = ending.restore_function(self.worker(), {"execution": arn})["notes"]
        yield self._at("Analyze")
        output = _json(judging.judge(self.worker(), {**state, "notes": notes, "execution": arn}))
        execution.status, execution.output = "SUCCEEDED", output

    def _at(self, state: str) -> str:
        self.before(state)
        return state


class FakeCloudFormation(FakeService):
    """A boto3 client of CloudFormation that knows the outputs of stacks."""

    service = "cloudformation"

    def __init__(self, fake: FakeLambda, outputs: dict[str, dict[str, str]]) -> None:
        super().__init__(fake.record)
        self.outputs = outputs

    def describe_stacks(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_stacks", kwargs)
        name = kwargs["StackName"]
        if name not in self.outputs:
            raise client_error("ValidationError", f"Stack with id {name} does not exist")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs[name].items()]
        return {"Stacks": [{"StackId": name, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}


def _json(value: Any) -> Any:
    """What is left of a value on its way through a state."""
    return json.loads(json.dumps(value))
