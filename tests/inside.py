"""An execution of the state machine against the fakes: the steps in the order of the definition, in no time."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Self, cast

from fake_buckets import ACCOUNT, FakeBuckets
from fakes import FakeClock, FakeLambda, fake_clients

from powertune.aws.client import Aws
from powertune.aws.connection import Connection
from powertune.aws.identity import ConnectionOptions
from powertune.aws.rate_limit import RateLimiter
from powertune.engine.steps import ending, judging, measuring
from powertune.engine.steps.worker import Worker

BUCKET = "results"
STEPS: Mapping[str, Callable[[Worker, Any], Any]] = {
    "prepare": measuring.prepare,
    "publish": measuring.publish,
    "measure": measuring.measure,
    "record": measuring.record,
    "restore": ending.restore_function,
    "analyze": judging.judge,
    "apply": ending.apply,
}


class FakeHistory:
    """A boto3 client of Step Functions that knows how many states an execution has entered."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="stepfunctions"))

    def __init__(self, enter: Callable[[str, str, dict[str, Any]], None]) -> None:
        self._enter = enter
        self.entered = 0

    def get_execution_history(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("stepfunctions", "get_execution_history", kwargs)
        return {"events": [{"type": "TaskStateEntered"}, {"type": "TaskScheduled"}] * self.entered}


class FakeRoles:
    """A boto3 client of STS: roles that may be assumed."""

    meta = SimpleNamespace(service_model=SimpleNamespace(service_name="sts"))

    def __init__(self, enter: Callable[[str, str, dict[str, Any]], None]) -> None:
        self._enter = enter

    def assume_role(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("sts", "assume_role", kwargs)
        return {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}}


@dataclass
class FakeConnection:
    """A connection that leads to the fakes."""

    make: Callable[[], Aws]
    region: str = "us-east-1"
    ends_at: float | None = None
    endpoint_url: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def aws(self, **_: Any) -> Aws:
        return self.make()

    @property
    def place(self) -> ConnectionOptions:
        return ConnectionOptions(region=self.region)


@dataclass
class Execution:
    """One execution, its workers, and what each step has called: `service.method`, and in `sent` with what.

    `before` is told of each step before it is taken, and may raise, as a worker that dies.
    """

    fake: FakeLambda
    arn: str = "arn:aws:states:us-east-1:123456789012:execution:powertune:one"
    region: str = "us-east-1"
    ends_in_s: float = 900.0
    called: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sent: defaultdict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    steps: list[str] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[str], None] = lambda step: None

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.s3 = FakeBuckets(self.fake.record)
        self.s3.buckets[BUCKET] = {}
        self.history = FakeHistory(self.fake.record)
        self.roles = FakeRoles(self.fake.record)

    @property
    def objects(self) -> dict[str, bytes]:
        """What is in the bucket."""
        return self.s3.buckets[BUCKET]

    def run(self, given: Any) -> Any:
        """The output of an execution; raises what it fails with, once the function is restored."""
        try:
            prepared = self._through_json("prepare", {"execution": self.arn, "input": given})
            if prepared["planned"] is not None:
                return {"plan": prepared["planned"]}
            state = prepared["state"]
            while state["turns"]:
                state = self._through_json("publish", state)
                for turn in state["turns"]:
                    answers = self._invoked(turn, prepared["events"]) if state["invokedBy"] != "worker" else {}
                    event = {"run": state["run"], "batch": state["batch"], "turn": turn, **answers}
                    self._through_json("measure", event)
                state = self._through_json("record", state)
        except Exception as error:
            self._through_json("restore", {"execution": self.arn, "failure": f"{type(error).__name__}: {error}"})
            raise
        notes = self._through_json("restore", {"execution": self.arn})["notes"]
        self.history.entered = len(self.steps)
        output = self._through_json("analyze", {**state, "notes": notes, "execution": self.arn})
        if state["apply"]:
            output = self._through_json("apply", {"run": state["run"], "output": output})
        return output

    def _invoked(self, turn: dict[str, Any], events: list[str]) -> dict[str, Any]:
        """What Step Functions says of the invocations that it has made itself."""
        function, _, alias = turn["function"].rpartition(":")
        answers = []
        for payload in turn["payloads"]:
            made = self.fake.invoke(FunctionName=function, Qualifier=alias, Payload=events[payload].encode())
            answers.append(
                {
                    "startedAt": datetime.fromtimestamp(self.clock(), UTC).isoformat(),
                    "payload": payload,
                    "requestId": made["ResponseMetadata"]["RequestId"],
                    "version": made["ExecutedVersion"],
                }
            )
        return {"answers": answers}

    def take(self, step: str, event: Any) -> Any:
        """Take one step."""
        self.steps.append(step)
        self.before(step)
        start = len(self.fake.operations)
        try:
            return STEPS[step](self.worker(), event)
        finally:
            self.called[step] |= set(self.fake.operations[start:])
            self.sent[step] += zip(self.fake.operations[start:], self.fake.arguments[start:], strict=True)

    def worker(self) -> Worker:
        """A worker that begins now."""
        return Worker(
            bucket=BUCKET,
            account=ACCOUNT,
            attempt=str(len(self.steps)),
            connect=self._connect,
            ends_at=self.clock() + self.ends_in_s,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    def _connect(self, region: str | None, role_arn: str | None) -> Connection:
        if role_arn is not None:
            self.roles.assume_role(RoleArn=role_arn)
        return cast("Connection", FakeConnection(self._aws, region or self.region))

    def _through_json(self, step: str, event: Any) -> Any:
        """A step between two states, whose input and output are JSON."""
        answer = json.loads(json.dumps(self.take(step, json.loads(json.dumps(event)))))
        if isinstance(answer, dict):
            self.states.append(answer)
        return answer

    def _aws(self) -> Aws:
        self.fake.logs.wall = self.clock
        return Aws(
            clients=fake_clients(self.fake, s3=self.s3, stepfunctions=self.history, sts=self.roles),
            region=self.region,
            limiter=RateLimiter(1000.0, 2000.0, clock=self.clock, sleep=self.clock.sleep),
            sleep=self.clock.sleep,
            fetch=self.fake.fetch,
            clock=self.clock,
        )
