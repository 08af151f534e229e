"""Logs Insights of the embedded AWS: what is typically asked of Lambda's logs, and how queries run."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

supports = pytest.mark.supports
_names = itertools.count()

_ID = "0fc78b42-f6e0-400a-be91-71c5d1eadb9{}"
_LINES = (
    f"START RequestId: {_ID.format(0)} Version: 1\n",
    f"REPORT RequestId: {_ID.format(0)}\tDuration: 1394.60 ms\tBilled Duration: 1395 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 79 MB\tInit Duration: 428.60 ms\t\n",
    f"REPORT RequestId: {_ID.format(1)}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 70 MB\t\n",
    '{"level": "ERROR", "nested": {"list": [1, 2.5]}, "ok": true}\n',
    "user=bob, method:GET, latency := 12\n",
)


@pytest.fixture(scope="module")
def logs(_aws: Any) -> Any:
    import boto3

    make: Any = boto3.client
    given = _aws.environment
    return make(
        "logs",
        endpoint_url=_aws.endpoint_url,
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        region_name=_aws.settings.region,
    )


@pytest.fixture(scope="module")
def group(logs: Any) -> Iterator[str]:
    """A log group with Lambda's lines, JSON and text, a second apart, in one hour of today."""
    name = f"/aws/lambda/insights-{next(_names)}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="2026/11/25/[1]abc")
    first = int(time.time()) // 3600 * 3600_000 - 3600_000
    events = [{"timestamp": first + 1000 * n, "message": line} for n, line in enumerate(_LINES)]
    logs.put_log_events(logGroupName=name, logStreamName="2026/11/25/[1]abc", logEvents=events)
    yield name
    logs.delete_log_group(logGroupName=name)


def ended(logs: Any, query_id: str) -> Any:
    for _ in range(1000):
        answer = logs.get_query_results(queryId=query_id)
        if answer["status"] not in ("Scheduled", "Running"):
            return answer
        time.sleep(0.01)
    raise AssertionError("the query does not end")


def start(logs: Any, group: str, query: str, **options: Any) -> str:
    now = int(time.time())
    started = logs.start_query(
        logGroupName=group, queryString=query, **{"startTime": now - 86_400, "endTime": now, **options}
    )
    return str(started["queryId"])


def ask(logs: Any, group: str, query: str, **options: Any) -> list[dict[str, str]]:
    answer = ended(logs, start(logs, group, query, **options))
    assert answer["status"] == "Complete"
    return [{cell["field"]: cell["value"] for cell in row if cell["field"] != "@ptr"} for row in answer["results"]]


@supports("logs:StartQuery", "`filter`, `stats`, `by bin()`: memory, durations and cold starts of Lambda's reports")
def test_what_a_scan_asks(logs: Any, group: str) -> None:
    rows = ask(
        logs,
        group,
        """filter @type = "REPORT" # only reports
        | stats max(@memorySize / 1000 / 1000) as provisioned, pct(@duration, 95), max(@maxMemoryUsed) as used,
                provisioned - used / 1000 / 1000 as spare, count(*) as n, count(@initDuration) as cold by bin(1d)""",
    )
    assert len(rows) == 1
    assert rows[0].pop("bin(1d)").endswith(" 00:00:00.000")
    assert rows[0] == {
        "provisioned": "128",
        "pct(@duration, 95)": "1394.6",
        "used": "7.9E7",
        "spare": "49",
        "n": "2",
        "cold": "1",
    }


@supports(
    "logs:StartQuery", "fields of Lambda's lines: @type, @requestId, @duration, @memorySize and others, in bytes"
)
def test_fields_of_lambdas_lines(logs: Any, group: str) -> None:
    asked = "@requestId, @duration, @billedDuration, @memorySize, @maxMemoryUsed, @initDuration"
    rows = ask(logs, group, f'fields {asked} | filter @type = "REPORT" | sort @duration desc | limit 1')
    assert rows == [
        {
            "@requestId": _ID.format(0),
            "@duration": "1394.6",
            "@billedDuration": "1395.0",
            "@memorySize": "1.28E8",
            "@maxMemoryUsed": "7.9E7",
            "@initDuration": "428.6",
        }
    ]


@supports("logs:StartQuery", "fields of JSON events, by path")
def test_fields_of_json(logs: Any, group: str) -> None:
    rows = ask(
        logs, group, "filter nested.list.1 > 2 and level in ['ERROR'] | fields level, nested.list.0, ok, absent"
    )
    assert rows == [{"level": "ERROR", "nested.list.0": "1", "ok": "1"}]


@supports("logs:StartQuery", "`parse` with `*` and with regular expressions; `display`")
def test_fields_are_parsed(logs: Any, group: str) -> None:
    glob = 'parse @message "user=*, method:*, latency := *" as @user, @method, @latency | filter ispresent(@user)'
    assert ask(logs, group, glob + " | display @user, @latency * 2 as double") == [{"@user": "bob", "double": "24"}]
    rows = ask(logs, group, r"parse @message /method:(?<verb>[A-Z]+)/ | filter verb like 'G' | fields verb")
    assert rows == [{"verb": "GET"}]


