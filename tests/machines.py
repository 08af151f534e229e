"""State machines of a test: created, started and awaited, and gone when the test ends."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
FAULTY = """
class Wrong(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise Wrong("as asked")
    return {"doubled": event.get("n", 0) * 2}
"""
SAME: dict[str, Any] = {"Same": {"Type": "Pass", "End": True}}
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


def machine_of(**states: dict[str, Any]) -> dict[str, Any]:
    """A definition that begins with the first of these states."""
    return {"StartAt": next(iter(states), "A"), "States": states}


@dataclass(frozen=True)
class Machines:
    """State machines, deleted by `clean`."""

    cloud: Any
    states: Any
    numbers: Iterator[int] = field(default_factory=itertools.count)
    arns: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, cloud: Any) -> "Machines":
        """Those of an embedded AWS."""
        return cls(cloud, cloud.client("stepfunctions"))

    def create(self, states: dict[str, Any], **options: Any) -> str:
        """A machine that begins with the first of these states; returns its ARN."""
        top = {name: options.pop(name) for name in ("QueryLanguage", "TimeoutSeconds") if name in options}
        definition = json.dumps({**top, "StartAt": next(iter(states)), "States": states})
        name = f"machine-{time.time_ns()}-{next(self.numbers)}"
        made = self.states.create_state_machine(
            name=name, roleArn=self.cloud.aws.role_arn, definition=definition, **options
        )
        self.arns.append(made["stateMachineArn"])
        return str(made["stateMachineArn"])

    def start(self, arn: str, given: Any = None, **options: Any) -> str:
        """An execution; returns its ARN."""
        started = self.states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}), **options)
        return str(started["executionArn"])

    def wait(self, execution: str, seconds: float = 30) -> dict[str, Any]:
        """What DescribeExecution tells of an execution when it has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            if found["status"] in ENDED:
                return found
            time.sleep(0.02)
        raise AssertionError(f"still {found['status']}: {self.kinds(execution)}")

    def run(self, states: dict[str, Any], given: Any = None, **options: Any) -> dict[str, Any]:
        """One execution of a new machine, from its start to its end."""
        return self.wait(self.start(self.create(states, **options), given))

    def output(self, states: dict[str, Any], given: Any = None, **options: Any) -> Any:
        """The output of one execution of a new machine."""
        ended = self.run(states, given, **options)
        assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
        return json.loads(ended["output"])

    def events(self, execution: str, **options: Any) -> list[dict[str, Any]]:
        """The history of an execution."""
        pages = self.states.get_paginator("get_execution_history").paginate(executionArn=execution, **options)
        return [event for page in pages for event in page["events"]]

    def kinds(self, execution: str) -> list[str]:
        """The types of the events in its history."""
        return [event["type"] for event in self.events(execution)]

    def threads(self) -> int:
        """How many threads the server has."""
        return len(list(Path(f"/proc/{self.cloud.aws.pid}/task").iterdir()))

    def queue(self) -> tuple[str, str]:
        """A new queue: its URL and its ARN."""
        sqs = self.cloud.client("sqs")
        url = sqs.create_queue(QueueName=f"queue-{time.time_ns()}")["QueueUrl"]
        return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def received(self, queue: str, number: int) -> list[str]:
        """A number of messages from a queue, which are then deleted."""
        sqs = self.cloud.client("sqs")
        bodies: list[str] = []

        def enough() -> bool:
            for each in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
                bodies.append(each["Body"])
            return len(bodies) >= number

        until(enough)
        return bodies

    def bucket(self) -> str:
        """A new bucket."""
        name = f"bucket-{time.time_ns()}"
        self.cloud.client("s3").create_bucket(Bucket=name)
        return name

    def clean(self) -> None:
        """Delete the machines."""
        for arn in self.arns:
            self.states.delete_state_machine(stateMachineArn=arn)


def invoke(name: str, payload: Any, **more: Any) -> dict[str, Any]:
    """A state that invokes a function."""
    return task("lambda:invoke", {"FunctionName": name, "Payload": payload}, **more)


def task(integration: str, parameters: Any, **more: Any) -> dict[str, Any]:
    """A state that calls a service, as in `sns:publish`."""
    return {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Parameters": parameters, **more}


def distributed(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The states of a machine that is one Distributed Map over these states."""
    processor = {"ProcessorConfig": DISTRIBUTED, "StartAt": next(iter(states)), "States": states}
    return {"Map": {"Type": "Map", "ItemProcessor": processor, "End": True, **more}}


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
