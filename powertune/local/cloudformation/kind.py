"""What a resource type has to provide, and what it is given."""

import json
import random
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Place

Properties = Mapping[str, Any]

_SYSTEM = "aws:cloudformation:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A resource that a type has created. `ref` is what Ref gives where that is not the physical id."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    ref: str | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """The resource that is worked on, and the way to the services.

    A type that creates in several steps calls `started` after the first, so that a rollback deletes what there is.
    """

    logical_id: str
    stack_name: str
    stack_id: str
    stack_tags: Mapping[str, str]
    place: Place
    services: Services
    started: Callable[[Made], None]

    def client(self, service: str) -> Any:
        """A client of a service, in the stack's account and region."""
        return self.services.client(self.place, service)

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """An ARN in the stack's account and region."""
        place = self.place
        where = f"{place.region if region else ''}:{place.account if account else ''}"
        return f"arn:{place.partition}:{service}:{where}:{resource}"

    def name(self, limit: int, *, lower: bool = False) -> str:
        """A new physical name: stack, logical id and 12 random characters, cut to a service's limit."""
        letters = string.ascii_letters + string.digits
        suffix = "".join(random.SystemRandom().choice(letters) for _ in range(12))
        room = limit - len(suffix) - 2
        stack = self.stack_name[: max(room - len(self.logical_id), room // 2)]
        name = re.sub(r"-+", "-", f"{stack}-{self.logical_id[: room - len(stack)]}-{suffix}")
        return name.lower() if lower else name

    def tags(self, properties: Properties, *, system: bool = True) -> dict[str, str]:
        """The tags of the resource, of the stack, and those that CloudFormation itself adds."""
        given = properties.get("Tags") or {}
        own = given if isinstance(given, dict) else {tag["Key"]: str(tag["Value"]) for tag in given}
        added = {"stack-name": self.stack_name, "stack-id": self.stack_id, "logical-id": self.logical_id}
        return {
            **self.stack_tags,
            **({_SYSTEM + key: value for key, value in added.items()} if system else {}),
            **{key: str(value) for key, value in own.items()},
        }

    def tag_list(self, properties: Properties, *, system: bool = True) -> list[dict[str, str]]:
        """The same as most services take them."""
        return [{"Key": key, "Value": value} for key, value in self.tags(properties, system=system).items()]


class Kind(Protocol):
    """A resource type. Every method may raise botocore's ClientError, or a Failure with a reason.

    `handles` names the properties that it knows: a resource with others fails, for they would do nothing.
    """

    @property
    def handles(self) -> frozenset[str]:
        """The properties that it puts into effect."""
        ...

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the resource."""
        ...

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change it in place; called only where no changed property takes a replacement."""
        ...

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Delete it; that it does not exist is no error."""
        ...


def picked(properties: Properties, *names: str) -> dict[str, Any]:
    """Those of the properties that are given."""
    return {name: properties[name] for name in names if name in properties}


def decapitalized(value: Any) -> Any:
    """The same document with member names as APIs of newer services write them: `logGroupArn` for LogGroupArn."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: decapitalized(each) for key, each in value.items()}
    return [decapitalized(each) for each in value] if isinstance(value, list) else value


def changed_tags(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Tags to set, and keys of tags to remove."""
    return (
        {key: value for key, value in new.items() if old.get(key) != value},
        [key for key in old if key not in new],
    )


def document(value: Any) -> str:
    """A policy as the services take it: JSON text."""
    return value if isinstance(value, str) else json.dumps(value)
