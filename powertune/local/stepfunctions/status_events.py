"""What EventBridge is told when a Standard execution begins and ends: "Step Functions Execution Status Change"."""

import json
import logging
from typing import Any

from moto.core.exceptions import ServiceException
from moto.events.models import events_backends
from werkzeug.exceptions import HTTPException

from powertune.local.stepfunctions.execution import LiveExecution

_log = logging.getLogger(__name__)

_MOST_BYTES = 248 * 1024


def publish(execution: LiveExecution) -> None:
    """Send the event. Nobody is told of Express executions, nor of those that a Map Run started."""
    order = execution.order
    if order.kind == "EXPRESS" or order.map_run_arn is not None:
        return
    event = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Resources": [execution.execution_arn],
        "Detail": json.dumps(detail_of(execution)),
    }
    try:
        events_backends[order.account][order.region].put_events([event])
    except (ServiceException, HTTPException, NotImplementedError) as error:
        # The rule's target is at fault, and on AWS nobody would notice either.
        _log.warning("status of %s not delivered: %s", execution.name, error)


def detail_of(execution: LiveExecution) -> dict[str, Any]:
    """The event's `detail`: times are milliseconds since the epoch, and what is too large is left out."""
    order = execution.order
    output = execution.output
    sizes = len(json.dumps(execution.execution_input)), len(json.dumps(output or ""))
    keep_output = output is not None and sizes[1] <= _MOST_BYTES
    keep_input = sizes[0] + (sizes[1] if keep_output else 0) <= _MOST_BYTES
    return {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": _millis(execution.start_date),
        "stopDate": _millis(execution.stop_date) if execution.stop_date else None,
        "input": execution.execution_input if keep_input else None,
        "output": output if keep_output else None,
        "inputDetails": {"included": keep_input},
        "outputDetails": {"included": keep_output} if output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
        "stateMachineVersionArn": order.version_arn,
        "stateMachineAliasArn": order.alias_arn,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE" if execution.status in ("RUNNING", "SUCCEEDED") else "REDRIVABLE",
        "redriveStatusReason": _reason(execution.status),
    }


def _reason(status: str) -> str | None:
    return f"Execution is {status} and cannot be redriven" if status in ("RUNNING", "SUCCEEDED") else None


def _millis(time: Any) -> int:
    return int(time.timestamp() * 1000)
