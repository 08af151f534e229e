"""Provisioned concurrency: environments that are there before anyone invokes, and stay."""

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

WAITS = """
import os, time

print("initialized", os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"])


def handler(event, context):
    time.sleep(event or 0)
    return {"type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "version": context.function_version}
"""


def code_of(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def settled(cloud: Any, name: str, qualifier: str) -> Any:
    """The configuration once it is no longer in progress."""
    while True:
        config = cloud.lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        if config["Status"] != "IN_PROGRESS":
            return config
        time.sleep(0.05)


def put(cloud: Any, name: str, qualifier: str, count: int) -> Any:
    return cloud.lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


class Waiting:
    """A function with a version, that logs each of its inits."""

    def __init__(self, cloud: Any, package: Any) -> None:
        self.cloud = cloud
        self.name = cloud.create(package(WAITS), MemorySize=512)
        self.version = cloud.lambda_.publish_version(FunctionName=self.name)["Version"]

    @property
    def inits(self) -> list[str]:
        """The initialization types of all environments so far."""
        logs = self.cloud.client("logs")
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{self.name}", filterPattern="initialized")
        return [event["message"].split()[1] for event in found["events"]]

    def publish_another(self) -> str:
        self.cloud.lambda_.update_function_configuration(FunctionName=self.name, MemorySize=640)
        self.cloud.lambda_.get_waiter("function_updated_v2").wait(FunctionName=self.name)
        return str(self.cloud.lambda_.publish_version(FunctionName=self.name)["Version"])


@pytest.fixture
def waiting(cloud: Any, package: Any) -> Waiting:
    return Waiting(cloud, package)


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig",
    "on a version; environments are initialized before the first invocation, and are used first",
)
@pytest.mark.supports("lambda:GetProvisionedConcurrencyConfig", "IN_PROGRESS, READY and how many are available")
@pytest.mark.supports("lambda:DeleteProvisionedConcurrencyConfig", "ends the environments")
def test_environments_exist_before_anyone_invokes(cloud: Any, waiting: Waiting) -> None:
    answer = put(cloud, waiting.name, "1", 2)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["Status"] == "IN_PROGRESS"
    assert (
        answer["RequestedProvisionedConcurrentExecutions"],
        answer["AvailableProvisionedConcurrentExecutions"],
    ) == (
        2,
        0,
    )
    ready = settled(cloud, waiting.name, "1")
    assert ready["Status"] == "READY"
    assert "StatusReason" not in ready
    assert ready["AvailableProvisionedConcurrentExecutions"] == ready["AllocatedProvisionedConcurrentExecutions"] == 2
    assert datetime.fromisoformat(ready["LastModified"]) <= datetime.now(UTC)
    assert waiting.inits == ["provisioned-concurrency"] * 2
    first = cloud.invoke(waiting.name, 0, Qualifier="1")
    assert first.payload["type"] == "provisioned-concurrency"
    assert waiting.inits == ["provisioned-concurrency"] * 2
    assert cloud.invoke(waiting.name, 0).payload["type"] == "on-demand"

    response = cloud.lambda_.delete_provisioned_concurrency_config(FunctionName=waiting.name, Qualifier="1")
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.get_provisioned_concurrency_config(FunctionName=waiting.name, Qualifier="1")
    assert code_of(caught) == ("ProvisionedConcurrencyConfigNotFoundException", 404)
    assert cloud.invoke(waiting.name, 0, Qualifier="1").payload["type"] == "on-demand"


