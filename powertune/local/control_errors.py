"""Lambda's errors in Lambda's words, as far as moto lacks them or says them differently."""

import json

from moto.core.exceptions import JsonRESTError

from powertune.local.code_cache import BadPackage, TooLarge
from powertune.local.invoker import Throttled


class ControlError(JsonRESTError):
    """An error with its HTTP status."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.code = status


class TooManyRequests(ControlError):
    """A throttled invocation, with the reason and when to come back."""

    def __init__(self, throttled: Throttled) -> None:
        super().__init__(429, "TooManyRequestsException", "Rate Exceeded.")
        body = {"Reason": throttled.reason, "Type": "User", "message": "Rate Exceeded."}
        self.description = json.dumps(body)

    def get_headers(self, *args: object, **kwargs: object) -> list[tuple[str, str]]:
        """The error's type, and the time after which to try again."""
        return [*super().get_headers(*args, **kwargs), ("Retry-After", "1")]


def conflict(message: str) -> ControlError:
    """409 ResourceConflictException."""
    return ControlError(409, "ResourceConflictException", message)


def not_found(message: str) -> ControlError:
    """404 ResourceNotFoundException."""
    return ControlError(404, "ResourceNotFoundException", message)


def invalid_value(message: str) -> ControlError:
    """400 InvalidParameterValueException."""
    return ControlError(400, "InvalidParameterValueException", message)


def bad_package(error: BadPackage) -> ControlError:
    """What Lambda says to a package that it does not take."""
    if isinstance(error, TooLarge):
        return invalid_value(str(error))
    return invalid_value("Could not unzip uploaded file. Please check your file, then try to upload again.")


def invalid_field(value: object, field: str, constraint: str) -> ControlError:
    """400 ValidationException."""
    message = f"1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
    return ControlError(400, "ValidationException", message)


def precondition_failed(resource: str) -> ControlError:
    """412 PreconditionFailedException: somebody else has changed the function or the alias."""
    message = (
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {resource} API to retrieve the latest Revision Id"
    )
    return ControlError(412, "PreconditionFailedException", message)
