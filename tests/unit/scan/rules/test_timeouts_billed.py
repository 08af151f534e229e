"""Timeouts: counted in reports, or estimated from CloudWatch's durations, each charged in full."""

import pytest
from scanned import DAY_S, NOW, busy, known, place_evidence, scanned_function

from powertune.scan.evidence import Compute, FunctionEvidence, FunctionUsage, ReportStatistics
from powertune.scan.finding import Confidence
from powertune.scan.rules.timeouts_billed import RULE

#: A GB for 10 s at 0.0000133334.
EACH = 0.000133334
#: The share of a timeout that is saved by an invocation which takes 95 ms, as the median one does.
SHORTER = 1 - 95 / 10_000
REPORTS = ReportStatistics(days=7, count=1_000, billed_sum_ms=800_000.0, timeouts=70)


def slow(**changes: object) -> FunctionUsage:
    """Invocations of which some take the whole timeout of 10 s."""
    return busy(**{"errors": 8_000, "p99_ms": 10_000.0, "max_ms": 10_000.0, "duration_sum_ms": 5e9, **changes})


def test_in_reports_are_counted() -> None:
    (found,) = RULE.check(place_evidence(known(reports=REPORTS)))

    assert found.saving is not None
    # A fixed invocation is charged as well: for 95 ms in place of 10 s, if it is like the median one.
    assert found.saving.expected == pytest.approx(300 * EACH * (1 - 95 / 10_000))
    assert found.saving.low == 0.0
    assert found.saving.high == pytest.approx(300 * EACH)
    assert found.confidence is Confidence.MEDIUM
    assert found.summary == "about 300 timeouts a month, each charged for 10 s: about $0.04 a month in all"
    assert [fact.text for fact in found.facts] == ["70 timeouts in 1,000 reports of 7 days", "its timeout is 10 s"]
    assert found.next_step == (
        "find the log stream and the time of a timeout with `aws logs tail /aws/lambda/orders --since 1d "
        "--filter-pattern timeout --region us-east-1`, and what was logged before it with "
        "`aws logs tail /aws/lambda/orders --since 1d --log-stream-names STREAM --region us-east-1`"
    )


def test_the_timeout_may_have_been_another_before_a_change() -> None:
    (found,) = RULE.check(place_evidence(known(scanned_function(modified_at=NOW - 6 * DAY_S), reports=REPORTS)))
    assert found.confidence is Confidence.LOW
    assert found.facts[-1].text == "it was changed since the first of them, so that the timeout may have been another"


def test_are_estimated_from_the_percentile_of_the_slowest_day() -> None:
    (found,) = RULE.check(place_evidence(known(usage=slow())))

    assert found.saving is not None
    assert found.saving.low == 0.0
    assert found.saving.expected == pytest.approx(0.01 * 1_000_000 / 14 / 14 * 30 * EACH * SHORTER)
    assert found.saving.high == pytest.approx(8_000 / 14 * 30 * EACH)
    assert found.confidence is Confidence.LOW
    # 0.01 * 1,000,000 / 14 = 714.3 in 14 days are 1,530.6 in 30.
    assert found.summary == "invocations time out, each charged for 10 s: about $0.204 a month in all"
    assert found.facts[0].text == "from 1 to 8,000 of 1,000,000 invocations timed out in 14 days"


def test_a_lower_percentile_at_the_timeout_means_more_of_them() -> None:
    (found,) = RULE.check(place_evidence(known(usage=slow(p95_ms=9_990.0))))

    assert found.saving is not None
    assert found.saving.expected == pytest.approx(0.05 * 1_000_000 / 14 / 14 * 30 * EACH * SHORTER)


def test_a_single_day_is_known_exactly() -> None:
    usage = slow(invocations=1_000, errors=50, active_days=1)
    (found,) = RULE.check(place_evidence(known(usage=usage)))

    assert found.saving is not None
    assert found.facts[0].text == "from 10 to 50 of 1,000 invocations timed out in 14 days"
    assert found.saving.expected == pytest.approx(10 / 14 * 30 * EACH * SHORTER)
    assert found.saving.high == pytest.approx(50 / 14 * 30 * EACH)


def test_all_of_them_fit_into_the_sum_of_durations() -> None:
    (found,) = RULE.check(place_evidence(known(usage=slow(duration_sum_ms=35_000.0))))

    assert found.saving is not None
    assert found.saving.expected == pytest.approx(3 / 14 * 30 * EACH * SHORTER)
    assert found.saving.high == pytest.approx(3 / 14 * 30 * EACH)


@pytest.mark.parametrize("p50_ms", [None, 10_000.0, 10_001.0], ids=["unknown", "the timeout", "rounded"])
def test_nothing_is_expected_if_most_invocations_take_as_long(p50_ms: float | None) -> None:
    (found,) = RULE.check(place_evidence(known(usage=slow(p50_ms=p50_ms))))
    assert found.saving is not None
    assert found.saving.expected == found.saving.low == 0.0
    assert found.saving.high == pytest.approx(8_000 / 14 * 30 * EACH)


def test_as_many_as_there_are_at_least_are_not_a_range() -> None:
    (found,) = RULE.check(place_evidence(known(usage=slow(invocations=1_000, errors=10, active_days=1))))
    assert found.facts[0].text == "10 of 1,000 invocations timed out in 14 days"


@pytest.mark.parametrize(
    "other",
    [
        known(),
        known(usage=None),
        known(usage=slow(errors=0)),
        known(usage=slow(p99_ms=9_800.0)),
        known(usage=slow(max_ms=30_000.0)),
        known(usage=slow(), reports=ReportStatistics(days=7, count=1_000, billed_sum_ms=1.0, timeouts=4)),
    ],
    ids=["fast", "unknown", "no errors", "below", "another timeout", "few in reports"],
)
def test_are_not_claimed_without_evidence(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_have_no_price_where_duration_is_not_charged() -> None:
    function = scanned_function(compute=Compute.MANAGED_INSTANCES)
    evidence = place_evidence(known(function, reports=REPORTS), known(usage=slow()))
    assert [found.saving is None for found in RULE.check(evidence)] == [True, False]
    evidence = place_evidence(known(reports=REPORTS), known(usage=slow()), prices=None)
    assert [(found.saving, found.summary) for found in RULE.check(evidence)] == [
        (None, "about 300 timeouts a month, each charged for 10 s"),
        (None, "invocations time out, each charged for 10 s"),
    ]
