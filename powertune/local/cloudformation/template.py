"""A template: its sections, what is wrong with it, and in which order its resources come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from powertune.local.cloudformation import schemas
from powertune.local.cloudformation.faults import invalid
from powertune.local.cloudformation.reading import read_template
from powertune.local.cloudformation.references import Reference, conditions_in, references

_SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Globals",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    ]
)
_MEMBERS = frozenset(
    [
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "Metadata",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "CreationPolicy",
        "UpdatePolicy",
    ]
)
_PSEUDO = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)
_POLICIES = frozenset({"Delete", "Retain", "Snapshot", "RetainExceptOnCreate"})
_NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
}
_IAM = frozenset({*_NAMES, "AWS::IAM::AccessKey", "AWS::IAM::Policy", "AWS::IAM::UserToGroupAddition"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The text that a client sent, and the document it is after transforms."""

    text: str
    document: Mapping[str, Any]
    processed: bool = False

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Read a template; it is not checked yet, because macros come first."""
        document = read_template(text)
        if unknown := sorted(set(map(str, document)) - _SECTIONS):
            raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
        for section in ("Resources", "Parameters", "Outputs", "Mappings", "Conditions"):
            if not isinstance(document.get(section, {}), dict):
                raise invalid(
                    f"Template format error: [/{section}] 'null' values or lists are not allowed in templates"
                )
        if ignored := [section for section in ("Hooks", "Rules") if document.get(section)]:
            raise invalid(f"The embedded AWS does not support the section {ignored[0]} of templates")
        if not document.get("Resources"):
            raise invalid("Template format error: At least one Resources member must be defined.")
        return cls(text=text, document=document)

    def section(self, name: str) -> dict[str, Any]:
        """A section that is a mapping; empty if the template has none."""
        found: dict[str, Any] = self.document.get(name) or {}
        return found

    @property
    def resources(self) -> dict[str, Any]:
        """The resources by logical id."""
        return self.section("Resources")

    @property
    def transforms(self) -> tuple[str, ...]:
        """The macros that the template names."""
        given = self.document.get("Transform") or []
        named = given if isinstance(given, list) else [given]
        return tuple(each["Name"] if isinstance(each, dict) else str(each) for each in named)

    @property
    def description(self) -> str | None:
        """The template's description."""
        given = self.document.get("Description")
        return None if given is None else str(given)

    def types(self) -> list[str]:
        """The types of the resources, each once."""
        return list(
            dict.fromkeys(str(each.get("Type")) for each in self.resources.values() if isinstance(each, dict))
        )

    def capabilities(self) -> tuple[list[str], str]:
        """What has to be acknowledged, and why."""
        iam = [each for each in self.resources.values() if isinstance(each, dict) and each.get("Type") in _IAM]
        if not iam:
            return [], ""
        kinds = ", ".join(sorted({f"{each['Type']}" for each in iam}))
        named = any(_NAMES.get(each["Type"], "-") in (each.get("Properties") or {}) for each in iam)
        capability = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
        return [capability], f"The following resource(s) require capabilities: [{kinds}]"

    def check(self) -> None:
        """See whether it can be deployed.

        Raises:
            Refused: a type, a reference or a condition does not exist, or resources depend on each other.
        """
        for logical_id, resource in self.resources.items():
            _check_resource(logical_id, resource)
        if unknown := sorted(kind for kind in self.types() if schemas.schema_of(kind) is None and not _custom(kind)):
            raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
        self._check_references()
        self.order()

    def order(self) -> list[str]:
        """The logical ids, each after those that it depends on.

        Raises:
            Refused: they depend on each other.
        """
        graph = {logical_id: self.dependencies(logical_id) for logical_id in self.resources}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = sorted(set(error.args[1]))
            raise invalid(f"Circular dependency between resources: [{', '.join(circle)}]") from error

    def dependencies(self, logical_id: str) -> list[str]:
        """The resources that one needs, or is said to come after."""
        resource = self.resources[logical_id]
        needed = [reference.name for reference in references(resource.get("Properties"))]
        given = resource.get("DependsOn") or []
        named = given if isinstance(given, list) else [given]
        return [name for name in dict.fromkeys([*needed, *named]) if name in self.resources]

    def _check_references(self) -> None:
        known = {*self.section("Parameters"), *self.resources, *_PSEUDO}
        for block in ("Resources", "Outputs"):
            if lost := sorted({name for name in self._names(block) if name not in known}):
                raise invalid(
                    f"Template format error: Unresolved resource dependencies [{', '.join(lost)}] in the {block} "
                    "block of the template"
                )
            for name in self._conditions(block):
                if name not in self.section("Conditions"):
                    raise invalid(
                        f"Template format error: Unresolved condition dependency {name} in the {block} block of the "
                        "template"
                    )
        for reference in references([self.resources, self.section("Outputs")]):
            self._check_attribute(reference)

    def _names(self, block: str) -> Iterator[str]:
        for entry in self.section(block).values():
            parts = [entry.get("Properties")] if block == "Resources" else [entry]
            for reference in references(parts):
                if reference.attribute is not None and reference.name not in self.resources:
                    raise invalid(
                        f"Template error: instance of Fn::GetAtt references undefined resource {reference.name}"
                    )
                yield reference.name
            if block == "Resources":
                given = entry.get("DependsOn") or []
                yield from given if isinstance(given, list) else [given]

    def _conditions(self, block: str) -> Iterator[str]:
        for entry in self.section(block).values():
            if isinstance(entry, dict) and "Condition" in entry:
                yield entry["Condition"]
            yield from conditions_in(entry.get("Properties" if block == "Resources" else "Value"))

    def _check_attribute(self, reference: Reference) -> None:
        resource = self.resources.get(reference.name)
        if reference.attribute is None or resource is None or _custom(resource["Type"]):
            return
        if reference.attribute.split(".")[0] not in {
            name.split(".")[0] for name in schemas.attributes_of(resource["Type"])
        }:
            raise invalid(
                f"Template error: resource {reference.name} does not support attribute type {reference.attribute} in "
                "Fn::GetAtt"
            )


def _custom(kind: str) -> bool:
    return kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource"


def _check_resource(logical_id: str, resource: Any) -> None:
    if not logical_id.isalnum() or not logical_id.isascii():
        raise invalid(f"Template format error: Resource name {logical_id} is non alphanumeric.")
    if not isinstance(resource, dict):
        raise invalid("Template format error: Every Resources object must be a mapping.")
    if not isinstance(resource.get("Type"), str):
        raise invalid(
            f"Template format error: [/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    if unknown := sorted(set(map(str, resource)) - _MEMBERS):
        raise invalid(f"Invalid template resource property '{unknown[0]}'")
    if not isinstance(resource.get("Properties") or {}, dict):
        raise invalid(f"Template format error: [/Resources/{logical_id}/Properties] must be an object")
    if ignored := [member for member in ("CreationPolicy", "UpdatePolicy") if resource.get(member)]:
        raise invalid(f"The embedded AWS does not support {ignored[0]}, which the resource {logical_id} has")
    for member in ("DeletionPolicy", "UpdateReplacePolicy"):
        if isinstance(policy := resource.get(member, "Delete"), str) and policy not in _POLICIES:
            raise invalid(f"Template error: {member} {policy} of resource {logical_id} is not valid")