@supports("logs:StartQuery", "`sort`, `limit`, `dedup`, `like`, `not like`; the latest first")
def test_rows_are_ordered_and_limited(logs: Any, group: str) -> None:
    latest_first = [row["@message"] for row in ask(logs, group, "fields @message")]
    assert latest_first == list(reversed(_LINES))
    assert [row["@message"] for row in ask(logs, group, "fields @message", limit=2)] == latest_first[:2]
    assert [row["@message"] for row in ask(logs, group, "fields @message | limit 1")] == latest_first[:1]
    early = ask(logs, group, "fields @message | sort @timestamp asc | limit 2")
    assert [row["@message"] for row in early] == list(_LINES[:2])
    assert [row["@type"] for row in ask(logs, group, "fields @type | dedup @type")] == ["REPORT", "START"]
    likes = ask(logs, group, r"fields @message | filter @message like /Duration: \d+/ and @message not like 'Init'")
    assert [row["@message"] for row in likes] == [_LINES[2]]


@supports("logs:StartQuery", "arithmetic and functions for numbers, texts, times and missing fields")
def test_functions(logs: Any, group: str) -> None:
    rows = ask(
        logs,
        group,
        "filter level = 'ERROR' | display 2 + 3 * 2 ^ 2 % 5 as a, abs(-2) as b, ceil(1.2) as c, floor(-1.2) as d, "
        "greatest(1, 12, 3) as e, concat(level, '-', 1) as f, strlen(level) as g, substr(level, 1, 2) as h, "
        "replace(level, 'R', 'L') as i, strcontains(level, 'RR') as j, coalesce(no, level) as k, isblank(no) as l, "
        "tolower(level) as m, if(ok, 'yes', 'no') as n, 1 / 0 as o, datefloor(@timestamp, 1h) as p, @log as q",
    )
    assert rows[0].pop("p").endswith(":00:00.000")
    assert rows[0].pop("q").endswith(f":{group}")
    # A division by zero, and what is missing, is not in the result.
    wanted = ("4", "2", "2", "-2", "12", "ERROR-1", "5", "RR", "ELLOL", "1", "ERROR", "1", "error", "yes")
    assert rows == [dict(zip("abcdefghijklmn", wanted, strict=True))]


@supports(
    "logs:StartQuery", "`stats` with sum, avg, min, stddev, count_distinct, earliest, latest, median, by fields"
)
def test_statistics(logs: Any, group: str) -> None:
    rows = ask(
        logs,
        group,
        "filter ispresent(@type) | stats count(*) as n, avg(@duration) as a, sum(@duration) as s, "
        "min(@duration) as m, count_distinct(@requestId) as d, latest(@requestId) as l, "
        "median(@duration) as p, stddev(@duration) as v, earliest(@requestId) as e by @type | sort n desc",
    )
    assert rows == [
        {
            "@type": "REPORT",
            "n": "2",
            "a": "703.55",
            "s": "1407.1",
            "m": "12.5",
            "d": "2",
            "l": _ID.format(1),
            "p": "12.5",
            "v": f"{abs(1394.6 - 12.5) / 2**0.5:.4f}",
            "e": _ID.format(0),
        },
        {"@type": "START", "n": "1", "d": "1", "l": _ID.format(0), "e": _ID.format(0)},
    ]


@supports("logs:GetQueryResults", "statistics, pages, and `@ptr`")
@supports("logs:GetLogRecord", "all fields of the event that a `@ptr` names")
def test_results_in_pages_with_pointers(logs: Any, group: str) -> None:
    query_id = start(logs, group, 'fields @message | filter @type = "REPORT"')
    answer = ended(logs, query_id)
    assert answer["statistics"]["recordsScanned"] == 5
    assert answer["statistics"]["recordsMatched"] == 2
    assert answer["statistics"]["bytesScanned"] == sum(map(len, _LINES))
    page = logs.get_query_results(queryId=query_id, maxItems=1)
    rest = logs.get_query_results(queryId=query_id, maxItems=1, nextToken=page["nextToken"])
    assert page["results"] + rest["results"] == answer["results"]
    assert "nextToken" not in rest
    record = logs.get_log_record(logRecordPointer=answer["results"][0][-1]["value"])["logRecord"]
    assert record["@requestId"] == _ID.format(1)
    assert record["@message"] == _LINES[2]


