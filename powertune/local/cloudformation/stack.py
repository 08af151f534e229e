"""A stack: what it consists of now, and its history. Only the thread of its operation changes its resources."""

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from powertune.local.cloudformation.parameters import Parameter
from powertune.local.cloudformation.template import Template

STACK = "AWS::CloudFormation::Stack"
DEPARTED = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


def now() -> datetime:
    """The time of an event."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack is."""

    account: str
    region: str
    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource that exists. `properties` are those that it was given last, `attributes` what Fn::GetAtt answers."""

    logical_id: str
    kind: str
    physical_id: str = ""
    ref: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    metadata: str | None = None
    status: str = ""
    reason: str | None = None
    changed_at: datetime = field(default_factory=now)

    @property
    def reference(self) -> str:
        """What Ref gives."""
        return self.physical_id if self.ref is None else self.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history."""

    number: int
    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str | None
    at: datetime
    token: str | None
    properties: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output of a stack; `export` is the name under which other stacks can import it."""

    key: str
    value: str
    description: str | None
    export: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """All that makes a stack what it is to be: the template and what goes with it."""

    template: Template
    parameters: Mapping[str, Parameter]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    notification_arns: tuple[str, ...] = ()
    role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How one operation is to be carried out."""

    token: str | None = None
    on_failure: str = "ROLLBACK"
    retain: frozenset[str] = frozenset()
    disable_rollback: bool = False


@dataclass(kw_only=True)
class Stack:
    """One stack. `wanted` is what the last operation aims at, or has reached."""

    name: str
    id: str
    place: Place
    wanted: Input
    status: str
    disable_rollback: bool = False
    protected: bool = False
    timeout_minutes: int | None = None
    reason: str | None = None
    change_set_id: str | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    token: str | None = None
    resources: dict[str, Resource] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    imports: frozenset[str] = frozenset()
    events: list[Event] = field(default_factory=list)
    change_sets: dict[str, Any] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def live(self) -> dict[str, Resource]:
        """The resources that exist."""
        with self.lock:
            return {key: each for key, each in self.resources.items() if each.status not in DEPARTED}

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def gone(self) -> bool:
        """Whether it was deleted; deleted stacks are found by their id only."""
        return self.status == "DELETE_COMPLETE"

    def turn(self, status: str, reason: str | None = None) -> None:
        """The whole stack is in another state."""
        with self.lock:
            if status != self.status or reason:
                self.status, self.reason = status, reason
            if status == "DELETE_COMPLETE":
                self.deleted_at = now()
            self._note(self.name, self.id, STACK, status, reason, None)

    def put(
        self, resource: Resource, status: str, reason: str | None = None, properties: str | None = None
    ) -> Resource:
        """A resource is in another state; returns it as it is kept."""
        with self.lock:
            kept = replace(resource, status=status, reason=reason, changed_at=now())
            self.resources[kept.logical_id] = kept
            self.note(kept, status, reason, properties)
            return kept

    def note(self, resource: Resource, status: str, reason: str | None = None, properties: str | None = None) -> None:
        """An event of a resource that is not, or no longer, what the stack holds under its logical id."""
        with self.lock:
            self._note(resource.logical_id, resource.physical_id, resource.kind, status, reason, properties)

    def _note(
        self, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None, properties: str | None
    ) -> None:
        self.events.append(
            Event(
                number=len(self.events),
                logical_id=logical_id,
                physical_id=physical_id,
                kind=kind,
                status=status,
                reason=reason,
                at=now(),
                token=self.token,
                properties=properties,
            )
        )


def new_id(place: Place, what: str, name: str) -> str:
    """The ARN of a stack (`stack`) or change set (`changeSet`)."""
    return f"arn:{place.partition}:cloudformation:{place.region}:{place.account}:{what}/{name}/{uuid.uuid4()}"
