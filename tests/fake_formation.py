"""A CloudFormation that remembers stacks and change sets, and tells events one page at a time, the newest first."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fake_service import Enter, FakeService, client_error

_AT = datetime(2026, 11, 27, 12, 0, 0, tzinfo=UTC)
STACK = "AWS::CloudFormation::Stack"
#: Resource, type, status and reason of an event.
Told = tuple[str, str, str, str | None]


@dataclass
class FakeStack:
    """A stack; `coming` are batches of events and the status after each of them, one for each look at it."""

    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    parameters: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    tags: Any = None
    events: list[dict[str, Any]] = field(default_factory=list)
    coming: list[tuple[str, list[Told]]] = field(default_factory=list)


class FakeFormation(FakeService):
    """A boto3 CloudFormation client. What an execution does is what `failure` says; without one, it goes well."""

    service = "cloudformation"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.stacks: dict[str, FakeStack] = {}
        self.gone: dict[str, FakeStack] = {}
        self.change_sets: dict[str, dict[str, Any]] = {}
        self.outputs = {"ResultsBucket": "powertune-resultsbucket-1", "StateMachineArn": "arn:aws:states:machine"}
        self.failure: str | None = None
        self.refusal: str | None = None
        self.unused: set[str] = set()
        #: What CreateChangeSet was asked for.
        self.asked: list[dict[str, Any]] = []
        self.numbers = itertools.count()

    def add(self, name: str, status: str, **parameters: str) -> FakeStack:
        """A stack that is there already."""
        stack = FakeStack(name, f"arn:aws:cloudformation:us-east-1:123456789012:stack/{name}/{next(self.numbers)}")
        stack.status, stack.parameters = status, parameters
        stack.outputs = dict(self.outputs)
        self._tell(stack, (name, STACK, status, None))
        self.stacks[name] = stack
        return stack

    def describe_stacks(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_stacks", kwargs)
        stack = self._stack(kwargs["StackName"])
        if stack.coming:
            stack.status, told = stack.coming.pop(0)
            for each in told:
                self._tell(stack, each)
        return {
            "Stacks": [
                {
                    "StackId": stack.id,
                    "StackStatus": stack.status,
                    "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in stack.outputs.items()],
                    "Tags": stack.tags or [],
                    "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
                }
            ]
        }

    def describe_stack_events(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_stack_events", kwargs)
        newest = self._stack(kwargs["StackName"]).events[::-1]
        start = int(kwargs.get("NextToken", "0"))
        more = {"NextToken": str(start + 2)} if start + 2 < len(newest) else {}
        return {"StackEvents": newest[start : start + 2], **more}

    def create_change_set(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("create_change_set", kwargs)
        self.asked.append(kwargs)
        name = kwargs["StackName"]
        if kwargs["ChangeSetType"] == "CREATE" and name not in self.stacks:
            self.add(name, "REVIEW_IN_PROGRESS").outputs = {}
        stack = self.stacks[name]
        known = stack.parameters
        values = {
            each["ParameterKey"]: known[each["ParameterKey"]]
            if "UsePreviousValue" in each
            else each["ParameterValue"]
            for each in kwargs["Parameters"]
        }
        identity = f"arn:aws:cloudformation:us-east-1:123456789012:changeSet/{kwargs['ChangeSetName']}"
        # A parameter on which nothing depends is no change.
        compared = {key: value for key, value in values.items() if key not in self.unused}
        same = kwargs["ChangeSetType"] == "UPDATE" and compared == known and kwargs.get("Tags") in (None, stack.tags)
        reason = self.refusal or (
            "The submitted information didn't contain changes. Submit different" if same else None
        )
        change = {"Action": "Add", "LogicalResourceId": "Made", "ResourceType": "AWS::S3::Bucket"}
        other = {**change, "Action": "Modify", "LogicalResourceId": "Other", "Replacement": "Conditional"}
        self.change_sets[identity] = {
            "ChangeSetId": identity,
            "StackId": stack.id,
            "looks": ["CREATE_IN_PROGRESS", "FAILED" if reason else "CREATE_COMPLETE"],
            "StatusReason": reason or "",
            "Changes": [{"ResourceChange": change}, {"ResourceChange": other}],
            "values": values,
            "tags": kwargs.get("Tags"),
        }
        return {"Id": identity, "StackId": stack.id}

    def describe_change_set(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_change_set", kwargs)
        found = self.change_sets[kwargs["ChangeSetName"]]
        status = found["looks"].pop(0) if len(found["looks"]) > 1 else found["looks"][0]
        page = int(kwargs.get("NextToken", "0"))
        more = {"NextToken": "1"} if page == 0 else {}
        return {**found, "Status": status, "Changes": found["Changes"][page : page + 1], **more}

    def execute_change_set(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("execute_change_set", kwargs)
        change_set = self.change_sets.pop(kwargs["ChangeSetName"])
        stack = self._stack(kwargs["StackName"])
        verb = "CREATE" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        began: Told = (stack.name, STACK, f"{verb}_IN_PROGRESS", "User Initiated")
        if self.failure is not None:
            end = "ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
            failed: list[Told] = [
                ("Made", "AWS::S3::Bucket", f"{verb}_FAILED", self.failure),
                ("Other", "AWS::S3::Bucket", f"{verb}_FAILED", "Resource creation cancelled"),
                (stack.name, STACK, "ROLLBACK_FAILED", "The following resource(s) failed: [Made]"),
            ]
            stack.coming = [
                (f"{verb}_IN_PROGRESS", [began]),
                ("ROLLBACK_IN_PROGRESS", failed),
                (end, [(stack.name, STACK, end, None)]),
            ]
            return {}
        stack.parameters, stack.outputs = change_set["values"], dict(self.outputs)
        stack.tags = change_set["tags"] or stack.tags
        made: Told = ("Made", "AWS::S3::Bucket", f"{verb}_COMPLETE", None)
        end = f"{verb}_COMPLETE"
        stack.coming = [
            (stack.status, []),
            (f"{verb}_IN_PROGRESS", [began]),
            (end, [made, (stack.name, STACK, end, None)]),
        ]
        return {}

    def delete_change_set(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_change_set", kwargs)
        if kwargs["ChangeSetName"] not in self.change_sets:
            raise client_error("ChangeSetNotFound", "ChangeSet does not exist", 404)
        del self.change_sets[kwargs["ChangeSetName"]]
        return {}

    def delete_stack(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("delete_stack", kwargs)
        stack = self._stack(kwargs["StackName"])
        began: Told = (stack.name, STACK, "DELETE_IN_PROGRESS", None)
        if self.failure is not None:
            told: list[Told] = [("Made", "AWS::S3::Bucket", "DELETE_FAILED", self.failure)]
            stack.coming = [("DELETE_IN_PROGRESS", [began]), ("DELETE_FAILED", told)]
            return {}
        self.gone[stack.id] = self.stacks.pop(stack.name)
        stack.coming = [
            ("DELETE_IN_PROGRESS", [began]),
            ("DELETE_COMPLETE", [(stack.name, STACK, "DELETE_COMPLETE", None)]),
        ]
        return {}

    def _stack(self, name: str) -> FakeStack:
        for stack in (*self.stacks.values(), *self.gone.values()):
            if name == stack.id or (name == stack.name and stack.id not in self.gone):
                return stack
        raise client_error("ValidationError", f"Stack with id {name} does not exist")

    def _tell(self, stack: FakeStack, told: Told) -> None:
        resource, kind, status, reason = told
        event = {
            "EventId": str(next(self.numbers)),
            "Timestamp": _AT,
            "LogicalResourceId": resource,
            "ResourceType": kind,
            "ResourceStatus": status,
        }
        stack.events.append({**event, "ResourceStatusReason": reason} if reason else event)