@pytest.mark.supports(
    "lambda:Invoke", "REPORT of the first invocation in a provisioned environment, with Init Duration"
)
@pytest.mark.supports("logs:FilterLogEvents", "what a provisioned environment writes while it is initialized")
def test_the_init_is_reported_once_and_billed(cloud: Any, waiting: Waiting) -> None:
    put(cloud, waiting.name, "1", 1)
    settled(cloud, waiting.name, "1")
    logs = cloud.client("logs")
    group = f"/aws/lambda/{waiting.name}"
    events = logs.filter_log_events(logGroupName=group)["events"]
    assert [event["message"].strip() for event in events] == ["initialized provisioned-concurrency"]
    first, second = (cloud.invoke(waiting.name, 0, Qualifier="1").log for _ in range(2))
    init = re.search(r"\tInit Duration: ([\d.]+) ms\t", first)
    billed = re.search(r"Billed Duration: (\d+) ms", first)
    assert init is not None and billed is not None  # noqa: PT018 - narrows both
    assert int(billed[1]) >= float(init[1]) > 0
    assert "initialized" not in first
    assert "Init Duration" not in second


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig", "invocations beyond it spill over to environments on demand"
)
@pytest.mark.supports(
    "cloudwatch:GetMetricStatistics", "ProvisionedConcurrencyInvocations and the other provisioned metrics"
)
def test_spillover(cloud: Any, waiting: Waiting) -> None:
    put(cloud, waiting.name, "1", 1)
    settled(cloud, waiting.name, "1")
    with ThreadPoolExecutor(2) as together:
        replies = list(together.map(lambda wait: cloud.invoke(waiting.name, wait, Qualifier="1"), (2, 2)))
    assert sorted(reply.payload["type"] for reply in replies) == ["on-demand", "provisioned-concurrency"]
    assert cloud.invoke(waiting.name, 0, Qualifier="1").payload["type"] == "provisioned-concurrency"
    expected = {
        "ProvisionedConcurrencyInvocations": ("Sum", 2.0),
        "ProvisionedConcurrencySpilloverInvocations": ("Sum", 1.0),
        "ProvisionedConcurrentExecutions": ("Maximum", 1.0),
        "ProvisionedConcurrencyUtilization": ("Maximum", 1.0),
    }
    for metric, (statistic, value) in expected.items():
        assert statistics(cloud, waiting.name, metric, statistic) == value, metric


def statistics(cloud: Any, name: str, metric: str, statistic: str) -> float:
    now = datetime.now(UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": name}, {"Name": "Resource", "Value": f"{name}:1"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=[statistic],
    )["Datapoints"]
    total: float = sum(point[statistic] for point in points)
    return total


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig", "changes of the number keep the environments that exist"
)
def test_more_and_fewer(cloud: Any, waiting: Waiting) -> None:
    for count, inits in ((1, 1), (3, 3), (2, 3)):
        put(cloud, waiting.name, "1", count)
        assert settled(cloud, waiting.name, "1")["AvailableProvisionedConcurrentExecutions"] == count
        assert len(waiting.inits) == inits


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig", "on an alias; an alias that is pointed elsewhere is provisioned again"
)
@pytest.mark.supports("lambda:UpdateAlias", "moves provisioned concurrency to the new version")
@pytest.mark.supports("lambda:DeleteAlias", "ends what is provisioned for it")
@pytest.mark.supports("lambda:ListProvisionedConcurrencyConfigs", "of all versions and aliases, page by page")
def test_alias(cloud: Any, waiting: Waiting) -> None:
    arn = cloud.lambda_.create_alias(FunctionName=waiting.name, Name="live", FunctionVersion="1")["AliasArn"]
    put(cloud, waiting.name, "live", 1)
    settled(cloud, waiting.name, "live")
    before = cloud.invoke(waiting.name, 0, Qualifier="live").payload
    assert (before["type"], before["version"]) == ("provisioned-concurrency", "1")
    assert waiting.publish_another() == "2"
    cloud.lambda_.update_alias(FunctionName=waiting.name, Name="live", FunctionVersion="2")
    assert settled(cloud, waiting.name, "live")["AvailableProvisionedConcurrentExecutions"] == 1
    after = cloud.invoke(waiting.name, 0, Qualifier="live").payload
    assert (after["type"], after["version"]) == ("provisioned-concurrency", "2")
    assert cloud.invoke(waiting.name, 0, Qualifier="1").payload["type"] == "on-demand"
    put(cloud, waiting.name, "1", 1)
    settled(cloud, waiting.name, "1")
    pages = cloud.lambda_.get_paginator("list_provisioned_concurrency_configs").paginate(
        FunctionName=waiting.name, PaginationConfig={"PageSize": 1}
    )
    listed = [config for page in pages for config in page["ProvisionedConcurrencyConfigs"]]
    assert [config["FunctionArn"] for config in listed] == [arn.replace(":live", ":1"), arn]
    with pytest.raises(ClientError, match="on an already Provisioned version"):
        cloud.lambda_.update_alias(FunctionName=waiting.name, Name="live", FunctionVersion="1")
    with pytest.raises(ClientError, match="unpublished function versions"):
        cloud.lambda_.update_alias(FunctionName=waiting.name, Name="live", FunctionVersion="$LATEST")
    cloud.lambda_.update_alias(FunctionName=waiting.name, Name="live", Description="changes nothing else")
    config = cloud.lambda_.get_provisioned_concurrency_config(FunctionName=waiting.name, Qualifier="live")
    assert (config["Status"], config["AvailableProvisionedConcurrentExecutions"]) == ("READY", 1)
    cloud.lambda_.delete_alias(FunctionName=waiting.name, Name="live")
    listed = cloud.lambda_.list_provisioned_concurrency_configs(FunctionName=waiting.name)
    assert len(listed["ProvisionedConcurrencyConfigs"]) == 1


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig", "on an alias with weights: each version gets its part"
)
def test_weighted_alias(cloud: Any, waiting: Waiting) -> None:
    waiting.publish_another()
    weights = {"AdditionalVersionWeights": {"2": 0.25}}
    cloud.lambda_.create_alias(FunctionName=waiting.name, Name="live", FunctionVersion="1", RoutingConfig=weights)
    put(cloud, waiting.name, "live", 4)
    assert settled(cloud, waiting.name, "live")["AvailableProvisionedConcurrentExecutions"] == 4
    for version in ("1", "2"):
        assert cloud.invoke(waiting.name, 0, Qualifier=version).payload["type"] == "provisioned-concurrency"


