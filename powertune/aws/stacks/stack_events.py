"""What happens to a stack while CloudFormation works on it, told event by event until it has ended."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.errors import StackFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

#: What follows from another failure, and says nothing of its cause.
_CONSEQUENCES = ("resource creation cancelled", "resource update cancelled", "resource deletion cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class StackEvent:
    """A resource, or the stack itself, has reached a status. `reason` is AWS's; often there is none."""

    id: str
    at: datetime
    resource: str
    type: str
    status: str
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Whether this is why an operation fails."""
        return self.status.endswith("_FAILED")


#: Told of each event, the oldest first.
Happened = Callable[[StackEvent], None]


class EventReader:
    """The events of one stack that have not been told yet; those of earlier operations never are.

    Args:
        stack_id: the id of the stack, not its name: a stack that is deleted is found by its id only.
    """

    def __init__(self, aws: Aws, stack_id: str) -> None:
        self._aws, self._stack_id = aws, stack_id
        self._last: str | None = None
        earlier = self._page(None)["StackEvents"]
        if earlier:
            self._last = earlier[0]["EventId"]

    def read(self) -> tuple[StackEvent, ...]:
        """The new events, the oldest first. AWS lists the newest first."""
        found: list[StackEvent] = []
        token: str | None = None
        while True:
            page = self._page(token)
            for event in page["StackEvents"]:
                if event["EventId"] == self._last:
                    return self._told(found)
                found.append(_event(event))
            token = page.get("NextToken")
            if token is None:
                return self._told(found)

    def _told(self, newest_first: Sequence[StackEvent]) -> tuple[StackEvent, ...]:
        if newest_first:
            self._last = newest_first[0].id
        return tuple(reversed(newest_first))

    def _page(self, token: str | None) -> Any:
        more: dict[str, Any] = {"NextToken": token} if token else {}
        return self._aws.call(
            self._aws.clients.cloudformation.describe_stack_events, StackName=self._stack_id, **more
        )


def stack_failure(what: str, events: Sequence[StackEvent], hint: str, when_taken: str) -> StackFailed:
    """The error about an operation that failed, with the reasons of the resources where it began.

    Args:
        what: what has failed.
        events: all that has happened.
        hint: the next step.
        when_taken: the next step if a name is taken.
    """
    causes = [event for event in events if event.failed and event.reason and not _follows(event)]
    lines = [f"{event.resource} ({event.type}): {event.reason}" for event in causes]
    taken = any("already exists" in (event.reason or "").lower() for event in causes)
    because = f": {'; '.join(dict.fromkeys(lines))}" if lines else ""
    return StackFailed(f"{what}{because}", hint=when_taken if taken else hint)


def _follows(event: StackEvent) -> bool:
    reason = (event.reason or "").lower()
    return event.type == "AWS::CloudFormation::Stack" or reason.startswith(_CONSEQUENCES)


def _event(event: "StackEventTypeDef") -> StackEvent:
    return StackEvent(
        id=event["EventId"],
        at=event["Timestamp"],
        resource=event.get("LogicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason"),
    )
