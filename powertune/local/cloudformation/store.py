"""All stacks of the server, by account and region, and what they export to each other."""

import threading
from collections.abc import Mapping

from powertune.local.cloudformation.faults import no_stack
from powertune.local.cloudformation.stack import Output, Place, Stack


class Stacks:
    """The stacks. A name belongs to one stack that is not deleted; deleted ones are found by their id."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stacks: dict[str, Stack] = {}

    @property
    def lock(self) -> threading.RLock:
        """Held by who looks for a name and then takes it."""
        return self._lock

    def add(self, stack: Stack) -> None:
        """A new stack."""
        with self._lock:
            self._stacks[stack.id] = stack

    def all(self, place: Place) -> list[Stack]:
        """The stacks of a place, the newest first."""
        with self._lock:
            return [stack for stack in reversed(self._stacks.values()) if stack.place == place]

    def seek(self, place: Place, name_or_id: str) -> Stack | None:
        """A stack by its name or id, or None."""
        with self._lock:
            stack = self._stacks.get(name_or_id)
            if stack is not None:
                return stack if stack.place == place else None
            named = (each for each in self.all(place) if each.name == name_or_id and not each.gone)
            return next(named, None)

    def find(self, place: Place, name_or_id: str) -> Stack:
        """A stack by its name or id.

        Raises:
            Refused: there is none.
        """
        stack = self.seek(place, name_or_id)
        if stack is None:
            raise no_stack(name_or_id)
        return stack

    def exported(self, place: Place) -> list[tuple[Stack, Output]]:
        """All exports of a place."""
        return [
            (stack, output)
            for stack in self.all(place)
            if not stack.gone
            for output in stack.outputs
            if output.export is not None
        ]

    def exports(self, place: Place) -> Mapping[str, str]:
        """The values of all exports by name."""
        return {str(output.export): output.value for _, output in self.exported(place)}

    def exporter(self, place: Place, name: str) -> Stack | None:
        """The stack that exports a name."""
        return next((stack for stack, output in self.exported(place) if output.export == name), None)

    def importers(self, place: Place, name: str) -> list[Stack]:
        """The stacks that import a name."""
        return [stack for stack in self.all(place) if not stack.gone and name in stack.imports]
