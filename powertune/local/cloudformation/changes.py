"""What an update would do to each resource: the list that a change set shows."""

import contextlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from powertune.local.cloudformation import schemas
from powertune.local.cloudformation.deployment import changed_properties, deletion_order
from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.intrinsics import Scope
from powertune.local.cloudformation.references import references
from powertune.local.cloudformation.scopes import scope_of
from powertune.local.cloudformation.stack import Input, Resource, Stack

KNOWN_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"

Change = dict[str, Any]


class _Later(dict[str, Any]):
    """Attributes of a resource that does not exist yet."""

    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> Any:
        return KNOWN_LATER


@dataclass(slots=True)
class _Found:
    """What was found so far, in the order of the template: replacement of those that are modified."""

    added: set[str] = field(default_factory=set)
    modified: dict[str, str] = field(default_factory=dict)


def plan(stack: Stack, before: Input | None, wanted: Input, exports: Mapping[str, str]) -> list[Change]:
    """The changes, in the order of the resources in the template, removals last."""
    found, changes = _Found(), []
    live = stack.live
    scope = scope_of(stack, wanted, exports, lambda: _visible(live, wanted, found))
    kept = set()
    for logical_id in wanted.template.order():
        block = wanted.template.resources[logical_id]
        if "Condition" in block and not scope.holds(block["Condition"]):
            continue
        kept.add(logical_id)
        old = live.get(logical_id)
        if old is None:
            found.added.add(logical_id)
            changes.append(_added(logical_id, block, scope))
        elif before is not None:
            details = _Details(old, block, scope, before, wanted, found)
            if (change := details.change()) is not None:
                found.modified[logical_id] = change.get("Replacement", "False")
                changes.append(change)
    removed = deletion_order(each for key, each in live.items() if key not in kept)
    return [*changes, *map(_removed, removed)]


def _visible(live: Mapping[str, Resource], wanted: Input, found: _Found) -> Mapping[str, Resource]:
    """What references see: of what will be created or replaced, nothing is known."""
    seen = {}
    for key, block in wanted.template.resources.items():
        if key in live and found.modified.get(key) != "True":
            seen[key] = live[key]
        else:
            seen[key] = Resource(logical_id=key, kind=block["Type"], physical_id=KNOWN_LATER, attributes=_Later())
    return seen


def _added(logical_id: str, block: Any, scope: Scope) -> Change:
    return {
        "Action": "Add",
        "LogicalResourceId": logical_id,
        "ResourceType": block["Type"],
        "Scope": [],
        "Details": [],
        "AfterContext": _context(scope.evaluate(block.get("Properties") or {})),
    }


def _removed(resource: Resource) -> Change:
    return {
        "PolicyAction": "Delete" if resource.deletion_policy == "Delete" else "Retain",
        "Action": "Remove",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.kind,
        "Scope": [],
        "Details": [],
        "BeforeContext": _context(resource.properties),
    }


def _context(properties: Mapping[str, Any]) -> str:
    return json.dumps({"Properties": properties}, default=str)