@pytest.mark.supports(
    "lambda:GetProvisionedConcurrencyConfig", "FAILED and the StatusReason when the code cannot be initialized"
)
def test_code_that_cannot_be_initialized(cloud: Any, package: Any) -> None:
    name = cloud.create(package("raise RuntimeError('no')"))
    cloud.lambda_.publish_version(FunctionName=name)
    put(cloud, name, "1", 2)
    failed = settled(cloud, name, "1")
    assert (failed["Status"], failed["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    assert failed["AvailableProvisionedConcurrentExecutions"] == 0
    assert failed["RequestedProvisionedConcurrentExecutions"] == 2
    messages = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    assert sum("INIT_REPORT" in event["message"] for event in messages) == 2
    assert cloud.invoke(name, 0, Qualifier="1").error == "Unhandled"


@pytest.mark.supports("lambda:PutProvisionedConcurrencyConfig", "refusals in AWS's words")
@pytest.mark.supports("lambda:PutFunctionConcurrency", "not below what is provisioned")
def test_refusals(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    cloud.lambda_.create_alias(FunctionName=name, Name="latest", FunctionVersion="$LATEST")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    for target, qualifier, count, code, message in (
        (name, "$LATEST", 1, "InvalidParameterValueException", "cannot be applied to unpublished function versions"),
        (name, "latest", 1, "InvalidParameterValueException", "cannot be applied to unpublished function versions"),
        (name, "none", 1, "ResourceNotFoundException", f"Cannot find alias arn: {arn}:none"),
        (name, "10", 1, "ResourceNotFoundException", f"Function not found: {arn}:10"),
        ("no", "none", 1, "ResourceNotFoundException", "Cannot find alias arn: .*:function:no:none"),
        ("no", "1", 1, "ResourceNotFoundException", "Function not found: .*:function:no:1"),
        (
            name,
            "1",
            1001,
            "InvalidParameterValueException",
            r"greater than account's unreserved concurrency \[1000\]",
        ),
        (name, "1", 901, "InvalidParameterValueException", r"below its minimum value of \[100\]"),
    ):
        with pytest.raises(ClientError, match=message) as caught:
            put(cloud, target, qualifier, count)
        assert code_of(caught)[0] == code
    cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    with pytest.raises(ClientError, match="should not be greater than the reservedConcurrentExecution"):
        put(cloud, name, "1", 3)
    put(cloud, name, "live", 2)
    with pytest.raises(ClientError, match="Version is pointed by a Provisioned Concurrency alias") as caught:
        put(cloud, name, "1", 1)
    assert code_of(caught) == ("ResourceConflictException", 409)
    with pytest.raises(ClientError, match=r"should not be lower than function's total provisioned concurrency \[2\]"):
        cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    cloud.lambda_.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    put(cloud, name, "1", 1)
    with pytest.raises(ClientError, match="on an already Provisioned version"):
        put(cloud, name, "live", 1)
    for call in (
        cloud.lambda_.get_provisioned_concurrency_config,
        cloud.lambda_.delete_provisioned_concurrency_config,
    ):
        with pytest.raises(ClientError, match="must be an alias or a published version"):
            call(FunctionName=name, Qualifier="$LATEST")
        with pytest.raises(ClientError, match="Cannot find alias arn"):
            call(FunctionName=name, Qualifier="none")


@pytest.mark.supports(
    "lambda:PutProvisionedConcurrencyConfig", "environments outlive the idle timeout, and are not ended to make room"
)
def test_they_stay(connect: Callable[[EmbeddedAWS], Any], package: Any) -> None:
    with EmbeddedAWS(Settings(idle_timeout_s=0.2, max_environments=3)) as aws:
        cloud = connect(aws)
        waiting = Waiting(cloud, package)
        put(cloud, waiting.name, "1", 2)
        settled(cloud, waiting.name, "1")
        for _ in range(3):
            other = cloud.create(package("def handler(event, context): return 1"))
            assert cloud.invoke(other).payload == 1
        time.sleep(0.6)
        assert settled(cloud, waiting.name, "1")["AvailableProvisionedConcurrentExecutions"] == 2
        put(cloud, waiting.name, "1", 4)
        failed = settled(cloud, waiting.name, "1")
        assert failed["Status"] == "FAILED"
        assert "has room for 1 more" in failed["StatusReason"]


def test_several_clients_at_once(cloud: Any, waiting: Waiting) -> None:
    """A request that another one replaces does not end what it has initialized."""
    with ThreadPoolExecutor(4) as together:
        list(together.map(lambda count: put(cloud, waiting.name, "1", count), (1, 3, 2, 1)))
    config = settled(cloud, waiting.name, "1")
    assert config["Status"] == "READY"
    assert config["AvailableProvisionedConcurrentExecutions"] == config["RequestedProvisionedConcurrentExecutions"]
    assert len(waiting.inits) <= 3


def test_a_server_ends_while_it_provisions(connect: Callable[[EmbeddedAWS], Any], package: Any) -> None:
    with EmbeddedAWS(Settings()) as aws:
        cloud = connect(aws)
        name = cloud.create(package("import time; time.sleep(100)"))
        cloud.lambda_.publish_version(FunctionName=name)
        put(cloud, name, "1", 3)
        process = aws
    assert process.wait() == 0


def test_a_function_is_deleted_while_it_is_provisioned(cloud: Any, package: Any) -> None:
    name = cloud.create(package("import time; time.sleep(2)"))
    cloud.lambda_.publish_version(FunctionName=name)
    put(cloud, name, "1", 2)
    cloud.lambda_.delete_function(FunctionName=name)
    cloud.created.remove(name)
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.list_provisioned_concurrency_configs(FunctionName=name)
    assert code_of(caught) == ("ResourceNotFoundException", 404)


@pytest.mark.supports("lambda:Invoke", "a provisioned environment that crashed is initialized again")
def test_a_crash_is_survived(cloud: Any, package: Any) -> None:
    source = "import os\n\ndef handler(event, context):\n    return os._exit(1) if event else os.getpid()\n"
    name = cloud.create(package(source))
    cloud.lambda_.publish_version(FunctionName=name)
    put(cloud, name, "1", 1)
    settled(cloud, name, "1")
    assert cloud.invoke(name, 1, Qualifier="1").error == "Unhandled"
    assert json.dumps(cloud.invoke(name, 0, Qualifier="1").payload).isdigit()
    assert settled(cloud, name, "1")["AvailableProvisionedConcurrentExecutions"] == 1
