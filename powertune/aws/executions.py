"""Executions of a state machine: started under a name of their own, looked at, and stopped."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.errors import AlreadyExists, UsageError
from powertune.units import shown

RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED = "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"
#: Statuses in which an execution goes on; one that waits to be redriven counts among these.
_GOES_ON = (RUNNING, "PENDING_REDRIVE")
_PLACE = r"arn:(?P<partition>aws[a-z-]*):states:(?P<region>[a-z0-9-]+):(?P<account>\d{12})"
_MACHINE = re.compile(rf"{_PLACE}:stateMachine:(?P<name>[^:/\s]{{1,80}})(?::[^:/\s]{{1,80}})?", re.ASCII)
_EXECUTION = re.compile(rf"{_PLACE}:execution:(?P<machine>[^:/\s]{{1,80}}):(?P<name>[^:/\s]{{1,80}})", re.ASCII)
#: How many of the last events are read to find the state that an execution is in.
_LAST_EVENTS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineArn:
    """A state machine by its ARN, which may end with a version or an alias."""

    text: str
    partition: str
    region: str
    account_id: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "MachineArn":
        """Read an ARN.

        Raises:
            UsageError: it is not a state machine's.
        """
        match = _MACHINE.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{shown(text)} is not the ARN of a state machine",
                hint="for example arn:aws:states:eu-west-1:123456789012:stateMachine:powertune",
            )
        part = match.groupdict()
        return cls(
            text=text,
            partition=part["partition"],
            region=part["region"],
            account_id=part["account"],
            name=part["name"],
        )

    @property
    def unqualified(self) -> str:
        """The ARN without a version or an alias."""
        return f"arn:{self.partition}:states:{self.region}:{self.account_id}:stateMachine:{self.name}"

    def execution(self, name: str) -> "ExecutionArn":
        """The ARN that an execution of this name has."""
        place = f"arn:{self.partition}:states:{self.region}:{self.account_id}"
        return ExecutionArn.parse(f"{place}:execution:{self.name}:{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionArn:
    """An execution by its ARN."""

    text: str
    machine: MachineArn
    name: str

    @classmethod
    def parse(cls, text: str) -> "ExecutionArn":
        """Read an ARN.

        Raises:
            UsageError: it is not that of an execution of a standard workflow.
        """
        match = _EXECUTION.fullmatch(text)
        if match is None:
            raise UsageError(
                f"{shown(text)} is not the ARN of an execution",
                hint="for example arn:aws:states:eu-west-1:123456789012:execution:powertune:NAME",
            )
        part = match.groupdict()
        place = f"arn:{part['partition']}:states:{part['region']}:{part['account']}"
        machine = MachineArn.parse(f"{place}:stateMachine:{part['machine']}")
        return cls(text=text, machine=machine, name=part["name"])

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How an execution stands. `given` and `output` are what JSON makes of them, None where there is none.

    `error` and `cause` are why it failed, as the state machine names it.
    """

    arn: ExecutionArn
    status: str
    given: Any = None
    output: Any = None
    error: str | None = None
    cause: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing happens any more."""
        return self.status not in _GOES_ON


@dataclass(frozen=True, slots=True, kw_only=True)
class Executions:
    """The executions of an account, in one region."""

    aws: Aws

    def start(self, machine: MachineArn, name: str, document: Mapping[str, Any]) -> ExecutionArn:
        """Start an execution, once: whoever asks again with the same name gets the one that there is.

        Raises:
            NotFound: there is no such state machine.
        """
        try:
            answer = self.aws.call(
                self.aws.clients.stepfunctions.start_execution,
                stateMachineArn=machine.text,
                name=name,
                input=json.dumps(document),
            )
        except AlreadyExists:
            # It was started by an attempt whose answer was lost, and has ended since.
            return machine.execution(name)
        return ExecutionArn.parse(answer["executionArn"])

    def read(self, arn: ExecutionArn) -> Execution:
        """How an execution stands.

        Raises:
            NotFound: there is no such execution, or it ended more than 90 days ago.
        """
        answer: Any = self.aws.call(self.aws.clients.stepfunctions.describe_execution, executionArn=arn.text)
        return Execution(
            arn=arn,
            status=answer["status"],
            given=_read(answer.get("input")),
            output=_read(answer.get("output")),
            error=answer.get("error"),
            cause=answer.get("cause"),
        )

    def state(self, arn: ExecutionArn) -> str | None:
        """The name of the state that was entered last, apart from those within a Map; None before the first.

        A Map with many items may have hidden it: then it is not known, and None as well.
        """
        answer: Any = self.aws.call(
            self.aws.clients.stepfunctions.get_execution_history,
            executionArn=arn.text,
            reverseOrder=True,
            maxResults=_LAST_EVENTS,
            includeExecutionData=False,
        )
        entered = (each.get("stateEnteredEventDetails", {}).get("name") for each in answer["events"])
        return next((str(name) for name in entered if name and name not in _WITHIN_MAPS), None)

    def stop(self, arn: ExecutionArn, why: str) -> None:
        """Stop an execution; fine if it has ended.

        Raises:
            NotFound: there is no such execution.
        """
        self.aws.call(
            self.aws.clients.stepfunctions.stop_execution, executionArn=arn.text, error="Stopped", cause=why
        )


#: States of each item of a Map, which say nothing of the whole.
_WITHIN_MAPS = frozenset({"Measure one size"})


def _read(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return None
