"""Task states: what they send, what they get back and how their errors are named, as by AWS's SDK for Java."""

import contextlib
import json
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import (
    LambdaFunctionErrorException,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.callback.callback import HeartbeatTimeoutError
from moto.stepfunctions.parser.asl.utils import boto_client

from powertune.local.stepfunctions.history import details
from powertune.local.stepfunctions.naming import boto_service, error_name, error_prefix, model_of
from powertune.local.stepfunctions.shapes import from_response, to_request

_INVOKE_FIELDS = frozenset({"ClientContext", "FunctionName", "InvocationType", "LogType", "Payload", "Qualifier"})
_NO_ERROR_TYPE = "The cause could not be determined because Lambda did not return an error type. Returned payload: "


class TimeoutName(ErrorName):
    """A missed heartbeat: it is reported as States.Timeout, and a Catch may name it more exactly."""

    more_names = ("States.HeartbeatTimeout",)


def client_for(task_region: str, service: str, credentials: Any) -> Any:
    """A client: what takes the place of moto's `boto_client_for`."""
    return boto_client.boto_client_for(region=task_region, service=service, state_credentials=credentials)


class _Heartbeats:
    """Names a missed heartbeat."""

    def _from_error(self, env: Any, ex: Exception) -> Any:
        event = super()._from_error(env=env, ex=ex)  # type: ignore[misc]
        if isinstance(ex, HeartbeatTimeoutError):
            return FailureEvent(
                env=env,
                error_name=TimeoutName("States.Timeout"),
                event_type=event.event_type,
                event_details=event.event_details,
            )
        return event


class LambdaTask(_Heartbeats, StateTaskServiceLambda):
    """`arn:aws:states:::lambda:invoke`."""

    def _get_supported_parameters(self) -> set[str] | None:
        return set(_INVOKE_FIELDS) if self.resource.api_action == "invoke" else None

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if (error_type := _missing_type(ex)) is not None:
            return self._failed(env, *error_type)
        return super()._from_error(env=env, ex=ex)

    def _failed(self, env: Any, error: str, cause: str) -> FailureEvent:
        told = TaskFailedEventDetails(
            error=error,
            cause=cause,
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
        )
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(error),
            event_type=HistoryEventType.TaskFailed,
            event_details=details(taskFailedEventDetails=told),
        )

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        client = client_for(resource_runtime_part.region, "lambda", state_credentials)
        env.stack.append(_invoked(client.invoke(**normalised_parameters)))


class FunctionTask(StateTaskLambda):
    """The ARN of a function as resource."""

    def _from_error(self, env: Any, ex: Exception) -> Any:
        named = _missing_type(ex)
        if isinstance(ex, ClientError):
            named = StateTaskServiceLambda._error_cause_from_client_error(ex)
        event: Any = super()._from_error(env=env, ex=ex)
        if named is None:
            return event
        event.event_details["lambdaFunctionFailedEventDetails"].update(error=named[0], cause=named[1])
        return FailureEvent(
            env=env,
            error_name=CustomErrorName(named[0]),
            event_type=event.event_type,
            event_details=event.event_details,
        )


def _missing_type(error: Exception) -> tuple[str, str] | None:
    """Error and cause of a function that failed without saying by what; None for other errors."""
    if not isinstance(error, LambdaFunctionErrorException):
        return None
    try:
        if json.loads(error.payload)["errorType"]:
            return None
    except (ValueError, TypeError, KeyError):
        pass
    return "Lambda.Unknown", f"{_NO_ERROR_TYPE}{error.payload}"


def _invoked(response: dict[str, Any]) -> dict[str, Any]:
    """What Invoke answered, with the metadata that the SDK for Java adds.

    Raises:
        LambdaFunctionErrorException: the function failed.
    """
    payload = lambda_eval_utils._from_payload(response["Payload"])
    if (failed := response.get("FunctionError")) is not None:
        raise LambdaFunctionErrorException(failed, json.dumps(payload, separators=(",", ":")))
    metadata = response["ResponseMetadata"]
    headers = {str(name): str(value) for name, value in metadata["HTTPHeaders"].items()}
    given: dict[str, Any] = {
        str(name): response[name] for name in ("ExecutedVersion", "LogResult") if name in response
    }
    return {
        **given,
        "Payload": payload,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata["HTTPStatusCode"],
        },
        "SdkResponseMetadata": {"RequestId": metadata["RequestId"]},
        "StatusCode": response["StatusCode"],
    }


