"""Provisioned concurrency: what is configured, how much of it was used, and how many calls that may take."""

from typing import Any

import pytest
from fakes import FakeLambda, client_error
from scan_places import account, gaps, invoke, known, scan

from powertune.model import Architecture
from powertune.scan.evidence import Provisioned
from powertune.scan.rule import Need

#: From the beginning of the 1st to 8 o'clock on the 15th.
HOURS = 14 * 24 + 8


def publish(fake: FakeLambda, name: str, memory_mb: int, alias: str | None = None) -> str:
    fake.functions[name].configuration["MemorySize"] = memory_mb
    return fake.publish_user_version(name, alias)


def keep(fake: FakeLambda, name: str, qualifier: str, count: int, since: str = "2026-06-01T00:00:00+0000") -> None:
    fake.kept_ready.append(
        {
            "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:{qualifier}",
            "RequestedProvisionedConcurrentExecutions": count,
            "Status": "READY",
            "LastModified": since,
        }
    )


def use(fake: FakeLambda, name: str, qualifier: str, utilization: list[float | None], *, hourly: float) -> None:
    """As many invocations every hour, and twice as many that found all of it busy; today as well."""
    series, dimensions = fake.cloudwatch.series, (name, f"{name}:{qualifier}")
    series["ProvisionedConcurrencyUtilization", "Average", *dimensions] = utilization
    series["ProvisionedConcurrencyUtilization", "Maximum", *dimensions] = [each and each * 2 for each in utilization]
    series["ProvisionedConcurrencyInvocations", "Sum", *dimensions] = [hourly] * HOURS
    series["ProvisionedConcurrencySpilloverInvocations", "Sum", *dimensions] = [2 * hourly] * HOURS


def test_utilization_is_the_time_that_invocations_took_and_its_peak_is_what_lambda_says() -> None:
    fake = account("fn", "plain")
    publish(fake, "fn", 512)
    publish(fake, "fn", 1024, alias="prod")
    publish(fake, "fn", 2048)
    keep(fake, "fn", "prod", 10)
    keep(fake, "fn", "1", 2)
    invoke(fake, "fn", daily=336.0, ms=5_000.0)
    use(fake, "fn", "prod", [0.2, None, 0.4], hourly=1.0)

    scanned = scan(fake, Need.PROVISIONED)

    found = known(scanned)
    assert found["plain"].provisioned == ()
    assert found["fn"].provisioned == (
        Provisioned(
            qualifier="prod",
            requested=10,
            memory_mb=1024,
            architecture=Architecture.X86_64,
            # 336 invocations of 5 s on 14 days, in 10 environments.
            utilization=336 * 5 / (10 * 14 * 86_400),
            peak_utilization=0.8,
            # Once an hour, and the 8 hours of today do not count, as usage is of whole days.
            invocations=336,
            spilled=14 * 24 * 2,
        ),
        Provisioned(
            qualifier="1",
            requested=2,
            memory_mb=512,
            architecture=Architecture.X86_64,
            utilization=0.0,
            peak_utilization=0.0,
            invocations=0,
            spilled=0,
        ),
    )
    assert fake.operations.count("lambda.list_provisioned_concurrency_configs") == 1
    assert scanned.gaps == ()


def test_one_short_call_an_hour_uses_next_to_nothing() -> None:
    """The metric only has the minutes with invocations, so that it is 1 all the time."""
    fake = account("fn")
    publish(fake, "fn", 512)
    keep(fake, "fn", "1", 1)
    invoke(fake, "fn", daily=24.0, ms=100.0)
    use(fake, "fn", "1", [1.0] * HOURS, hourly=1.0)
    (kept,) = known(scan(fake, Need.PROVISIONED))["fn"].provisioned or ()
    assert kept.utilization == pytest.approx(0.1 / 3_600)


def test_no_more_than_all_of_it_is_in_use() -> None:
    fake = account("fn")
    publish(fake, "fn", 512)
    keep(fake, "fn", "1", 1)
    invoke(fake, "fn", daily=24.0, ms=5_000_000.0)
    use(fake, "fn", "1", [1.0] * HOURS, hourly=1.0)
    (kept,) = known(scan(fake, Need.PROVISIONED))["fn"].provisioned or ()
    assert kept.utilization == 1.0


def test_of_what_ran_for_an_unknown_time_nothing_is_said() -> None:
    fake = account("used", "idle")
    for name in ("used", "idle"):
        publish(fake, name, 512)
        keep(fake, name, "1", 1)
    use(fake, "used", "1", [1.0] * HOURS, hourly=1.0)
    fake.cloudwatch.status = lambda query: (
        "Forbidden" if query["MetricStat"]["Metric"]["MetricName"] == "Invocations" else "Complete"
    )
    found = known(scan(fake, Need.PROVISIONED))
    assert found["used"].provisioned is None
    assert [each.invocations for each in found["idle"].provisioned or ()] == [0]


