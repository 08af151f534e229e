"""EventBridge rules that invoke functions, start state machines and publish to topics, which moto's do not.

Queues are here as well: moto's leave the account out, and know no fixed text.

EventBridge Scheduler sends to the same targets. Missing: others that moto lacks (ECS tasks, Kinesis, Batch ...), and
dead-letter queues and schedules of rules.
"""

import logging
from collections.abc import Mapping
from copy import copy
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from moto.events import models
from moto.events.models import Rule
from moto.stepfunctions import models as states_models
from moto.utilities.arns import parse_arn
from werkzeug.exceptions import HTTPException

from powertune.local.events.event_input import text_for
from powertune.local.functions import split_name

_log = logging.getLogger(__name__)

FAULTS = (ServiceException, HTTPException, LookupError, ValueError, NotImplementedError)
"""How a target that is not there, or not known here, shows itself."""


class EmbeddedRule(Rule):
    """A rule with more targets. A disabled one sends nothing, and a target that fails hinders no other."""

    def send_to_targets(self, original_event: Any, transform_input: bool = True) -> None:
        """Send an event to every target if it matches."""
        if self.state == "DISABLED" or not self.event_pattern.matches_event(original_event):
            return
        for target in self.targets:
            try:
                self._send(target, original_event, transform_input)
            except FAULTS as error:
                _log.warning("event of rule %s not delivered to %s: %s", self.name, target["Arn"], error)

    def _send(self, target: Mapping[str, Any], event: Any, transform_input: bool) -> None:
        if is_known(target["Arn"]):
            deliver(target, text_for(target, event, self.name, self.arn))
            return
        alone = copy(self)
        alone.targets = [dict(target)]
        super(EmbeddedRule, alone).send_to_targets(event, transform_input)


def is_known(arn: str) -> bool:
    """Whether `deliver` sends to this target."""
    return parse_arn(arn).service in _DELIVERIES


def deliver(target: Mapping[str, Any], text: str) -> None:
    """Send a text to a target that is known.

    Raises:
        Exception: one of `FAULTS`: the target is not there, or does not take the text.
    """
    _DELIVERIES[parse_arn(target["Arn"]).service](target, text)


def install() -> None:
    """Let moto make rules of this class."""
    vars(models)["Rule"] = EmbeddedRule


def _invoke(target: Mapping[str, Any], text: str) -> None:
    """An asynchronous invocation, as EventBridge makes it."""
    arn = parse_arn(target["Arn"])
    backend: Any = lambda_backends[arn.account][arn.region]
    name, qualifier = split_name(target["Arn"])
    function = backend.resolve(name, qualifier)
    backend.runner.invoke_event(*backend.prepare(function, qualifier, text.encode()))


def _start(target: Mapping[str, Any], text: str) -> None:
    arn = parse_arn(target["Arn"])
    backend: Any = states_models.stepfunctions_backends[arn.account][arn.region]
    backend.start_execution(target["Arn"], None, text)


def _publish(target: Mapping[str, Any], text: str) -> None:
    from moto.sns.models import sns_backends

    arn = parse_arn(target["Arn"])
    sns_backends[arn.account][arn.region].publish(message=text, arn=target["Arn"], subject=None)


def _enqueue(target: Mapping[str, Any], text: str) -> None:
    from moto.sqs.models import sqs_backends

    arn = parse_arn(target["Arn"])
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    sqs_backends[arn.account][arn.region].send_message(queue_name=arn.resource_id, message_body=text, group_id=group)


_DELIVERIES = {"lambda": _invoke, "states": _start, "sns": _publish, "sqs": _enqueue}
