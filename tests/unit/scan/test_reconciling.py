"""Estimates beside bills: both for 30 days, only of what was scanned."""

import pytest

from powertune.scan.reconciling import BilledLambda, Reconciled, reconcile

ACCOUNT = "123456789012"


def billed(region: str, amount: float, currency: str = "USD") -> BilledLambda:
    return BilledLambda(account_id=ACCOUNT, region=region, amount=amount, currency=currency, days=10)


def test_a_bill_of_ten_days_counts_three_times() -> None:
    estimates = {(ACCOUNT, "us-east-1"): (33.0, "USD"), (ACCOUNT, "eu-west-1"): (1.0, "USD")}
    bills = [billed("us-east-1", 10.0), billed("ap-south-1", 5.0), billed("eu-west-1", 5.0, "EUR")]

    europe, america = reconcile(estimates, bills)

    assert america == Reconciled(account_id=ACCOUNT, region="us-east-1", currency="USD", estimated=33.0, billed=30.0)
    assert america.share == pytest.approx(0.1)
    assert (europe.billed, europe.share) == (0.0, None)
