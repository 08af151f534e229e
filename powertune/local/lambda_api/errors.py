"""Lambda's errors in Lambda's words, as far as moto lacks them or says them differently."""

import json
from collections.abc import Sequence

from moto.core.exceptions import JsonRESTError

from powertune.local.runtime.code_cache import BadPackage, TooLarge
from powertune.local.runtime.invoker import Throttled


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


def validation_failed(*violations: str) -> ControlError:
    """400 ValidationException, of all that is wrong."""
    return ControlError(400, "ValidationException", validation_message(violations))


def validation_message(violations: Sequence[str]) -> str:
    """What is wrong with a request, in one message."""
    errors = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {errors} detected: {'; '.join(violations)}"


def translated(error: ValueError) -> ControlError:
    """Moto raises some errors as a ValueError of an error code and a message, which clients would see as a 500.

    Raises:
        ValueError: it is another one.
    """
    if len(error.args) == 2 and error.args[0] == "InvalidParameterValueException":
        return invalid_value(str(error.args[1]))
    raise error


def precondition_failed(resource: str) -> ControlError:
    """412 PreconditionFailedException: somebody else has changed the function or the alias."""
    message = (
        "The Revision Id provided does not match the latest Revision Id. "
        f"Call the {resource} API to retrieve the latest Revision Id"
    )
    return ControlError(412, "PreconditionFailedException", message)
