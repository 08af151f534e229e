"""CloudWatch metrics of the embedded AWS, as clients see them."""

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

HOUR = int(time.time()) // 3600 * 3600 - 7200
"""An hour that is over: what is published there lies in whole minutes."""


def at(minute: float) -> datetime:
    return datetime.fromtimestamp(HOUR + 60 * minute, UTC)


def put(cloudwatch: Any, namespace: str, *data: dict[str, Any]) -> None:
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=list(data))


def datum(value: float, minute: float = 0, name: str = "Latency", **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": text} for key, text in more.pop("dimensions", {}).items()]
    return {"MetricName": name, "Timestamp": at(minute), "Value": value, "Dimensions": dimensions, **more}


def query(namespace: str, query_id: str = "m1", stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    dimensions = [{"Name": key, "Value": text} for key, text in more.pop("dimensions", {}).items()]
    metric = {"Namespace": namespace, "MetricName": more.pop("name", "Latency"), "Dimensions": dimensions}
    unit = {"Unit": more.pop("unit")} if "unit" in more else {}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}


def ask(cloudwatch: Any, *queries: dict[str, Any], minutes: float = 60, **more: Any) -> Any:
    options = {"ScanBy": "TimestampAscending", "StartTime": at(0), "EndTime": at(minutes), **more}
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **options)


def values(answer: Any, query_id: str) -> list[list[float]]:
    return [each["Values"] for each in answer["MetricDataResults"] if each["Id"] == query_id]


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def cloudwatch(cloud: Any) -> Any:
    return cloud.client("cloudwatch")


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    return f"Test/{request.node.name}"[:200].replace("[", "/").replace("]", "")


@pytest.mark.supports("cloudwatch:PutMetricData", "Value, Values with Counts, StatisticValues")
@pytest.mark.supports("cloudwatch:GetMetricStatistics", "Statistics")
def test_every_way_of_publishing(cloudwatch: Any, namespace: str) -> None:
    put(
        cloudwatch,
        namespace,
        datum(4.0),
        {"MetricName": "Latency", "Timestamp": at(0.5), "Values": [1.0, 2.0], "Counts": [3.0, 1.0]},
        {
            "MetricName": "Latency",
            "Timestamp": at(1),
            "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5},
        },
    )
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="Latency",
        StartTime=at(0),
        EndTime=at(2),
        Period=60,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum", "Average"],
    )
    assert points["Label"] == "Latency"
    figures = [{key: point[key] for key in point if key != "Timestamp"} for point in points["Datapoints"]]
    assert figures == [
        {"SampleCount": 5.0, "Sum": 9.0, "Minimum": 1.0, "Maximum": 4.0, "Average": 1.8, "Unit": "None"},
        {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 5.0, "Average": 2.5, "Unit": "None"},
    ]
    assert [point["Timestamp"] for point in points["Datapoints"]] == [at(0), at(1)]


@pytest.mark.supports("cloudwatch:GetMetricStatistics", "ExtendedStatistics: percentiles such as p50, p95, p99.9")
@pytest.mark.supports("cloudwatch:GetMetricStatistics", "ExtendedStatistics: tm, wm, tc, ts, IQM, PR and ranges")
def test_percentiles_and_trimmed_statistics(cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, *(datum(float(value)) for value in range(1, 101)))
    wanted = ["p50", "p95", "p99", "p0", "p100", "p99.9", "tm90", "tc90", "TM(10%:90%)", "PR(:30)",
              "wm90", "ts90", "IQM", "WM(10:90)"]  # fmt: skip
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="Latency",
        StartTime=at(0),
        EndTime=at(5),
        Period=300,
        ExtendedStatistics=wanted,
    )
    (point,) = answer["Datapoints"]
    assert point["ExtendedStatistics"] == {
        "p50": 50.0, "p95": 95.0, "p99": 99.0, "p0": 1.0, "p100": 100.0, "p99.9": 100.0, "tm90": 45.5, "tc90": 90.0,
        "TM(10%:90%)": 50.5, "PR(:30)": 30.0, "wm90": 49.95, "ts90": 4095.0, "IQM": 50.5, "WM(10:90)": 50.4,
    }  # fmt: skip


