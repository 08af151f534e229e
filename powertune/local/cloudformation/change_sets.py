"""Change sets: what would be done, and whether it can be executed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from powertune.local.cloudformation.changes import Change
from powertune.local.cloudformation.stack import Input, Stack, now

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
NO_UPDATES = "No updates are to be performed."


@dataclass(kw_only=True)
class ChangeSet:
    """A change set of a stack. `wanted` is None if it failed."""

    name: str
    id: str
    stack: Stack
    kind: str
    asked: Input
    wanted: Input | None
    changes: list[Change]
    status: str
    execution_status: str
    reason: str | None = None
    description: str | None = None
    on_failure: str | None = None
    created_at: datetime = field(default_factory=now)

    def summary(self) -> dict[str, Any]:
        """As ListChangeSets shows it."""
        shown = {
            "StackId": self.stack.id,
            "StackName": self.stack.name,
            "ChangeSetId": self.id,
            "ChangeSetName": self.name,
            "ExecutionStatus": self.execution_status,
            "Status": self.status,
            "StatusReason": self.reason,
            "CreationTime": self.created_at,
            "Description": self.description,
            "IncludeNestedStacks": False,
            "ImportExistingResources": False,
        }
        return {key: value for key, value in shown.items() if value is not None}

    def description_of(self, changes: list[Change], *, values: bool) -> dict[str, Any]:
        """As DescribeChangeSet shows it, with some of the changes; `values` includes those of properties."""
        shown: list[Mapping[str, Any]] = [
            {"Type": "Resource", "ResourceChange": change if values else _without_context(change)}
            for change in changes
        ]
        return {
            **self.summary(),
            "Parameters": [parameter.described() for parameter in self.asked.parameters.values()],
            "NotificationARNs": list(self.asked.notification_arns),
            "RollbackConfiguration": {},
            "Capabilities": list(self.asked.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in self.asked.tags.items()],
            "Changes": shown,
            **({"OnStackFailure": self.on_failure} if self.on_failure else {}),
        }


def _without_context(change: Change) -> Change:
    return {key: value for key, value in change.items() if key not in ("BeforeContext", "AfterContext")}