@pytest.mark.parametrize(
    ("values", "before_midnight", "observed", "resized"),
    [
        # Configured 20 hours before the end, and used in the two hours since.
        ([*[None] * (HOURS - 2), 0.5, 0.5], 12, 20, False),
        # A schedule changes it every day: it was there when it was used.
        ([None, 0.5, 0.5], HOURS - 9, HOURS - 1, True),
    ],
)
def test_what_was_configured_in_the_span_is_judged_from_then_on(
    values: list[float | None], before_midnight: int, observed: int, resized: bool
) -> None:
    fake = account("fn")
    publish(fake, "fn", 512)
    keep(fake, "fn", "1", 2, since="2027-01-14T12:00:00+0000")
    invoke(fake, "fn", ms=18_000.0)
    use(fake, "fn", "1", values, hourly=1.0)
    (kept,) = known(scan(fake, Need.PROVISIONED))["fn"].provisioned or ()
    # 336 invocations of 18 s: 1.68 hours of two environments, until midnight.
    assert kept.utilization == pytest.approx(1.68 / (2 * before_midnight))
    assert kept.observed_days == pytest.approx(observed / 24)
    assert kept.resized is resized


def test_those_that_have_used_some_are_asked_about_first_and_what_is_left_out_is_said() -> None:
    names = [f"fn-{number}" for number in range(6)]
    fake = account(*names)
    for name in names:
        publish(fake, name, 512)
    invoke(fake, "fn-3")
    fake.cloudwatch.series["ProvisionedConcurrencyInvocations", "Sum", "fn-4"] = [1.0]
    scanned = scan(fake, Need.PROVISIONED, Need.USAGE, per_function_calls=2)
    asked = [each["FunctionName"] for each in fake.arguments if set(each) == {"FunctionName"}]
    assert asked == ["fn-4", "fn-3"]
    reason = "not asked: 2 calls about single functions are the limit"
    assert gaps(scanned) == [("provisioned concurrency", reason, ("fn-0", "fn-1", "fn-2", "fn-5"), "")]
    assert [name for name, each in known(scanned).items() if each.provisioned is None] == [
        *("fn-0", "fn-1", "fn-2", "fn-5")
    ]


def test_half_of_the_calls_are_left_to_other_questions() -> None:
    names = [f"fn-{number}" for number in range(6)]
    fake = account(*names)
    for name in names[:5]:
        publish(fake, name, 512)
    scanned = scan(fake, Need.PROVISIONED, Need.USAGE, Need.TRIGGERS, per_function_calls=8)
    reason = "not asked: 4 calls about single functions are the limit"
    assert ("provisioned concurrency", reason, ("fn-4",), "") in gaps(scanned)
    assert any(each.triggers is not None for each in known(scanned).values())


def test_an_action_that_is_refused_three_times_is_not_tried_with_all_functions() -> None:
    names = [f"fn-{number}" for number in range(6)]
    fake = account(*names)
    for name in names:
        publish(fake, name, 512)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "list_provisioned_concurrency_configs":
            raise client_error("AccessDeniedException", f"not on {kwargs['FunctionName']}", 403)

    fake.on_call = deny
    scanned = scan(fake, Need.PROVISIONED)
    action = "lambda:ListProvisionedConcurrencyConfigs"
    assert gaps(scanned) == [("provisioned concurrency", f"not allowed to call {action}", tuple(names), action)]
    assert fake.operations.count("lambda.list_provisioned_concurrency_configs") == 3


def test_an_alias_that_may_not_be_read_is_taken_to_lead_to_the_newest_version() -> None:
    fake = account("fn")
    publish(fake, "fn", 512, alias="prod")
    publish(fake, "fn", 1024)
    keep(fake, "fn", "prod", 10)

    def deny(name: str, kwargs: dict[str, Any]) -> None:
        if name == "get_alias":
            raise client_error("AccessDeniedException", "no", 403)

    fake.on_call = deny
    scanned = scan(fake, Need.PROVISIONED)
    assert [each.memory_mb for each in known(scanned)["fn"].provisioned or ()] == [1024]
    assert [gap.action for gap in scanned.gaps] == ["lambda:GetAlias"]


def test_without_its_metrics_nothing_is_said_of_it() -> None:
    fake = account("fn")
    publish(fake, "fn", 512)
    keep(fake, "fn", "1", 10)
    fake.cloudwatch.status = lambda query: (
        "Forbidden" if query["MetricStat"]["Metric"]["MetricName"].endswith("Utilization") else "Complete"
    )
    scanned = scan(fake, Need.PROVISIONED)
    assert known(scanned)["fn"].provisioned is None
    assert [gap.subjects for gap in scanned.gaps] == [("fn:1",)]
