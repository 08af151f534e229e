"""Tests give an account of the embedded AWS a past: metrics of weeks, age, stored logs, and recommendations."""

import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from powertune.local.embedded import EmbeddedAWS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def plant(cloud: Any, region: str = "us-east-1", **past: Any) -> None:
    cloud.aws.plant({"account": "123456789012", "region": region, **past})


def recommendation(name: str, used_mb: float) -> dict[str, Any]:
    return {
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "currentMemorySize": 512,
        "utilizationMetrics": [{"name": "Memory", "statistic": "Maximum", "value": used_mb}],
    }


def test_metrics_of_any_namespace_and_age_take_the_place_of_those_at_the_same_moment(cloud: Any) -> None:
    at = NOON.timestamp()
    metric = {"namespace": "AWS/Lambda", "name": "Duration", "dimensions": {"FunctionName": "old"}}
    plant(cloud, metrics=[{**metric, "unit": "Milliseconds", "values": [(at, 7.0, 1), (at + 60, 8.0, 1)]}])
    plant(cloud, metrics=[{**metric, "unit": "Milliseconds", "values": [(at, 100.0, 9), (at, 900.0, 1)]}])

    (point,) = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Duration",
        Dimensions=[{"Name": "FunctionName", "Value": "old"}],
        StartTime=NOON,
        EndTime=NOON + timedelta(hours=1),
        Period=3600,
        Statistics=["SampleCount", "Sum", "Maximum"],
    )["Datapoints"]

    assert (point["SampleCount"], point["Sum"], point["Maximum"]) == (11, 9 * 100 + 900 + 8, 900)


def test_a_function_its_versions_and_its_provisioned_concurrency_have_an_age(cloud: Any, echo: bytes) -> None:
    name, lambda_ = cloud.create(echo), cloud.lambda_
    version = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    other = cloud.create(echo)

    plant(cloud, functions={name: NOON.timestamp()})

    modified = {
        (each["FunctionName"], each["Version"]): each["LastModified"]
        for page in lambda_.get_paginator("list_functions").paginate(FunctionVersion="ALL")
        for each in page["Functions"]
    }
    assert modified[name, "$LATEST"] == modified[name, version] == "2026-03-01T12:00:00.000+0000"
    assert modified[other, "$LATEST"] > "2026-03-01T12"
    (config,) = lambda_.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"]
    assert config["LastModified"] == "2026-03-01T12:00:00+0000"


def test_a_log_group_has_an_age_and_holds_more_than_was_written(cloud: Any) -> None:
    logs, name = cloud.client("logs"), "/past/group"
    logs.create_log_group(logGroupName=name)
    plant(cloud, log_groups={name: {"created_at": NOON.timestamp(), "stored_bytes": 5 * 2**30}})
    (group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    logs.delete_log_group(logGroupName=name)
    assert (group["creationTime"], group["storedBytes"]) == (NOON.timestamp() * 1000, 5 * 2**30)


@pytest.mark.supports(
    "compute-optimizer:GetLambdaFunctionRecommendations",
    "what `EmbeddedAWS.plant` has put there; without that, the account has not opted in",
)
def test_compute_optimizer_answers_what_was_put_there(connect: Callable[[EmbeddedAWS], Any]) -> None:
    with EmbeddedAWS() as aws:
        there = connect(aws)
        optimizer = there.client("compute-optimizer")
        with pytest.raises(ClientError, match="OptInRequiredException"):
            optimizer.get_lambda_function_recommendations()

        plant(there, recommendations=[recommendation("a", 100.0), recommendation("b", 200.0)])
        plant(there, recommendations=[recommendation("a", 300.0)])

        first = optimizer.get_lambda_function_recommendations(maxResults=1)
        second = optimizer.get_lambda_function_recommendations(maxResults=1, nextToken=first["nextToken"])
        assert first["lambdaFunctionRecommendations"] == [recommendation("b", 200.0)]
        assert second["lambdaFunctionRecommendations"] == [recommendation("a", 300.0)]
        assert "nextToken" not in second
        plant(there, recommendations=[recommendation("bb", 400.0)])
        arn = "arn:aws:lambda:us-east-1:123456789012:function:b"
        found = optimizer.get_lambda_function_recommendations(functionArns=[arn])
        assert found["lambdaFunctionRecommendations"] == [recommendation("b", 200.0)]
        with pytest.raises(ClientError, match="does not support compute-optimizer GetEnrollmentStatus"):
            optimizer.get_enrollment_status()


@pytest.mark.parametrize(
    ("past", "why"),
    [
        ({"functions": {"nobody": 0}}, "KeyError: 'nobody'"),
        ({"log_groups": {"/nobody": {"created_at": 0, "stored_bytes": 0}}}, "KeyError: '/nobody'"),
        ({"metrics": [{"namespace": "AWS/Lambda"}]}, "KeyError: 'name'"),
        ({"future": {}}, "unknown: future"),
    ],
)
def test_what_cannot_be_planted_is_refused(cloud: Any, past: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=f"this cannot be planted: .*{why}"):
        plant(cloud, **past)


def test_only_the_owner_of_the_server_changes_the_past(cloud: Any) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{cloud.aws.endpoint_url}/_powertune/past", data=b"{}", timeout=10)
