"""What the functions of a stack's template see: its parameters, its resources, and what other stacks export."""

from collections.abc import Callable, Mapping
from typing import Any

from powertune.local.cloudformation.faults import invalid
from powertune.local.cloudformation.intrinsics import Scope
from powertune.local.cloudformation.stack import Input, Place, Resource, Stack

_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


def pseudo_parameters(place: Place, name: str, stack_id: str, notification_arns: tuple[str, ...]) -> dict[str, Any]:
    """AWS::Region and its like."""
    return {
        "AWS::AccountId": place.account,
        "AWS::NotificationARNs": list(notification_arns),
        "AWS::Partition": place.partition,
        "AWS::Region": place.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": name,
        "AWS::URLSuffix": _SUFFIXES.get(place.partition, "amazonaws.com"),
    }


def scope_of(
    stack: Stack,
    wanted: Input,
    exports: Mapping[str, str],
    resources: Callable[[], Mapping[str, Resource]],
    imported: Callable[[str], None] = lambda _: None,
) -> Scope:
    """The scope of a template on a stack. `imported` hears of each export that is used."""

    def find(name: str) -> Resource:
        found = resources().get(name)
        if found is None:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the "
                "template"
            )
        return found

    def attribute(name: str, key: str) -> Any:
        resource = find(name)
        for place in (resource.attributes, resource.properties):
            if key in place:
                return place[key]
        raise invalid(
            f"Template error: the embedded AWS does not know the attribute {key} of {resource.kind} ({name})"
        )

    def export(name: str) -> str:
        if name not in exports:
            raise invalid(f"No export named {name} found.")
        imported(name)
        return exports[name]

    return Scope(
        mappings=wanted.template.section("Mappings"),
        conditions=wanted.template.section("Conditions"),
        parameters=wanted.parameters,
        pseudo=pseudo_parameters(stack.place, stack.name, stack.id, wanted.notification_arns),
        ref=lambda name: find(name).reference,
        attribute=attribute,
        imported=export,
    )
