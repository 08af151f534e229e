"""The HTTP interface of Step Functions: moto's, completed."""

import datetime
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.responses import StepFunctionResponse

from powertune.local.stepfunctions.backend import StatesBackend
from powertune.local.stepfunctions.definitions import Refused, program_of
from powertune.local.stepfunctions.execution import LiveExecution
from powertune.local.stepfunctions.pages import page

_DATA = ("input", "inputDetails", "output", "outputDetails")
_BILLED_STEP_MS = 100
_BILLED_MEMORY_MB = 64


class StatesResponse(StepFunctionResponse):
    """One request to Step Functions. The methods are the API's operations."""

    @property
    def states(self) -> StatesBackend:
        """The region and account that the request is for."""
        return cast(StatesBackend, self.stepfunction_backend)

    def validate_state_machine_definition(self) -> ActionResult:
        """ValidateStateMachineDefinition."""
        try:
            program_of(self._get_param("definition") or "")
        except Refused as refused:
            problems = refused.problems
        else:
            problems = ()
        limit = self._get_int_param("maxResults") or 100
        found = [
            {"severity": "ERROR", "code": each.code, "message": each.message}
            | ({"location": each.location} if each.location else {})
            for each in problems
        ]
        result = "FAIL" if found else "OK"
        return ActionResult({"result": result, "diagnostics": found[:limit], "truncated": len(found) > limit})

    def describe_state_machine(self) -> ActionResult:
        """DescribeStateMachine."""
        arn = self._get_param("stateMachineArn")
        machine = self.states.describe_state_machine(arn)
        answer = cast(dict[str, Any], super().describe_state_machine().result)
        if self.states.is_deleting(machine):
            answer["status"] = "DELETING"
        return ActionResult(answer)

    def publish_state_machine_version(self) -> ActionResult:
        """PublishStateMachineVersion."""
        version = self.states.publish_version(self._get_param("stateMachineArn"), self._get_param("description"))
        return ActionResult({"creationDate": version.creation_date, "stateMachineVersionArn": version.arn})

    def list_state_machine_versions(self) -> ActionResult:
        """ListStateMachineVersions, newest first."""
        machine = self.states.describe_state_machine(self._get_param("stateMachineArn"))
        versions = [machine.versions[number] for number in sorted(machine.versions, reverse=True)]
        found, token = page(versions, lambda each: str(each.arn), *self._paging())
        listed = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in found]
        return ActionResult({"stateMachineVersions": listed, "nextToken": token})

    def delete_state_machine_version(self) -> ActionResult:
        """DeleteStateMachineVersion."""
        self.states.delete_version(self._get_param("stateMachineVersionArn"))
        return EmptyResult()

    def start_execution(self) -> ActionResult:
        """StartExecution."""
        execution = self.states.start_execution(
            self._get_param("stateMachineArn"),
            self._get_param("name"),
            self._get_param("input"),
            trace_header=self._get_param("traceHeader"),
        )
        return ActionResult({"executionArn": execution.execution_arn, "startDate": execution.start_date})

    def start_sync_execution(self) -> ActionResult:
        """StartSyncExecution."""
        given = self._get_param("input")
        execution = self.states.start_sync_execution(
            self._get_param("stateMachineArn"),
            self._get_param("name"),
            "{}" if given is None else given,
            self._get_param("traceHeader"),
        )
        assert execution.stop_date is not None
        took = (execution.stop_date - execution.start_date) / datetime.timedelta(milliseconds=1)
        answer = _described(execution)
        answer["billingDetails"] = {
            "billedMemoryUsedInMB": _BILLED_MEMORY_MB,
            "billedDurationInMilliseconds": -(-int(took + 1) // _BILLED_STEP_MS) * _BILLED_STEP_MS,
        }
        if execution.status not in ("SUCCEEDED", "TIMED_OUT"):
            answer["status"] = "FAILED"
        return ActionResult(answer)

    def stop_execution(self) -> ActionResult:
        """StopExecution."""
        execution = self.states.stop_execution(
            self._get_param("executionArn"), self._get_param("error"), self._get_param("cause")
        )
        return ActionResult({"stopDate": execution.stop_date})

    def describe_execution(self) -> ActionResult:
        """DescribeExecution."""
        return ActionResult(_described(self.states.describe_execution(self._get_param("executionArn"))))

    def describe_state_machine_for_execution(self) -> ActionResult:
        """DescribeStateMachineForExecution: the definition that the execution began with."""
        order = self.states.describe_execution(self._get_param("executionArn")).order
        answer = {
            "stateMachineArn": order.machine_arn,
            "name": order.machine_name,
            "definition": order.definition,
            "roleArn": order.role_arn,
            "mapRunArn": order.map_run_arn,
            "label": order.machine_arn.partition("/")[2] or None,
            "updateDate": self.states.describe_state_machine(order.machine_arn.split("/")[0]).update_date,
        }
        return ActionResult({name: value for name, value in answer.items() if value is not None})

    def list_executions(self) -> ActionResult:
        """ListExecutions, of a machine or of a Map Run."""
        map_run_arn = self._get_param("mapRunArn")
        if map_run_arn:
            children = self.states.describe_map_run(map_run_arn).children
            executions = sorted(children, key=lambda each: each.start_date, reverse=True)
        else:
            executions = self.states.executions_of(self._get_param("stateMachineArn"))
        wanted = self._get_param("statusFilter")
        matching = [each for each in executions if wanted in (None, each.status)]
        found, token = page(matching, lambda each: each.execution_arn, *self._paging())
        fields = (
            "executionArn",
            "stateMachineArn",
            "name",
            "status",
            "startDate",
            "stopDate",
            "mapRunArn",
            "stateMachineVersionArn",
            "stateMachineAliasArn",
            "redriveCount",
        )
        listed = [{name: value for name, value in _described(each).items() if name in fields} for each in found]
        return ActionResult({"executions": listed, "nextToken": token})

    def get_execution_history(self) -> ActionResult:
        """GetExecutionHistory."""
        events = self.states.describe_execution(self._get_param("executionArn")).events
        if self._get_param("reverseOrder"):
            events = events[::-1]
        found, token = page(events, lambda event: str(event["id"]), *self._paging())
        if self._get_param("includeExecutionData") is False:
            found = [_without_data(event) for event in found]
        return ActionResult({"events": list(found), "nextToken": token})

    def send_task_failure(self) -> ActionResult:
        """SendTaskFailure."""
        self.states.send_task_failure(
            self._get_param("taskToken"), self._get_param("error"), self._get_param("cause")
        )
        return EmptyResult()

    def describe_map_run(self) -> ActionResult:
        """DescribeMapRun."""
        run = self.states.describe_map_run(self._get_param("mapRunArn"))
        answer = {
            "mapRunArn": run.arn,
            "executionArn": run.execution_arn,
            "status": run.status,
            "startDate": run.start_date,
            "maxConcurrency": run.max_concurrency,
            "toleratedFailurePercentage": run.tolerance.percentage or 0.0,
            "toleratedFailureCount": run.tolerance.count or 0,
            "itemCounts": run.item_counts,
            "executionCounts": run.execution_counts,
            "redriveCount": 0,
        }
        return ActionResult(answer | ({"stopDate": run.stop_date} if run.stop_date else {}))

    def list_map_runs(self) -> ActionResult:
        """ListMapRuns."""
        runs = self.states.list_map_runs(self._get_param("executionArn"))
        found, token = page(runs, lambda run: str(run.arn), *self._paging())
        listed = [
            {
                "executionArn": run.execution_arn,
                "mapRunArn": run.arn,
                "stateMachineArn": run.machine_arn,
                "startDate": run.start_date,
            }
            | ({"stopDate": run.stop_date} if run.stop_date else {})
            for run in found
        ]
        return ActionResult({"mapRuns": listed, "nextToken": token})

    def _paging(self) -> tuple[int | None, str | None]:
        return self._get_int_param("maxResults"), self._get_param("nextToken")


def _described(execution: LiveExecution) -> dict[str, Any]:
    order = execution.order
    included = {"included": True}
    answer = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "input": execution.execution_input,
        "inputDetails": included,
        "output": execution.output,
        "outputDetails": included if execution.output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
        "traceHeader": order.trace_header,
        "mapRunArn": order.map_run_arn,
        "stateMachineVersionArn": order.version_arn,
        "stateMachineAliasArn": order.alias_arn,
        "redriveCount": 0,
    }
    return {name: value for name, value in answer.items() if value is not None}


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {field: inner for field, inner in value.items() if field not in _DATA}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
