"""Checks of what requests to EventBridge Scheduler ask for, in AWS's words where these are known."""

import functools
import json
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.utilities.arns import parse_arn

from powertune.local.events.targets import is_known
from powertune.local.lambda_api import shapes
from powertune.local.lambda_api.errors import ControlError, validation_failed
from powertune.local.scheduler.timetable import At, Timetable, parse_expression

_EARLIEST_START_S = 300
_DOCUMENT_TARGETS = ("lambda", "states")
"""Services that take JSON and nothing else."""

_OTHER_TARGETS = frozenset(
    ("codebuild", "codepipeline", "ecs", "events", "firehose", "inspector", "kinesis", "sagemaker", "scheduler")
)
"""Services that AWS invokes beside those that are known here; Scheduler's own are the universal targets."""

_PRINCIPAL = "scheduler.amazonaws.com"


@functools.cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("scheduler", "service-2"), "scheduler")


def invalid(message: str) -> ControlError:
    """400 ValidationException."""
    return ControlError(400, "ValidationException", message)


def checked(operation: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a request asks for, by the names of the API's members.

    Raises:
        ControlError: it is not what the API's model wants.
    """
    inputs = _service().operation_model(operation).input_shape
    assert inputs is not None, operation
    try:
        asked: dict[str, Any] = shapes.read(inputs, given)
    except shapes.Unreadable as error:
        raise ControlError(400, "SerializationException", str(error)) from error
    if found := tuple(shapes.violations(inputs, asked)):
        raise validation_failed(*found)
    return asked


def timetable_of(asked: Mapping[str, Any]) -> Timetable:
    """When a schedule invokes its target.

    Raises:
        ControlError: the expression, the zone or the dates mean nothing.
    """
    text, zone = asked["ScheduleExpression"], asked.get("ScheduleExpressionTimezone") or "UTC"
    try:
        expression = parse_expression(text)
    except ValueError as error:
        raise invalid(f"Invalid Schedule Expression {text}.") from error
    if zone not in _zones():
        raise invalid(f"Invalid ScheduleExpressionTimezone {zone}.")
    start, end = asked.get("StartDate"), asked.get("EndDate")
    if isinstance(expression, At):
        return Timetable(expression=expression, zone=zone)
    if start is not None and end is not None and start >= end:
        raise invalid("The StartDate you specify has to be before the EndDate.")
    return Timetable(expression=expression, zone=zone, start=start, end=end)


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_schedule(asked: Mapping[str, Any], now: float) -> None:
    """See whether a schedule can be created or changed.

    Args:
        asked: as `checked` returns it.
        now: in seconds since the epoch.

    Raises:
        ControlError: it cannot.
    """
    timetable = timetable_of(asked)
    if timetable.start is not None and timetable.start < now - _EARLIEST_START_S:
        raise invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    mode, bounded = asked["FlexibleTimeWindow"]["Mode"], "MaximumWindowInMinutes" in asked["FlexibleTimeWindow"]
    if bounded != (mode == "FLEXIBLE"):
        must = "must not be provided" if bounded else "must be provided"
        raise invalid(f"MaximumWindowInMinutes {must} when FlexibleTimeWindowMode is set to {mode}.")
    _check_target(asked["Target"])


def _check_target(target: Mapping[str, Any]) -> None:
    arn = target["Arn"]
    service = arn.split(":")[2] if re.fullmatch(r"arn(:[^:]*){4}:.+", arn) else ""
    if service in _OTHER_TARGETS:
        message = f"the embedded AWS does not support schedules with the target {arn}"
        raise ControlError(501, "NotImplementedException", message)
    if not service or not is_known(arn):
        raise invalid("Provided Arn is not in correct format.")
    if not _is_assumable(target["RoleArn"]):
        raise invalid("The execution role you provide must allow AWS EventBridge Scheduler to assume the role.")
    if "Input" in target and service in _DOCUMENT_TARGETS:
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise invalid("The Input of this target must be well-formed JSON.") from error


def _is_assumable(role_arn: str) -> bool:
    """Whether the role is there and trusts the service. A role that says nothing about trust, as the ready-made one
    does, is taken."""
    from moto.core.exceptions import ServiceException
    from moto.iam.models import iam_backends

    arn = parse_arn(role_arn)
    try:
        role: Any = iam_backends[arn.account][role_arn.split(":")[1]].get_role_by_arn(role_arn)
    except ServiceException:
        return False
    document = json.loads(role.assume_role_policy_document or "{}")
    return not document or any(map(_lets_in, _listed(document.get("Statement"))))


def _lets_in(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else ()
    return statement.get("Effect") == "Allow" and (principal == "*" or _PRINCIPAL in services)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
