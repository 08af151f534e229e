"""`powertune watch` from end to end, on the embedded AWS: its alarms, its dashboard, and what they show."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from fake_stack_services import FakeWatcher
from settled import settle
from watches import make_evidence, make_watched, watch_of

from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.cli.app import run_app
from powertune.engine.deployment.destroying import destroy
from powertune.engine.deployment.watch_stack import WatchDeployment, deploy_watch
from powertune.errors import ExitCode
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.watch import MOST_INLINE_BYTES, template_request, watch_template

TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
TOPIC_ELSEWHERE = "arn:aws:sns:eu-west-1:123456789012:on-call"
STACK = ["--stack-name", "watched"]
#: Nothing is known of a new function: these limits are chosen.
CHOSEN = ["--max-p95", "300ms", "--max-cost-per-day", "5usd"]


@pytest.fixture
def services(aws_environment: EmbeddedAWS) -> Iterator[dict[str, Any]]:
    session: Any = boto3.Session()
    with ExitStack() as stack:
        clients = {name: session.client(name) for name in ("cloudformation", "cloudwatch", "lambda", "s3")}
        for client in clients.values():
            stack.callback(client.close)
        yield clients


@pytest.fixture
def functions(aws_environment: EmbeddedAWS, services: dict[str, Any], source: Path) -> Iterator[list[str]]:
    """Two functions whose names differ in a character that logical ids do not have."""
    names = ["my-fn", "my_fn"]
    for name in names:
        services["lambda"].create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=aws_environment.role_arn,
            Handler="app.handler",
            Code={"ZipFile": zip_folder(source)},
            MemorySize=512,
        )
        settle(services["lambda"], name)
    yield names
    for name in names:
        services["lambda"].delete_function(FunctionName=name)
    services["cloudformation"].delete_stack(StackName="watched")


def alarms_of(services: dict[str, Any]) -> dict[str, Any]:
    found = services["cloudwatch"].describe_alarms(AlarmNamePrefix="watched")["MetricAlarms"]
    return {each["AlarmName"]: each for each in found}


@pytest.mark.long
def test_a_stack_is_deployed_updated_and_destroyed(
    functions: list[str], services: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["watch", *functions, *CHOSEN, "--deploy", *STACK, "--alarm-topic", TOPIC, "--yes"]) == 0
    out, err = capfd.readouterr()
    assert out == "Dashboard  watched-us-east-1\n"
    assert "the stack costs about $4.30 a month: 9 alarms with 13 metrics at $0.10" in err
    alarms = alarms_of(services)
    words = ("errors", "duration", "throttles", "cost")
    named = {f"watched-{name}-{word}" for name in functions for word in words}
    assert alarms.keys() == named | {"watched.unreserved-concurrency"}
    assert all(alarm["AlarmActions"] == [TOPIC] for alarm in alarms.values())
    duration = alarms["watched-my_fn-duration"]
    assert (duration["Threshold"], duration["ExtendedStatistic"]) == (300.0, "p95")
    assert duration["Dimensions"] == [{"Name": "FunctionName", "Value": "my_fn"}]
    body = json.loads(services["cloudwatch"].get_dashboard(DashboardName="watched-us-east-1")["DashboardBody"])
    assert len(body["widgets"]) == 2 * 7 + 1

    # Another limit, one function less, and the topic stays without being given again.
    changed = ["--max-p95", "200ms", "--max-cost-per-day", "5usd"]
    assert run_app(["watch", "my-fn", *changed, "--deploy", *STACK, "--yes"]) == 0
    assert "remove  MyFn" in capfd.readouterr().err
    alarms = alarms_of(services)
    assert {name for name in alarms if "my_fn" in name} == set()
    assert alarms["watched-my-fn-duration"]["Threshold"] == 200.0
    assert alarms["watched-my-fn-duration"]["AlarmActions"] == [TOPIC]

    assert run_app(["watch", "my-fn", *changed, "--deploy", *STACK, "--alarm-topic", "", "--yes"]) == 0
    assert all(not alarm["AlarmActions"] for alarm in alarms_of(services).values())
    capfd.readouterr()
    assert run_app(["watch", "my-fn", *changed, "--deploy", *STACK, "--yes"]) == 0
    assert "stack watched: no changes" in capfd.readouterr().err

    assert run_app(["deploy", *STACK, "--yes"]) == ExitCode.USAGE
    assert "is one of alarms" in capfd.readouterr().err
    assert run_app(["destroy", *STACK, "--yes"]) == 0
    assert alarms_of(services) == {}
    assert services["cloudwatch"].list_dashboards(DashboardNamePrefix="watched")["DashboardEntries"] == []


def test_a_template_is_data_and_everything_else_is_said(
    functions: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["watch", *functions, *CHOSEN]) == 0
    out, err = capfd.readouterr()
    template = yaml.safe_load(out)
    assert len(template["Resources"]) == 2 * 4 + 1 + 1
    said = [line.split() for line in err.splitlines()]
    assert ["function", "alarm", "above", "when", "from"] in said
    assert ["my-fn", "p95", "300", "ms", "in", "2", "of", "3", "hours", "--max-p95"] in said
    assert "note: without --alarm-topic, the alarms notify nobody\n" in err
    assert "note: how often my-fn is invoked is not known" in err

    file = tmp_path / "watch.json"
    assert run_app(["watch", *functions, *CHOSEN, "--alarm-topic", TOPIC, "-o", str(file), "--quiet"]) == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "--max-p95" not in err
    written = json.loads(file.read_text())
    assert written["Parameters"]["WatchTopicArn"]["Default"] == TOPIC
    assert written["Resources"] == template["Resources"]


def test_a_dry_run_shows_the_alarms_and_changes_nothing(
    functions: list[str], services: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["watch", "my-fn", *CHOSEN, "--deploy", "--dry-run", *STACK]) == 0
    out, err = capfd.readouterr()
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["function", "alarm"],
        ["my-fn", "errors"],
        ["my-fn", "p95"],
        ["my-fn", "throttles"],
        ["my-fn", "cost"],
        ["(all", "others)"],
    ]
    assert "costs about" in err
    assert services["cloudformation"].describe_stacks()["Stacks"] == []


def see_refused(arguments: list[str], code: ExitCode, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["watch", *arguments]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert words in err
    assert "hint: " in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-fn", *CHOSEN], ExitCode.NOT_FOUND, "function no-such-fn does not exist"),
        (["my-fn", *CHOSEN, "--deploy"], ExitCode.USAGE, "no terminal to ask on before stack powertune-watch"),
        (["my-fn", *CHOSEN, "--alarm-topic", TOPIC_ELSEWHERE], ExitCode.USAGE, "is in eu-west-1"),
        (["my-fn", *CHOSEN, "--alarm-topic", "on-call"], ExitCode.USAGE, "not the ARN of an SNS topic"),
        (["my-fn", *CHOSEN, "--tag", "a=b"], ExitCode.USAGE, "--tag is for a stack"),
        (["my-fn", *CHOSEN, "--format", "toml"], ExitCode.USAGE, "unknown format 'toml'"),
        (["my-fn", *CHOSEN, "--deploy", "-o", "a.yaml"], ExitCode.USAGE, "are for a template"),
        (["my-fn", *CHOSEN, "--stack-name", "a_b"], ExitCode.USAGE, "--stack-name 'a_b' is not valid"),
        (["my-fn", *CHOSEN, "--run", "a.json", "-o", "a.json"], ExitCode.USAGE, "would overwrite 'a.json'"),
        (["my-fn", *CHOSEN, "--tolerance", "20"], ExitCode.USAGE, "error: --tolerance '20' is not a share"),
        (["my-fn", *CHOSEN, "--results-folder", "none"], ExitCode.USAGE, "--results-folder 'none' is not a folder"),
        (
            ["no-such-fn", "arn:aws:lambda:us-east-1:123456789012:function:a", *CHOSEN],
            ExitCode.NOT_FOUND,
            "hint: all functions of a command are in one region, here that of the ARN: us-east-1",
        ),
        (["a.py:handler", *CHOSEN], ExitCode.USAGE, "not the name or ARN of a Lambda function"),
        (
            ["arn:aws:lambda:eu-west-1:123456789012:function:a", *CHOSEN, "--region", "us-east-1"],
            ExitCode.USAGE,
            "--region us-east-1 is not the region of",
        ),
        (
            [f"arn:aws:lambda:{region}:123456789012:function:a" for region in ("eu-west-1", "us-east-1")],
            ExitCode.USAGE,
            "the functions are in different regions: eu-west-1, us-east-1",
        ),
    ],
)
def test_bad_input(
    aws_environment: EmbeddedAWS,
    arguments: list[str],
    code: ExitCode,
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    see_refused(arguments, code, words, capfd)


def test_what_only_the_functions_tell(functions: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        (["my-fn"], "no evidence for a limit on the p95 duration of my-fn"),
        (["my-fn", "--max-p95", "300ms"], "no evidence for a limit on the cost per day of my-fn"),
        (["my-fn", "my-fn", *CHOSEN], "function my-fn is named 2 times"),
        (["my-fn", *CHOSEN, "--run", "missing.json"], "missing.json"),
    ):
        see_refused(arguments, ExitCode.USAGE, words, capfd)


@pytest.mark.long
def test_a_large_template_goes_through_s3(services: dict[str, Any]) -> None:
    many = watch_of(*(make_evidence(make_watched(f"function-{number}")) for number in range(10)))
    template = template_request(watch_template(many))
    assert len(template) > MOST_INLINE_BYTES
    deployment = WatchDeployment(stack_name="watched-many", template=template, topic_arn="", tags={}, token="1")
    watcher = FakeWatcher()
    # Other tests share the server, and may have buckets of their own.
    before = {bucket["Name"] for bucket in services["s3"].list_buckets()["Buckets"]}
    with connect(ConnectionOptions()) as connection:
        state = deploy_watch(connection.aws(), deployment, watcher)
        assert state is not None
        found = services["cloudwatch"].describe_alarms(AlarmNamePrefix="watched-many", MaxRecords=100)["MetricAlarms"]
        assert len(found) == 10 * 4 + 1
        assert {bucket["Name"] for bucket in services["s3"].list_buckets()["Buckets"]} <= before
        destroy(connection.aws(), "watched-many", watcher, delete_results=False)
    assert services["cloudwatch"].describe_alarms(AlarmNamePrefix="watched-many")["MetricAlarms"] == []
