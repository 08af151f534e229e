"""A scheduled scan, deployed as a person does it, on an embedded AWS: it fires, finds, tells, and is removed."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest
from settled import settle

from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.local.settings import Settings
from powertune.scan.scan_document import parse_scan

REPOSITORY = Path(__file__).parents[2]
SERVICES = (
    *("cloudformation", "cloudwatch", "events", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs"),
    *("stepfunctions",),
)
WEEK_S = 7 * 24 * 3600
OWN, OTHER, CLOSED = "123456789012", "222222222222", "333333333333"
ACCOUNTS = f"""
accounts:
  - {{account_id: "{OWN}", name: own, regions: [us-east-1]}}
  - {{account_id: "{OTHER}", name: other, regions: [us-east-1]}}
  - {{account_id: "{CLOSED}", name: closed, regions: [us-east-1]}}
"""
#: Appended to the real handlers: STS's words about a role that does not exist, as the embedded one knows no IAM.
DENIAL = f'''

import botocore.client
import botocore.exceptions

_call = botocore.client.BaseClient._make_api_call


def _deny(self, operation, given):
    if operation == "AssumeRole" and ":{CLOSED}:" in given["RoleArn"]:
        message = "is not authorized to perform: sts:AssumeRole on resource: " + given["RoleArn"]
        answer = {{"Error": {{"Code": "AccessDenied", "Message": message}}, "ResponseMetadata": {{"HTTPStatusCode": 403}}}}
        raise botocore.exceptions.ClientError(answer, operation)
    return _call(self, operation, given)


botocore.client.BaseClient._make_api_call = _deny
'''


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedAWS]:
    """An embedded AWS of its own, as its clock of schedules is advanced; this process has its variables."""
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws:
        for name in [name for name in os.environ if name.startswith(("AWS_", "POWERTUNE_"))]:
            monkeypatch.delenv(name)
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        yield aws


@pytest.fixture
def clients(account: EmbeddedAWS) -> Iterator[dict[str, Any]]:
    session: Any = boto3.Session()
    with ExitStack() as stack:
        made = {name: session.client(name) for name in SERVICES}
        for client in made.values():
            stack.callback(client.close)
        yield made


@pytest.fixture
def _handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real files, with handlers for which one account lets nobody in."""
    folder = tmp_path / "sources" / "statemachine"
    shutil.copytree(REPOSITORY / "statemachine", folder)
    with (folder / "handlers.py").open("a") as handlers:
        handlers.write(DENIAL)
    monkeypatch.setattr("powertune.engine.deployment.sources.sources_folder", lambda: folder)


def what_is_there(clients: dict[str, Any]) -> dict[str, set[str]]:
    """Everything that both stacks make, by name."""
    return {
        "alarms": {each["AlarmName"] for each in clients["cloudwatch"].describe_alarms()["MetricAlarms"]},
        "buckets": {each["Name"] for each in clients["s3"].list_buckets()["Buckets"]},
        "functions": {each["FunctionName"] for each in clients["lambda"].list_functions()["Functions"]},
        "log groups": {each["logGroupName"] for each in clients["logs"].describe_log_groups()["logGroups"]},
        "machines": {each["name"] for each in clients["stepfunctions"].list_state_machines()["stateMachines"]},
        "policies": {each["PolicyName"] for each in clients["iam"].list_policies(Scope="Local")["Policies"]},
        "queues": {*clients["sqs"].list_queues().get("QueueUrls", ())},
        "roles": {each["RoleName"] for each in clients["iam"].list_roles()["Roles"]},
        "rules": {each["Name"] for each in clients["events"].list_rules()["Rules"]},
        "schedules": {each["Name"] for each in clients["scheduler"].list_schedules()["Schedules"]},
        "stacks": {each["StackName"] for each in clients["cloudformation"].describe_stacks()["Stacks"]},
        "topics": {each["TopicArn"] for each in clients["sns"].list_topics()["Topics"]},
    }


def subscribed(clients: dict[str, Any], topic: str) -> str:
    """The URL of a queue that hears what the topic says."""
    url = clients["sqs"].create_queue(QueueName="inbox")["QueueUrl"]
    arn = clients["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    clients["sns"].subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return str(url)


def wait(clients: dict[str, Any], execution: str) -> dict[str, Any]:
    """How an execution has ended."""
    end = time.monotonic() + 150
    while (found := clients["stepfunctions"].describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < end, f"{execution} goes on"
        time.sleep(0.1)
    answer: dict[str, Any] = found
    return answer


def received(clients: dict[str, Any], queue: str, number: int) -> list[dict[str, Any]]:
    """What a topic has said to a queue: so many messages, with their subjects."""
    heard: list[dict[str, Any]] = []
    end = time.monotonic() + 60
    while len(heard) < number:
        assert time.monotonic() < end, heard
        page = clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for each in page.get("Messages", ()):
            heard.append(json.loads(each["Body"]))
            clients["sqs"].delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    return heard


def deployed(clients: dict[str, Any]) -> dict[str, str]:
    """What the stack of the scan puts out."""
    (stack,) = clients["cloudformation"].describe_stacks(StackName="powertune-scan")["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.mark.long
@pytest.mark.usefixtures("_handlers")
def test_a_scheduled_scan_finds_tells_is_read_and_is_removed(
    account: EmbeddedAWS, clients: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = what_is_there(clients)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "accounts.yml").write_text(ACCOUNTS)
    options = ["--scan-schedule", "rate(7 days)", "--scan-accounts", "accounts.yml"]
    assert run_app(["deploy", "--yes", "--quiet", *options]) == 0
    outputs = dict(line.split() for line in capfd.readouterr().out.splitlines())
    assert outputs.keys() == {
        *("ResultsBucket", "ScanResults", "ScanStateMachineArn", "ScanTopicArn", "StateMachineArn"),
    }
    assert outputs["ScanResults"] == f"s3://{outputs['ResultsBucket']}/scans"
    clients["lambda"].create_function(
        FunctionName="never-used",
        Runtime="python3.13",
        Role=account.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(tmp_path / "code")},
    )
    settle(clients["lambda"], "never-used")
    inbox = subscribed(clients, outputs["ScanTopicArn"])

    account.advance_schedules(WEEK_S + 3600)
    started = clients["stepfunctions"].list_executions(stateMachineArn=outputs["ScanStateMachineArn"])["executions"]
    for each in started:
        ended = wait(clients, each["executionArn"])
        assert ended["status"] == "SUCCEEDED", ended
        print(ended)
    print(received(clients, inbox, len(started)))
    raise AssertionError
