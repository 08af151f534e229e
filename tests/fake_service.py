"""What every fake of an AWS service has: calls that are recorded in one place, and errors as boto3 raises them."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

from botocore.exceptions import ClientError

#: Told of each call before it takes effect: the service, the boto3 method and its arguments. May raise.
Enter = Callable[[str, str, dict[str, Any]], None]


class FakeService:
    """A boto3 client of one service, as far as powertune looks at one."""

    service: ClassVar[str]

    def __init__(self, enter: Enter) -> None:
        self._told = enter
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name=self.service))

    def _enter(self, name: str, kwargs: dict[str, Any]) -> None:
        self._told(self.service, name, kwargs)


def client_error(code: str, message: str = "", status: int = 400) -> ClientError:
    """What boto3 raises for an answer of AWS."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")
