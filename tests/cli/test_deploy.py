"""`powertune deploy` and `destroy` from end to end, on the embedded AWS."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from powertune.cli.app import run_app
from powertune.errors import ExitCode
from powertune.local.embedded import EmbeddedAWS

REPOSITORY = Path(__file__).parents[2]
TOPIC = "arn:aws:sns:us-east-1:123456789012:on-call"
HANDLERS = """
def prepare(event, context):
    import os
    import numpy as np
    import powertune.engine.direct
    size = float(np.linalg.det(np.eye(2)))
    import boto3
    key = "runs/1/here.json"
    boto3.client("s3").put_object(Bucket=os.environ["POWERTUNE_BUCKET"], Key=key, Body=b"{}")
    return {"size": size, "key": key}

def restore(event, context):
    import os
    import boto3
    body = event["detail"]["status"].encode()
    boto3.client("s3").put_object(Bucket=os.environ["POWERTUNE_BUCKET"], Key="runs/1/restored", Body=body)

publish = measure = record = analyze = apply = prepare
"""
DEFINITION = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Prepare"},
        "Prepare": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${PrepareFunction}", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        },
    },
}


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real template, with a definition and handlers that only show that they run."""
    folder = tmp_path / "statemachine"
    folder.mkdir()
    shutil.copy(REPOSITORY / "statemachine" / "template.yaml", folder)
    (folder / "handlers.py").write_text(HANDLERS)
    (folder / "tuning.asl.json").write_text(json.dumps(DEFINITION))
    monkeypatch.setattr("powertune.engine.deployment.sources.sources_folder", lambda: folder)
    return folder


@pytest.fixture
def services(aws_environment: EmbeddedAWS) -> Iterator[dict[str, Any]]:
    session: Any = boto3.Session()
    names = ("cloudformation", "cloudwatch", "events", "iam", "lambda", "logs", "s3", "sqs", "stepfunctions")
    with ExitStack() as stack:
        clients = {name: session.client(name) for name in names}
        for client in clients.values():
            stack.callback(client.close)
        yield clients


def what_is_there(services: dict[str, Any]) -> dict[str, set[str]]:
    """Everything that a deployment makes, by name."""
    return {
        "roles": {each["RoleName"] for each in services["iam"].list_roles()["Roles"]},
        "policies": {each["PolicyName"] for each in services["iam"].list_policies(Scope="Local")["Policies"]},
        "functions": {each["FunctionName"] for each in services["lambda"].list_functions()["Functions"]},
        "log groups": {each["logGroupName"] for each in services["logs"].describe_log_groups()["logGroups"]},
        "machines": {each["name"] for each in services["stepfunctions"].list_state_machines()["stateMachines"]},
        "alarms": {each["AlarmName"] for each in services["cloudwatch"].describe_alarms()["MetricAlarms"]},
        "queues": {*services["sqs"].list_queues().get("QueueUrls", ())},
        "rules": {each["Name"] for each in services["events"].list_rules()["Rules"]},
        "buckets": {each["Name"] for each in services["s3"].list_buckets()["Buckets"]},
        "stacks": {each["StackName"] for each in services["cloudformation"].describe_stacks()["Stacks"]},
    }


