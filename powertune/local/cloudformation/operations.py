"""Begins operations on stacks: each is carried out in a thread of its own."""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from powertune.local.cloudformation.deployment import Deployment
from powertune.local.cloudformation.faults import Refused, invalid
from powertune.local.cloudformation.inputs import Asked, Inputs
from powertune.local.cloudformation.kind import Kind
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Input, Place, Stack, Wishes, new_id
from powertune.local.cloudformation.store import Stacks

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_FAILED"}
)


class Operations:
    """What operations on stacks and on change sets have in common."""

    def __init__(self, stacks: Stacks, services: Services, kinds: Mapping[str, Kind]) -> None:
        self._stacks, self._services, self._kinds = stacks, services, kinds

    def inputs(self, place: Place) -> Inputs:
        """The reader of requests for a place."""
        return Inputs(self._services, place)

    def new(self, place: Place, asked: Asked, wanted: Input, status: str) -> Stack:
        """A new stack; who calls has seen that the name is free, and holds the lock of the stacks.

        Raises:
            Refused: it is no name of a stack.
        """
        name = asked["StackName"]
        if not _NAME.fullmatch(name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member "
                f"must satisfy regular expression pattern: {_NAME.pattern}"
            )
        stack = Stack(
            name=name,
            id=new_id(place, "stack", name),
            place=place,
            wanted=wanted,
            status=status,
            disable_rollback=bool(asked.get("DisableRollback")),
            protected=bool(asked.get("EnableTerminationProtection")),
            timeout_minutes=asked.get("TimeoutInMinutes"),
        )
        self._stacks.add(stack)
        return stack

    @staticmethod
    def require_updatable(stack: Stack) -> None:
        """See whether a stack can be updated.

        Raises:
            Refused: it cannot, because of its status.
        """
        if stack.status not in _UPDATABLE:
            raise busy(stack, "updated")

    def update(self, stack: Stack, wanted: Input, wishes: Wishes, after: Callable[[], None] = lambda: None) -> None:
        """Begin an update; `after` is called when it has ended.

        Raises:
            Refused: the stack cannot be updated.
        """
        with stack.lock:
            self.require_updatable(stack)
            before = stack.wanted
            stack.wanted, stack.token = wanted, wishes.token
            stack.updated_at = None
            stack.cancelled.clear()
            stack.turn("UPDATE_IN_PROGRESS", "User Initiated")
            stack.updated_at = stack.events[-1].at
        self.start(stack, lambda deployment: deployment.update(before, wishes), after)

    def start(
        self, stack: Stack, operation: Callable[[Deployment], Any], after: Callable[[], None] = lambda: None
    ) -> None:
        """Carry out an operation on a stack in the background, and then call `after`."""
        deployment = Deployment(stack, self._kinds, self._services, self._stacks)

        def run() -> None:
            try:
                operation(deployment)
            finally:
                if stack.busy:
                    # Nothing that fails may leave a stack that nobody can change.
                    stack.turn(broken_off(stack.status), "Internal Failure")
                after()

        threading.Thread(target=run, name=f"stack {stack.name}", daemon=True).start()


def broken_off(status: str) -> str:
    """The status after an operation that ended in the middle; one that was only cleaning up is complete."""
    state = status.removesuffix("_IN_PROGRESS")
    cleaned = state.removesuffix("_CLEANUP")
    return f"{state}_FAILED" if cleaned == state else cleaned


def busy(stack: Stack, verb: str) -> Refused:
    """What is answered while the status of a stack does not let it be updated or deleted."""
    return invalid(f"Stack:{stack.id} is in {stack.status} state and can not be {verb}.")


def wishes_of(asked: Asked, on_failure: str | None = None) -> Wishes:
    """How a request wants its operation carried out; `on_failure` is what its change set says.

    Raises:
        Refused: it contradicts itself.
    """
    given = asked.get("OnFailure") or on_failure
    if given and "DisableRollback" in asked and "OnFailure" in asked:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    disable = bool(asked.get("DisableRollback"))
    return Wishes(
        token=asked.get("ClientRequestToken"),
        on_failure=given or ("DO_NOTHING" if disable else "ROLLBACK"),
        retain=frozenset(asked.get("RetainResources") or ()),
        disable_rollback=disable,
    )
