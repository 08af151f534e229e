"""Change sets of stacks: created, looked up, deleted and executed."""

from collections.abc import Callable

from powertune.local.cloudformation.change_sets import NO_CHANGES, NO_UPDATES, ChangeSet
from powertune.local.cloudformation.changes import Change, nothing_to_do, plan
from powertune.local.cloudformation.faults import Refused, invalid, no_change_set
from powertune.local.cloudformation.inputs import Asked
from powertune.local.cloudformation.operations import Operations, wishes_of
from powertune.local.cloudformation.stack import Input, Place, Stack, new_id
from powertune.local.cloudformation.store import Stacks


class Reviews:
    """The operations on change sets."""

    def __init__(self, stacks: Stacks, operations: Operations) -> None:
        self._stacks, self._operations = stacks, operations

    def create(self, place: Place, asked: Asked) -> ChangeSet:
        """CreateChangeSet. It is complete, or has failed, when this returns."""
        with self._stacks.lock:
            stack = self._stack_of(place, asked)
            before = None if stack is None or stack.status == "REVIEW_IN_PROGRESS" else stack.wanted
            _check_unused(asked["ChangeSetName"], stack)
        wanted = self._operations.inputs(place).read(asked, before)
        expanded, reason = self._expanded(place, wanted)
        with self._stacks.lock:
            stack = self._stack_of(place, asked)
            if stack is None:
                stack = self._operations.new(place, asked, wanted, "REVIEW_IN_PROGRESS")
                stack.turn("REVIEW_IN_PROGRESS", "User Initiated")
        changes: list[Change] = []
        if expanded is not None:
            changes, reason = self._planned(stack, before, wanted, expanded)
        change_set = ChangeSet(
            name=asked["ChangeSetName"],
            id=new_id(place, "changeSet", asked["ChangeSetName"]),
            stack=stack,
            kind="CREATE" if before is None else "UPDATE",
            asked=wanted,
            wanted=None if reason else expanded,
            changes=changes if reason is None else [],
            status="FAILED" if reason else "CREATE_COMPLETE",
            execution_status="UNAVAILABLE" if reason else "AVAILABLE",
            reason=reason,
            description=asked.get("Description"),
            on_failure=asked.get("OnStackFailure"),
        )
        with stack.lock:
            _check_unused(change_set.name, stack)
            stack.change_sets[change_set.name] = change_set
        return change_set

    def find(self, place: Place, asked: Asked) -> ChangeSet:
        """A change set by its ARN, or by its name and that of the stack.

        Raises:
            Refused: there is none.
        """
        name = asked["ChangeSetName"]
        if name.startswith("arn:"):
            every = (each for stack in self._stacks.all(place) for each in list(stack.change_sets.values()))
            found = next((each for each in every if each.id == name), None)
        elif not asked.get("StackName"):
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            found = self._stacks.find(place, asked["StackName"]).change_sets.get(name)
        if found is None:
            raise no_change_set(name)
        change_set: ChangeSet = found
        return change_set

    def delete(self, place: Place, asked: Asked) -> None:
        """DeleteChangeSet; that there is none is no error."""
        try:
            change_set = self.find(place, asked)
        except Refused as error:
            if error.code != "ChangeSetNotFound":
                raise
            return
        if change_set.execution_status == "EXECUTE_IN_PROGRESS":
            raise Refused(
                "InvalidChangeSetStatus", f"ChangeSet [{change_set.id}] cannot be deleted in current status"
            )
        with change_set.stack.lock:
            change_set.stack.change_sets.pop(change_set.name, None)

    def execute(self, place: Place, asked: Asked) -> None:
        """ExecuteChangeSet."""
        change_set = self.find(place, asked)
        stack, wishes = change_set.stack, wishes_of(asked, change_set.on_failure)
        with stack.lock:
            if change_set.execution_status != "AVAILABLE" or change_set.wanted is None:
                raise Refused(
                    "InvalidChangeSetStatus",
                    f"ChangeSet [{change_set.id}] cannot be executed in its current status of [{change_set.status}]",
                )
            after = self._ended(change_set)
            if change_set.kind == "CREATE":
                stack.wanted, stack.token = change_set.wanted, wishes.token
                stack.disable_rollback = bool(asked.get("DisableRollback"))
                stack.turn("CREATE_IN_PROGRESS", "User Initiated")
                self._operations.start(stack, lambda deployment: deployment.create(wishes), after)
            else:
                self._operations.update(stack, change_set.wanted, wishes, after)
            change_set.execution_status = "EXECUTE_IN_PROGRESS"
            stack.change_set_id = change_set.id
            # The others were made for a stack that is no more.
            stack.change_sets = {change_set.name: change_set}

    def _expanded(self, place: Place, wanted: Input) -> tuple[Input | None, str | None]:
        """The input after transforms, or why the change set fails; without transforms, the request is refused."""
        try:
            return self._operations.inputs(place).expand(wanted), None
        except Refused as error:
            if not wanted.template.transforms:
                raise
            return None, error.message

    def _planned(
        self, stack: Stack, before: Input | None, wanted: Input, expanded: Input
    ) -> tuple[list[Change], str | None]:
        """The changes, and why the change set fails, if it does."""
        try:
            changes = plan(stack, before, expanded, self._stacks.exports(stack.place))
        except Refused as error:
            return [], error.message
        if before is None or not nothing_to_do(before, expanded, changes):
            return changes, None
        return changes, NO_UPDATES if wanted.template.transforms else NO_CHANGES

    def _ended(self, change_set: ChangeSet) -> Callable[[], None]:
        def after() -> None:
            done = change_set.stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            change_set.execution_status = "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"

        return after

    def _stack_of(self, place: Place, asked: Asked) -> Stack | None:
        """The stack that a change set is for; None if it has to be made."""
        kind, name = asked.get("ChangeSetType", "UPDATE"), asked["StackName"]
        if kind not in ("CREATE", "UPDATE"):
            raise invalid(f"The embedded AWS does not support change sets of the type {kind}")
        stack = self._stacks.seek(place, name)
        if kind == "UPDATE":
            stack = self._stacks.find(place, name)
            self._operations.require_updatable(stack)
        elif stack is not None and stack.status != "REVIEW_IN_PROGRESS":
            raise invalid(
                f"Stack [{name}] already exists and cannot be created again with the changeSet "
                f"[{asked['ChangeSetName']}]."
            )
        return stack


def _check_unused(name: str, stack: Stack | None) -> None:
    """See whether a new change set may have the name.

    Raises:
        Refused: the stack has one of that name.
    """
    if stack is not None and name in stack.change_sets:
        raise Refused(
            "AlreadyExistsException",
            f"ChangeSet {name} cannot be created because a change set with the same name already exists for this "
            "stack",
        )
