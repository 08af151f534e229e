"""The bill of Lambda, as Cost Explorer tells it: whole days, list prices, page by page."""

from datetime import UTC, datetime

import pytest
from fake_aws import fake_aws
from fake_cost_explorer import FakeCostExplorer
from fake_lambda import FakeLambda
from fake_service import client_error

from powertune.aws.cost_explorer import read_bill
from powertune.errors import AccessDenied
from powertune.scan.reconciling import BilledLambda

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp()
ACCOUNT = "123456789012"


def test_the_bill_is_the_sum_of_complete_days() -> None:
    fake = FakeLambda()
    explorer = FakeCostExplorer(
        fake.record,
        {(ACCOUNT, "us-east-1", "USD"): "1.25", (ACCOUNT, "NoRegion", "USD"): "0.01"},
        {(ACCOUNT, "us-east-1", "USD"): "2.5"},
    )

    bills, requests = read_bill(fake_aws(fake, billing=explorer), days=14, now=NOON)

    assert requests == 2
    assert bills == (
        BilledLambda(account_id=ACCOUNT, region="NoRegion", amount=0.01, currency="USD", days=14),
        BilledLambda(account_id=ACCOUNT, region="us-east-1", amount=3.75, currency="USD", days=14),
    )
    # The day before is not complete yet, and `End` is not included.
    assert explorer.asked[0]["TimePeriod"] == {"Start": "2026-11-12", "End": "2026-11-26"}


def test_an_account_that_may_not_see_its_bill_is_told_the_action() -> None:
    fake = FakeLambda()

    def refuse(name: str, _: object) -> None:
        raise client_error("AccessDeniedException", "User not enabled for cost explorer access")

    fake.on_call = refuse
    with pytest.raises(AccessDenied, match="ce:GetCostAndUsage"):
        read_bill(fake_aws(fake, billing=FakeCostExplorer(fake.record, {})), days=14, now=NOON)