@pytest.mark.supports("cloudwatch:PutMetricData", "Unit")
@pytest.mark.supports("cloudwatch:GetMetricStatistics", "one data point for each unit, or for the one asked for")
def test_units_are_kept_apart(cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, datum(1.0, Unit="Seconds"), datum(500.0, Unit="Milliseconds"))
    asked = {
        "Namespace": namespace, "MetricName": "Latency", "StartTime": at(0), "EndTime": at(1), "Period": 60,
        "Statistics": ["Sum"],
    }  # fmt: skip
    both = cloudwatch.get_metric_statistics(**asked)["Datapoints"]
    assert {(point["Unit"], point["Sum"]) for point in both} == {("Seconds", 1.0), ("Milliseconds", 500.0)}
    one = cloudwatch.get_metric_statistics(**asked, Unit="Seconds")["Datapoints"]
    assert [point["Sum"] for point in one] == [1.0]
    assert cloudwatch.get_metric_statistics(**asked, Unit="Count")["Datapoints"] == []
    (result,) = ask(cloudwatch, query(namespace))["MetricDataResults"]
    assert result["Values"] == [500.0]
    assert result["Messages"] == [
        {"Code": "MultipleUnits", "Value": "Multiple units returned: '[Milliseconds, Seconds]'"}
    ]
    assert values(ask(cloudwatch, query(namespace, unit="Seconds")), "m1") == [[1.0]]


@pytest.mark.supports("cloudwatch:GetMetricData", "MetricStat with any statistic; the dimensions must be the same")
def test_dimensions_are_a_metric_s_identity(cloudwatch: Any, namespace: str) -> None:
    put(
        cloudwatch,
        namespace,
        datum(1.0),
        datum(2.0, dimensions={"A": "1"}),
        datum(4.0, dimensions={"B": "2", "A": "1"}),
    )
    answer = ask(
        cloudwatch,
        query(namespace, "none"),
        query(namespace, "one", dimensions={"A": "1"}),
        query(namespace, "two", dimensions={"A": "1", "B": "2"}),
        query(namespace, "other", dimensions={"B": "2"}),
    )
    assert [each["Values"] for each in answer["MetricDataResults"]] == [[1.0], [2.0], [4.0], []]
    assert {each["StatusCode"] for each in answer["MetricDataResults"]} == {"Complete"}
    assert answer["Messages"] == []


