"""CloudWatch Logs of the embedded AWS: events in order, in pages, of streams that a prefix names."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

supports = pytest.mark.supports
_names = itertools.count()


@pytest.fixture
def logs(cloud: Any) -> Any:
    return cloud.client("logs")


@pytest.fixture
def group(logs: Any) -> Iterator[str]:
    name = f"/powertune/test-{next(_names)}"
    logs.create_log_group(logGroupName=name)
    yield name
    logs.delete_log_group(logGroupName=name)


def write(logs: Any, group: str, stream: str, *messages: str, at: int | None = None) -> int:
    """Events a second apart, the last one now; returns the time of the first in ms."""
    if not logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    first = int(time.time() * 1000) - 1000 * len(messages) if at is None else at
    events = [{"timestamp": first + 1000 * n, "message": message} for n, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    return first


def found(logs: Any, group: str, **options: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **options)
    return [event["message"] for page in pages for event in page["events"]]


def code_of(call: Callable[..., Any], **options: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**options)
    return str(refused.value.response["Error"]["Code"])


@supports("logs:FilterLogEvents", "filter patterns: terms, phrases, `?a ?b`, `-a`, `%regex%`, JSON, space-delimited")
def test_a_pattern_selects_events(logs: Any, group: str) -> None:
    write(logs, group, "s", "ERROR one", "WARN two", '{"kind": "x", "n": 3}', "1.2.3.4 GET 404")
    assert found(logs, group, filterPattern="?ERROR ?WARN") == ["ERROR one", "WARN two"]
    assert found(logs, group, filterPattern="one -WARN") == ["ERROR one"]
    assert found(logs, group, filterPattern='"ERROR one"') == ["ERROR one"]
    assert found(logs, group, filterPattern="%4[0-9]{2}%") == ["1.2.3.4 GET 404"]
    assert found(logs, group, filterPattern='{ ($.kind = "x*") && ($.n > 2) }') == ['{"kind": "x", "n": 3}']
    assert found(logs, group, filterPattern="[ip, method, status=4*]") == ["1.2.3.4 GET 404"]
    assert len(found(logs, group, filterPattern="")) == 4
    assert code_of(logs.filter_log_events, logGroupName=group, filterPattern="a.b") == "InvalidParameterException"


@supports("logs:FilterLogEvents", "logStreamNames and logStreamNamePrefix")
def test_streams_are_chosen_by_name_or_prefix(logs: Any, group: str) -> None:
    for stream in ("2026/a[1]x", "2026/a[2]y", "2025/b"):
        write(logs, group, stream, stream)
    assert sorted(found(logs, group, logStreamNamePrefix="2026/a")) == ["2026/a[1]x", "2026/a[2]y"]
    assert found(logs, group, logStreamNames=["2025/b"]) == ["2025/b"]
    both = {"logGroupName": group, "logStreamNames": ["2025/b"], "logStreamNamePrefix": "2"}
    assert code_of(logs.filter_log_events, **both) == "InvalidParameterException"
    assert code_of(logs.filter_log_events, logGroupName=group, logStreamNames=["no"]) == "ResourceNotFoundException"
    assert code_of(logs.filter_log_events, logGroupName="/no/such") == "ResourceNotFoundException"


@supports("logs:FilterLogEvents", "a range of time, pages, all streams in order of time, the latest first")
def test_events_of_all_streams_are_in_order_over_pages(logs: Any, group: str) -> None:
    at = int(time.time() * 1000) - 100_000
    write(logs, group, "a", "0", "1", "2", at=at)
    write(logs, group, "b", "0.5", "1.5", at=at + 500)
    write(logs, group, "a", "late", at=at - 1000)  # an older batch comes later
    assert found(logs, group) == ["late", "0", "0.5", "1", "1.5", "2"]
    assert found(logs, group, PaginationConfig={"PageSize": 2}) == ["late", "0", "0.5", "1", "1.5", "2"]
    assert found(logs, group, startTime=at + 500, endTime=at + 1500) == ["0.5", "1", "1.5"]
    newest = logs.filter_log_events(logGroupName=group, limit=2, startFromHead=False, startTime=at)
    assert [event["message"] for event in newest["events"]] == ["2", "1.5"]
    rest = logs.filter_log_events(logGroupName=group, startTime=at, nextToken=newest["nextToken"])
    assert [event["message"] for event in rest["events"]] == ["1", "0.5", "0"]
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert len(set(ids)) == 6
    for bad in ({"nextToken": "no"}, {"limit": 10_001}, {"nextToken": "Zi9ubw=="}):
        assert code_of(logs.filter_log_events, logGroupName=group, **bad) == "InvalidParameterException"


@supports("logs:FilterLogEvents", "pages of at most 1 MB")
def test_a_page_holds_a_megabyte(logs: Any, group: str) -> None:
    for n in range(4):
        write(logs, group, "s", "x" * 250_000, "y" * 250_000, at=int(time.time() * 1000) - 50_000 + 5_000 * n)
    first = logs.filter_log_events(logGroupName=group)
    assert len(first["events"]) == 4
    assert "nextToken" in first
    assert len(found(logs, group)) == 8


@supports("logs:GetLogEvents", "both directions, with tokens that never end")
def test_a_stream_is_read_forward_and_backward(logs: Any, group: str) -> None:
    at = write(logs, group, "s", *"abcde")
    asked = {"logGroupName": group, "logStreamName": "s"}

    def texts(page: Any) -> str:
        return "".join(event["message"] for event in page["events"])

    head = logs.get_log_events(**asked, startFromHead=True, limit=2)
    assert texts(head) == "ab"
    then = logs.get_log_events(**asked, startFromHead=True, limit=2, nextToken=head["nextForwardToken"])
    assert texts(then) == "cd"
    assert texts(logs.get_log_events(**asked, nextToken=then["nextBackwardToken"])) == "ab"
    last = logs.get_log_events(**asked, startFromHead=True, nextToken=then["nextForwardToken"])
    end = logs.get_log_events(**asked, startFromHead=True, nextToken=last["nextForwardToken"])
    assert (texts(last), texts(end)) == ("e", "")
    assert end["nextForwardToken"] == last["nextForwardToken"]
    write(logs, group, "s", "f")
    assert texts(logs.get_log_events(**asked, startFromHead=True, nextToken=end["nextForwardToken"])) == "f"
    assert texts(logs.get_log_events(**asked, limit=2)) == "ef"
    assert texts(logs.get_log_events(**asked, startTime=at, endTime=at + 2000)) == "ab"  # the end is excluded
    assert code_of(logs.get_log_events, **asked, nextToken="f/x") == "InvalidParameterException"
    assert code_of(logs.get_log_events, logGroupName=group, logStreamName="no") == "ResourceNotFoundException"


@supports("logs:DescribeLogStreams", "order by name or by the last event, prefix, pages")
def test_streams_are_described_in_order(logs: Any, group: str) -> None:
    now = int(time.time() * 1000)
    for n, stream in enumerate(("b", "c", "a")):
        write(logs, group, stream, "x", at=now - 10_000 + n)

    def names(**options: Any) -> list[str]:
        described = logs.describe_log_streams(logGroupName=group, **options)
        return [each["logStreamName"] for each in described["logStreams"]]

    assert names() == ["a", "b", "c"]
    assert names(orderBy="LastEventTime", descending=True) == ["a", "c", "b"]
    assert names(logStreamNamePrefix="c") == ["c"]
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group, PaginationConfig={"PageSize": 2})
    assert [each["logStreamName"] for page in pages for each in page["logStreams"]] == ["a", "b", "c"]
    described = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="b")["logStreams"][0]
    assert described["firstEventTimestamp"] == described["lastEventTimestamp"] == now - 10_000
    assert described["storedBytes"] == 0
    assert code_of(logs.describe_log_streams, logGroupName=group, limit=51) == "InvalidParameterException"
    assert code_of(logs.describe_log_streams, logGroupName=group, nextToken="x@y") == "InvalidParameterException"


@supports("logs:DescribeLogGroups", "prefix, part of the name, class, pages, stored bytes")
def test_groups_are_described(logs: Any, group: str) -> None:
    write(logs, group, "s", "four", "five5")
    by_prefix = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [each["logGroupName"] for each in by_prefix] == [group]
    assert by_prefix[0]["storedBytes"] == 4 + 5 + 2 * 26
    assert by_prefix[0]["logGroupClass"] == "STANDARD"
    part = logs.describe_log_groups(logGroupNamePattern=group[3:])["logGroups"]
    assert [each["logGroupName"] for each in part] == [group]
    assert not logs.describe_log_groups(logGroupNamePrefix=group, logGroupClass="DELIVERY")["logGroups"]
    for name in ("-1", "-2"):
        logs.create_log_group(logGroupName=group + name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=group, PaginationConfig={"PageSize": 2}
    )
    names = [each["logGroupName"] for page in pages for each in page["logGroups"]]
    assert names == [group, group + "-1", group + "-2"]
    for name in ("-1", "-2"):
        logs.delete_log_group(logGroupName=group + name)


@supports("logs:CreateLogGroup", "log group classes; FilterLogEvents refuses infrequent access")
def test_a_group_of_infrequent_access_is_read_by_queries_only(logs: Any) -> None:
    name = "/powertune/infrequent"
    logs.create_log_group(logGroupName=name, logGroupClass="INFREQUENT_ACCESS")
    write(logs, name, "s", "x")
    assert code_of(logs.filter_log_events, logGroupName=name) == "InvalidOperationException"
    assert code_of(logs.get_log_events, logGroupName=name, logStreamName="s") == "InvalidOperationException"
    now = int(time.time())
    assert logs.start_query(logGroupName=name, startTime=now - 60, endTime=now, queryString="fields @message")
    logs.delete_log_group(logGroupName=name)


@supports("logs:PutRetentionPolicy", "the periods that AWS offers; expired events are not returned")
def test_expired_events_are_not_returned(logs: Any, group: str) -> None:
    write(logs, group, "s", "old", at=int(time.time() * 1000) - 2 * 86_400_000)
    write(logs, group, "s", "new")
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert found(logs, group) == ["new"]
    logs.delete_retention_policy(logGroupName=group)
    assert found(logs, group) == ["old", "new"]
    assert code_of(logs.put_retention_policy, logGroupName=group, retentionInDays=2) == "InvalidParameterException"


@supports("logs:PutLogEvents", "order is checked; events that are too old, too new or expired are rejected")
def test_events_out_of_time_are_rejected(logs: Any, group: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    times = (now - 15 * 86_400_000, now - 1000, now + 3 * 3_600_000)
    answer = logs.put_log_events(
        logGroupName=group, logStreamName="s", logEvents=[{"timestamp": at, "message": str(at)} for at in times]
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert found(logs, group) == [str(times[1])]
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    answer = logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": at, "message": str(at)} for at in (now - 2 * 86_400_000, now)],
    )
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert found(logs, group) == [str(times[1]), str(now)]
    unordered = [{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}]
    refused = {"logGroupName": group, "logStreamName": "s", "logEvents": unordered}
    assert code_of(logs.put_log_events, **refused) == "InvalidParameterException"


@supports("logs:TestMetricFilter", "all kinds of filter patterns, with the fields that they extract")
def test_a_pattern_is_tried(logs: Any) -> None:
    tried = logs.test_metric_filter(filterPattern="[ip, code=4*]", logEventMessages=["1 200", "2 404"])
    assert tried["matches"] == [
        {"eventNumber": 2, "eventMessage": "2 404", "extractedValues": {"$ip": "2", "$code": "404"}}
    ]
    refused = {"filterPattern": "{ $.a }", "logEventMessages": ["x"]}
    assert code_of(logs.test_metric_filter, **refused) == "InvalidParameterException"


@supports("logs:PutSubscriptionFilter", "the pattern selects what is sent")
def test_a_subscription_gets_what_its_pattern_selects(logs: Any, group: str) -> None:
    target = f"{group}-target"
    logs.create_log_group(logGroupName=target)
    logs.create_log_stream(logGroupName=target, logStreamName="s")
    arn = logs.describe_log_groups(logGroupNamePrefix=target)["logGroups"][0]["arn"]
    wanted = {"logGroupName": group, "filterName": "f", "destinationArn": arn}
    assert code_of(logs.put_subscription_filter, **wanted, filterPattern="{") == "InvalidParameterException"
    logs.put_subscription_filter(**wanted, filterPattern="?ERROR ?WARN")
    write(logs, group, "s", "ERROR a", "INFO b", "WARN c")
    assert found(logs, target) == ["ERROR a", "WARN c"]
    logs.delete_log_group(logGroupName=target)
    write(logs, group, "s", "ERROR d")  # who writes does not learn that nobody gets it
    assert found(logs, group, filterPattern="ERROR") == ["ERROR a", "ERROR d"]


SUBSCRIBER = """
import base64
import gzip
import json
import os


def handler(event, context):
    print("GOT", gzip.decompress(base64.b64decode(event["awslogs"]["data"])).decode())
    import boto3
    logs = boto3.client("logs", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
    print("READ", len(logs.describe_log_groups()["logGroups"]) > 0)
"""


@supports("logs:PutSubscriptionFilter", "functions as destinations, invoked in the background")
def test_a_function_gets_what_its_pattern_selects(
    cloud: Any, logs: Any, group: str, package: Callable[..., bytes]
) -> None:
    name = cloud.create(package(SUBSCRIBER))
    arn = cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    logs.put_subscription_filter(logGroupName=group, filterName="f", filterPattern="ERROR", destinationArn=arn)
    write(logs, group, "s", "ERROR a", "INFO b")
    lines: list[str] = []
    for _ in range(600):
        if logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            lines = found(logs, f"/aws/lambda/{name}")
        if any(line.startswith("READ") for line in lines):
            break
        time.sleep(0.05)
    got = next(json.loads(line[4:]) for line in lines if line.startswith("GOT"))
    assert [each["message"] for each in got["logEvents"]] == ["ERROR a"]
    assert (got["logGroup"], got["logStream"], got["subscriptionFilters"]) == (group, "s", ["f"])
    assert "READ True\n" in lines
