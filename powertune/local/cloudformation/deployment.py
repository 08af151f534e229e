"""Carries out one operation on a stack, from its first event to its last: creation, update, deletion, rollback."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

from powertune.local.cloudformation import outputs, schemas
from powertune.local.cloudformation.faults import Failure, Refused
from powertune.local.cloudformation.kind import Kind
from powertune.local.cloudformation.outputs import Neighbors
from powertune.local.cloudformation.scopes import scope_of
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Input, Resource, Stack, Wishes
from powertune.local.cloudformation.steps import Steps


@dataclass(slots=True)
class _Journal:
    """What an update has done, for the case that it has to be undone."""

    created: list[Resource] = field(default_factory=list)
    updated: list[tuple[Resource, Resource]] = field(default_factory=list)
    replaced: list[tuple[Resource, Resource]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


class Deployment:
    """One operation on one stack. Its methods return when it has ended; failures are states of the stack."""

    def __init__(self, stack: Stack, kinds: Mapping[str, Kind], services: Services, neighbors: Neighbors) -> None:
        self._stack, self._neighbors = stack, neighbors
        self._steps = Steps(stack, kinds, services)
        self._journal = _Journal()
        self._imports: set[str] = set()
        self._failed: str | None = None

    def create(self, wishes: Wishes) -> None:
        """From CREATE_IN_PROGRESS on."""
        stack = self._stack
        try:
            self._advance(stack.wanted, {})
            self._finish(stack.wanted)
        except (Failure, Refused) as error:
            reason = self._reason("create", error)
            if wishes.on_failure == "DO_NOTHING":
                stack.turn("CREATE_FAILED", reason)
            elif wishes.on_failure == "DELETE":
                stack.turn("DELETE_IN_PROGRESS", f"{reason}Delete requested by user.")
                self._end(self._remove(stack.live.values(), rollback=True), "DELETE")
            else:
                stack.turn("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
                self._end(self._remove(stack.live.values(), rollback=True), "ROLLBACK")
        else:
            stack.turn("CREATE_COMPLETE")

    def update(self, before: Input, wishes: Wishes) -> None:
        """From UPDATE_IN_PROGRESS on; `before` is what the stack was."""
        stack = self._stack
        try:
            self._advance(stack.wanted, before.tags)
            self._finish(stack.wanted)
        except (Failure, Refused) as error:
            reason = self._reason("update", error)
            if wishes.disable_rollback:
                stack.turn("UPDATE_FAILED", reason)
                return
            stack.turn("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            self._undo(before)
            return
        wanted = {key for key in stack.wanted.template.resources if key in self._journal.done}
        stack.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._discard([old for old, _ in self._journal.replaced], replaced=True)
        removed = [each for key, each in stack.live.items() if key not in wanted]
        self._discard(removed, replaced=False)
        stack.turn("UPDATE_COMPLETE")

    def delete(self, wishes: Wishes) -> None:
        """From DELETE_IN_PROGRESS on."""
        self._end(self._remove(self._stack.live.values(), retain=wishes.retain), "DELETE")

    def _reason(self, verb: str, error: Failure | Refused) -> str:
        if self._failed is None:
            return error.message if isinstance(error, Refused) else f"{error}"
        return f"The following resource(s) failed to {verb}: [{self._failed}]. "

    def _advance(self, wanted: Input, old_tags: Mapping[str, str]) -> None:
        """Create and change resources until they are as wanted; nothing is removed yet."""
        stack, template = self._stack, wanted.template
        exports = self._neighbors.exports(stack.place)
        scope = scope_of(stack, wanted, exports, lambda: self._visible(wanted), self._imports.add)
        for logical_id in template.order():
            block = template.resources[logical_id]
            condition = block.get("Condition")
            if condition is not None and not scope.holds(condition):
                continue
            if stack.cancelled.is_set():
                raise Failure("Resource update cancelled")
            self._failed = logical_id
            self._bring(logical_id, block, scope, wanted, old_tags)
            self._failed = None
            self._journal.done.append(logical_id)

    def _visible(self, wanted: Input) -> Mapping[str, Resource]:
        return {key: each for key, each in self._stack.live.items() if key in wanted.template.resources}

    def _bring(self, logical_id: str, block: Any, scope: Any, wanted: Input, old_tags: Mapping[str, str]) -> None:
        stack, kind = self._stack, block["Type"]
        old = stack.live.get(logical_id)
        target = Resource(
            logical_id=logical_id,
            kind=kind,
            needs=tuple(wanted.template.dependencies(logical_id)),
            deletion_policy=str(scope.evaluate(block.get("DeletionPolicy", "Delete"))),
            replace_policy=str(scope.evaluate(block.get("UpdateReplacePolicy", "Delete"))),
            metadata=json.dumps(block["Metadata"], default=str) if "Metadata" in block else None,
        )
        try:
            properties = schemas.typed(kind, logical_id, scope.evaluate(block.get("Properties") or {}))
            if old is not None and old.kind != kind:
                raise Failure(
                    f"Update of resource type is not permitted. The new template modifies resource type of the "
                    f"following resources: [{logical_id}]"
                )
        except (Failure, Refused) as error:
            reason = error.message if isinstance(error, Refused) else str(error)
            if old is None:
                self._journal.created.append(target)
            stack.put(old or target, "UPDATE_FAILED" if old else "CREATE_FAILED", reason)
            raise Failure(reason) from error
        target = replace(target, properties=properties)
        if old is None:
            # In the journal first: of a resource that failed, something may exist.
            self._journal.created.append(target)
            self._steps.create(target, wanted.tags)
        else:
            self._change(old, target, wanted.tags, same_tags=dict(old_tags) == dict(wanted.tags))

    def _change(self, old: Resource, target: Resource, tags: Mapping[str, str], *, same_tags: bool) -> None:
        changed = changed_properties(old.properties, target.properties)
        taggable = (schemas.schema_of(target.kind) or {}).get("tagging", {}).get("taggable", True)
        if not changed and (same_tags or not taggable) and old.status != "CREATE_FAILED":
            kept = replace(
                old, needs=target.needs, deletion_policy=target.deletion_policy,
                replace_policy=target.replace_policy, metadata=target.metadata,
            )  # fmt: skip
            with self._stack.lock:
                self._stack.resources[kept.logical_id] = kept
        elif any(schemas.recreation(target.kind, name) == "Always" for name in changed) or not old.physical_id:
            self._journal.replaced.append((old, target))
            self._steps.create(target, tags, replacing=old)
        else:
            self._journal.updated.append((old, target))
            self._steps.update(old, target, tags)

    def _finish(self, wanted: Input) -> None:
        """Evaluate the outputs, and let others import them."""
        stack = self._stack
        exports = self._neighbors.exports(stack.place)
        scope = scope_of(stack, wanted, exports, lambda: self._visible(wanted), self._imports.add)
        found = outputs.evaluate(wanted.template, scope)
        outputs.check_exports(stack, found, self._neighbors)
        with stack.lock:
            stack.outputs, stack.imports = found, frozenset(self._imports)

    def _undo(self, before: Input) -> None:
        stack, failed = self._stack, []
        new: list[Resource] = []
        for old, _ in reversed(self._journal.updated):
            try:
                self._steps.update(stack.resources[old.logical_id], old, before.tags)
            except Failure:
                failed.append(old.logical_id)
        for old, _ in reversed(self._journal.replaced):
            current = stack.resources[old.logical_id]
            if current.physical_id and current.physical_id != old.physical_id:
                new.append(current)
            stack.put(old, "UPDATE_COMPLETE")
        with stack.lock:
            stack.wanted = before
        if failed:
            reason = f"The following resource(s) failed to update: [{', '.join(failed)}]. "
            stack.turn("UPDATE_ROLLBACK_FAILED", reason)
            return
        for resource in stack.live.values():
            if resource.status == "UPDATE_FAILED":
                # It was refused before anything was done to it.
                stack.put(resource, "UPDATE_COMPLETE")
        stack.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for resource in new:
            self._steps.delete(resource, held=False)
        made = {each.logical_id for each in self._journal.created}
        self._remove([each for key, each in stack.live.items() if key in made], rollback=True, forget=True)
        stack.turn("UPDATE_ROLLBACK_COMPLETE")

    def _discard(self, resources: Iterable[Resource], *, replaced: bool) -> None:
        """Remove what an update has replaced or left out; a failure is an event and no more, as on AWS."""
        if not replaced:
            self._remove(resources, forget=True)
            return
        for resource in reversed(list(resources)):
            if not resource.physical_id:
                continue
            if resource.replace_policy == "Delete":
                self._steps.delete(resource, held=False)
            else:
                self._steps.skip(resource, held=False)

    def _remove(
        self,
        resources: Iterable[Resource],
        *,
        retain: frozenset[str] = frozenset(),
        rollback: bool = False,
        forget: bool = False,
    ) -> list[str]:
        """Delete resources, those first that need others; returns those that could not be deleted."""
        failed: list[str] = []
        blocked: set[str] = set()
        for resource in deletion_order(resources):
            if resource.logical_id in blocked:
                blocked.update(resource.needs)
                continue
            keep = {"Retain"} if rollback else {"Retain", "RetainExceptOnCreate"}
            if resource.logical_id in retain or (resource.physical_id and resource.deletion_policy in keep):
                self._steps.skip(resource)
            elif self._steps.delete(resource) is not None:
                failed.append(resource.logical_id)
                blocked.update(resource.needs)
                continue
            if forget:
                with self._stack.lock:
                    self._stack.resources.pop(resource.logical_id, None)
        return failed

    def _end(self, failed: list[str], verb: str) -> None:
        if failed:
            reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
            self._stack.turn(f"{verb}_FAILED", reason)
            return
        with self._stack.lock:
            self._stack.outputs, self._stack.imports = (), frozenset()
        self._stack.turn(f"{verb}_COMPLETE")


def changed_properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The names of the properties that differ, those of the new ones first."""
    names = [name for name, value in new.items() if name not in old or old[name] != value]
    return names + [name for name in old if name not in new]


def deletion_order(resources: Iterable[Resource]) -> list[Resource]:
    """Resources, each before those that it needs."""
    by_id = {resource.logical_id: resource for resource in resources}
    graph = {key: [need for need in each.needs if need in by_id] for key, each in by_id.items()}
    return [by_id[key] for key in reversed(list(TopologicalSorter(graph).static_order()))]