@supports("logs:StartQuery", "malformed queries are refused with the place")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("fields @x | count()", "unexpected symbol found count at line 1 and position 12"),
        ("fields @message\n| filter foo(1) = 2", "unknown function foo at line 2 and position 9"),
        ("filter @message like /x/i", "unexpected symbol found i at line 1 and position 24"),
        ("stats count(*) by bin(1h) | sort bin(1h)", "unexpected symbol found ("),
        ("dedup @type | sort @type", "unexpected symbol found sort"),
        ("filter avg(x) > 1", "the function avg can be used only in stats"),
        ("stats pct(x, y)", "the function pct needs a percentage"),
        ("stats pct(x, 101)", "the function pct needs a percentage"),
        ("", "unexpected symbol found <EOF>"),
        ("filter " + "(" * 500 + "1" + ")" * 500, "nested too deeply"),
    ],
)
def test_malformed_queries(logs: Any, group: str, query: str, said: str) -> None:
    with pytest.raises(ClientError, match="MalformedQueryException") as refused:
        start(logs, group, query)
    assert said in str(refused.value)


def test_wrong_requests(logs: Any, group: str) -> None:
    for options in ({"startTime": 10, "endTime": 5}, {"logGroupNames": [group]}, {"queryLanguage": "SQL"}):
        with pytest.raises(ClientError, match="InvalidParameterException"):
            start(logs, group, "fields @message", **options)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        start(logs, "/no/such", "fields @message")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        logs.get_query_results(queryId="no")


@supports("logs:DescribeQueries", "by log group and status, in pages")
def test_queries_are_listed(logs: Any, group: str) -> None:
    first, second = (start(logs, group, "fields @message") for _ in range(2))
    for query_id in (first, second):
        ended(logs, query_id)
    listed = logs.describe_queries(logGroupName=group, status="Complete")["queries"]
    assert [each["queryId"] for each in listed][:2] == [second, first]
    page = logs.describe_queries(logGroupName=group, maxResults=1)
    assert [each["queryId"] for each in page["queries"]] == [second]
    rest = logs.describe_queries(logGroupName=group, maxResults=1, nextToken=page["nextToken"])
    assert [each["queryId"] for each in rest["queries"]] == [first]
    with pytest.raises(ClientError, match="InvalidParameterException"):
        logs.describe_queries(logGroupName=group, nextToken="no")
    with pytest.raises(ClientError, match="is not in Running state or Scheduled state"):
        logs.stop_query(queryId=first)
    assert not logs.describe_queries(logGroupName=group, status="Cancelled")["queries"]


@supports("logs:StopQuery", "running queries")
def test_a_running_query_is_stopped(logs: Any) -> None:
    name, lines = "/powertune/stopped", 5_000
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now - 60_000 + n, "message": f"line {n}"} for n in range(lines)]
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)
    # Hundreds of functions for each line: it would run for many seconds.
    slow = " | ".join(["filter strlen(replace(concat(@message, 'x'), 'l', 'LL')) > 0"] * 150)
    query_id = start(logs, name, slow)
    for _ in range(1000):
        if logs.get_query_results(queryId=query_id)["statistics"]["recordsScanned"]:
            break
        time.sleep(0.01)
    assert logs.get_query_results(queryId=query_id)["status"] == "Running"
    assert logs.stop_query(queryId=query_id)["success"]
    stopped = logs.get_query_results(queryId=query_id)
    assert stopped["status"] == "Cancelled"
    assert 0 < stopped["statistics"]["recordsScanned"] < lines
    listed = logs.describe_queries(logGroupName=name, status="Cancelled")["queries"]
    assert [each["queryId"] for each in listed] == [query_id]
    with pytest.raises(ClientError, match="Its status is Cancelled"):
        logs.stop_query(queryId=query_id)
    # It no longer takes the place of others, and has not gone on.
    assert len(ask(logs, name, "fields @message")) == lines
    assert logs.get_query_results(queryId=query_id)["status"] == "Cancelled"
    logs.delete_log_group(logGroupName=name)


@supports("logs:StartQuery", "several log groups, by name or ARN; what functions have logged")
def test_reports_of_two_functions(cloud: Any, echo: bytes) -> None:
    names = [cloud.create(echo), cloud.create(echo, MemorySize=512)]
    ids = [cloud.invoke(name, {"x": 1}).request_id for name in names]
    logs, now = cloud.client("logs"), int(time.time())
    groups = [f"/aws/lambda/{name}" for name in names]
    arns = [logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"] for group in groups]
    query = 'filter @type = "REPORT" | fields @requestId, @memorySize, @log'
    for chosen in ({"logGroupNames": groups}, {"logGroupIdentifiers": arns}):
        started = logs.start_query(queryString=query, startTime=now - 600, endTime=now + 60, **chosen)
        answer = ended(logs, started["queryId"])
        found = [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]
        assert {row["@requestId"]: row["@memorySize"] for row in found} == {ids[0]: "1.769E9", ids[1]: "5.12E8"}
        assert sorted(row["@log"].partition(":")[2] for row in found) == sorted(groups)
        assert answer["statistics"]["logGroupsScanned"] == 2
