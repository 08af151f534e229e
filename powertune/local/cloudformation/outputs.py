"""The outputs of a stack, and the rules for those that other stacks import."""

from collections.abc import Mapping
from typing import Protocol

from powertune.local.cloudformation.faults import Failure
from powertune.local.cloudformation.intrinsics import Scope, as_text
from powertune.local.cloudformation.stack import Output, Place, Stack
from powertune.local.cloudformation.template import Template


class Neighbors(Protocol):
    """The other stacks of the account and region, as far as exports go."""

    def exports(self, place: Place) -> Mapping[str, str]:
        """The values of all exports by name."""
        ...

    def exporter(self, place: Place, name: str) -> Stack | None:
        """The stack that exports a name."""
        ...

    def importers(self, place: Place, name: str) -> list[Stack]:
        """The stacks that import a name."""
        ...


def evaluate(template: Template, scope: Scope) -> tuple[Output, ...]:
    """The outputs whose conditions hold.

    Raises:
        Refused: a value refers to what does not exist.
    """
    found = []
    for key, block in template.section("Outputs").items():
        if "Condition" in block and not scope.holds(block["Condition"]):
            continue
        export = (block.get("Export") or {}).get("Name")
        found.append(
            Output(
                key=key,
                value=as_text(scope.evaluate(block.get("Value"))),
                description=block.get("Description"),
                export=None if export is None else as_text(scope.evaluate(export)),
            )
        )
    return tuple(found)


def check_exports(stack: Stack, found: tuple[Output, ...], neighbors: Neighbors) -> None:
    """See whether the exports are free, and whether those that are in use stay as they are.

    Raises:
        Failure: one is not.
    """
    new = {output.export: output.value for output in found if output.export is not None}
    for name in new:
        other = neighbors.exporter(stack.place, name)
        if other is not None and other is not stack:
            raise Failure(f"Export with name {name} is already exported by stack {other.name}")
    for output in stack.outputs:
        if output.export is None or new.get(output.export) == output.value:
            continue
        if users := importers_of(stack, output.export, neighbors):
            verb = "updated" if output.export in new else "deleted"
            raise Failure(f"Export {output.export} cannot be {verb} as it is in use by {users}")


def importers_of(stack: Stack, export: str, neighbors: Neighbors) -> str:
    """The names of the stacks that import something, as a reason lists them; empty if there is none."""
    return ", ".join(other.name for other in neighbors.importers(stack.place, export) if other is not stack)
