"""Errors of the Step Functions API, with the code and the words of AWS."""

from moto.core.exceptions import AWSError


def error(kind: str, message: str) -> AWSError:
    """An error of the API: all of them have status 400."""
    return AWSError(message, kind)


def too_long(field: str, limit: int) -> AWSError:
    """A value that is longer than the API accepts."""
    return error(
        "ValidationException",
        f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}",
    )


def no_execution(arn: str) -> AWSError:
    """ExecutionDoesNotExist."""
    return error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def no_machine(arn: str) -> AWSError:
    """StateMachineDoesNotExist."""
    return error("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