class SdkTask(_Heartbeats, StateTaskServiceAwsSdk):
    """`arn:aws:states:::aws-sdk:service:action`."""

    def _validate_service_integration_is_supported(self) -> None:
        try:
            _operation(self._get_boto_service_name(), self.resource.api_action)
        except ValueError as error:
            raise ValueError(
                f"The resource provided {self.resource.resource_arn} is not recognized. The value is not a valid "
                f"resource ARN, or the resource is not available in this region: {error}"
            ) from error

    def _get_boto_service_name(self, boto_service_name: str | None = None) -> str:
        return boto_service(boto_service_name or self.resource.api_name)

    def _get_boto_service_action(self, service_action_name: str | None = None) -> str:
        action = service_action_name or self.resource.api_action
        return str(xform_name(_operation(self._get_boto_service_name(), action)))

    @staticmethod
    def _normalise_service_error_name(service_name: str) -> str:
        return error_prefix(boto_service(service_name))

    def _from_error(self, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return super()._from_error(env=env, ex=ex)
        shape = None if type(ex) is ClientError else type(ex).__name__
        service = self._get_boto_service_name()
        metadata = ex.response["ResponseMetadata"]
        told = f"Service: {error_prefix(service)}, Status Code: {metadata['HTTPStatusCode']}, "
        told += f"Request ID: {metadata.get('RequestId')}"
        cause = f"{ex.response['Error'].get('Message', '')} ({told})"
        return self._get_task_failure_event(env=env, error=error_name(service, shape), cause=cause)


class ExecutionTask(_Heartbeats, StateTaskServiceSfn):
    """`arn:aws:states:::states:startExecution`: the execution that it waits for is stopped with its own."""

    def _after_eval_execution(  # type: ignore[override]
        self, env: Any, resource_runtime_part: Any, **more: Any
    ) -> None:
        arn = (env.stack[-1] or {}).get("ExecutionArn")
        client = client_for(resource_runtime_part.region, "stepfunctions", more["state_credentials"])

        def stop() -> None:
            # It may be gone, with its state machine.
            with contextlib.suppress(ClientError):
                client.stop_execution(executionArn=arn, cause="The execution that waited for it has ended")

        forget = env.on_abandon(stop) if (self.resource.condition or "").startswith("sync") else None
        super()._after_eval_execution(env=env, resource_runtime_part=resource_runtime_part, **more)
        if forget is not None:
            forget()


def _operation(service: str, action: str) -> str:
    """The operation that an action stands for: `getObject` is `GetObject`.

    Raises:
        ValueError: the service has none of this name.
    """
    model = model_of(service)
    for name in model.operation_names:
        if str(name).lower() == action.lower().replace("_", ""):
            return str(name)
    raise ValueError(f"{service} has no operation {action}")


def normalise_parameters(
    self: Any, parameters: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """`StateTaskService._normalise_parameters`: members as botocore names them."""
    shape = _operation_model(self, boto_service_name, service_action_name).input_shape
    if shape is not None:
        wanted = to_request(parameters, shape)
        parameters.clear()
        parameters.update(wanted)


def normalise_response(
    self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """`StateTaskService._normalise_response`: members in Pascal case, and values that JSON knows."""
    shape = _operation_model(self, boto_service_name, service_action_name).output_shape
    if shape is not None and "SdkHttpMetadata" not in response:
        told = from_response(response, shape)
        response.clear()
        response.update(told)


def _operation_model(self: Any, service: str | None, action: str | None) -> Any:
    name = boto_service(self._get_boto_service_name(service))
    return model_of(name).operation_model(_operation(name, action or self.resource.api_action))
