"""Which functions are due, and in which order."""

from dataclasses import replace
from typing import Any

import pytest
from proposals import ARN, size
from scanned import DAY_S, NOW, busy, known, scanned_function

from powertune.autopilot.due import (
    DueFunction,
    DueReason,
    MeasuredMedian,
    TunedBefore,
    agenda,
    can_be_tuned,
    matches,
    why_due,
    why_not_due,
)
from powertune.scan.evidence import Compute


def tuned(**changes: Any) -> TunedBefore:
    """A run of 40 days ago, which has kept 95 ms as the median in production at 1,024 MB."""
    before = TunedBefore(
        run_id="aaaa1111",
        measured_at=NOW - 40 * DAY_S,
        code_sha256="sha-of-orders",
        current=size(1024),
        recommended=size(512),
        medians=(
            MeasuredMedian(configuration=size(512), p50_ms=60.0, noise=0.02),
            MeasuredMedian(configuration=size(1024), p50_ms=50.0, noise=0.02),
        ),
        production_p50_ms=95.0,
    )
    return replace(before, **changes)


def test_what_was_never_tuned_is_due() -> None:
    assert why_due(known(), None, NOW) == (DueReason.NEVER_TUNED, "never tuned")


def test_what_was_tuned_and_is_as_it_was_is_not() -> None:
    assert why_due(known(), tuned(), NOW) is None


def test_other_code_is_due_unless_the_run_was_a_few_days_ago() -> None:
    assert why_due(known(), tuned(code_sha256="other"), NOW) == (DueReason.CODE_CHANGED, "its code has changed")
    assert why_due(known(), tuned(code_sha256="other", measured_at=NOW - 6 * DAY_S), NOW) is None
    # Where a hash is not known, nothing says that the code has changed.
    assert why_due(known(), tuned(code_sha256=""), NOW) is None


def test_what_is_not_due_is_told_why() -> None:
    function = known()
    for evidence, before, words in (
        (function, None, "never tuned, but the scan expects no saving"),
        (known(usage=busy(invocations=0)), None, "nobody invoked it"),
        (known(usage=None), None, "its usage is unknown"),
        (known(scanned_function(compute=Compute.DURABLE)), None, "it does not run on demand"),
        (function, tuned(measured_at=NOW - 2 * DAY_S), "tuned 2 days ago, and left alone for 7 days"),
        (function, tuned(measured_at=NOW + 60), "tuned today, and left alone for 7 days"),
        (
            function,
            tuned(recommended=None, measured_at=NOW - 9 * DAY_S),
            "tuned 9 days ago without an answer, and left alone for 28 days",
        ),
        (function, tuned(), "tuned 40 days ago, and nothing has changed"),
    ):
        assert why_not_due(evidence, before, NOW) == words


def test_a_run_without_an_answer_is_made_again_after_four_weeks() -> None:
    failed = tuned(recommended=None)
    assert why_due(known(), failed, NOW) == (DueReason.NO_ANSWER, "its last run had no answer")
    assert why_due(known(), replace(failed, measured_at=NOW - 27 * DAY_S), NOW) is None


def test_a_size_that_was_neither_measured_from_nor_recommended_is_due() -> None:
    found = why_due(known(scanned_function(memory_mb=2048)), tuned(), NOW)
    assert found == (DueReason.SIZE_CHANGED, "it has 2048 MB arm64 now, and had 1024 MB arm64")
    assert why_due(known(scanned_function(memory_mb=512), usage=busy(recent_p50_ms=114.0)), tuned(), NOW) is None


@pytest.mark.parametrize(
    ("recent_ms", "is_due"), [(95.0, False), (113.0, False), (115.0, True), (80.0, False), (79.0, True)]
)
def test_a_median_that_moved_by_more_than_a_fifth_is_due(recent_ms: float, is_due: bool) -> None:
    found = why_due(known(usage=busy(recent_p50_ms=recent_ms)), tuned(), NOW)
    assert (found is not None) is is_due
    if found is not None:
        assert found == (
            DueReason.DURATION_MOVED,
            f"its median duration is {recent_ms:.1f} ms, and 95.0 ms is expected".replace("115.0", "115"),
        )


def test_after_the_change_what_was_measured_of_the_new_size_is_expected() -> None:
    """At 512 MB, the run has measured 60 in place of 50 ms: production is expected to go from 95 to 114 ms."""
    small = scanned_function(memory_mb=512)
    assert why_due(known(small, usage=busy(recent_p50_ms=114.0 * 1.2)), tuned(), NOW) is None
    assert why_due(known(small, usage=busy(recent_p50_ms=114.0 * 1.2 * 1.05)), tuned(), NOW) is not None
    # A noisy run expects less.
    noisy = tuned(
        medians=(
            MeasuredMedian(configuration=size(512), p50_ms=60.0, noise=0.2),
            MeasuredMedian(configuration=size(1024), p50_ms=50.0, noise=0.1),
        )
    )
    assert why_due(known(small, usage=busy(recent_p50_ms=114.0 * 1.5)), noisy, NOW) is None


def test_without_a_median_of_production_that_of_the_run_is_expected() -> None:
    by_hand = tuned(production_p50_ms=None)
    assert why_due(known(usage=busy(recent_p50_ms=55.0)), by_hand, NOW) is None
    assert why_due(known(usage=busy(recent_p50_ms=95.0)), by_hand, NOW) is not None


def test_days_that_may_be_from_before_the_last_change_say_nothing() -> None:
    slow = busy(recent_p50_ms=300.0)
    assert why_due(known(usage=slow), tuned(), NOW) is not None
    assert why_due(known(scanned_function(modified_at=NOW - DAY_S), usage=slow), tuned(), NOW) is None


def test_no_median_is_no_reason() -> None:
    assert why_due(known(usage=None), tuned(), NOW) is None
    assert why_due(known(usage=busy(recent_p50_ms=None)), tuned(), NOW) is None
    assert why_due(known(usage=busy(recent_p50_ms=300.0)), tuned(medians=()), NOW) is None


def test_patterns_match_names_and_arns() -> None:
    assert matches("orders", ARN, ["ord*"])
    assert matches("orders", ARN, ["*:us-east-1:*:orders"])
    assert not matches("orders", ARN, ["order", "ORDERS", "*:eu-west-1:*"])
    assert not matches("orders", ARN, [])


def test_only_functions_on_demand_that_are_invoked_can_be_tuned() -> None:
    assert can_be_tuned(known())
    assert not can_be_tuned(known(usage=None))
    assert not can_be_tuned(known(usage=busy(invocations=0)))
    assert not can_be_tuned(known(scanned_function(compute=Compute.MANAGED_INSTANCES)))


def test_the_largest_saving_comes_first_and_new_functions_without_one_not_at_all() -> None:
    def due(name: str, expected: float, reason: DueReason = DueReason.NEVER_TUNED) -> DueFunction:
        return DueFunction(arn=name, reason=reason, detail="", expected=expected)

    drifted = due("drifted", 0.0, DueReason.CODE_CHANGED)
    found = agenda([due("none", 0.0), drifted, due("small", 1.0), due("b", 9.0), due("a", 9.0)])
    assert [each.arn for each in found] == ["a", "b", "small", "drifted"]
