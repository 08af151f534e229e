"""How many state transitions an execution has made: what Step Functions charges for."""

from typing import Any

from powertune.aws.client import Aws

#: Events which say that a state was entered. Trying again is a transition, too, and is not told as one.
_ENTERED = "StateEntered"
_TRIED_AGAIN = ("LambdaFunctionScheduled", "TaskScheduled")


def transitions_of(aws: Aws, execution_arn: str) -> int:
    """The transitions until now: states entered, and tasks that were tried again.

    Those of the child executions of a Distributed Map are not in this execution's history.
    """
    entered = tasks = scheduled = 0
    more: dict[str, Any] = {}
    while True:
        page = aws.call(
            aws.clients.stepfunctions.get_execution_history,
            executionArn=execution_arn,
            maxResults=1000,
            includeExecutionData=False,
            **more,
        )
        for event in page["events"]:
            kind = event["type"]
            entered += kind.endswith(_ENTERED)
            tasks += kind == "TaskStateEntered"
            scheduled += kind in _TRIED_AGAIN
        if "nextToken" not in page:
            return entered + max(0, scheduled - tasks)
        more = {"nextToken": page["nextToken"]}
