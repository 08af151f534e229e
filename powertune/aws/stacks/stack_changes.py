"""What a template would change in a stack: prepared as a change set, shown, and then executed or thrown away."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from powertune.aws.stacks.deployed_stack import POLL_S, DeployedStack, StackState
from powertune.aws.stacks.stack_events import EventReader, Happened
from powertune.errors import NotFound, StackFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ChangeTypeDef, DescribeChangeSetOutputTypeDef

_CAPABILITIES: Any = ["CAPABILITY_IAM"]
#: What AWS says of a change set that changes nothing; the second comes where a transform is used.
_NOTHING = ("the submitted information didn't contain changes", "no updates are to be performed")
_ENDED_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRequest:
    """What a stack is to be. A parameter that is None keeps the value that it has in the stack.

    Without `tags`, the stack keeps those that it has. `name` is of the change set, and no other one's. `template_url`
    is where the template is in S3, if it is too large to go with the request.
    """

    name: str
    template: str
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]
    template_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChange:
    """What happens to one resource: `action` is Add, Modify, Remove, or another word of AWS's.

    `replacement` is None where nothing is replaced, `True`, or `Conditional`, if only executing it shows.
    """

    action: str
    resource: str
    type: str
    replacement: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """What happens to one parameter or tag of a stack: None where there was none, or will be none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedChanges:
    """A change set that can be executed. `created` says whether it would create the stack."""

    id: str
    stack_id: str
    changes: tuple[StackChange, ...]
    created: bool


def setting_changes(existing: StackState | None, request: StackRequest) -> tuple[SettingChange, ...]:
    """Which parameters and tags a request would change. Tags that are given replace all that the stack has."""
    parameters = {} if existing is None else existing.parameters
    tags = {} if existing is None else existing.tags
    asked = [
        SettingChange(name=name, before=parameters.get(name) or None, after=value or None)
        for name, value in request.parameters.items()
        if value is not None
    ]
    if request.tags:
        asked += [
            SettingChange(name=f"tag {key}", before=tags.get(key), after=request.tags.get(key))
            for key in sorted({*tags, *request.tags})
        ]
    return tuple(each for each in asked if each.before != each.after)


def prepare_changes(
    stack: DeployedStack, existing: StackState | None, request: StackRequest
) -> PreparedChanges | None:
    """Have a change set made; None if it would change nothing.

    Raises:
        StackFailed: AWS could not make it, and why.
    """
    created = existing is None or existing.in_review
    client = stack.aws.clients.cloudformation
    known = {} if existing is None or created else existing.parameters
    tags: Any = [{"Key": key, "Value": value} for key, value in sorted(request.tags.items())]
    more: dict[str, Any] = {"Tags": tags} if tags else {}
    url = request.template_url
    source: dict[str, Any] = {"TemplateBody": request.template} if url is None else {"TemplateURL": url}
    answer = stack.aws.call(
        client.create_change_set,
        StackName=stack.name,
        ChangeSetName=request.name,
        ChangeSetType="CREATE" if created else "UPDATE",
        # Sent twice after a lost answer, it is made once.
        ClientToken=request.name,
        Parameters=_parameters(request.parameters, known),
        Capabilities=_CAPABILITIES,
        **source,
        **more,
    )
    described = _described(stack, answer["Id"], answer["StackId"])
    prepared = PreparedChanges(
        id=answer["Id"], stack_id=answer["StackId"], changes=_changes(stack, described), created=created
    )
    if described["Status"] == "CREATE_COMPLETE":
        return prepared
    discard_changes(stack, prepared)
    reason = described.get("StatusReason", "no reason given")
    if any(words in reason.lower() for words in _NOTHING):
        return None
    raise StackFailed(f"stack {stack.name} cannot be changed: {reason}", hint="check the options and the template")


def execute_changes(stack: DeployedStack, prepared: PreparedChanges, happened: Happened) -> StackState:
    """Put the changes into effect, and wait until that has ended.

    Raises:
        StackFailed: a resource could not be created or changed; the stack is as it was before.
    """
    reader = EventReader(stack.aws, prepared.stack_id)
    stack.aws.call(
        stack.aws.clients.cloudformation.execute_change_set,
        StackName=prepared.stack_id,
        ChangeSetName=prepared.id,
        ClientRequestToken=_token(prepared),
    )
    ended, events = stack.follow(prepared.stack_id, reader, happened)
    if ended.status not in _ENDED_WELL:
        raise stack.failed("could not be created" if prepared.created else "could not be updated", ended, events)
    return ended


def discard_changes(stack: DeployedStack, prepared: PreparedChanges) -> None:
    """Throw a change set away, and the stack too that holds nothing else."""
    client = stack.aws.clients.cloudformation
    with suppress(NotFound):
        stack.aws.call(client.delete_change_set, StackName=prepared.stack_id, ChangeSetName=prepared.id)
    if prepared.created:
        stack.aws.call(client.delete_stack, StackName=prepared.stack_id)


def _token(prepared: PreparedChanges) -> str:
    """The same for each attempt at one change set, within the letters that AWS takes."""
    return f"execute-{hashlib.sha256(prepared.id.encode()).hexdigest()[:32]}"


def _parameters(wanted: Mapping[str, str | None], known: Mapping[str, str]) -> Any:
    """The parameters as the API takes them; one that nobody has ever given has the template's default."""
    given = {key: value for key, value in wanted.items() if value is not None}
    kept = [key for key in wanted if key not in given and key in known]
    return [
        *({"ParameterKey": key, "ParameterValue": value} for key, value in given.items()),
        *({"ParameterKey": key, "UsePreviousValue": True} for key in kept),
    ]


def _described(stack: DeployedStack, change_set: str, stack_id: str) -> "DescribeChangeSetOutputTypeDef":
    client = stack.aws.clients.cloudformation
    while True:
        described = stack.aws.call(client.describe_change_set, StackName=stack_id, ChangeSetName=change_set)
        if described["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return described
        stack.aws.sleep(POLL_S)


def _changes(stack: DeployedStack, first: "DescribeChangeSetOutputTypeDef") -> tuple[StackChange, ...]:
    """All changes, page by page."""
    page, found = first, [*first["Changes"]]
    while token := page.get("NextToken"):
        page = stack.aws.call(
            stack.aws.clients.cloudformation.describe_change_set,
            StackName=first["StackId"],
            ChangeSetName=first["ChangeSetId"],
            NextToken=token,
        )
        found.extend(page["Changes"])
    return tuple(_change(each) for each in found)


def _change(change: "ChangeTypeDef") -> StackChange:
    about = change.get("ResourceChange", {})
    replacement = about.get("Replacement", "False")
    return StackChange(
        action=about.get("Action", ""),
        resource=about.get("LogicalResourceId", ""),
        type=about.get("ResourceType", ""),
        replacement=None if replacement == "False" else replacement,
    )
