"""How long INIT took: by what was measured, else an estimate whose range is wide, and never without an invocation."""

import pytest
from scanned import busy, known

from powertune.scan.evidence import EnvironmentUse, ReportStatistics
from powertune.scan.initialization import InitTime, init_time


def reports(**figures: object) -> ReportStatistics:
    figures = {"days": 7, "count": 1_000, "billed_sum_ms": 110_000.0, **figures}
    return ReportStatistics(**figures)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "ms"),
    [
        # 2 of 1,000 invocations start cold, for 400 ms: 0.8 ms for each of a million.
        (reports(cold_starts=2, mean_init_ms=400.0), 800_000.0),
        (reports(), 0.0),
        # 110 ms billed, 100 ms of Duration, and 0.5 ms of rounding.
        (reports(cold_starts=2), 9_500_000.0),
        (reports(cold_starts=2, billed_sum_ms=90_000.0), 0.0),
        # Of 100 starts, one has an INIT of 1 s. 99 are restored, for which 20 ms each are billed: 2.98 ms.
        (reports(cold_starts=100, mean_init_ms=1_000.0, restores=99, restore_sum_ms=1_980.0), 2_980_000.0),
        (reports(cold_starts=99, restores=99, restore_sum_ms=1_980.0), 1_980_000.0),
    ],
    ids=["cold starts", "no cold start", "billed", "less billed", "one INIT of many restores", "restores"],
)
def test_reports_are_believed_first(found: ReportStatistics, ms: float) -> None:
    function = known(reports=found, environment=EnvironmentUse(init_ms=3.0))
    assert init_time(function, busy()).expected_ms == pytest.approx(ms, abs=1e-6)
    assert init_time(function, busy()) == InitTime.measured(init_time(function, busy()).expected_ms)


def test_lambda_insights_is_believed_next() -> None:
    function = known(reports=reports(count=0), environment=EnvironmentUse(init_ms=3.0))
    assert init_time(function, busy()) == InitTime.measured(3_000_000.0)


def test_otherwise_environments_start_once_at_least_and_once_an_hour_at_most() -> None:
    # 10 environments on 14 days: 140 starts, from 10 to 3,360.
    expected = InitTime(expected_ms=42_000.0, low_ms=1_000.0, high_ms=3_360_000.0)
    assert init_time(known(environment=EnvironmentUse()), busy()) == expected


def test_no_environment_starts_without_an_invocation() -> None:
    usage = busy(invocations=5, peak_concurrency=7)
    assert init_time(known(), usage) == InitTime(expected_ms=1_500.0, low_ms=500.0, high_ms=5_000.0)


def test_provisioned_environments_are_initialized_ahead() -> None:
    expected = InitTime(expected_ms=10_500.0, low_ms=250.0, high_ms=840_000.0)
    assert init_time(known(), busy(), 0.25) == expected
