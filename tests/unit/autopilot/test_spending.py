"""A budget for a calendar month, and what counts against it."""

from datetime import UTC, datetime

import pytest

from powertune.autopilot.spending import MonthlyBudget, SpendingLedger, SpendingRecord, dump_spending, parse_spending
from powertune.errors import UsageError

BUDGET = MonthlyBudget(amount=5.0)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def record(when: str, reserved: float, spent: float | None = None, currency: str = "USD") -> SpendingRecord:
    return SpendingRecord(
        run_id=when, function_arn="", started_at=at(when), currency=currency, reserved=reserved, spent=spent
    )


def ledger(*records: SpendingRecord, now: str = "2026-11-30T23:59:59") -> SpendingLedger:
    return SpendingLedger(budget=BUDGET, records=records, now=at(now))


def test_only_this_month_counts_and_in_one_currency() -> None:
    found = ledger(
        record("2026-10-31T23:59:59", 1.0, 0.5),
        record("2026-11-01T00:00:00", 1.0, 0.25),
        record("2025-11-15T00:00:00", 1.0, 1.0),
        record("2026-11-20T00:00:00", 1.0, 0.125),
        record("2026-11-20T00:00:01", 9.0, 9.0, currency="CNY"),
    )
    assert (found.spent, found.left) == (0.375, 4.625)
    assert ledger(*found.records, now="2026-12-01T00:00:00").spent == 0.0


def test_a_run_that_has_died_counts_with_all_that_it_was_allowed() -> None:
    assert ledger(record("2026-11-20T00:00:00", 1.5)).spent == 1.5


def test_nothing_is_admitted_that_could_exceed_the_budget() -> None:
    found = ledger(record("2026-11-20T00:00:00", 4.0, 4.0))
    assert found.admits(1.0, "USD")
    assert not found.admits(1.01, "USD")
    assert not found.admits(0.1, "CNY")
    overspent = ledger(record("2026-11-20T00:00:00", 4.0, 7.0))
    assert (overspent.left, overspent.admits(0.01, "USD")) == (0.0, False)


def test_a_record_is_read_back_and_a_damaged_one_is_refused() -> None:
    kept = SpendingRecord(
        run_id="a",
        function_arn="arn",
        started_at=1.0,
        currency="USD",
        reserved=1.0,
        spent=0.5,
        results="orders-a.json",
        production_p50_ms=95.0,
        proposed=True,
    )
    assert parse_spending(dump_spending(kept)) == kept
    with pytest.raises(UsageError, match="reserved"):
        parse_spending(dump_spending(kept).replace(b'"reserved": 1.0', b'"reserved": -1.0'))
