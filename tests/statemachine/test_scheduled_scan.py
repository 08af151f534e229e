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
from powertune.scan.scan import Scan
from powertune.scan.scan_document import parse_scan
from powertune.units import plural

REPOSITORY = Path(__file__).parents[2]
SERVICES = (
    *("cloudformation", "cloudwatch", "events", "iam", "lambda", "logs", "s3", "scheduler", "sns", "sqs"),
    *("stepfunctions",),
)
WEEK_S = 7 * 24 * 3600
OWN, OTHER, CLOSED, DEAD = "123456789012", "222222222222", "333333333333", "444444444444"
NAMES = {OWN: "own", OTHER: "other", CLOSED: "closed", DEAD: "dead"}
SUPPRESSED = """
[[scan.suppress]]
rule = "twins"
function = "orders*"
reason = "they differ on purpose"
"""
#: Appended to the real handlers: STS's words about a role that does not exist, which the embedded one does not look
#: for, and a worker that dies.
FAULTS = f'''

import botocore.client
import botocore.exceptions

_call = botocore.client.BaseClient._make_api_call


def _deny(self, operation, given):
    if operation == "AssumeRole" and ":{CLOSED}:" in given["RoleArn"]:
        message = "is not authorized to perform: sts:AssumeRole on resource: " + given["RoleArn"]
        error, status = {{"Code": "AccessDenied", "Message": message}}, {{"HTTPStatusCode": 403}}
        answer = {{"Error": error, "ResponseMetadata": status}}
        raise botocore.exceptions.ClientError(answer, operation)
    return _call(self, operation, given)


botocore.client.BaseClient._make_api_call = _deny
_scan_place = scan_place


def scan_place(event, context):
    if event["place"]["account_id"] == "{DEAD}":
        os._exit(1)
    return _scan_place(event, context)
'''


def accounts(*ids: str) -> str:
    """An accounts file."""
    lines = (f'  - {{account_id: "{each}", name: {NAMES[each]}, regions: [us-east-1]}}' for each in ids)
    return "\n".join(("accounts:", *lines))


def place_of(account_id: str) -> str:
    """What reports call an account of the file."""
    return f"{NAMES[account_id]} ({account_id}) us-east-1"


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
    """The real files, with handlers for which one account lets nobody in, and one worker dies."""
    folder = tmp_path / "sources" / "statemachine"
    shutil.copytree(REPOSITORY / "statemachine", folder)
    with (folder / "handlers.py").open("a") as handlers:
        handlers.write(FAULTS)
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
    """What a topic has said to a queue: its messages, with their subjects."""
    heard: list[dict[str, Any]] = []
    end = time.monotonic() + 60
    while len(heard) < number:
        assert time.monotonic() < end, heard
        page = clients["sqs"].receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for each in page.get("Messages", ()):
            heard.append(json.loads(each["Body"]))
            clients["sqs"].delete_message(QueueUrl=queue, ReceiptHandle=each["ReceiptHandle"])
    return heard


def function(account: EmbeddedAWS, clients: dict[str, Any], folder: Path, name: str, memory_mb: int) -> None:
    """A function that nobody invokes, of the same code as all others."""
    if not folder.exists():
        folder.mkdir()
        (folder / "app.py").write_text("def handler(event, context): ...\n")
    clients["lambda"].create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=account.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(folder)},
        MemorySize=memory_mb,
    )
    settle(clients["lambda"], name)


def deploy(capfd: pytest.CaptureFixture[str], *options: str) -> dict[str, str]:
    """What both stacks put out after a deployment."""
    assert run_app(["deploy", "--yes", "--quiet", *options]) == 0, capfd.readouterr().err
    return dict(line.split() for line in capfd.readouterr().out.splitlines())


def next_scan(account: EmbeddedAWS, clients: dict[str, Any], machine: str) -> dict[str, Any]:
    """How the scan of the next week has ended, which the schedule has started."""
    machines = clients["stepfunctions"]
    known = {each["executionArn"] for each in machines.list_executions(stateMachineArn=machine)["executions"]}
    account.advance_schedules(WEEK_S)
    (started,) = (
        each["executionArn"]
        for each in machines.list_executions(stateMachineArn=machine)["executions"]
        if each["executionArn"] not in known
    )
    return wait(clients, started)