@pytest.mark.supports("cloudwatch:GetMetricData", "ScanBy, MaxDatapoints and NextToken, PartialData")
@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
def test_pages_hold_every_point_once(cloudwatch: Any, namespace: str, order: str) -> None:
    put(cloudwatch, namespace, *(datum(float(minute), minute) for minute in range(10)))
    put(cloudwatch, namespace, *(datum(float(minute), minute, "Other") for minute in range(5)))
    queries = [query(namespace, "a"), query(namespace, "empty", name="None"), query(namespace, "b", name="Other")]
    found: dict[str, list[float]] = {"a": [], "b": [], "empty": []}
    token: dict[str, Any] = {}
    pages = 0
    while True:
        page = ask(cloudwatch, *queries, ScanBy=order, MaxDatapoints=4, **token)
        pages += 1
        assert sum(len(result["Values"]) for result in page["MetricDataResults"]) <= 4
        for result in page["MetricDataResults"]:
            found[result["Id"]] += result["Values"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
        # Data that arrive meanwhile shift nothing.
        put(cloudwatch, namespace, datum(99.0, 30 if order == "TimestampDescending" else 0, "Third"))
    direction = 1 if order == "TimestampAscending" else -1
    assert found == {
        "a": [*map(float, range(10))][::direction],
        "b": [*map(float, range(5))][::direction],
        "empty": [],
    }
    assert pages == 4
    code, _ = refusal(lambda: ask(cloudwatch, *queries, NextToken="bm9uZQ=="))
    assert code == "InvalidNextToken"
    assert refusal(partial(ask, cloudwatch, query(namespace), ScanBy=order, **token))[0] == "InvalidNextToken"


@pytest.mark.supports("cloudwatch:GetMetricData", "SEARCH: metric schema, exact and partial terms, AND, OR, NOT")
def test_search(cloudwatch: Any, namespace: str) -> None:
    for name, value in (("orders-api", 1.0), ("orders-worker", 2.0), ("billing", 4.0)):
        put(cloudwatch, namespace, datum(value, dimensions={"FunctionName": name}))
        put(cloudwatch, namespace, datum(100.0, dimensions={"FunctionName": name, "Resource": f"{name}:live"}))
    schema = f'{{"{namespace}",FunctionName}}'

    def search(terms: str, statistic: str = "Sum") -> dict[str, list[float]]:
        expression = f"SEARCH('{schema} {terms}', '{statistic}', 60)"
        answer = ask(cloudwatch, {"Id": "e1", "Expression": expression, "Label": "${PROP('Dim.FunctionName')}"})
        return {each["Label"]: each["Values"] for each in answer["MetricDataResults"]}

    everything = {"orders-api": [1.0], "orders-worker": [2.0], "billing": [4.0]}
    assert search('MetricName="Latency"') == everything
    assert search('MetricName="Latency"', "p95") == everything
    assert search('MetricName="latency"') == {}
    assert search("orders").keys() == {"orders-api", "orders-worker"}
    assert search("orders NOT worker").keys() == {"orders-api"}
    assert search('FunctionName=("billing" OR "orders-api")').keys() == {"billing", "orders-api"}
    assert search('MetricName="Latency" AND (billing OR FunctionName=worker)').keys() == {"billing", "orders-worker"}
    total = ask(cloudwatch, {"Id": "t", "Expression": f"SUM(SEARCH('{schema} Latency', 'Sum', 60))"})
    assert values(total, "t") == [[7.0]]


@pytest.mark.supports("cloudwatch:GetMetricData", "metric math: operators, arrays and functions; ReturnData")
def test_math(cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, *(datum(float(value), minute, "Errors") for minute, value in enumerate((1, 0, 3))))
    put(cloudwatch, namespace, *(datum(10.0, minute, "Invocations") for minute in range(3)))
    answer = ask(
        cloudwatch,
        query(namespace, "errors", name="Errors", ReturnData=False),
        query(namespace, "invocations", name="Invocations", ReturnData=False),
        {"Id": "rate", "Expression": "100 * errors / invocations", "Label": "Error rate"},
        {"Id": "all", "Expression": "METRICS() * 2"},
        {"Id": "broken", "Expression": "invocations / errors"},
        {"Id": "later", "Expression": "SUM([first, rate])"},
        {"Id": "first", "Expression": "RUNNING_SUM(errors)"},
    )
    by_id = {each["Id"]: each for each in answer["MetricDataResults"]}
    assert by_id["rate"]["Values"] == [10.0, 0.0, 30.0]
    assert by_id["rate"]["Label"] == "Error rate"
    assert values(answer, "all") == [[2.0, 0.0, 6.0], [20.0, 20.0, 20.0]]
    assert by_id["broken"]["Values"] == [10.0, 10.0 / 3]
    assert by_id["broken"]["Messages"][0]["Code"] == "ArithmeticError"
    assert by_id["later"]["Values"] == [11.0, 1.0, 34.0]
    assert "errors" not in by_id


@pytest.mark.supports("cloudwatch:GetMetricData", "labels, also dynamic ones such as ${MAX} or ${PROP('Stat')}")
def test_labels(cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, datum(7.0, dimensions={"Host": "a"}), datum(9.0, dimensions={"Host": "b"}))

    def labels(*queries: dict[str, Any]) -> list[str]:
        return [each["Label"] for each in ask(cloudwatch, *queries)["MetricDataResults"]]

    host: dict[str, Any] = {"dimensions": {"Host": "a"}}
    assert labels(query(namespace, **host)) == ["Latency"]
    assert labels(query(namespace, "a", "Sum", 60, **host), query(namespace, "b", "Minimum", 120, **host)) == [
        "Latency Sum 60",
        "Latency Minimum 120",
    ]
    assert labels(query(namespace, "a", "Sum", 60, **host), query(namespace, "b", "Sum", 120, **host)) == [
        "Latency 60",
        "Latency 120",
    ]
    search = {"Id": "e", "Expression": f"SEARCH('{{\"{namespace}\",Host}}', 'Sum', 60)"}
    assert labels(search) == ["a", "b"]
    dynamic = "${PROP('Dim.Host')}: ${MAX} of ${PROP('MetricName')} ${PROP('Stat')} ${UNKNOWN}"
    assert labels({**search, "Label": dynamic})[1] == "b: 9 of Latency Sum ${UNKNOWN}"
    assert labels({**search, "Label": "host"}) == ["host a", "host b"]


def test_what_get_metric_data_refuses(cloudwatch: Any, namespace: str) -> None:
    good = query(namespace)
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        ([query(namespace, "5xx")], "The value 5xx for parameter MetricDataQueries.member.1.Id is not matching the"
         " expected pattern ^[a-z][a-zA-Z0-9_]*$.\n"),
        ([good, good], "The values for parameter id in MetricDataQueries are not unique.\n"),
        ([{**good, "Period": 60}], "The parameters MetricDataQueries.member.1.Period and MetricDataQueries.member.1."
         "MetricStat are mutually exclusive and you have specified both.\n"),
        ([{**good, "Expression": "m1"}], "The parameters MetricDataQueries.member.1.Expression and MetricDataQueries."
         "member.1.MetricStat are mutually exclusive and you have specified both.\n"),
        ([query(namespace, stat="p101")], "The value p101 for parameter MetricDataQueries.member.1.MetricStat.Stat is"
         " not a valid statistic.\n"),
        ([{"Id": "e1", "Expression": "m1 +"}], "Error in expression 'e1': Invalid syntax\n"),
        ([good, {"Id": "e1", "Expression": "sum(m1)"}], "Error in expression 'e1': Function 'sum' not found\n"),
        ([good, {"Id": "e1", "Expression": "METRICS() + METRICS()"}], "Error in expression 'e1': Unsupported operand"
         " type(s) for +: '[Array[TimeSeries], Array[TimeSeries]]'\n"),
        ([good, {"Id": "e1", "Expression": "SUM(m1)"}], "Error in expression 'e1': The result must be a time series"
         " or an array of time series\n"),
        ([{"Id": "e1", "Expression": "e2"}, {"Id": "e2", "Expression": "e1"}], "The expression refers to itself\n"),
        ([{"Id": "e1", "Expression": "SELECT SUM(Latency) FROM x"}], "the embedded AWS has no Metrics Insights"),
        ([{"Id": "m1"}], "The parameter MetricDataQueries.member.1.MetricStat is required.\n"),
        ([query(namespace, f"m{number}") for number in range(501)], "must not have a size greater than 500.\n"),
    ]  # fmt: skip
    for queries, message in wrong:
        code, text = refusal(partial(ask, cloudwatch, *queries))
        assert code == "ValidationError", text
        assert message in text
    code, text = refusal(lambda: ask(cloudwatch, good, minutes=0))
    assert (code, text) == ("ValidationError", "The parameter StartTime must not equal parameter EndTime.\n")


