"""How long a function has been there: what it did in two days is not what it does in two weeks."""

from typing import Any

import pytest
from fakes import FakeLambda
from scan_places import NOW, account, known, scan

from powertune.scan.evidence import FunctionUsage
from powertune.scan.rule import Need

HOUR_S, DAY_S = 3_600, 86_400
MIDNIGHT = NOW - 8 * HOUR_S
START = MIDNIGHT - 14 * DAY_S


def use(fake: FakeLambda, name: str, daily: list[float | None]) -> None:
    """Invocations of 50 ms: as many as given for each of the 14 days, and for today."""
    series = fake.cloudwatch.series
    series["Invocations", "Sum", name] = daily
    series["Duration", "Sum", name] = [each and 50 * each for each in daily]
    series["ConcurrentExecutions", "Maximum", name] = [each and 1.0 for each in daily]


def usage(daily: list[float | None], created_at: float | None, **configuration: Any) -> FunctionUsage:
    """The usage of a function whose log group was created at that time, None for no log group."""
    fake = account("fn", **configuration)
    use(fake, "fn", daily)
    if created_at is not None:
        fake.logs.groups["/aws/lambda/fn"] = {"creationTime": created_at * 1000}
    found = known(scan(fake, Need.USAGE, Need.LOG_GROUPS))["fn"].usage
    assert found is not None
    return found


LAST_TWO: list[float | None] = [None] * 12 + [10.0, 20.0, 5.0]


def test_what_a_new_function_did_is_of_the_days_since_its_log_group_was_created() -> None:
    # At 6 o'clock of the 13th day: 1.75 days.
    found = usage(LAST_TWO, START + 12 * DAY_S + 6 * HOUR_S)
    assert (found.invocations, found.first_at, found.days) == (30, START + 12 * DAY_S, 14)
    assert found.observed_days == found.counted_days == 1.75


def test_it_may_have_been_there_before_it_was_invoked() -> None:
    assert usage(LAST_TWO, START + 5 * DAY_S).observed_days == 2.0


@pytest.mark.parametrize(
    ("daily", "created_at"),
    [
        (LAST_TWO, START - 1),
        (LAST_TWO, None),
        ([10.0, *LAST_TWO[1:]], START + 12 * DAY_S),
        ([None] * 13 + [30.0, 5.0], START + 13 * DAY_S),
        ([None] * 14 + [30.0], START + 14 * DAY_S),
    ],
    ids=["a job that rarely runs", "no log group", "only the log group is new", "a single day", "today"],
)
def test_nothing_is_scaled_up_of_what_may_have_been_there_all_the_time(
    daily: list[float | None], created_at: float | None
) -> None:
    found = usage(daily, created_at)
    assert found.observed_days is None
    assert found.counted_days == 14


def test_a_log_group_of_several_functions_says_nothing_of_one() -> None:
    fake = account("fn", "other", LoggingConfig={"LogGroup": "/shared"})
    for name in ("fn", "other"):
        use(fake, name, LAST_TWO)
    fake.logs.groups["/shared"] = {"creationTime": (START + 12 * DAY_S) * 1000}
    found = known(scan(fake, Need.USAGE, Need.LOG_GROUPS))
    assert [each.usage and each.usage.observed_days for each in found.values()] == [None, None]


def test_an_old_version_says_that_only_the_log_group_is_new() -> None:
    fake = account("fn", LastModified="2026-06-01T00:00:00.000+0000")
    fake.publish_user_version("fn", None)
    use(fake, "fn", LAST_TWO)
    fake.logs.groups["/aws/lambda/fn"] = {"creationTime": (START + 12 * DAY_S) * 1000}
    evidence = known(scan(fake, Need.USAGE, Need.LOG_GROUPS))["fn"]
    assert len(evidence.function.versions) == 1
    assert evidence.usage is not None
    assert evidence.usage.observed_days is None
