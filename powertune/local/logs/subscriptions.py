"""Sends events to the destinations of subscription filters; what fails there fails nobody who writes."""

import base64
import gzip
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import ServiceException
from moto.utilities.arns import parse_arn
from werkzeug.exceptions import HTTPException

from powertune.local.functions import split_name

_log = logging.getLogger(__name__)

#: What moto raises if a destination has been deleted, by using what it has not found, and what a thread pool raises
#: when the server is ending.
_LOST = (ServiceException, HTTPException, KeyError, AttributeError, RuntimeError)


def send(subscription: Any, stream: Any, events: Sequence[Mapping[str, Any]], elsewhere: Callable[..., None]) -> None:
    """Send events of a stream to the destination of a subscription filter.

    Args:
        subscription: moto's subscription filter.
        stream: moto's log stream.
        events: each with its ID, time and message.
        elsewhere: moto's way to every destination but functions.
    """
    service = parse_arn(subscription.destination_arn).service
    try:
        if service == "lambda":
            _invoke(subscription, stream, events)
        else:
            elsewhere(
                service=service,
                destination_arn=subscription.destination_arn,
                filter_name=subscription.name,
                log_events=list(events),
            )
    except _LOST as error:
        _log.warning(
            "events of %s not delivered to %s: %s", stream.log_group.name, subscription.destination_arn, error
        )


def _invoke(subscription: Any, stream: Any, events: Sequence[Mapping[str, Any]]) -> None:
    """An asynchronous invocation, as CloudWatch Logs makes it: who reads or writes logs does not wait for it."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": stream.account_id,
        "logGroup": stream.log_group.name,
        "logStream": stream.log_stream_name,
        "subscriptionFilters": [subscription.name],
        "logEvents": list(events),
    }
    packed = base64.b64encode(gzip.compress(json.dumps(data, separators=(",", ":")).encode())).decode()
    arn = parse_arn(subscription.destination_arn)
    backend: Any = lambda_backends[arn.account][arn.region]
    name, qualifier = split_name(subscription.destination_arn)
    function = backend.resolve(name, qualifier)
    payload = json.dumps({"awslogs": {"data": packed}}).encode()
    backend.runner.invoke_event(*backend.prepare(function, qualifier, payload))
