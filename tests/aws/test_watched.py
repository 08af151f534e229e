"""What a watch reads of AWS: which version, which metrics, and what it refuses."""

import pytest
from fakes import FakeLambda, fake_aws

from powertune.aws.usage.watched import read_unreserved_concurrency, read_use, read_watched
from powertune.errors import FunctionRefused, NotFound
from powertune.model import Architecture, Configuration, FunctionRef
from powertune.watch import UsedDay, WatchedFunction

#: An afternoon.
NOW = 1_790_000_000.0


def read(fake: FakeLambda, name: str) -> WatchedFunction:
    return read_watched(fake_aws(fake), FunctionRef.parse(name))


def test_a_function_and_an_alias_of_it() -> None:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512, EphemeralStorage={"Size": 1024})
    fake.publish_user_version("fn", alias="prod")
    fake.functions["fn"].configuration["MemorySize"] = 2048
    fake.reserved["fn"] = 7
    whole, alias = read(fake, "fn"), read(fake, "fn:prod")
    assert whole.configuration == Configuration(memory_mb=2048, architecture=Architecture.X86_64)
    assert alias.configuration == Configuration(memory_mb=512, architecture=Architecture.X86_64)
    assert (whole.label, alias.label) == ("fn", "fn:prod")
    assert whole.dimensions == (("FunctionName", "fn"),)
    assert alias.dimensions == (("FunctionName", "fn"), ("Resource", "fn:prod"))
    assert whole.arn == alias.arn == "arn:aws:lambda:us-east-1:123456789012:function:fn"
    assert whole.reserved_concurrency == alias.reserved_concurrency == 7
    assert (alias.timeout_s, alias.ephemeral_storage_mb, alias.region) == (30, 1024, "us-east-1")
    assert (alias.account_id, alias.code_sha256) == ("123456789012", "sha-of-the-code")
    # What nobody qualifies is $LATEST.
    assert read(fake, "fn:$LATEST") == whole


def test_what_does_not_exist_or_is_not_charged_by_duration() -> None:
    fake = FakeLambda()
    fake.add("fn")
    fake.add("durable", DurableConfig={"ExecutionTimeout": 60})
    with pytest.raises(NotFound, match="function no does not exist"):
        read(fake, "no")
    with pytest.raises(NotFound, match="has no alias prod"):
        read(fake, "fn:prod")
    with pytest.raises(FunctionRefused, match="durable is a durable function"):
        read(fake, "durable")


def test_two_weeks_of_whole_days_by_the_functions_own_metrics() -> None:
    fake = FakeLambda()
    fake.add("fn")
    dimensions = ("fn",)
    days: list[float | None] = [None] * 14
    fake.cloudwatch.series[("Invocations", "Sum", *dimensions)] = [*days[:11], 100.0, 0.0, 300.0]
    fake.cloudwatch.series[("Duration", "Sum", *dimensions)] = [*days[:11], 12_000.0, None, 30_000.0]
    fake.cloudwatch.series[("Duration", "p95", *dimensions)] = [*days[:11], 150.0, None, None]
    use = read_use(fake_aws(fake), read(fake, "fn"), now=NOW)
    assert use.days == 14
    assert use.used == (
        UsedDay(invocations=100, duration_sum_ms=12_000.0, p95_ms=150.0),
        UsedDay(invocations=300, duration_sum_ms=30_000.0, p95_ms=None),
    )
    # It has been in use for three days.
    assert use.invocations_per_day == pytest.approx(400 / 3)
    (asked,) = [each for each in fake.arguments if "MetricDataQueries" in each]
    assert (asked["EndTime"] - asked["StartTime"]).days == 14
    assert asked["EndTime"].timestamp() % 86_400 == 0
    assert asked["EndTime"].timestamp() <= NOW


def test_an_alias_has_metrics_of_its_own() -> None:
    fake = FakeLambda()
    fake.add("fn")
    fake.publish_user_version("fn", alias="prod")
    fake.cloudwatch.metrics[("Invocations", "fn")] = [1_000.0]
    fake.cloudwatch.metrics[("Invocations", "fn", "fn:prod")] = [10.0]
    assert read_use(fake_aws(fake), read(fake, "fn:prod"), now=NOW).invocations == 10


def test_the_unreserved_concurrency() -> None:
    fake = FakeLambda()
    fake.concurrency = 123
    assert read_unreserved_concurrency(fake_aws(fake)) == 123
