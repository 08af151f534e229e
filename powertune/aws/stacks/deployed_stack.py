"""A stack in CloudFormation: how it stands, and how it is deleted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.stacks.stack_events import EventReader, Happened, StackEvent, stack_failure
from powertune.errors import FunctionBusy, NotFound, StackFailed

#: How long to wait between two looks at a stack, in seconds.
POLL_S = 2.0
#: The stack has a change set and no resources yet.
IN_REVIEW = "REVIEW_IN_PROGRESS"
#: What a creation leaves that failed: nothing but a name, which has to be deleted before it can be used again.
_LEFTOVERS = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """How a stack stands. `outputs`, `parameters` and `tags` are by their keys."""

    id: str
    status: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def working(self) -> bool:
        """Whether CloudFormation works on it at this moment."""
        return self.status.endswith("_IN_PROGRESS") and self.status != IN_REVIEW

    @property
    def leftover(self) -> bool:
        """Whether it is what a failed creation has left."""
        return self.status in _LEFTOVERS

    @property
    def in_review(self) -> bool:
        """Whether it has no resources yet, only a change set that would create them."""
        return self.status == IN_REVIEW


@dataclass(frozen=True, slots=True)
class DeployedStack:
    """A stack by its name. `when_taken` is what to do where something else has the name of one of its resources."""

    aws: Aws
    name: str
    #: The names of what the state machine is made of begin with its prefix.
    when_taken: str = "choose another --name-prefix"

    def read(self) -> StackState:
        """How it stands.

        Raises:
            NotFound: there is no such stack.
        """
        state = self.find()
        if state is None:
            raise NotFound(
                f"no stack {self.name!r} in {self.aws.region}", hint="check --stack-name, --region and the account"
            )
        return state

    def find(self) -> StackState | None:
        """How it stands; None if there is no such stack."""
        try:
            return self._describe(self.name)
        except NotFound:
            return None

    def read_idle(self) -> StackState | None:
        """The same, where nothing is happening to it.

        Raises:
            FunctionBusy: CloudFormation works on it.
        """
        state = self.find()
        if state is not None and state.working:
            raise FunctionBusy(
                f"stack {self.name} is {state.status}", hint="wait until this has ended, then try again"
            )
        return state

    def delete(self, state: StackState, happened: Happened) -> None:
        """Delete it, and wait until it is gone.

        Raises:
            StackFailed: a resource could not be deleted.
        """
        reader = EventReader(self.aws, state.id)
        self.aws.call(
            self.aws.clients.cloudformation.delete_stack,
            StackName=state.id,
            ClientRequestToken=f"delete-{state.id.rpartition('/')[2]}",
        )
        ended, events = self.follow(state.id, reader, happened)
        if ended.status != "DELETE_COMPLETE":
            raise self.failed("could not be deleted", ended, events)

    def follow(
        self, stack_id: str, reader: EventReader, happened: Happened
    ) -> tuple[StackState, tuple[StackEvent, ...]]:
        """Wait until nothing happens to it any more; returns how it then stands, and all that has happened."""
        told: list[StackEvent] = []

        def tell() -> None:
            for event in reader.read():
                told.append(event)
                happened(event)

        while True:
            # In this order, what is told has begun before the state is read: an old state is not taken for the end.
            tell()
            state = self._describe(stack_id)
            if told and not state.working:
                tell()
                return state, tuple(told)
            self.aws.sleep(POLL_S)

    def failed(self, how: str, state: StackState, events: tuple[StackEvent, ...]) -> StackFailed:
        """The error about an operation that has ended in this state."""
        hint = _HINTS.get(state.status, "fix what the resources say, then run the command again")
        return stack_failure(f"stack {self.name} {how}: it is {state.status}", events, hint, self.when_taken)

    def _describe(self, name: str) -> StackState:
        answer: Any = self.aws.call(self.aws.clients.cloudformation.describe_stacks, StackName=name)
        stack = answer["Stacks"][0]
        return StackState(
            id=stack["StackId"],
            status=stack["StackStatus"],
            outputs={each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())},
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", ())},
            tags={each["Key"]: each["Value"] for each in stack.get("Tags", ())},
        )


_HINTS = {
    "ROLLBACK_COMPLETE": "what was created is deleted again; fix what the resources say, then deploy again",
    "UPDATE_ROLLBACK_COMPLETE": "the stack is as it was before; fix what the resources say, then deploy again",
    "UPDATE_ROLLBACK_FAILED": "fix what the resources say, then: aws cloudformation continue-update-rollback",
}
