"""Functions that nearly time out: from 80 % of the timeout, unless they do time out."""

import pytest
from scanned import busy, known, place_evidence

from powertune.scan.evidence import FunctionEvidence, ReportStatistics
from powertune.scan.finding import Severity
from powertune.scan.rules import timeouts_billed
from powertune.scan.rules.timeout_close import RULE


def reports(timeouts: int) -> ReportStatistics:
    """Reports with a number of timeouts."""
    return ReportStatistics(days=7, count=1_000, billed_sum_ms=1.0, timeouts=timeouts)


@pytest.mark.parametrize(
    "close",
    [
        known(usage=busy(p99_ms=8_000.0)),
        known(usage=busy(p99_ms=10_000.0, max_ms=10_000.0)),
        known(usage=busy(p99_ms=10_000.0, max_ms=10_000.0, errors=5), reports=reports(0)),
        known(usage=busy(p99_ms=9_000.0), reports=reports(4)),
    ],
    ids=["80 %", "all of it", "no timeouts in reports", "too few of them"],
)
def test_is_said_near_the_timeout(close: FunctionEvidence) -> None:
    (found,) = RULE.check(place_evidence(close))
    assert (found.severity, found.saving) == (Severity.MEDIUM, None)


def test_says_how_near() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(p99_ms=8_500.0))))

    assert found.summary == "its slowest invocations use 85 % of the timeout of 10 s"
    assert [fact.text for fact in found.facts] == [
        "the 99th percentile of the slowest day is 8,500 ms",
        "its timeout is 10 s",
    ]
    assert found.next_step == (
        "see with `powertune run arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1` "
        "whether more memory makes it faster, or raise it"
    )


@pytest.mark.parametrize("timeouts", range(8))
def test_a_function_near_its_timeout_is_reported_by_one_of_two_rules(timeouts: int) -> None:
    evidence = place_evidence(known(usage=busy(p99_ms=9_000.0), reports=reports(timeouts)))
    found = [finding.rule for rule in (RULE, timeouts_billed.RULE) for finding in rule.check(evidence)]
    assert found == ["timeout-close" if timeouts < 5 else "timeouts-billed"]


@pytest.mark.parametrize(
    "other",
    [
        known(),
        known(usage=None),
        known(usage=busy(p99_ms=None)),
        known(usage=busy(p99_ms=7_999.0)),
        known(usage=busy(p99_ms=10_001.0)),
        known(usage=busy(p99_ms=10_000.0, max_ms=10_000.0, errors=5)),
        known(usage=busy(p99_ms=9_000.0), reports=reports(5)),
    ],
    ids=["fast", "unknown", "not invoked", "below", "the timeout was longer", "times out", "timeouts in reports"],
)
def test_is_not_said_otherwise(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
