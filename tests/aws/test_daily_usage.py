"""How a function was used day by day, as CloudWatch tells it."""

import pytest
from fakes import FakeLambda, fake_aws

from powertune.autopilot.verification import DAY_S, DayOfUse
from powertune.aws.usage.daily import read_days
from powertune.errors import Unavailable

START = 20_000.0 * DAY_S


def filled() -> FakeLambda:
    """Three days; nobody invoked it on the second."""
    fake = FakeLambda()
    fake.cloudwatch.series = {
        ("Invocations", "Sum", "orders"): [100.0, None, 50.0],
        ("Duration", "Sum", "orders"): [10_000.0, None, 6_000.0],
        ("Duration", "p50", "orders"): [95.0, None, 110.0],
    }
    return fake


DAYS = (
    DayOfUse(began_at=START, invocations=100, duration_sum_ms=10_000.0, p50_ms=95.0),
    DayOfUse(began_at=START + 2 * DAY_S, invocations=50, duration_sum_ms=6_000.0, p50_ms=110.0),
)


@pytest.mark.parametrize("results_per_page", [500, 1])
def test_days_with_data_in_order(results_per_page: int) -> None:
    fake = filled()
    fake.cloudwatch.results_per_page = results_per_page
    assert read_days(fake_aws(fake), "orders", START, START + 3 * DAY_S) == DAYS


def test_nothing_is_taken_for_zero_if_cloudwatch_does_not_say() -> None:
    fake = filled()
    fake.cloudwatch.status = lambda query: "InternalError" if query["Id"] == "duration" else "Complete"
    with pytest.raises(Unavailable, match="answered InternalError"):
        read_days(fake_aws(fake), "orders", START, START + 3 * DAY_S)


def test_pages_that_go_on_for_ever_are_an_end() -> None:
    fake = filled()
    fake.cloudwatch.results_per_page = 0
    with pytest.raises(Unavailable, match="did not finish"):
        read_days(fake_aws(fake), "orders", START, START + 3 * DAY_S)
