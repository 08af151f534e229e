"""The template: valid by AWS's own schemas, as a person can open it, and within what AWS takes."""

import json
import os
import re
from pathlib import Path

import pytest
import yaml
from cloud_templates import CloudTemplate
from watches import make_evidence, make_watched, watch_of

from powertune.config.watch_options import WatchOptions
from powertune.errors import UsageError
from powertune.watch import (
    MOST_INLINE_BYTES,
    TOPIC_PARAMETER,
    Watch,
    template_json,
    template_request,
    template_yaml,
    watch_bill,
    watch_template,
)
from powertune.watch.dashboard import dashboard_body
from powertune.watch.template import MOST_FUNCTIONS

GOLDEN = Path(__file__).parents[2] / "golden" / "watch"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:on-call"


def two_functions() -> Watch:
    """A whole function, and an alias with reserved concurrency."""
    prod = make_watched("other_fn", "prod", reserved_concurrency=50)
    return watch_of(make_evidence(), make_evidence(prod, run=None))


TEMPLATE = watch_template(two_functions(), topic_arn=TOPIC)


@pytest.mark.parametrize(
    ("name", "text"), [("watch.yaml", template_yaml(TEMPLATE)), ("watch.json", template_json(TEMPLATE))]
)
def test_the_golden_templates_are_fresh(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.long
@pytest.mark.parametrize("write", [template_yaml, template_json, template_request])
def test_cfn_lint_finds_nothing_in_any_partition(write: type[str]) -> None:
    text = write(TEMPLATE)
    document = yaml.safe_load(text)
    assert document == TEMPLATE
    assert CloudTemplate(text, document).lint() == []


def test_no_partition_is_taken_for_granted() -> None:
    assert "arn:aws" not in template_yaml(watch_template(two_functions()))


def test_alarms_act_only_where_there_is_a_topic() -> None:
    alarms = CloudTemplate("", TEMPLATE).of_type("AWS::CloudWatch::Alarm")
    action = {"Fn::If": ["HasTopic", [{"Ref": TOPIC_PARAMETER}], {"Ref": "AWS::NoValue"}]}
    assert len(alarms) == 4 + 5 + 1
    assert all(each["AlarmActions"] == action for each in alarms.values())
    assert TEMPLATE["Parameters"][TOPIC_PARAMETER]["Default"] == TOPIC
    assert watch_template(two_functions())["Parameters"][TOPIC_PARAMETER]["Default"] == ""


def test_alarms_are_what_cloudwatch_takes() -> None:
    alarms = CloudTemplate("", TEMPLATE).of_type("AWS::CloudWatch::Alarm")
    for name, each in alarms.items():
        assert each["TreatMissingData"] == "notBreaching", name
        assert len(each["AlarmDescription"]) <= 1_024
        math = each.get("Metrics")
        assert ("Period" in each) is (math is None)
        period = each["Period"] if math is None else math[1]["MetricStat"]["Period"]
        assert period * each["EvaluationPeriods"] <= (604_800 if period >= 3_600 else 86_400)
        if math is not None:
            assert sum("MetricStat" in metric for metric in math) <= 10
            assert [metric["ReturnData"] for metric in math].count(True) == 1
            assert len({metric["MetricStat"]["Period"] for metric in math if "MetricStat" in metric}) == 1
            assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", metric["Id"]) for metric in math)
    names = [each["AlarmName"]["Fn::Sub"] for each in alarms.values()]
    assert len(set(names)) == len(names)
    assert "${AWS::StackName}-other_fn.prod-concurrency" in names


def test_shares_are_plain_numbers_in_percent() -> None:
    watch = watch_of(options=WatchOptions(max_errors=0.07))
    alarms = CloudTemplate("", watch_template(watch)).of_type("AWS::CloudWatch::Alarm")
    assert [each["Threshold"] for each in alarms.values() if "errors" in str(each["AlarmName"])] == [7.0]


def test_low_samples_do_not_move_a_percentile() -> None:
    alarms = CloudTemplate("", TEMPLATE).of_type("AWS::CloudWatch::Alarm")
    (whole, alias) = [each for each in alarms.values() if each.get("ExtendedStatistic") == "p95"]
    assert whole["EvaluateLowSampleCountPercentile"] == "ignore"
    assert whole["Dimensions"] == [{"Name": "FunctionName", "Value": "my-fn"}]
    assert alias["Dimensions"] == [
        {"Name": "FunctionName", "Value": "other_fn"},
        {"Name": "Resource", "Value": "other_fn:prod"},
    ]
    assert (whole["Threshold"], alias["Threshold"]) == (150.0, 168.0)


def test_the_dashboard_has_a_row_for_each_function_and_shows_the_limits() -> None:
    widgets = json.loads(dashboard_body(two_functions()))["widgets"]
    rows = [[each for each in widgets if each["y"] // 8 == row] for row in range(3)]
    assert [len(row) for row in rows] == [7, 7, 1]
    titles = [each["properties"].get("title") for each in rows[0]]
    assert titles == [
        None,
        "Invocations",
        "Errors (alarm above 5 % of invocations)",
        "Duration at 1024 MB arm64",
        "Cost per day",
        "Throttles",
        "Concurrent executions",
    ]
    assert all(sum(each["width"] for each in row if each["type"] == "metric") == 24 for row in rows)
    assert rows[0][0]["properties"]["markdown"].startswith("## my-fn\n1024 MB arm64. p95 limit from run")
    duration = rows[0][3]["properties"]
    assert [metric[-1]["stat"] for metric in duration["metrics"]] == ["p50", "p95", "p99"]
    lines = {each["label"]: each["value"] for each in duration["annotations"]["horizontal"]}
    assert lines == {"tuned p95 at 1024 MB: 118 ms": 118.0, "alarm above 150 ms": 150.0}
    labels = {each["label"] for each in rows[1][3]["properties"]["annotations"]["horizontal"]}
    assert labels == {"p95 of two weeks: 140 ms", "alarm above 168 ms"}
    (reserved,) = rows[1][6]["properties"]["annotations"]["horizontal"]
    assert reserved["value"] == 40
    assert all(each["properties"]["region"] == "eu-west-1" for each in widgets if each["type"] == "metric")


def many(count: int) -> Watch:
    return watch_of(*(make_evidence(make_watched(f"function-{number}")) for number in range(count)))


def test_as_many_functions_as_a_dashboard_has_room_for() -> None:
    template = watch_template(many(MOST_FUNCTIONS))
    widgets = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"])["widgets"]
    assert len(widgets) <= 500 < len(widgets) + 7
    assert len(template["Resources"]) <= 500
    # What goes through S3 may have 1 MB.
    assert MOST_INLINE_BYTES < len(template_request(template).encode()) < 1_000_000
    with pytest.raises(UsageError, match="72 functions are too many for one dashboard, which has room for 71"):
        watch_template(many(MOST_FUNCTIONS + 1))


def test_the_bill_counts_every_metric_of_an_expression() -> None:
    bill = watch_bill(two_functions())
    # Errors and cost have two metrics each, the others one.
    assert (bill.alarms, bill.alarm_metrics) == (10, 6 + 7 + 1)
    assert bill.usd_per_month == pytest.approx(1.4 + 3.0)
    assert bill.words.startswith(
        "the stack costs about $4.40 a month: 10 alarms with 14 metrics at $0.10, and a dashboard"
    )