def objects(clients: dict[str, Any], bucket: str, prefix: str) -> dict[str, bytes]:
    """What is kept below a prefix, by key."""
    page = clients["s3"].list_objects_v2(Bucket=bucket, Prefix=prefix)
    keys = [each["Key"] for each in page.get("Contents", ())]
    return {key: clients["s3"].get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def scans(clients: dict[str, Any], bucket: str) -> list[Scan]:
    """The scans that are kept, in the order of time."""
    kept = objects(clients, bucket, "scans/")
    assert [key for key in kept if key.endswith(".html")] == [
        f"{key.removesuffix('.json')}.html" for key in kept if key.endswith(".json")
    ]
    return [parse_scan(data) for key, data in kept.items() if key.endswith(".json")]


def unread(scan: Scan) -> list[tuple[str, str, str]]:
    """The places of which nothing could be read, why, and which action is missing."""
    return [(str(gap.place), gap.reason, gap.action) for gap in scan.gaps if gap.of_whole_place]


@pytest.mark.long
@pytest.mark.usefixtures("_handlers")
def test_a_scheduled_scan_finds_tells_is_read_and_is_removed(
    account: EmbeddedAWS, clients: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = what_is_there(clients)
    (tmp_path / "accounts.yml").write_text(accounts(OWN, OTHER, CLOSED))
    outputs = deploy(capfd, "--scan-schedule", "cron(0 6 ? * MON *)", "--scan-accounts", "accounts.yml")
    bucket, machine = outputs["ResultsBucket"], outputs["ScanStateMachineArn"]
    assert outputs["ScanResults"] == f"s3://{bucket}/scans"
    function(account, clients, tmp_path / "code", "orders", 256)
    inbox = subscribed(clients, outputs["ScanTopicArn"])

    ended = next_scan(account, clients, machine)
    assert ended["status"] == "SUCCEEDED", ended
    (scan,) = scans(clients, bucket)
    assert [str(each.place) for each in scan.places] == [*map(place_of, (OWN, OTHER, CLOSED))]
    ((place, reason, action),) = unread(scan)
    assert (place, action) == (place_of(CLOSED), "sts:AssumeRole")
    assert reason.startswith(f"cannot assume arn:aws:iam::{CLOSED}:role/powertune-scan: ")
    assert {str(line.place) for line in scan.functions if line.name == "orders"} == {place_of(OWN)}
    output = json.loads(ended["output"])
    page = clients["s3"].get_object(Bucket=bucket, Key=output["page"].removeprefix(f"s3://{bucket}/"))
    assert page["ContentType"] == "text/html; charset=utf-8"
    html = page["Body"].read().decode()
    assert place_of(CLOSED) in html
    assert "Scan of 3 accounts in 1 region" in html
    (told,) = received(clients, inbox, 1)
    assert told["Subject"].startswith("powertune scan: 0 findings")
    assert f"No findings about {plural(len(scan.functions), 'function')}" in told["Message"]
    assert f"{place_of(CLOSED)}: nothing was read: cannot assume" in told["Message"]
    assert f"powertune scan --from {outputs['ScanResults']}" in told["Message"]

    # A function like the first one, but larger: the next scan says so, and that it is new.
    function(account, clients, tmp_path / "code", "orders-copy", 512)
    assert next_scan(account, clients, machine)["status"] == "SUCCEEDED"
    (told,) = received(clients, inbox, 1)
    assert told["Subject"].startswith("powertune scan: 1 finding, 1 new")
    assert f"New: 1\n  orders ({place_of(OWN)}): " in told["Message"]

    assert run_app(["scan", "--from", outputs["ScanResults"], "--format", "json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert [each["rule"] for each in shown["since_last_scan"]["new"]] == ["twins"]
    assert {line["name"] for line in shown["since_last_scan"]["appeared"]} == {"orders-copy"}
    assert CLOSED in {gap["place"]["account_id"] for gap in shown["gaps"]}

    for name in ("orders", "orders-copy"):
        clients["lambda"].delete_function(FunctionName=name)
    clients["sqs"].delete_queue(QueueUrl=inbox)
    assert run_app(["destroy", "--yes", "--quiet", "--delete-results"]) == 0
    assert what_is_there(clients) == before


@pytest.mark.long
@pytest.mark.usefixtures("_handlers")
def test_whatever_fails_is_named_and_the_schedule_can_be_changed_and_removed(
    account: EmbeddedAWS, clients: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "accounts.yml").write_text(accounts(OWN, DEAD))
    (tmp_path / "powertune.toml").write_text(SUPPRESSED)
    schedule = ("--scan-schedule", "cron(0 6 ? * MON *)", "--scan-days", "7", "--scan-suppressions", ".")
    outputs = deploy(capfd, *schedule, "--scan-accounts", "accounts.yml")
    for name, memory_mb in (("orders", 256), ("orders-copy", 512)):
        function(account, clients, tmp_path / "code", name, memory_mb)
    bucket, machine = outputs["ResultsBucket"], outputs["ScanStateMachineArn"]
    inbox = subscribed(clients, outputs["ScanTopicArn"])

    assert next_scan(account, clients, machine)["status"] == "SUCCEEDED"
    (scan,) = scans(clients, bucket)
    ((place, reason, _),) = unread(scan)
    assert place == place_of(DEAD)
    assert scan.findings == ()
    assert [(each.finding.rule, each.reason) for each in scan.suppressed] == [("twins", "they differ on purpose")]
    assert reason.startswith("its worker failed: Runtime.ExitError: ")
    (told,) = received(clients, inbox, 1)
    assert f"{place_of(DEAD)}: nothing was read: its worker failed" in told["Message"]

    # What is not given again is kept; where nothing can be read at all, there is no scan, and it is told.
    (tmp_path / "accounts.yml").write_text(accounts(CLOSED))
    deploy(capfd, "--scan-accounts", "accounts.yml", "--log-retention", "7")
    (stack,) = clients["cloudformation"].describe_stacks(StackName="powertune-scan")["Stacks"]
    kept = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert (kept["ScheduleExpression"], kept["Days"]) == ("cron(0 6 ? * MON *)", "7")
    assert kept["LogRetentionDays"] == "7"
    ended = next_scan(account, clients, machine)
    assert (ended["status"], ended["error"]) == ("FAILED", "AccessDenied")
    assert ended["cause"].startswith(f"{place_of(CLOSED)}: cannot assume ")
    (told,) = received(clients, inbox, 1)
    assert told["Subject"] == "powertune scan: failed"
    assert f"The scan failed: AccessDenied: {place_of(CLOSED)}: cannot assume " in told["Message"]
    assert ended["executionArn"] in told["Message"]
    assert len(scans(clients, bucket)) == 1

    deploy(capfd, "--scan-schedule", "off")
    assert clients["scheduler"].list_schedules()["Schedules"] == []
    assert [each["StackName"] for each in clients["cloudformation"].describe_stacks()["Stacks"]] == ["powertune"]
    assert len(scans(clients, bucket)) == 1
