"""One invocation of a schedule's target: what is sent, and where it goes if it cannot be.

Rules: EventBridge Scheduler User Guide, "Adding context attributes" and "Configuring a schedule's dead-letter queue".
Nothing is tried again: what fails here would fail again.
"""

import datetime
import json
import logging
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.utilities.arns import parse_arn

from powertune.local.events.targets import FAULTS, deliver

_log = logging.getLogger(__name__)

_FAULTS = (*FAULTS, AttributeError, RuntimeError, TypeError)
"""The last three are faults of moto, of which other schedules should not suffer."""

_ATTRIBUTE = re.compile(r"<aws\.scheduler\.(?P<name>schedule-arn|scheduled-time|execution-id|attempt-number)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledInvocation:
    """One time that a schedule invokes its target. `scheduled` is in seconds since the epoch."""

    schedule_arn: str
    target: Mapping[str, Any]
    scheduled: float
    execution_id: str

    @classmethod
    def of(cls, schedule_arn: str, target: Mapping[str, Any], scheduled: float) -> "ScheduledInvocation":
        """An invocation with an id of its own."""
        return cls(schedule_arn=schedule_arn, target=target, scheduled=scheduled, execution_id=secrets.token_hex(8))

    @property
    def time(self) -> str:
        """When it was due, as Scheduler writes times: `2022-03-22T18:59:43Z`."""
        return datetime.datetime.fromtimestamp(self.scheduled, tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def text(self) -> str:
        """What the target is sent: the Input with values for its context attributes, or a notification."""
        if "Input" not in self.target:
            return self._notification()
        values = {
            "schedule-arn": self.schedule_arn,
            "scheduled-time": self.time,
            "execution-id": self.execution_id,
            "attempt-number": "1",
        }
        return _ATTRIBUTE.sub(lambda found: values[found["name"]], str(self.target["Input"]))

    def send(self) -> None:
        """Send it; what cannot be delivered goes to the dead-letter queue, if there is one."""
        try:
            deliver(self.target, self.text)
        except _FAULTS as error:
            _log.warning("%s of %s not delivered to %s: %s", self.time, self.schedule_arn, self.target["Arn"], error)
            self._bury(error)

    def _bury(self, error: Exception) -> None:
        queue = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None:
            return
        from moto.sqs.models import sqs_backends

        arn = parse_arn(queue)
        attributes = {
            "ERROR_CODE": str(getattr(error, "error_type", None) or getattr(error, "code", type(error).__name__)),
            "ERROR_MESSAGE": str(getattr(error, "message", None) or error),
            "EXECUTION_ID": self.execution_id,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": "0",
            "SCHEDULED_TIME": self.time,
            "SCHEDULE_ARN": self.schedule_arn,
            "TARGET_ARN": self.target["Arn"],
        }
        told = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        try:
            sqs_backends[arn.account][arn.region].send_message(arn.resource_id, self._request(), told)
        except _FAULTS as second:
            _log.warning("the dead-letter queue %s takes nothing: %s", queue, second)

    def _request(self) -> str:
        """The request to the target's service, as JSON."""
        arn = self.target["Arn"]
        requests = {
            "lambda": {"FunctionName": arn, "InvocationType": "Event", "Payload": self.text},
            "sns": {"TopicArn": arn, "Message": self.text},
            "sqs": {"QueueUrl": arn, "MessageBody": self.text},
            "states": {"StateMachineArn": arn, "Input": self.text},
        }
        return json.dumps(requests[parse_arn(arn).service])

    def _notification(self) -> str:
        arn = parse_arn(self.schedule_arn)
        told = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": arn.account,
            "time": self.time,
            "region": arn.region,
            "resources": [self.schedule_arn],
            "detail": "{}",
        }
        return json.dumps(told)
