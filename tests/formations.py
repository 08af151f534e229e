"""Stacks of a test: created and awaited, and gone when the test ends."""

import itertools
import time
from dataclasses import dataclass, field
from typing import Any

POLL_S = 0.05
PATIENCE_S = 120.0

ALL = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

TRUST = """{Version: 2012-10-17, Statement: [
        {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}"""


@dataclass
class Formation:
    """CloudFormation, as a test uses it."""

    client: Any
    prefix: str
    numbers: Any = field(default_factory=itertools.count)
    ids: list[str] = field(default_factory=list)

    def name(self) -> str:
        """A name that no other test uses."""
        return f"{self.prefix}-{next(self.numbers)}"

    def create(self, template: str, name: str | None = None, **options: Any) -> dict[str, Any]:
        """Create a stack, and wait until it has ended in whatever state."""
        wanted = {"Capabilities": ALL, **options}
        answer = self.client.create_stack(StackName=name or self.name(), TemplateBody=template, **wanted)
        self.ids.append(answer["StackId"])
        return self.settled(answer["StackId"])

    def update(self, stack: dict[str, Any], template: str | None = None, **options: Any) -> dict[str, Any]:
        """Update a stack, and wait."""
        source = {"TemplateBody": template} if template else {"UsePreviousTemplate": True}
        self.client.update_stack(StackName=stack["StackName"], Capabilities=ALL, **source, **options)
        return self.settled(stack["StackId"])

    def delete(self, stack: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Delete a stack, and wait."""
        self.client.delete_stack(StackName=stack["StackId"], **options)
        return self.settled(stack["StackId"])

    def prepare(self, name: str, template: str, kind: str = "CREATE", **options: Any) -> dict[str, Any]:
        """Create a change set, and describe it."""
        wanted = {"Capabilities": ALL, **options}
        answer = self.client.create_change_set(
            StackName=name, ChangeSetName="changes", ChangeSetType=kind, TemplateBody=template, **wanted
        )
        self.ids.append(answer["StackId"])
        described: dict[str, Any] = self.client.describe_change_set(
            ChangeSetName=answer["Id"], IncludePropertyValues=True
        )
        return described

    def execute(self, change_set: dict[str, Any], **options: Any) -> dict[str, Any]:
        """Execute a change set, and wait."""
        self.client.execute_change_set(ChangeSetName=change_set["ChangeSetId"], **options)
        return self.settled(change_set["StackId"])

    def settled(self, stack: str) -> dict[str, Any]:
        """The description of a stack once nothing happens to it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            described: dict[str, Any] = self.client.describe_stacks(StackName=stack)["Stacks"][0]
            status = described["StackStatus"]
            if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
                return described
            time.sleep(POLL_S)
        raise AssertionError(f"{stack} has not settled")

    def events(self, stack: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Logical id, status and reason of all events, the oldest first."""
        pages = self.client.get_paginator("describe_stack_events").paginate(StackName=stack["StackId"])
        found = [event for page in pages for event in page["StackEvents"]]
        return [
            (event["LogicalResourceId"], event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(found)
        ]

    def statuses(self, stack: dict[str, Any], logical_id: str) -> list[str]:
        """The states that a resource, or the stack, has been in."""
        return [status for name, status, _ in self.events(stack) if name == logical_id]

    def reason(self, stack: dict[str, Any], logical_id: str) -> str:
        """Why a resource failed."""
        return next(why for name, status, why in self.events(stack) if name == logical_id and "FAILED" in status)

    def physical(self, stack: dict[str, Any], logical_id: str) -> str:
        """The physical id of a resource."""
        answer = self.client.describe_stack_resource(StackName=stack["StackId"], LogicalResourceId=logical_id)
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def clean(self) -> None:
        """Delete what is left, also what could not be deleted before."""
        for stack_id in reversed(list(dict.fromkeys(self.ids))):
            status = self.settled(stack_id)["StackStatus"]
            if status != "DELETE_COMPLETE":
                self.client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=False)
                self.client.delete_stack(StackName=stack_id)
                self.settled(stack_id)


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """The outputs of a stack by key."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
