"""Which functions of a scan are worth measuring, and the table of what came of it."""

from pathlib import Path

import pytest
from factories import make_function, make_measurement, make_run
from scans import full_scan, function_line, make_test_scan, scan_finding

from powertune import results
from powertune.cli.opportunities import check_then_run, largest, what_was_measured
from powertune.errors import UsageError
from powertune.model import Traffic
from powertune.prices import PriceTable
from powertune.scan.finding import CostPart

PRICES = PriceTable.bundled()


def test_those_that_measuring_can_prove_come_in_the_order_of_savings() -> None:
    small, large, logs, none = (function_line(name) for name in ("small", "large", "logs", "none"))
    scan = make_test_scan(
        scan_finding(line=small, saving=(2.0, 1.0, 3.0)),
        scan_finding(line=large, saving=(9.0, 1.0, 12.0)),
        # Fixing errors saves more, but no other size does that.
        scan_finding("failing-invocations", small, saving=(20.0, 0.0, 20.0), next_step="look at its errors"),
        scan_finding("log-retention", logs, saving=(4.0,) * 3, part=CostPart.LOG_STORAGE, next_step="aws logs ..."),
        scan_finding("twins", none, saving=None),
        functions=(small, large, logs, none),
    )
    assert [(each.function.name, each.saving) for each in largest(scan, 5)] == [("large", 9.0), ("small", 2.0)]
    assert [each.function.name for each in largest(scan, 1)] == ["large"]
    assert largest(scan, 5, "999999999999") == ()


def test_the_other_architecture_is_measured_where_a_finding_names_it() -> None:
    one, both = function_line("one"), function_line("both")
    step = f"powertune run {both.arn} --arch both --region us-east-1"
    scan = make_test_scan(
        scan_finding(line=one), scan_finding("arm64-candidate", both, next_step=step), functions=(one, both)
    )
    assert {each.function.name: each.both for each in largest(scan, 5)} == {"one": False, "both": True}


def test_a_run_is_told_the_traffic_that_the_scan_has_seen() -> None:
    busy, unknown = function_line("busy"), function_line("unknown", invocations=None)
    scan = make_test_scan(scan_finding(line=busy), scan_finding(line=unknown), functions=(busy, unknown))
    # A million invocations in 14 days.
    assert {each.function.name: each.options for each in largest(scan, 5)} == {
        "busy": {"invocations_per_month": "2142857"},
        "unknown": {},
    }


def test_amounts_are_in_the_currency_of_the_place() -> None:
    (shop,) = largest(full_scan(), 5, "210987654321")
    assert (shop.function.name, shop.currency) == ("shop", "CNY")


def test_what_was_measured_ends_in_the_line_that_applies_it(tmp_path: Path) -> None:
    orders, other = function_line("orders"), function_line("other")
    function = make_function(name="orders", arn=orders.arn, memory_mb=1024)
    large = make_measurement(memory_mb=1024, durations=[100.0, 101.0, 99.0] * 10, lanes=5)
    small = make_measurement(memory_mb=512, durations=[100.0, 101.0, 99.0] * 10, lanes=5)
    traffic = Traffic(invocations=30_000_000, days=30.0)
    results.save(make_run(measurements=[small, large], function=function, traffic=traffic), tmp_path / "run.json")

    header, first, second = what_was_measured([orders, other], tmp_path, PRICES).splitlines()

    assert header.split("  ")[0] == "function"
    # 30 million invocations of 100.5 ms or so, billed by the ms, half a GB less: 0.5 x 0.1 x 30e6 x 0.0000166667.
    assert "512, 1024 MB" in first
    assert "$25." in first
    assert first.endswith(f"powertune apply {tmp_path / 'run.json'} --region us-east-1")
    assert second.split() == ["other", "not", "measured"]


def test_then_run_is_a_number_and_needs_somebody_to_ask() -> None:
    assert check_then_run(None, yes=False, dry_run=False) == 0
    assert check_then_run("5", yes=True, dry_run=False) == 5
    with pytest.raises(UsageError, match="then-run '0' is not a whole number"):
        check_then_run("0", yes=True, dry_run=False)
    with pytest.raises(UsageError, match="no terminal to ask on"):
        check_then_run("5", yes=False, dry_run=False)
