"""What CloudWatch is asked about the versions of an alias, and what its answers come to."""

from typing import Any

import pytest
from applies import measured_function, slower, traffic
from fakes import FakeLambda, client_error, fake_aws

from powertune.aws.version_metrics import AliasMetrics, VersionMetrics
from powertune.errors import AccessDenied, Unavailable

START = 1_800_000_030.0


def metrics_of(fake: FakeLambda) -> AliasMetrics:
    return AliasMetrics(fake_aws(fake), "fn", "prod")


def test_each_version_is_asked_for_as_it_is_executed_by_the_alias() -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=900, errors=9, p95_ms=120.0)
    traffic(fake, "2", invocations=100, errors=2, p95_ms=80.0)
    found = metrics_of(fake).of(("2", "1"), START, START + 600)
    assert found == (
        VersionMetrics(version="2", invocations=100, errors=2, p95_ms=80.0),
        VersionMetrics(version="1", invocations=900, errors=9, p95_ms=120.0),
    )
    (asked,) = [given for name, given in zip(fake.calls, fake.arguments, strict=True) if name == "get_metric_data"]
    first = asked["MetricDataQueries"][0]["MetricStat"]
    assert {each["Name"]: each["Value"] for each in first["Metric"]["Dimensions"]} == {
        "FunctionName": "fn",
        "Resource": "fn:prod",
        "ExecutedVersion": "2",
    }
    # Whole minutes: 30 s earlier, and 30 s later.
    assert (asked["StartTime"].timestamp(), asked["EndTime"].timestamp()) == (START - 30, START + 630)
    assert {q["MetricStat"]["Period"] for q in asked["MetricDataQueries"]} == {60, 660}


def test_minutes_are_added_up_and_percentiles_weighted() -> None:
    fake = measured_function()
    where = ("fn", "fn:prod", "2")
    fake.cloudwatch.series |= {
        ("Invocations", "Sum", *where): [10.0, None, 30.0],
        ("Duration", "SampleCount", *where): [10.0, 30.0],
        ("Duration", "p95", *where): [100.0, 200.0],
    }
    (found,) = metrics_of(fake).of(("2",), START, START + 600)
    assert (found.invocations, found.errors, found.p95_ms) == (40, 0, 175.0)


def test_a_version_that_nobody_has_invoked_has_no_percentile() -> None:
    (found,) = metrics_of(measured_function()).of(("2",), START, START)
    assert found == VersionMetrics(version="2", invocations=0, errors=0, p95_ms=None)


def test_slow_invocations_are_counted_above_a_limit() -> None:
    fake = measured_function()
    slower(fake, "2", "132.5", 60)
    slower(fake, "1", "132.5", 15)
    assert metrics_of(fake).slower_than(132.5, ("2", "1"), START, START + 600) == (60, 15)


def test_pages_are_read_to_the_end() -> None:
    fake = measured_function()
    traffic(fake, "1", invocations=900)
    fake.cloudwatch.results_per_page = 1
    assert metrics_of(fake).of(("1",), START, START + 60)[0].invocations == 900
    assert fake.calls.count("get_metric_data") == 4


@pytest.mark.parametrize("status", ["InternalError", "Forbidden", "PartialData"])
def test_half_an_answer_is_none(status: str) -> None:
    fake = measured_function()
    fake.cloudwatch.status = lambda query: status
    with pytest.raises(Unavailable, match=status):
        metrics_of(fake).of(("1",), START, START + 60)


def test_who_may_not_ask_is_told_which_action_it_takes() -> None:
    fake = measured_function()

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        raise client_error("AccessDenied", "no", 403)

    fake.on_call = deny
    with pytest.raises(AccessDenied, match="cloudwatch:GetMetricData"):
        metrics_of(fake).of(("1",), START, START + 60)
