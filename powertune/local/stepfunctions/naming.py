"""Names in service integrations: those of AWS's SDK for Java, by which Step Functions calls services."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import botocore.session

_WORDS = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z][a-z0-9]*|[a-z0-9]+")
_OFTEN_USED = {"cloudwatchlogs": "logs", "eventbridge": "events", "sfn": "stepfunctions", "states": "stepfunctions"}
"""Found without a look at all service models, which takes seconds. `states` is accepted because moto accepts it."""


@functools.cache
def _session() -> Any:
    return botocore.session.get_session()


@functools.cache
def model_of(service: str) -> Any:
    """Botocore's model of a service, which takes a while to read."""
    return _session().get_service_model(service)


@functools.cache
def _service_id(service: str) -> str:
    return str(model_of(service).metadata.get("serviceId", service))


@functools.cache
def _by_java_name() -> Mapping[str, str]:
    return {_java_name(service): service for service in _session().get_available_services()}


def _java_name(service: str) -> str:
    return _service_id(service).replace(" ", "").lower()


@functools.cache
def boto_service(name: str) -> str:
    """The service's name in boto3.

    Args:
        name: as in `arn:aws:states:::aws-sdk:NAME:action`: the service id in lower case without spaces. A name of
            boto3 that is not one of Java's too is accepted, as moto does.

    Raises:
        ValueError: there is no such service.
    """
    if name in _OFTEN_USED:
        return _OFTEN_USED[name]
    available = _session().get_available_services()
    if name in available and _java_name(name) == name:
        return name
    if name in _by_java_name():
        return _by_java_name()[name]
    if name in available:
        return name
    raise ValueError(f"there is no service {name!r} in the AWS SDK")


def pascal_case(name: str) -> str:
    """A service id as Java spells it: `DynamoDB` is `DynamoDb`, `CloudWatch Logs` is `CloudWatchLogs`."""
    return "".join(word[:1].upper() + word[1:].lower() for word in _WORDS.findall(name))


def error_prefix(service: str) -> str:
    """What the errors of a service begin with: `CloudWatchLogs` for boto3's `logs`."""
    return pascal_case(_service_id(service))


def error_name(service: str, exception: str | None) -> str:
    """The error that a state machine sees: `S3.NoSuchKeyException` for S3's `NoSuchKey`.

    Args:
        service: in boto3's words.
        exception: the shape of the error; None where the service's model has no such shape, as in
            `Lambda.LambdaException`.
    """
    prefix = error_prefix(service)
    bare = (exception or prefix).removesuffix("Fault").removesuffix("Exception")
    return f"{prefix}.{bare[:1].upper() + bare[1:]}Exception"
