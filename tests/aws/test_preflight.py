from typing import Any

import pytest
from fakes import FakeLambda, client_error, fake_aws

from powertune.aws.preflight import Preflight, preflight
from powertune.errors import FunctionBusy, FunctionRefused, NotFound
from powertune.model import Architecture, FunctionRef, Hint

ARN = "arn:aws:lambda:us-east-1:123456789012:function:fn"


def check(name: str = "fn", *, fake: FakeLambda | None = None, **configuration: Any) -> Preflight:
    if fake is None:
        fake = FakeLambda()
        fake.add("fn", **configuration)
    return preflight(fake_aws(fake), FunctionRef.parse(name), now=0.0)


def test_what_is_known_of_an_ordinary_function() -> None:
    state = check().state
    assert (state.name, state.arn, state.memory_mb, state.architecture) == ("fn", ARN, 512, Architecture.X86_64)
    assert (state.log_group, state.log_format, state.ephemeral_storage_mb) == ("/aws/lambda/fn", "Text", 512)
    assert state.reserved_concurrency is None
    assert state.platform is None


def test_what_is_configured_is_read() -> None:
    state = check(
        "123456789012:function:fn",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/mine"},
        EphemeralStorage={"Size": 1024},
        SnapStart={"ApplyOn": "PublishedVersions"},
        Architectures=["arm64"],
    ).state
    assert (state.log_group, state.log_format, state.ephemeral_storage_mb) == ("/mine", "JSON", 1024)
    assert (state.snapstart, state.architecture) == (True, Architecture.ARM64)


@pytest.mark.parametrize(("level", "drops"), [("DEBUG", False), ("INFO", False), ("WARN", True)])
def test_the_log_level_that_drops_reports_is_read(level: str, drops: bool) -> None:
    state = check(LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": level}).state
    assert (state.system_log_level, state.drops_reports) == (level, drops)
    assert check(LoggingConfig={"LogFormat": "Text"}).state.system_log_level is None


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({"CapacityProviderConfig": {"x": 1}}, "Managed Instances"),
        ({"DurableConfig": {"x": 1}}, "durable"),
        ({"TenancyConfig": {"x": 1}}, "tenant"),
        ({"AcceleratorConfig": {"x": 1}}, "accelerator"),
        ({"State": "Inactive"}, "Inactive"),
        ({"State": "Failed"}, "Failed"),
        ({"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no role"}, "no role"),
    ],
)
def test_what_cannot_be_tuned_is_refused_with_the_reason(configuration: dict[str, Any], words: str) -> None:
    with pytest.raises(FunctionRefused, match=words) as caught:
        check(**configuration)
    assert caught.value.hint


def test_a_function_under_update() -> None:
    with pytest.raises(FunctionBusy, match="being updated"):
        check(LastUpdateStatus="InProgress")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("other", "function other does not exist in us-east-1"),
        ("other:nope", "function other does not exist in us-east-1"),
        ("fn:nope", "function fn in us-east-1 has no alias nope"),
        ("fn:7", "function fn in us-east-1 has no version 7"),
    ],
)
def test_what_does_not_exist(name: str, words: str) -> None:
    with pytest.raises(NotFound, match=words):
        check(name)


def test_an_alias_whose_code_is_not_that_of_latest_is_refused() -> None:
    fake = FakeLambda()
    function = fake.add("fn")
    fake.publish_user_version("fn", alias="prod")
    assert check("fn:prod", fake=fake).state.qualifier == "prod"
    assert check("fn:$LATEST", fake=fake).state.qualifier is None
    function.configuration["CodeSha256"] = "new"
    with pytest.raises(FunctionRefused, match=r"fn:prod differs from \$LATEST"):
        check("fn:prod", fake=fake)


def test_the_average_of_two_weeks_is_looked_up_if_allowed() -> None:
    fake = FakeLambda()
    fake.add("fn")
    assert check(fake=fake).known.average_ms is None
    fake.cloudwatch.datapoints = [{"Average": 100.0, "SampleCount": 3.0}, {"Average": 200.0, "SampleCount": 1.0}]
    found = check(fake=fake)
    assert found.known.average_ms == 125.0
    assert found.known.hints == (Hint(origin="CloudWatch", configuration=found.state.current, duration_ms=125.0),)

    def deny(name: str, kwargs: object) -> None:
        if name == "get_metric_statistics":
            raise client_error("AccessDenied", "no", 403)

    fake.on_call = deny
    found = check(fake=fake)
    assert (found.known.average_ms, found.known.hints) == (None, ())


def test_hints_are_of_cloudwatch_and_of_compute_optimizer() -> None:
    fake = FakeLambda()
    fake.add("fn")
    fake.cloudwatch.datapoints = [{"Average": 100.0, "SampleCount": 3.0}]
    expected = {"name": "Duration", "statistic": "Expected", "value": 150.0}
    option = {"memorySize": 256, "projectedUtilizationMetrics": [expected]}
    fake.optimizer.answer = {"lambdaFunctionRecommendations": [{"memorySizeRecommendationOptions": [option]}]}
    hints = check(fake=fake).known.hints
    assert [(hint.origin, hint.configuration.memory_mb) for hint in hints] == [
        ("CloudWatch", 512),
        ("Compute Optimizer", 256),
    ]


def test_what_the_embedded_aws_says_of_itself() -> None:
    fake = FakeLambda()
    fake.add("fn", Runtime="python3.13")
    fake.platform = "cgroup v1; cores=1.5; python=3.11"
    found = check(fake=fake)
    assert (found.state.platform, found.state.cores) == ("cgroup v1", 1.5)
    assert [a.code for a in found.advisories] == ["other-runtime"]
    fake.functions["fn"].configuration["Runtime"] = "python3.11"
    assert check(fake=fake).advisories == ()
    fake.platform = "duty cycle"
    assert (check(fake=fake).state.platform, check(fake=fake).state.cores) == ("duty cycle", None)


def test_a_function_in_a_vpc() -> None:
    assert check(VpcConfig={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"], "VpcId": "vpc-1"}).state.vpc
    assert not check(VpcConfig={"SubnetIds": [], "SecurityGroupIds": [], "VpcId": ""}).state.vpc
    assert not check().state.vpc


def test_a_customer_managed_key_is_advised_of_before_the_first_change() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    (advisory,) = check(KMSKeyArn=key).advisories
    assert advisory.code == "customer-managed-key"
    assert f"powertune iam run --kms-key {key}" in advisory.next_step
    hidden = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}}
    (advisory,) = check(KMSKeyArn=key, Environment=hidden).advisories
    assert "may not decrypt its environment variables: Lambda was unable to decrypt" in advisory.message
    assert check().advisories == ()
