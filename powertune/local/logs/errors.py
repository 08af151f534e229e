"""Errors of CloudWatch Logs that moto lacks."""

import json
from typing import Any

from moto.logs.exceptions import InvalidParameterException, LogsClientError

from powertune.local.logs.insights_reader import MalformedQueryError


class InvalidOperationError(LogsClientError):
    """400 InvalidOperationException: not for log groups of this class, or not now."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidOperationException", message)


class MalformedQuery(LogsClientError):
    """400 MalformedQueryException, with the place in the query."""

    def __init__(self, error: MalformedQueryError) -> None:
        super().__init__("MalformedQueryException", str(error))
        location = {"startCharOffset": error.offset, "endCharOffset": error.offset + 1}
        body = {
            "__type": "MalformedQueryException",
            "message": str(error),
            "queryCompileError": {"location": location, "message": str(error)},
        }
        self.description = json.dumps(body)


class TooManyQueries(LogsClientError):
    """400 LimitExceededException."""

    def __init__(self) -> None:
        super().__init__("LimitExceededException", "Account maximum query concurrency limit of 100 reached.")


def invalid(parameter: str, value: object, constraint: str) -> InvalidParameterException:
    """400 InvalidParameterException of a parameter's value."""
    return InvalidParameterException(parameter=parameter, value=value, constraint=constraint)


def whole(value: Any, parameter: str, *, least: int = 0, most: int | None = None) -> int | None:
    """A whole number in range; None if it is not given.

    Raises:
        InvalidParameterException: it is something else.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidParameterException(f"The parameter {parameter} is not a number")
    if value < least:
        raise invalid(parameter, value, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        raise invalid(parameter, value, f"Member must have value less than or equal to {most}")
    return value
