"""The operations on stacks, and what they refuse."""

from collections.abc import Mapping

from powertune.local.cloudformation import outputs
from powertune.local.cloudformation.change_sets import NO_UPDATES
from powertune.local.cloudformation.changes import nothing_to_do, plan
from powertune.local.cloudformation.faults import Refused, invalid
from powertune.local.cloudformation.inputs import Asked, Inputs, require_expand
from powertune.local.cloudformation.kind import Kind
from powertune.local.cloudformation.operations import Operations, busy, wishes_of
from powertune.local.cloudformation.reviews import Reviews
from powertune.local.cloudformation.services import Services
from powertune.local.cloudformation.stack import Place, Stack
from powertune.local.cloudformation.store import Stacks


class Life:
    """CloudFormation of one server."""

    def __init__(self, services: Services, kinds: Mapping[str, Kind]) -> None:
        self.stacks = Stacks()
        self._operations = Operations(self.stacks, services, kinds)
        self.reviews = Reviews(self.stacks, self._operations)

    def inputs(self, place: Place) -> Inputs:
        """The reader of requests for a place."""
        return self._operations.inputs(place)

    def create(self, place: Place, asked: Asked) -> Stack:
        """CreateStack."""
        wishes = wishes_of(asked)
        wanted = self.inputs(place).read(asked, None)
        require_expand(wanted)
        wanted = self.inputs(place).expand(wanted)
        with self.stacks.lock:
            self._free(place, asked["StackName"])
            stack = self._operations.new(place, asked, wanted, "CREATE_IN_PROGRESS")
        stack.token = wishes.token
        stack.turn("CREATE_IN_PROGRESS", "User Initiated")
        self._operations.start(stack, lambda deployment: deployment.create(wishes))
        return stack

    def update(self, place: Place, asked: Asked) -> Stack:
        """UpdateStack."""
        stack = self.stacks.find(place, asked["StackName"])
        self._operations.require_updatable(stack)
        before = stack.wanted
        wanted = self.inputs(place).read(asked, before)
        require_expand(wanted)
        wanted = self.inputs(place).expand(wanted)
        if nothing_to_do(before, wanted, plan(stack, before, wanted, self.stacks.exports(place))):
            raise invalid(NO_UPDATES)
        self._operations.update(stack, wanted, wishes_of(asked))
        return stack

    def delete(self, place: Place, asked: Asked) -> None:
        """DeleteStack; that there is no such stack is no error."""
        stack = self.stacks.seek(place, asked["StackName"])
        if stack is None or stack.gone:
            return
        wishes = wishes_of(asked)
        with stack.lock:
            if stack.protected:
                raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
            if stack.busy and stack.status != "DELETE_IN_PROGRESS":
                raise busy(stack, "deleted")
            if wishes.retain and stack.status != "DELETE_FAILED":
                raise invalid(
                    f"Invalid operation on stack [{stack.id}]. You can specify RetainResources only for a stack in "
                    "the DELETE_FAILED state."
                )
            if stack.status == "DELETE_IN_PROGRESS" or self._in_use(stack):
                return
            stack.token = wishes.token
            stack.turn("DELETE_IN_PROGRESS", "User Initiated")
            stack.change_sets.clear()
        self._operations.start(stack, lambda deployment: deployment.delete(wishes))

    def cancel(self, place: Place, name: str) -> None:
        """CancelUpdateStack: the update ends before its next resource, and is undone."""
        stack = self.stacks.find(place, name)
        if stack.status != "UPDATE_IN_PROGRESS":
            raise invalid("CancelUpdateStack cannot be called from current stack status")
        stack.cancelled.set()

    def _free(self, place: Place, name: str) -> None:
        if (stack := self.stacks.seek(place, name)) is not None:
            raise Refused("AlreadyExistsException", f"Stack [{stack.name}] already exists")

    def _in_use(self, stack: Stack) -> bool:
        """Whether other stacks import from this one; then the deletion is canceled, which only an event tells."""
        for output in stack.outputs:
            users = outputs.importers_of(stack, output.export, self.stacks) if output.export else ""
            if users:
                reason = f"Delete canceled. Cannot delete export {output.export} as it is in use by {users}."
                stack.turn(stack.status, reason)
                return True
        return False
