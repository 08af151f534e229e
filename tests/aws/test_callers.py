"""Who invokes $LATEST, and what is in use, as AWS shows it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from fake_cloudwatch import FakeCloudWatch
from fakes import FakeLambda, client_error, fake_aws

from powertune.aws.preflight import preflight
from powertune.aws.usage.metrics import LambdaMetric, read_metrics
from powertune.errors import Unavailable
from powertune.model import FunctionRef, Production

ARN = "arn:aws:lambda:us-east-1:123456789012:function:fn"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"


@pytest.fixture
def fake() -> FakeLambda:
    fake = FakeLambda()
    fake.add("fn", CodeSize=1000)
    fake.publish_user_version("fn", alias="prod")
    return fake


def production(fake: FakeLambda, name: str = "fn") -> Production:
    return preflight(fake_aws(fake), FunctionRef.parse(name), now=1_790_000_000.0).known.production


def mapping(qualifier: str = "", *, state: str = "Enabled", source: str | None = QUEUE) -> dict[str, Any]:
    more = {"EventSourceArn": source} if source else {}
    return {"UUID": "u", "FunctionArn": ARN + qualifier, "State": state, **more}


def test_nobody_uses_latest(fake: FakeLambda) -> None:
    assert production(fake) == Production(code_size_bytes=1000, code_free_bytes=80_530_636_800)


@pytest.mark.parametrize("name", ["fn", "fn:prod"])
def test_event_source_mappings_of_the_bare_name_or_latest_use_it(fake: FakeLambda, name: str) -> None:
    fake.mappings = [mapping(":prod"), mapping(":1"), mapping(state="Disabled"), mapping(state="Deleting")]
    fake.mappings.append({**mapping(), "FunctionArn": f"{ARN}-2"})
    assert production(fake, name).latest_used_by == ()
    fake.mappings += [mapping(), mapping(":$LATEST", source="arn:stream"), mapping(state="Enabling", source=None)]
    assert production(fake, name).latest_used_by == (
        f"event source mapping of a self-managed source, {QUEUE}, arn:stream",
    )


def test_more_event_sources_than_fit_on_a_line_are_counted(fake: FakeLambda) -> None:
    fake.mappings = [mapping(source=f"arn:{number}") for number in range(5)]
    assert production(fake).latest_used_by == ("event source mapping of arn:0, arn:1, arn:2 and 2 more",)


def test_a_function_url_of_latest_uses_it(fake: FakeLambda) -> None:
    fake.urls = {("fn", "prod"): "NONE"}
    assert production(fake).latest_used_by == ()
    fake.urls = {("fn", None): "AWS_IAM"}
    assert production(fake).latest_used_by == ("function URL",)


def statement(principal: Any, action: Any = "lambda:InvokeFunction", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": ARN, **more}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (statement({"Service": "s3.amazonaws.com"}), "s3.amazonaws.com"),
        (statement({"AWS": ["a", "b"]}, ["lambda:GetFunction", "lambda:InvokeFunctionUrl"]), "a, b"),
        (statement("*", "lambda:*", Resource=f"{ARN}:$LATEST"), "*"),
        (statement({"AWS": "a"}, "lambda:GetFunction"), None),
        (statement({"AWS": "a"}, Effect="Deny"), None),
        (statement({"AWS": "a"}, Resource=f"{ARN}:prod"), None),
    ],
)
def test_who_the_policy_of_the_bare_name_allows_to_invoke_uses_it(
    fake: FakeLambda, given: dict[str, Any], words: str | None
) -> None:
    fake.policies = {("fn", None): [given], ("fn", "prod"): [statement("everybody")]}
    assert production(fake).latest_used_by == (() if words is None else (f"policy for {words}",))


def test_a_policy_that_is_not_readable_is_a_question_that_is_open(fake: FakeLambda) -> None:
    class Odd(FakeLambda):
        def get_policy(self, **kwargs: Any) -> dict[str, Any]:
            return {"Policy": "{}"}

    odd = Odd()
    odd.add("fn")
    found = production(odd)
    assert (found.latest_used_by, found.invocations_unknown) == ((), False)
    assert found.unanswered == ("policy (the policy of the function is not readable)",)


def test_aliases_of_latest_use_it_but_not_those_of_runs(fake: FakeLambda) -> None:
    aliases = fake.functions["fn"].aliases
    for name in ("powertune-journal", "powertune-abcd1234-128", "dev"):
        aliases[name] = {"Name": name, "FunctionVersion": "$LATEST", "Description": ""}
    assert production(fake).latest_used_by == ("alias dev",)


def test_invocations_of_the_bare_name_use_it_but_not_those_of_aliases(fake: FakeLambda) -> None:
    fake.cloudwatch.metrics = {("Invocations", "fn", "fn:prod"): [1e6], ("Invocations", "fn"): [1e6]}
    assert production(fake).latest_used_by == ()
    fake.cloudwatch.metrics |= {("Invocations", "fn", "fn"): [0.0, 7.0], ("Invocations", "fn", "fn:$LATEST"): [1.0]}
    assert production(fake).latest_used_by == ("8 invocations in the last 14 days",)


def test_the_peak_of_two_weeks_is_in_use(fake: FakeLambda) -> None:
    fake.cloudwatch.metrics = {
        ("ConcurrentExecutions", "fn"): [3.0, 9.0, 4.0],
        ("UnreservedConcurrentExecutions",): [70.0],
    }
    found = production(fake)
    assert (found.function_peak, found.unreserved_peak) == (9, 70)


def test_a_region_without_the_unreserved_metric_is_busy_all_the_same(fake: FakeLambda) -> None:
    fake.cloudwatch.metrics = {("ConcurrentExecutions",): [40.0]}
    assert production(fake).unreserved_peak == 40


def test_a_network_that_leads_to_lambda_and_not_to_cloudwatch_does_not_hold_up_the_plan(fake: FakeLambda) -> None:
    unreachable = ("get_metric_data", "get_metric_statistics", "filter_log_events")

    def refuse(name: str, kwargs: object) -> None:
        if name in unreachable:
            raise ConnectTimeoutError(endpoint_url="https://monitoring.us-east-1.amazonaws.com")

    fake.on_call = refuse
    assert production(fake).invocations_unknown
    assert sum(fake.calls.count(name) for name in unreachable) <= 3 * 5


def deny(*names: str) -> Callable[[str, object], None]:
    def on_call(name: str, kwargs: object) -> None:
        if name in names:
            raise client_error("AccessDeniedException", f"User: me is not authorized to perform {name}", 403)

    return on_call


def test_questions_that_may_not_be_asked_are_unanswered_and_the_others_are_asked(fake: FakeLambda) -> None:
    fake.urls = {("fn", None): "NONE"}
    fake.on_call = deny("list_event_source_mappings", "get_policy", "list_aliases")
    found = production(fake)
    assert found.latest_used_by == ("function URL",)
    assert found.unanswered == (
        "event source mappings (access denied)",
        "policy (access denied)",
        "aliases (access denied)",
    )
    assert not found.invocations_unknown
    fake.on_call = deny("get_metric_data")
    found = production(fake)
    assert (found.invocations_unknown, found.function_peak, found.unreserved_peak) == (True, None, None)
    assert found.unanswered == ("invocations (access denied)",)


def test_the_embedded_aws_is_not_asked(fake: FakeLambda) -> None:
    fake.platform = "cgroup v2"
    fake.urls = {("fn", None): "NONE"}
    assert production(fake).latest_used_by == ()
    assert not {"get_function_url_config", "get_policy", "list_event_source_mappings"} & set(fake.calls)


def test_code_that_lambda_does_not_store_takes_no_room(fake: FakeLambda) -> None:
    fake.code_used = fake.code_limit - 5
    assert (production(fake).code_size_bytes, production(fake).code_free_bytes) == (1000, 5)
    fake.functions["fn"].code["ResolvedS3Object"] = {"S3Bucket": "mine", "S3Key": "key"}
    assert production(fake).code_size_bytes == 0
    fake.add("image", PackageType="Image", CodeSize=5)
    assert production(fake, "image").code_size_bytes == 0


def test_metrics_come_in_pages_and_what_is_incomplete_is_not_known() -> None:
    class Paged(FakeCloudWatch):
        last = "Complete"

        def get_metric_data(self, **kwargs: Any) -> dict[str, Any]:
            more = "NextToken" not in kwargs
            status = "PartialData" if more else self.last
            result = {"Id": "a", "StatusCode": status, "Timestamps": [kwargs["StartTime"]], "Values": [1.0]}
            return {"MetricDataResults": [result], **({"NextToken": "t"} if more else {})}

    fake, now = FakeLambda(), datetime(2026, 1, 1, tzinfo=UTC)
    fake.cloudwatch = paged = Paged(fake.record)
    asked = {"a": LambdaMetric(name="Invocations", statistic="Sum")}
    day = timedelta(days=1)
    assert read_metrics(fake_aws(fake), asked, start=now - day, end=now, period=day) == {"a": [1.0, 1.0]}
    paged.last = "InternalError"
    with pytest.raises(Unavailable, match="answered InternalError"):
        read_metrics(fake_aws(fake), asked, start=now - day, end=now, period=day)
