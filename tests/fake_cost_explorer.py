"""A Cost Explorer whose days are given, in pages of one day."""

from collections.abc import Mapping
from typing import Any

from fake_service import Enter, FakeService


class FakeCostExplorer(FakeService):
    """A boto3 Cost Explorer client. `days` are amounts by account, region and currency, one mapping a day."""

    service = "ce"

    def __init__(self, enter: Enter, *days: Mapping[tuple[str, str, str], str]) -> None:
        super().__init__(enter)
        self._days = days
        #: What it was asked, one entry per request.
        self.asked: list[dict[str, Any]] = []

    def get_cost_and_usage(self, **kwargs: Any) -> Any:
        self._enter("get_cost_and_usage", kwargs)
        self.asked.append(dict(kwargs))
        number = int(kwargs.get("NextPageToken", "0"))
        groups = [
            {"Keys": [account, region], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": unit}}}
            for (account, region, unit), amount in self._days[number].items()
        ]
        more = {"NextPageToken": str(number + 1)} if number + 1 < len(self._days) else {}
        return {"ResultsByTime": [{"Groups": groups, "Total": {}, "Estimated": True}], **more}