@pytest.mark.supports("cloudwatch:PutMetricData", "all or nothing, refused in CloudWatch's words")
def test_what_put_metric_data_refuses(cloudwatch: Any, namespace: str) -> None:
    member = "MetricData.member.1"
    combined = "are mutually exclusive and you have specified both."
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"Value": 1.5, "Values": [1.0]}, "InvalidParameterCombination",
         f"The parameters {member}.Value and {member}.Values {combined}"),
        ({"Value": 0.0, "StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}},
         "InvalidParameterCombination", f"The parameters {member}.Value and {member}.StatisticValues {combined}"),
        ({"Values": [1.0, 10.0], "Counts": [2, 4, 5]}, "InvalidParameterValue",
         f"The parameters {member}.Values and {member}.Counts must be of the same size."),
        ({"Value": float("nan")}, "InvalidParameterValue", f"The value NaN for parameter {member}.Value is invalid."),
        ({"Value": 2.0**361}, "InvalidParameterValue", "is invalid."),
        ({}, "InvalidParameterCombination", "At least one of the parameters must be specified."),
        ({"Values": [float(value) for value in range(151)]}, "InvalidParameterValue", "size greater than 150."),
        ({"Value": 1.0, "Timestamp": time.time() - 15 * 86_400}, "InvalidParameterValue", "two weeks in the past."),
        ({"Value": 1.0, "Timestamp": time.time() + 8000}, "InvalidParameterValue", "two hours in the future."),
        ({"Value": 1.0, "Unit": "Furlongs"}, "InvalidParameterValue", "The value Furlongs for parameter"),
    ]  # fmt: skip
    for given, code, message in wrong:
        data = [{"MetricName": "Good", "Value": 1.0}, {"MetricName": "Bad", **given}]
        data.reverse()
        found = refusal(partial(put, cloudwatch, namespace, *data))
        assert found[0] == code, found
        assert message in found[1]
    assert cloudwatch.list_metrics(Namespace=namespace)["Metrics"] == []
    code, text = refusal(lambda: put(cloudwatch, "AWS/Lambda", datum(1.0)))
    assert (code, text) == ("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")


