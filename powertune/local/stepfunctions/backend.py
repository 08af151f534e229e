"""Moto's Step Functions backend, with executions that run in the background until they end or are stopped."""

import json
import uuid
from typing import Any

from moto.stepfunctions.models import StepFunctionBackend
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure, CallbackOutcomeSuccess
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from powertune.local.stepfunctions import machines
from powertune.local.stepfunctions.definitions import Refused, program_of
from powertune.local.stepfunctions.errors import error, no_execution, no_machine, too_long
from powertune.local.stepfunctions.execution import LiveExecution, Order
from powertune.local.stepfunctions.registry import Registry
from powertune.local.stepfunctions.sizes import MAX_BYTES

_CONFIGURED = ("definition", "type", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class StatesBackend(StepFunctionsParserBackend):
    """One region of one account. `registry` is set by the server on a subclass."""

    registry: Registry

    @staticmethod
    def _validate_definition(definition: str) -> None:
        try:
            program_of(definition)
        except Refused as refused:
            reasons = ", ".join(map(str, refused.problems))
            raise error("InvalidDefinition", f"Invalid State Machine Definition: '{reasons}'") from refused

    def create_state_machine(self, name: str, definition: str, roleArn: str, *args: Any, **options: Any) -> Any:  # noqa: N803
        """A state machine; the one that is there already if it is the same.

        Raises:
            AWSError: the definition is not valid, or there is another machine of this name.
        """
        if not name:
            raise error("InvalidName", f"Invalid Name: '{name}'")
        self._validate_name(name)
        self._validate_definition(definition)
        self._sweep()
        before = next((each for each in self.state_machines if each.name == name), None)
        if before is None:
            # Moto's parser would refuse what it does not know and this one does.
            return StepFunctionBackend.create_state_machine(self, name, definition, roleArn, *args, **options)
        if getattr(before, "deleting", False):
            raise error("StateMachineDeleting", f"State Machine is being deleted: '{before.arn}'")
        wanted = {"definition": definition, "type": options.get("sm_type"), **options}
        same = all(wanted.get(field) in (None, getattr(before, field)) for field in _CONFIGURED)
        if not same or definition != before.definition:
            raise error("StateMachineAlreadyExists", f"State Machine Already Exists: '{before.arn}'")
        return before

    def update_state_machine(self, arn: str, *args: Any, **options: Any) -> Any:
        """Change a machine. Executions that run keep the definition that they began with."""
        machine = self._machine(arn)
        publish, description = options.pop("publish", None), options.pop("version_description", None)
        definition = args[0] if args else options.get("definition")
        if definition is not None:
            self._validate_definition(definition)
        StepFunctionBackend.update_state_machine(self, machine.arn, *args, **options)
        if publish:
            machines.publish(machine, description)
        return machine

    def delete_state_machine(self, arn: str) -> None:
        """Delete a machine once its executions have ended; it is not there for new ones."""
        self._validate_machine_arn(arn)
        for machine in list(self.state_machines):
            if arn in (machine.arn, machine.name):
                vars(machine)["deleting"] = True
        self._sweep()

    def publish_version(self, arn: str, description: str | None) -> Any:
        """PublishStateMachineVersion."""
        return machines.publish(self._machine(arn), description)

    def delete_version(self, arn: str) -> None:
        """DeleteStateMachineVersion. A version that is not there is no error."""
        machine = next((each for each in self.state_machines if arn.startswith(f"{each.arn}:")), None)
        if machine is not None:
            machines.delete_version(machine, arn)

    def start_execution(  # type: ignore[override]
        self,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        *_: Any,
        **more: Any,
    ) -> LiveExecution:
        """Start an execution; the one that runs under this name already if it has the same input.

        Raises:
            AWSError: the machine is not there, the input is no JSON or too large, or the name is taken.
        """
        target = self._target(state_machine_arn)
        given = "{}" if execution_input is None else execution_input
        return self._started(self._order(target, name, given, more.get("trace_header")))

    def start_sync_execution(self, arn: str, name: str | None, given: str, trace_header: str | None) -> LiveExecution:
        """Start an Express execution and wait for its end.

        Raises:
            AWSError: as for `start_execution`, and for a machine that is not Express.
        """
        target = self._target(arn)
        if target.machine.type != "EXPRESS":
            message = "This operation is not supported by this type of state machine"
            raise error("StateMachineTypeNotSupported", message)
        execution = self._started(self._order(target, name, given, trace_header))
        execution.ended.wait()
        return execution

    def stop_execution(self, execution_arn: str, error: str | None = None, cause: str | None = None) -> LiveExecution:  # type: ignore[override]
        """End an execution now."""
        execution = self.describe_execution(execution_arn)
        execution.stop(error, cause)
        self._sweep()
        return execution

    def describe_execution(self, execution_arn: str) -> LiveExecution:  # type: ignore[override]
        """The execution of this ARN.

        Raises:
            AWSError: there is none.
        """
        self._validate_execution_arn(execution_arn)
        execution = self.registry.find(execution_arn)
        if execution is None or (execution.order.account, execution.order.region) != (
            self.account_id,
            self.region_name,
        ):
            raise no_execution(execution_arn)
        if execution.order.kind == "EXPRESS":
            raise no_execution(execution_arn)
        return execution

    def executions_of(self, arn: str) -> list[LiveExecution]:
        """The executions of a machine, a version or an alias, newest first.

        Raises:
            AWSError: it is not there, or is Express.
        """
        target = self._target(arn, even_if_deleting=True)
        if target.machine.type == "EXPRESS":
            message = "This operation is not supported by this type of state machine"
            raise error("StateMachineTypeNotSupported", message)
        found = self.registry.of_machine(target.machine.arn)
        if arn != target.machine.arn:
            found = [each for each in found if arn in (each.order.version_arn, each.order.alias_arn)]
        return sorted(found, key=lambda each: each.start_date, reverse=True)

    def describe_map_run(self, map_run_arn: str) -> Any:
        """The Map Run of this ARN.

        Raises:
            AWSError: there is none.
        """
        run = self.registry.map_run(map_run_arn)
        if run is None:
            raise error("ResourceNotFound", f"Resource not found: '{map_run_arn}'")
        return run

    def list_map_runs(self, execution_arn: str) -> Any:
        """The Map Runs of an execution, newest first."""
        return list(reversed(self.describe_execution(execution_arn).map_runs))

    def update_map_run(
        self, map_run_arn: str, max_concurrency: Any, tolerated_failure_count: Any, tolerated_failure_percentage: Any
    ) -> None:
        """UpdateMapRun."""
        try:
            self.describe_map_run(map_run_arn).update(
                max_concurrency, tolerated_failure_count, tolerated_failure_percentage
            )
        except ValueError as problem:
            raise error("ValidationException", str(problem)) from problem

    def send_task_success(self, task_token: str, outcome: str) -> None:  # type: ignore[override]
        """SendTaskSuccess."""
        if len(outcome.encode()) > MAX_BYTES:
            raise too_long("output", MAX_BYTES)
        _check_json(outcome, "InvalidOutput", "Invalid Output")
        self.registry.answer_task(CallbackOutcomeSuccess(callback_id=task_token, output=outcome))

    def send_task_failure(self, task_token: str, error: str | None = None, cause: str | None = None) -> None:  # type: ignore[override]
        """SendTaskFailure."""
        self.registry.answer_task(CallbackOutcomeFailure(callback_id=task_token, error=error, cause=cause))

    def send_task_heartbeat(self, task_token: str) -> None:  # type: ignore[override]
        """SendTaskHeartbeat."""
        self.registry.heartbeat(task_token)

    def is_deleting(self, machine: Any) -> bool:
        """Whether a machine waits for its last executions; forgets those that do not any more."""
        self._sweep()
        return machine in self.state_machines and getattr(machine, "deleting", False)

    def _sweep(self) -> None:
        for machine in list(self.state_machines):
            if not getattr(machine, "deleting", False):
                continue
            if any(each.status == "RUNNING" for each in self.registry.of_machine(machine.arn)):
                continue
            self.state_machines.remove(machine)
            self.registry.forget(machine.arn)

    def _machine(self, arn: str) -> Any:
        self._validate_machine_arn(arn)
        self._sweep()
        for machine in self.state_machines:
            if machine.arn == arn:
                if getattr(machine, "deleting", False):
                    raise error("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
                return machine
        raise no_machine(arn)

    def _target(self, arn: str, even_if_deleting: bool = False) -> machines.Target:
        self._validate_machine_arn(arn)
        self._sweep()
        target = machines.target_of(self.state_machines, arn)
        if getattr(target.machine, "deleting", False) and not even_if_deleting:
            raise error("StateMachineDeleting", f"State Machine is being deleted: '{target.machine.arn}'")
        return target

    def _order(self, target: machines.Target, name: str | None, given: str, trace_header: str | None) -> Order:
        if len(given.encode()) > MAX_BYTES:
            raise too_long("input", MAX_BYTES)
        _check_json(given, "InvalidExecutionInput", "Invalid State Machine Execution Input")
        if name is not None:
            if not name:
                raise error("InvalidName", f"Invalid Name: '{name}'")
            self._validate_name(name)
        name = name or str(uuid.uuid4())
        machine = target.machine
        express = machine.type == "EXPRESS"
        kind, suffix = ("express", f":{uuid.uuid4()}") if express else ("execution", "")
        return Order(
            arn=f"{machine.arn.replace(':stateMachine:', f':{kind}:')}:{name}{suffix}",
            name=name,
            account=self.account_id,
            region=self.region_name,
            role_arn=target.role_arn,
            machine_arn=machine.arn,
            machine_name=machine.name,
            kind=machine.type,
            definition=target.definition,
            program=program_of(target.definition),
            input=given,
            version_arn=target.version_arn,
            alias_arn=target.alias_arn,
            trace_header=trace_header,
        )

    def _started(self, order: Order) -> LiveExecution:
        execution = LiveExecution(order, self.registry.changed)
        admitted = self.registry.admit(execution)
        if admitted is execution:
            execution.start()
        elif admitted.status != "RUNNING" or admitted.execution_input != order.input:
            raise error("ExecutionAlreadyExists", f"Execution Already Exists: '{order.arn}'")
        return admitted


def _check_json(text: str, kind: str, message: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise error(kind, f"{message}: '{problem}'") from problem