class _Details:
    """What differs of one resource, and why."""

    def __init__(self, old: Resource, block: Any, scope: Scope, before: Input, wanted: Input, found: _Found) -> None:
        self._old, self._block, self._found = old, block, found
        self._before, self._wanted = before, wanted
        self._raw = block.get("Properties") or {}
        self._new: dict[str, Any] = scope.evaluate(self._raw)
        # What is wrong with it will be said when it is executed; until then it is a change like any.
        with contextlib.suppress(Failure):
            self._new = schemas.typed(old.kind, old.logical_id, self._new)
        self._old_raw = (before.template.resources.get(old.logical_id) or {}).get("Properties") or {}
        self._policy = str(scope.evaluate(block.get("DeletionPolicy", "Delete")))
        self._replace_policy = str(scope.evaluate(block.get("UpdateReplacePolicy", "Delete")))

    def change(self) -> Change | None:
        """The change, or None if there is none."""
        details = [detail for name in self._names() for detail in self._property(name)]
        details += self._other()
        if not details:
            return None
        replacement = _replacement(details)
        scopes = list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details))
        change = {
            "Action": "Modify",
            "LogicalResourceId": self._old.logical_id,
            "PhysicalResourceId": self._old.physical_id,
            "ResourceType": self._old.kind,
            "Replacement": replacement,
            "Scope": scopes,
            "Details": details,
            "BeforeContext": _context(self._old.properties),
            "AfterContext": _context(self._new),
        }
        if replacement != "False":
            retained = self._replace_policy != "Delete"
            change["PolicyAction"] = "ReplaceAndRetain" if retained else "ReplaceAndDelete"
        return change

    def _names(self) -> list[str]:
        changed = changed_properties(self._old.properties, self._new)
        return changed + [name for name in self._raw if name not in changed and self._causes(name)]

    def _causes(self, name: str) -> list[dict[str, Any]]:
        """Resources that change, and that the property refers to."""
        causes = []
        for reference in dict.fromkeys(references(self._raw.get(name))):
            replacement = self._found.modified.get(reference.name)
            fresh = reference.name in self._found.added
            if replacement is None and not fresh:
                continue
            if reference.attribute is None and not fresh and replacement == "False":
                continue
            certain = fresh or replacement == "True"
            causes.append(
                {
                    "Evaluation": "Static" if certain else "Dynamic",
                    "ChangeSource": "ResourceReference" if reference.attribute is None else "ResourceAttribute",
                    "CausingEntity": str(reference),
                }
            )
        return causes

    def _property(self, name: str) -> list[dict[str, Any]]:
        target: dict[str, Any] = (
            {"Attribute": "Tags"} if name == "Tags" else {"Attribute": "Properties", "Name": name}
        )
        target["RequiresRecreation"] = schemas.recreation(self._old.kind, name)
        causes = self._causes(name)
        parameters = _parameters_in(self._raw.get(name), self._before, self._wanted)
        causes += [
            {"Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": parameter}
            for parameter in parameters
        ]
        if name in changed_properties(self._old.properties, self._new):
            direct = self._raw.get(name) != self._old_raw.get(name) or not causes
            if direct or parameters:
                causes.append({"Evaluation": "Static" if direct else "Dynamic", "ChangeSource": "DirectModification"})
        return [{"Target": target, **cause} for cause in causes]

    def _other(self) -> list[dict[str, Any]]:
        """Metadata, policies, and tags of the stack."""
        old = self._old
        metadata = json.dumps(self._block["Metadata"], default=str) if "Metadata" in self._block else None
        differing = [
            name
            for name, before, after in (
                ("Metadata", old.metadata, metadata),
                ("DeletionPolicy", old.deletion_policy, self._policy),
                ("UpdateReplacePolicy", old.replace_policy, self._replace_policy),
            )
            if before != after
        ]
        taggable = (schemas.schema_of(old.kind) or {}).get("tagging", {}).get("taggable", True)
        if taggable and dict(self._before.tags) != dict(self._wanted.tags):
            differing.append("Tags")
        return [
            {
                "Target": {"Attribute": name, "RequiresRecreation": "Never"},
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            }
            for name in differing
        ]


def _parameters_in(node: Any, before: Input, wanted: Input) -> list[str]:
    """The parameters that a part of the template refers to, and whose value is another now."""
    names = [reference.name for reference in references(node)]
    return [
        name
        for name in dict.fromkeys(names)
        if name in wanted.parameters
        and (name not in before.parameters or before.parameters[name].value != wanted.parameters[name].value)
    ]


def _replacement(details: Iterable[Mapping[str, Any]]) -> str:
    replacement = "False"
    for detail in details:
        recreation = detail["Target"]["RequiresRecreation"]
        if recreation == "Always" and detail["Evaluation"] == "Static":
            return "True"
        if recreation != "Never":
            replacement = "Conditional"
    return replacement


def nothing_to_do(before: Input, wanted: Input, changes: list[Change]) -> bool:
    """Whether an update would change nothing: neither resources nor outputs."""
    old, new = before.template.section("Outputs"), wanted.template.section("Outputs")
    return not changes and old == new and not _parameters_in(new, before, wanted)
