"""What a scan keeps of the evidence, and scans of several places as one."""

from dataclasses import replace

import pytest
from scanned import NOW, PLACE, busy, known, place_evidence, scanned_function
from scans import CHINA, DENIED, full_scan, function_line, make_test_scan, scan_finding

from powertune.model import Architecture
from powertune.scan.coverage import Gap, ScanEffort, ScannedPlace
from powertune.scan.evidence import MonthlyCost
from powertune.scan.rules.idle_function import RULE
from powertune.scan.scan import AccountFreeTier, CheckedRule, CostedPlace, FunctionLine, combined, make_scan

COST = MonthlyCost(compute=2.0, requests=1.0)
GAP = Gap(place=PLACE, what="memory", reason="not enrolled")


def test_a_function_is_kept_in_a_line() -> None:
    function = known(scanned_function(), usage=busy(), cost=COST)
    found = scan_finding("idle-function")
    free = (AccountFreeTier(account_id=PLACE.account_id, free_tier_usd=1.5),)

    scan = make_scan(
        [
            ScannedPlace(
                evidence=place_evidence(function),
                gaps=(GAP,),
                effort=ScanEffort(calls=(("lambda.list_functions", 1),), usd=0.5),
            ),
            ScannedPlace(evidence=place_evidence(place=DENIED, prices=None), effort=ScanEffort(metrics=3, usd=0.25)),
        ],
        [found],
        scanned_at=NOW,
        days=14,
        tool_version="1.2.3",
        rules=[RULE],
        free_tiers=free,
    )

    assert scan.functions == (
        FunctionLine(
            place=PLACE,
            name="orders",
            arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
            runtime="python3.13",
            memory_mb=1024,
            architecture=Architecture.ARM64,
            log_group="/aws/lambda/orders",
            invocations=1_000_000,
            mean_ms=100.0,
            cost=COST,
        ),
    )
    assert scan.places == (CostedPlace(place=PLACE), CostedPlace(place=DENIED))
    assert scan.rules == (
        CheckedRule(id="idle-function", title="Nobody invokes the function", needs=("usage", "triggers")),
    )
    assert scan.effort == ScanEffort(calls=(("lambda.list_functions", 1),), metrics=3, usd=0.75)
    assert (scan.findings, scan.gaps, scan.free_tiers) == ((found,), (GAP,), free)


def test_what_was_not_asked_is_not_known() -> None:
    line = FunctionLine.of(known(usage=None))
    assert (line.invocations, line.mean_ms, line.cost) == (None, None, None)


def test_currency_and_title_are_found() -> None:
    scan = full_scan()
    assert (scan.currency(CHINA), scan.currency(PLACE), scan.title("timeouts")) == (
        "CNY",
        "USD",
        "Timeouts are billed in full",
    )
    assert scan.title("unheard-of") == "unheard-of"


def test_scans_of_several_places_are_combined() -> None:
    shop = function_line("shop", CHINA)
    here = make_test_scan(scan_finding(), scanned_at=NOW + 5, effort=ScanEffort(usd=1.0), gaps=(GAP,))
    there = make_test_scan(
        scan_finding(line=shop),
        functions=(shop,),
        places=(CostedPlace(place=CHINA, currency="CNY"),),
        effort=ScanEffort(usd=0.5),
        rules=here.rules[:1],
    )

    scan = combined([here, there])

    assert scan == replace(
        there,
        rules=here.rules,
        places=there.places + here.places,
        functions=there.functions + here.functions,
        findings=there.findings + here.findings,
        gaps=(GAP,),
        effort=ScanEffort(usd=1.5),
    )
    with pytest.raises(ValueError, match="not enough values"):
        combined([])
