"""What Cost Explorer says that Lambda has cost, to hold an estimate against."""

from datetime import UTC, datetime, timedelta
from typing import Any

from powertune.aws.client import Aws
from powertune.scan.reconciling import BilledLambda

#: One page of an answer, in US dollars (AWS Cost Management pricing).
REQUEST_USD = 0.01
#: A day is complete in Cost Explorer after about 24 hours, so the present day and the one before are left out.
_LAG = timedelta(days=1)
_SERVICE = "AWS Lambda"
#: What was used, whether or not a Savings Plan has paid for it, at list prices. Credits, refunds and taxes are other
#: record types.
_RECORDS = ["Usage", "SavingsPlanCoveredUsage"]


def read_bill(aws: Aws, *, days: int, now: float) -> tuple[tuple[BilledLambda, ...], int]:
    """What Lambda has cost by account and region on the last `days` complete days, and the number of requests.

    The management account of an organization sees all its accounts, any other only itself. Each request costs
    `REQUEST_USD`.

    Args:
        days: at least 1; Cost Explorer keeps 13 months.
        now: seconds since the epoch.

    Raises:
        AccessDenied: ce:GetCostAndUsage is denied, or Cost Explorer was never enabled.
        Unavailable, UsageError: as AWS says.
    """
    end = (datetime.fromtimestamp(now, UTC) - _LAG).date()
    request: dict[str, Any] = {
        "TimePeriod": {"Start": str(end - timedelta(days=days)), "End": str(end)},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "Filter": {
            "And": [
                {"Dimensions": {"Key": "SERVICE", "Values": [_SERVICE]}},
                {"Dimensions": {"Key": "RECORD_TYPE", "Values": _RECORDS}},
            ]
        },
        "GroupBy": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, {"Type": "DIMENSION", "Key": "REGION"}],
    }
    amounts: dict[tuple[str, str, str], float] = {}
    requests = 0
    while True:
        page = aws.call(aws.clients.billing.get_cost_and_usage, **request)
        requests += 1
        for day in page["ResultsByTime"]:
            for group in day["Groups"]:
                account_id, region = group["Keys"]
                cost = group["Metrics"]["UnblendedCost"]
                key = (account_id, region, str(cost["Unit"]))
                amounts[key] = amounts.get(key, 0.0) + float(cost["Amount"])
        if not page.get("NextPageToken"):
            break
        request["NextPageToken"] = page["NextPageToken"]
    bills = tuple(
        BilledLambda(account_id=account_id, region=region, amount=amount, currency=currency, days=days)
        for (account_id, region, currency), amount in sorted(amounts.items())
    )
    return bills, requests