def output_of(machines: Any, arn: str) -> Any:
    execution = machines.start_execution(stateMachineArn=arn, input='{"seconds": 0}')["executionArn"]
    end = time.monotonic() + 60
    while (found := machines.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def written(s3: Any, bucket: str, key: str) -> bytes:
    """What is written to an object soon."""
    end = time.monotonic() + 60
    while "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=key):
        assert time.monotonic() < end
        time.sleep(0.1)
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def see_that_failures_to_restore_are_heard(services: dict[str, Any], before: dict[str, set[str]]) -> None:
    """The queue, who fills it, and the alarm are there."""
    now = what_is_there(services)
    (url,), (alarm_name,), (rule,) = (now[each] - before[each] for each in ("queues", "alarms", "rules"))
    queue = services["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (queue["MessageRetentionPeriod"], queue["SqsManagedSseEnabled"]) == ("1209600", "true")
    assert {each["Sid"] for each in json.loads(queue["Policy"])["Statement"]} == {"TakeEvents", "OnlyWithTls"}
    (target,) = services["events"].list_targets_by_rule(Rule=rule)["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue["QueueArn"]}
    invoked = services["lambda"].get_function_event_invoke_config(FunctionName="tune-restore", Qualifier="$LATEST")
    assert invoked["MaximumRetryAttempts"] == 2
    assert invoked["DestinationConfig"]["OnFailure"] == {"Destination": queue["QueueArn"]}
    (alarm,) = services["cloudwatch"].describe_alarms(AlarmNames=[alarm_name])["MetricAlarms"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": url.rpartition("/")[2]}]
    assert alarm["AlarmActions"] == [TOPIC]


@pytest.mark.long
def test_a_deployment_runs_and_leaves_nothing_when_it_is_destroyed(
    sources: Path, services: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    before = what_is_there(services)
    rules = ["--tag", "team=shop", "--name-prefix", "tune", "--alarm-topic", TOPIC]
    assert run_app(["deploy", "--stack-name", "tuning", *rules, "--yes"]) == 0
    out, err = capfd.readouterr()
    outputs = dict(line.split() for line in out.splitlines())
    assert outputs.keys() == {"ResultsBucket", "StateMachineArn"}
    assert outputs["StateMachineArn"].endswith(":stateMachine:tune")
    assert "add     PrepareFunction" in err
    assert "CREATE_COMPLETE  tuning (AWS::CloudFormation::Stack)" in err

    see_that_failures_to_restore_are_heard(services, before)
    key = output_of(services["stepfunctions"], outputs["StateMachineArn"])["key"]
    assert services["s3"].get_object(Bucket=outputs["ResultsBucket"], Key=key)["Body"].read() == b"{}"

    machines, arn = services["stepfunctions"], outputs["StateMachineArn"]
    stopped = machines.start_execution(stateMachineArn=arn, input='{"seconds": 600}')["executionArn"]
    assert run_app(["destroy", "--stack-name", "tuning", "--yes"]) == ExitCode.USAGE
    assert "error: 1 execution of" in capfd.readouterr().err
    assert run_app(["deploy", "--stack-name", "tuning", "--log-retention", "7", "--yes"]) == ExitCode.USAGE
    assert "error: 1 execution of" in capfd.readouterr().err
    machines.stop_execution(executionArn=stopped)
    assert written(services["s3"], outputs["ResultsBucket"], "runs/1/restored") == b"ABORTED"

    assert run_app(["deploy", "--stack-name", "tuning", "--yes"]) == 0
    again, err = capfd.readouterr()
    assert again == out
    assert "stack tuning: no changes" in err

    assert run_app(["deploy", "--stack-name", "tuning", "--log-retention", "7", "--yes", "--quiet"]) == 0
    assert capfd.readouterr() == (out, "")
    (group,) = services["logs"].describe_log_groups(logGroupNamePrefix="/aws/lambda/tune-prepare")["logGroups"]
    assert group["retentionInDays"] == 7

    assert run_app(["destroy", "--stack-name", "tuning", "--delete-results", "--yes"]) == 0
    assert what_is_there(services) == before
    assert run_app(["destroy", "--stack-name", "tuning", "--delete-results", "--yes"]) == ExitCode.NOT_FOUND
    assert "no stack 'tuning'" in capfd.readouterr().err


@pytest.mark.long
def test_a_failed_deployment_says_why_and_the_next_one_succeeds(
    sources: Path, services: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    before = what_is_there(services)
    (sources / "tuning.asl.json").write_text('{"StartAt": "Nowhere", "States": {}}')
    assert run_app(["deploy", "--yes"]) == ExitCode.USAGE
    err = capfd.readouterr().err
    assert "error: stack powertune could not be created: it is ROLLBACK_COMPLETE" in err
    assert ": StateMachine (AWS::StepFunctions::StateMachine): " in err
    (sources / "tuning.asl.json").write_text(json.dumps(DEFINITION))
    assert run_app(["deploy", "--yes"]) == 0
    assert "stack powertune is ROLLBACK_COMPLETE" in capfd.readouterr().err
    assert run_app(["destroy", "--yes"]) == 0
    err = capfd.readouterr().err
    kept = what_is_there(services)["buckets"] - before["buckets"]
    assert {f"aws s3 rb s3://{name} --force" in err for name in kept} == {True}
    for name in kept:
        services["s3"].delete_bucket(Bucket=name)
    assert what_is_there(services) == before


def test_the_template_is_printed_and_says_how_it_is_used(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["deploy", "--print-template"]) == 0
    out, err = capfd.readouterr()
    assert out == (REPOSITORY / "statemachine" / "template.yaml").read_text()
    assert "ArtifactBucket, CodeKey and DefinitionKey" in err


def test_the_template_of_the_scan_is_printed_where_a_scan_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["deploy", "--print-template", "--scan-schedule", "rate(7 days)"]) == 0
    assert capfd.readouterr().out == (REPOSITORY / "statemachine" / "scan-template.yaml").read_text()


def test_what_is_asked_of_a_scan_that_is_not_there_is_refused_before_anything_is_made(
    services: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    before = what_is_there(services)
    assert run_app(["deploy", "--yes", "--scan-days", "7"]) == ExitCode.USAGE
    assert "--scan-days is about a scan, and none is scheduled" in capfd.readouterr().err
    assert what_is_there(services) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["deploy", "--yes", "--scan-schedule", "weekly"], "--scan-schedule 'weekly' is not valid"),
        (["deploy", "--yes", "--scan-schedule", "off", "--scan-days", "7"], "do not go together"),
        (["deploy", "--yes", "--scan-schedule", "rate(1 day)", "--scan-accounts", "no.yml"], "no accounts file"),
        (["deploy"], "no terminal to ask on"),
        (["destroy"], "no terminal to ask on"),
        (["deploy", "--yes", "--subnet-ids", "subnet-1"], "--security-group-ids is missing"),
        (["deploy", "--yes", "--alarm-topic", "on-call"], "--alarm-topic 'on-call' is not an SNS topic ARN"),
        (["deploy", "--yes", "--artifact-bucket", "Bad_Bucket"], "--artifact-bucket 'Bad_Bucket' is not valid"),
        (["deploy", "--yes", "--tag", "shop"], "--tag 'shop' is not a tag"),
        (["destroy", "--yes", "--stack-name", "a_b"], "--stack-name 'a_b' is not valid"),
        (["iam", "deploy", "--function", "fn"], "`powertune deploy` does not use a function"),
    ],
)
def test_what_is_wrong_is_said_before_aws_is_asked(
    arguments: list[str], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(arguments) == ExitCode.USAGE
    assert message in capfd.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_their_policies_are_printed(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_app(["iam", command]) == 0
    out, err = capfd.readouterr()
    assert "cloudformation:DeleteStack" in out
    assert "replace REGION and ACCOUNT_ID, and powertune" in err
    assert json.loads(out)["Version"] == "2012-10-17"