@pytest.mark.supports("cloudwatch:GetMetricStatistics", "refusals in CloudWatch's words, up to 1,440 data points")
def test_what_get_metric_statistics_refuses(cloudwatch: Any, namespace: str) -> None:
    def statistics(**more: Any) -> tuple[str, str]:
        asked = {"StartTime": at(0), "EndTime": at(10), "Period": 60, "Statistics": ["Sum"], **more}
        asked = {name: value for name, value in asked.items() if value}
        return refusal(lambda: cloudwatch.get_metric_statistics(Namespace=namespace, MetricName="Latency", **asked))

    assert statistics(StartTime=at(-18_720), EndTime=at(0)) == (
        "InvalidParameterCombination",
        "You have requested up to 18720 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
        "requested by increasing Period, or decreasing the time range.",
    )
    assert statistics(EndTime=at(0)) == (
        "InvalidParameterValue",
        "The parameter StartTime must be less than the parameter EndTime.",
    )
    assert statistics(Statistics=[])[0] == "InvalidParameterCombination"
    assert statistics(Period=61)[0] == "InvalidParameterValue"
    assert statistics(Statistics=[], ExtendedStatistics=["Sum"])[0] == "InvalidParameterValue"


@pytest.mark.supports("cloudwatch:ListMetrics", "each metric once, 500 per page; Namespace, MetricName, Dimensions")
def test_listing(cloudwatch: Any, namespace: str) -> None:
    for start in range(0, 1200, 400):
        hosts = range(start, start + 400)
        put(cloudwatch, namespace, *(datum(1.0, dimensions={"Host": f"{host}", "Zone": "a"}) for host in hosts))
        put(cloudwatch, namespace, *(datum(2.0, 1, dimensions={"Host": f"{host}", "Zone": "a"}) for host in hosts))
    put(cloudwatch, namespace, datum(1.0, name="Other"))
    pages: list[int] = []
    token: dict[str, Any] = {}
    while True:
        page = cloudwatch.list_metrics(Namespace=namespace, **token)
        pages.append(len(page["Metrics"]))
        # A new metric between pages is found at the end.
        put(cloudwatch, namespace, datum(1.0, name=f"New{len(pages)}"))
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [500, 500, 203]
    paginator = cloudwatch.get_paginator("list_metrics")
    listed = [json.dumps(metric) for page in paginator.paginate(Namespace=namespace) for metric in page["Metrics"]]
    assert len(listed) == len(set(listed)) == 1204

    def names(**filters: Any) -> int:
        return sum(len(page["Metrics"]) for page in paginator.paginate(Namespace=namespace, **filters))

    assert names(MetricName="Other") == 1
    assert names(Dimensions=[{"Name": "Host"}]) == 1200
    assert names(Dimensions=[{"Name": "Zone", "Value": "a"}, {"Name": "Host", "Value": "7"}]) == 1
    assert names(Dimensions=[{"Name": "Host", "Value": "none"}]) == 0
    wrong_token = partial(cloudwatch.list_metrics, Namespace="Other", **token)
    assert refusal(wrong_token) == ("InvalidParameterValue", "Request parameter NextToken is invalid")


@pytest.mark.supports("cloudwatch:ListMetrics", "RecentlyActive PT3H")
def test_listing_what_was_active(cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, datum(1.0, -300, "Old"), {"MetricName": "New", "Value": 1.0})
    both = cloudwatch.list_metrics(Namespace=namespace)["Metrics"]
    assert [metric["MetricName"] for metric in both] == ["Old", "New"]
    recent = cloudwatch.list_metrics(Namespace=namespace, RecentlyActive="PT3H")["Metrics"]
    assert [metric["MetricName"] for metric in recent] == ["New"]


