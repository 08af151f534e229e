"""How functions are invoked: the numbers, how few calls they take, and what becomes of half an answer."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from fakes import client_error
from scan_places import DAYS, account, gaps, invoke, known, scan

from powertune.scan.evidence import FunctionUsage
from powertune.scan.rule import Need

NAMES = ("a-b", "a_b", "A-b", "aB", "ab", "1ab", "n" * 64)


def calls(operations: list[str]) -> int:
    return operations.count("cloudwatch.get_metric_data")


def test_what_the_metrics_say() -> None:
    fake = account("fn")
    series = fake.cloudwatch.series
    # What is over of today is left out: it would count as a day.
    series["Invocations", "Sum", "fn"] = [100.0, None, 0.0, 300.0, *[None] * 10, 999.0]
    series["Throttles", "Sum", "fn"] = [None, 7.0, *[None] * 12, 999.0]
    series["Errors", "Sum", "fn"] = [1.0, None, None, 4.0]
    series["Duration", "Sum", "fn"] = [1_000.0, None, None, 9_000.0]
    series["Duration", "p50", "fn"] = [9.0, None, None, 25.0]
    series["Duration", "p95", "fn"] = [20.0, None, None, 80.0]
    series["Duration", "p99", "fn"] = [30.0, None, None, 60.0]
    series["Duration", "Maximum", "fn"] = [900.0, None, None, 70.0]
    series["ConcurrentExecutions", "Maximum", "fn"] = [2.0, None, None, 5.0]
    series["AsyncEventsReceived", "Sum", "fn"] = [40.0, None, None, 2.0]

    scanned = scan(fake, Need.USAGE)

    assert known(scanned)["fn"].usage == FunctionUsage(
        days=DAYS,
        invocations=400,
        errors=5,
        throttles=7,
        duration_sum_ms=10_000.0,
        p50_ms=17.0,
        p95_ms=80.0,
        p99_ms=60.0,
        max_ms=900.0,
        recent_p50_ms=17.0,
        peak_concurrency=5.0,
        active_days=2,
        asynchronous=42,
        # Midnight of the 1st of January 2027, UTC.
        first_at=1_798_761_600.0,
    )


def test_the_recent_median_is_that_of_the_last_two_days_with_invocations() -> None:
    fake = account("fn")
    invoke(fake, "fn")
    fake.cloudwatch.series["Duration", "p50", "fn"] = [10.0, 10.0, 10.0, 20.0, 30.0, None]
    usage = known(scan(fake, Need.USAGE))["fn"].usage
    assert usage is not None
    assert (usage.p50_ms, usage.recent_p50_ms) == (10.0, 25.0)


def test_today_counts_for_a_function_that_was_not_invoked_before() -> None:
    fake = account("fn")
    invoke(fake, "fn", daily=100.0, ms=50.0)
    for key, values in fake.cloudwatch.series.items():
        fake.cloudwatch.series[key] = [*[None] * DAYS, values[-1]]
    usage = known(scan(fake, Need.USAGE))["fn"].usage
    assert usage == FunctionUsage(
        days=DAYS,
        invocations=100,
        duration_sum_ms=5_000.0,
        p50_ms=50.0,
        p95_ms=50.0,
        p99_ms=50.0,
        max_ms=50.0,
        recent_p50_ms=50.0,
        peak_concurrency=3.0,
        active_days=1,
        # Midnight of the 15th.
        first_at=1_799_971_200.0,
    )


def test_the_days_are_whole_days_of_utc() -> None:
    fake = account("fn")
    scan(fake, Need.USAGE)
    (asked,) = [each for each in fake.arguments if "MetricDataQueries" in each]
    assert (asked["StartTime"], asked["EndTime"]) == (
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 15, 8, tzinfo=UTC),
    )
    assert {each["MetricStat"]["Period"] for each in asked["MetricDataQueries"]} == {86_400}


def test_a_function_without_any_metric_was_not_invoked() -> None:
    scanned = scan(account("fn"), Need.USAGE)
    assert known(scanned)["fn"].usage == FunctionUsage(days=DAYS)
    assert scanned.gaps == ()


def test_each_of_the_names_that_hardly_differ_has_its_own_numbers() -> None:
    fake = account(*NAMES)
    for number, name in enumerate(NAMES, start=1):
        invoke(fake, name, daily=float(number))
    found = known(scan(fake, Need.USAGE))
    assert [found[name].usage.invocations for name in NAMES] == [  # type: ignore[union-attr]
        DAYS * number for number in range(1, len(NAMES) + 1)
    ]


def test_a_small_account_is_asked_once_and_all_statistics_of_a_metric_are_charged_once() -> None:
    fake = account(*(f"fn-{number}" for number in range(40)))
    scanned = scan(fake, Need.USAGE)
    # 2 + 5 + 1 + 1 queries for each of 40 functions are 360, of 5 metrics each.
    assert calls(fake.operations) == 1
    assert scanned.effort.metrics == 200
    assert scanned.effort.usd == pytest.approx(200 * 0.00001)


def test_only_functions_with_invocations_are_asked_about_durations_in_a_large_account() -> None:
    names = [f"fn-{number:04}" for number in range(1_000)]
    fake = account(*names)
    for name in names[:100]:
        invoke(fake, name)
    scanned = scan(fake, Need.USAGE)
    # 2,000 queries are 4 calls, and 700 are 2.
    assert calls(fake.operations) == 6
    assert scanned.effort.metrics == 2 * 1_000 + 3 * 100
    assert len([each for each in scanned.evidence.functions if each.usage and each.usage.p95_ms]) == 100


@pytest.mark.parametrize("count", [55, 56, 100, 222, 223, 300, 1_000])
def test_calls_are_at_most_a_fifth_more_than_the_least(count: int) -> None:
    names = [f"fn-{number:04}" for number in range(count)]
    fake = account(*names)
    for name in names:
        invoke(fake, name)
    scan(fake, Need.USAGE)
    assert calls(fake.operations) <= 1.2 * math.ceil(9 * count / 500)


def test_partial_data_is_read_to_its_end() -> None:
    fake = account("fn", "other")
    invoke(fake, "fn")
    invoke(fake, "other")
    fake.cloudwatch.results_per_page = 7
    scanned = scan(fake, Need.USAGE)
    assert [each.usage.invocations for each in scanned.evidence.functions if each.usage] == [1400, 1400]
    assert calls(fake.operations) == math.ceil(2 * 9 / 7)


@pytest.mark.parametrize(
    ("status", "action"), [("PartialData", ""), ("Forbidden", "cloudwatch:GetMetricData"), ("InternalError", "")]
)
def test_half_an_answer_is_none_and_takes_no_other_function_with_it(status: str, action: str) -> None:
    fake = account("bad", "good")
    invoke(fake, "bad")
    invoke(fake, "good")

    def answer(query: dict[str, Any]) -> str:
        metric = query["MetricStat"]["Metric"]
        bad = metric["MetricName"] == "Duration" and metric["Dimensions"][0]["Value"] == "bad"
        return status if bad else "Complete"

    fake.cloudwatch.status = answer
    scanned = scan(fake, Need.USAGE)
    assert known(scanned)["bad"].usage is None
    assert known(scanned)["good"].usage is not None
    assert gaps(scanned) == [("usage", f"CloudWatch answered {status}", ("bad",), action)]
    assert calls(fake.operations) == (3 if status == "InternalError" else 1)


def test_an_error_of_cloudwatchs_own_is_asked_again() -> None:
    fake = account("fn", "other")
    invoke(fake, "fn")
    answers = iter(["InternalError"])
    fake.cloudwatch.status = lambda query: next(answers, "Complete")
    scanned = scan(fake, Need.USAGE)
    assert known(scanned)["fn"].usage.invocations == 1400  # type: ignore[union-attr]
    assert scanned.gaps == ()
    assert calls(fake.operations) == 2
    # The metric is charged again, with all its statistics.
    assert scanned.effort.metrics == 2 * 5 + 1


def test_metrics_that_may_not_be_read_leave_the_inventory() -> None:
    fake = account("fn", "other")

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_metric_data":
            raise client_error("AccessDenied", "no", 403)

    fake.on_call = deny
    scanned = scan(fake, Need.USAGE)
    assert [each.usage for each in scanned.evidence.functions] == [None, None]
    reason = "not allowed to call cloudwatch:GetMetricData: no"
    assert gaps(scanned) == [("usage", reason, ("fn", "other"), "cloudwatch:GetMetricData")]


def test_credentials_that_end_in_the_middle_leave_a_place_that_was_not_read() -> None:
    fake = account("fn")

    def expire(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_metric_data":
            raise client_error("ExpiredToken", "The security token included in the request is expired", 403)

    fake.on_call = expire
    scanned = scan(fake, Need.USAGE)
    assert scanned.evidence.functions == ()
    assert [(gap.what, gap.action) for gap in scanned.gaps] == [("", "")]
    assert "does not accept the credentials" in scanned.gaps[0].reason
    assert dict(scanned.effort.calls)["lambda.list_functions"] == 1
