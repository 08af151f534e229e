"""The executions of a state machine that run at this moment."""

from typing import Any

from powertune.aws.client import Aws
from powertune.errors import NotFound


def running_executions(aws: Aws, state_machine_arn: str) -> tuple[str, ...]:
    """The names of those that run, the newest first; none if there is no such state machine."""
    client, found, token = aws.clients.stepfunctions, list[str](), None
    while True:
        more: dict[str, Any] = {"nextToken": token} if token else {}
        try:
            page = aws.call(client.list_executions, stateMachineArn=state_machine_arn, statusFilter="RUNNING", **more)
        except NotFound:
            return ()
        found.extend(each["name"] for each in page["executions"])
        token = page.get("nextToken")
        if token is None:
            return tuple(found)