@pytest.mark.supports("cloudwatch:GetMetricData", "AWS/Lambda by FunctionName, Resource, ExecutedVersion, and in all")
def test_lambda_sends_its_metrics(cloud: Any, cloudwatch: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    version = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    cloud.invoke(name, 1, Qualifier="live")
    cloud.invoke(name, 2)
    function = {"FunctionName": name}
    live = {**function, "Resource": f"{name}:live"}
    queries = [
        query("AWS/Lambda", "f", name="Invocations", dimensions=function),
        query("AWS/Lambda", "alias", name="Invocations", dimensions=live),
        query("AWS/Lambda", "version", name="Invocations", dimensions={**live, "ExecutedVersion": version}),
        query("AWS/Lambda", "region", name="Invocations"),
        query("AWS/Lambda", "p95", "p95", name="Duration", dimensions=function),
        query("AWS/Lambda", "running", "Maximum", name="ConcurrentExecutions", dimensions=function),
        query("AWS/Lambda", "unreserved", "Maximum", name="UnreservedConcurrentExecutions"),
    ]
    now = datetime.now(UTC).timestamp()
    answer = ask(cloudwatch, *queries, StartTime=now - 300, EndTime=now + 60)
    totals = {each["Id"]: sum(each["Values"]) for each in answer["MetricDataResults"]}
    assert (totals["f"], totals["alias"], totals["version"]) == (2.0, 1.0, 1.0)
    assert totals["region"] >= 2.0
    assert totals["p95"] > 0
    assert totals["running"] >= 1.0
    assert totals["unreserved"] >= 1.0


@pytest.mark.supports("cloudwatch:GetMetricData", "query, JSON and CBOR protocols; boto3 and the AWS CLI")
def test_protocols_and_clients(cloud: Any, cloudwatch: Any, namespace: str) -> None:
    put(cloudwatch, namespace, datum(3.0))
    queries = json.dumps([query(namespace)])
    start, end = at(0).isoformat(), at(1).isoformat()
    command = ["cloudwatch", "get-metric-data", "--metric-data-queries", queries, "--start-time", start]
    tool = Path(sys.executable).with_name("aws")
    run = subprocess.run(
        [tool, *command, "--end-time", end, "--endpoint-url", cloud.aws.endpoint_url, "--region", "us-east-1"],
        env={**os.environ, **cloud.aws.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(run.stdout)["MetricDataResults"][0]["Values"] == [3.0]
    xml = _post(cloud, {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode({
        "Action": "GetMetricStatistics", "Version": "2010-08-01", "Namespace": namespace, "MetricName": "Latency",
        "StartTime": start, "EndTime": end, "Period": 60, "Statistics.member.1": "Sum",
    }))  # fmt: skip
    assert "<Sum>3.0</Sum>" in xml
    body = {"Namespace": namespace}
    headers = {
        "X-Amz-Target": "GraniteServiceVersion20100801.ListMetrics",
        "Content-Type": "application/x-amz-json-1.0",
    }
    assert json.loads(_post(cloud, headers, json.dumps(body)))["Metrics"][0]["MetricName"] == "Latency"


def _post(cloud: Any, headers: dict[str, str], body: str) -> str:
    given = cloud.aws.environment
    request = AWSRequest("POST", f"{cloud.aws.endpoint_url}/", data=body, headers=headers)
    credentials = Credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(credentials, "monitoring", "us-east-1").add_auth(request)
    asked = urllib.request.Request(str(request.url), body.encode(), dict(request.headers.items()))
    with urllib.request.urlopen(asked) as response:
        text: str = response.read().decode()
    return text


def test_several_clients_at_once(cloud: Any, namespace: str) -> None:
    def publish(number: int) -> None:
        client = cloud.client("cloudwatch")
        for minute in range(20):
            put(client, namespace, datum(1.0, minute), datum(1.0, minute, dimensions={"Client": f"{number}"}))
            client.list_metrics(Namespace=namespace)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, range(4)))
    search = f"SEARCH('{{\"{namespace}\",Client}}', 'Sum', 3600)"
    answer = ask(cloud.client("cloudwatch"), query(namespace, period=3600), {"Id": "e", "Expression": search})
    assert values(answer, "m1") == [[80.0]]
    assert values(answer, "e") == [[20.0]] * 4


def test_alarms_dashboards_and_metrics_of_other_services_still_work(cloud: Any, cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName="metrics-test", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    found = cloudwatch.describe_alarms(AlarmNames=["metrics-test"])["MetricAlarms"]
    assert [alarm["MetricName"] for alarm in found] == ["Errors"]
    cloudwatch.delete_alarms(AlarmNames=["metrics-test"])
    cloudwatch.put_dashboard(DashboardName="metrics-test", DashboardBody="{}")
    cloudwatch.delete_dashboards(DashboardNames=["metrics-test"])
    cloud.client("s3").create_bucket(Bucket="metrics-test")
    buckets = cloudwatch.list_metrics(
        Namespace="AWS/S3", Dimensions=[{"Name": "BucketName", "Value": "metrics-test"}]
    )
    assert {metric["MetricName"] for metric in buckets["Metrics"]} == {"BucketSizeBytes", "NumberOfObjects"}
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="metrics-test", ShardCount=1)
    kinesis.put_record(StreamName="metrics-test", Data=b"x", PartitionKey="x")
    assert cloudwatch.list_metrics(Namespace="AWS/Kinesis")["Metrics"]
