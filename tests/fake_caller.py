"""STS, as far as it says whose account this is."""

from typing import Any

from fake_service import Enter, FakeService


class FakeCaller(FakeService):
    """A boto3 STS client."""

    service = "sts"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        self.account = "123456789012"

    def get_caller_identity(self) -> dict[str, Any]:
        self._enter("get_caller_identity", {})
        return {"Account": self.account, "Arn": f"arn:aws:iam::{self.account}:user/somebody"}
