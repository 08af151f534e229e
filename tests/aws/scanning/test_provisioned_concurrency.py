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


def use(fake: FakeLambda, name: str, qualifier: str, hourly: list[float | None], *, invocations: float = 1.0) -> None:
    series, dimensions = fake.cloudwatch.series, (name, f"{name}:{qualifier}")
    series["ProvisionedConcurrencyUtilization", "Average", *dimensions] = hourly
    series["ProvisionedConcurrencyUtilization", "Maximum", *dimensions] = [each and each * 2 for each in hourly]
    series["ProvisionedConcurrencyInvocations", "Sum", *dimensions] = [invocations]
    series["ProvisionedConcurrencySpilloverInvocations", "Sum", *dimensions] = [5.0]


def test_hours_without_a_value_are_hours_without_use() -> None:
    fake = account("fn", "plain")
    publish(fake, "fn", 512)
    publish(fake, "fn", 1024, alias="prod")
    publish(fake, "fn", 2048)
    keep(fake, "fn", "prod", 10)
    keep(fake, "fn", "1", 2)
    use(fake, "fn", "prod", [0.2, None, 0.4], invocations=70.0)

    scanned = scan(fake, Need.PROVISIONED)

    found = known(scanned)
    assert found["plain"].provisioned == ()
    assert found["fn"].provisioned == (
        Provisioned(
            qualifier="prod",
            requested=10,
            memory_mb=1024,
            architecture=Architecture.X86_64,
            utilization=(0.2 + 0.4) / HOURS,
            peak_utilization=0.8,
            invocations=70,
            spilled=5,
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


@pytest.mark.parametrize(
    ("values", "hours"),
    [
        # Configured 20 hours before the end, and used in the two hours since.
        ([*[None] * (HOURS - 2), 0.5, 0.5], 20),
        # A schedule changes it every day: it was there when it was used.
        ([None, 0.5, 0.5], HOURS - 1),
    ],
)
def test_what_was_configured_in_the_span_is_judged_from_then_on(values: list[float | None], hours: int) -> None:
    fake = account("fn")
    publish(fake, "fn", 512)
    keep(fake, "fn", "1", 2, since="2027-01-14T12:00:00+0000")
    use(fake, "fn", "1", values)
    (kept,) = known(scan(fake, Need.PROVISIONED))["fn"].provisioned or ()
    assert kept.utilization == pytest.approx(1.0 / hours)
    assert kept.observed_days == pytest.approx(hours / 24)


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
