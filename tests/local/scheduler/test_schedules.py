"""EventBridge Scheduler of the embedded AWS: schedules invoke their targets, by a clock that the tests advance."""

import datetime
import json
import re
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import Machines, machine_of, until
from schedules import OFF, Schedules, trust

TIMES = "<aws.scheduler.scheduled-time>"


def _text(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.supports("scheduler:CreateSchedule", "rate: at once or from StartDate, until EndDate")
def test_rates(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    schedules.create("rate(1 day)", arn, "at once")
    assert machines_there.received(url, 1) == ["at once"]
    start = schedules.after(600)
    schedules.create("rate(1 minute)", arn, TIMES, StartDate=start, EndDate=start + datetime.timedelta(seconds=120))
    schedules.aws.advance_schedules(3600)
    expected = [_text(start + datetime.timedelta(seconds=each)) for each in (0, 60, 120)]
    assert sorted(machines_there.received(url, 3)) == expected


@pytest.mark.supports("scheduler:CreateSchedule", "cron in a time zone")
def test_cron_in_a_zone(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    # India's clocks are always five and a half hours ahead.
    schedules.create("cron(0 6 * * ? *)", arn, TIMES, ScheduleExpressionTimezone="Asia/Kolkata")
    now = schedules.after(0)
    first = now.replace(hour=0, minute=30, second=0)
    first += datetime.timedelta(days=1) if first < now else datetime.timedelta(0)
    schedules.aws.advance_schedules(2 * 24 * 3600)
    expected = [_text(first), _text(first + datetime.timedelta(days=1))]
    assert sorted(machines_there.received(url, 2)) == expected


@pytest.mark.supports("scheduler:CreateSchedule", "at: once; ActionAfterCompletion DELETE")
def test_single_times(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    time = schedules.after(90)
    expression = f"at({time.strftime('%Y-%m-%dT%H:%M:%S')})"
    kept = schedules.create(expression, arn, "kept")
    deleted = schedules.create(expression, arn, "deleted", ActionAfterCompletion="DELETE")
    schedules.aws.advance_schedules(3600)
    assert sorted(machines_there.received(url, 2)) == ["deleted", "kept"]
    assert schedules.client.get_schedule(Name=kept)["ActionAfterCompletion"] == "NONE"
    with pytest.raises(ClientError, match=f"Schedule {deleted} does not exist"):
        schedules.client.get_schedule(Name=deleted)


@pytest.mark.supports("scheduler:CreateSchedule", "targets: StartExecution with context attributes in its Input")
def test_a_state_machine_is_started(schedules: Schedules, machines_there: Machines) -> None:
    url, _ = machines_there.queue()
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$"},
        "End": True,
    }
    machine = machines_there.create(machine_of(Send=send)["States"])
    at = schedules.after(60)
    given = {
        "schedule": "<aws.scheduler.schedule-arn>",
        "time": TIMES,
        "execution": "<aws.scheduler.execution-id>",
        "attempt": "<aws.scheduler.attempt-number>",
        "other": "<aws.scheduler.other>",
    }
    name = schedules.create(f"at({at.strftime('%Y-%m-%dT%H:%M:%S')})", machine, json.dumps(given))
    schedules.aws.advance_schedules(60)
    (body,) = machines_there.received(url, 1)
    sent = json.loads(body)
    assert re.fullmatch(r"[0-9a-z]{16}", sent.pop("execution"))
    assert sent == {
        "schedule": f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}",
        "time": _text(at),
        "attempt": "1",
        "other": "<aws.scheduler.other>",
    }
    (execution,) = machines_there.states.list_executions(stateMachineArn=machine)["executions"]
    assert machines_there.wait(execution["executionArn"])["status"] == "SUCCEEDED"


@pytest.mark.supports(
    "scheduler:CreateSchedule", "targets: functions, queues, topics; a notification where no Input is"
)
def test_other_targets(schedules: Schedules, machines_there: Machines, there: Any, package: Any) -> None:
    url, queue = machines_there.queue()
    sns = there.client("sns")
    topic = sns.create_topic(Name="scheduled")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    source = (
        f"import boto3, json\ndef handler(event, context):\n    boto3.client('sqs').send_message(QueueUrl='{url}', "
    )
    name = there.create(package(f"{source}MessageBody=json.dumps(event))\n"))
    schedules.create("rate(1 day)", topic, "by the topic")
    assert machines_there.received(url, 1) == ["by the topic"]
    function = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    made = schedules.create("rate(1 day)", function)
    (body,) = machines_there.received(url, 1)
    told = json.loads(body)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told.pop("time"))
    assert len(told.pop("id")) == 36
    assert told == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{made}"],
        "detail": "{}",
    }


@pytest.mark.supports("scheduler:CreateSchedule", "DeadLetterConfig, with AWS's attributes; RetryPolicy is kept")
def test_what_cannot_be_delivered(schedules: Schedules, machines_there: Machines, there: Any) -> None:
    url, queue = machines_there.queue()
    gone = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    name = schedules.create(
        "rate(1 day)",
        gone,
        '{"n": 1}',
        TargetDeadLetterConfig={"Arn": queue},
        TargetRetryPolicy={"MaximumRetryAttempts": 3},
    )
    found: list[Any] = []

    def receive() -> Any:
        answer = there.client("sqs").receive_message(QueueUrl=url, MessageAttributeNames=["All"])
        found.extend(answer.get("Messages", ()))
        return found

    until(receive)
    (message,) = found
    told = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert len(told.pop("EXECUTION_ID")) == 16
    assert told.pop("SCHEDULED_TIME").endswith("Z")
    assert told == {
        "ERROR_CODE": "StateMachineDoesNotExist",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{gone}'",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULE_ARN": f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}",
        "TARGET_ARN": gone,
    }
    assert json.loads(message["Body"]) == {"StateMachineArn": gone, "Input": '{"n": 1}'}
    target = schedules.client.get_schedule(Name=name)["Target"]
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 3}


@pytest.mark.supports("scheduler:UpdateSchedule", "State: a disabled schedule invokes nothing until it is enabled")
def test_disabled_schedules(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    name = schedules.create("rate(1 hour)", arn, "first", State="DISABLED")
    schedules.aws.advance_schedules(2 * 3600)
    target = {"Arn": arn, "RoleArn": schedules.aws.role_arn, "Input": "second"}
    changed = {"Name": name, "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF, "Target": target}
    schedules.client.update_schedule(**changed)
    assert machines_there.received(url, 1) == ["second"]
    described = schedules.client.get_schedule(Name=name)
    assert (described["State"], described["ScheduleExpressionTimezone"]) == ("ENABLED", "UTC")
    schedules.client.update_schedule(**changed, State="DISABLED")
    schedules.aws.advance_schedules(2 * 3600)
    schedules.client.delete_schedule(Name=name)
    again = schedules.create("rate(1 day)", arn, "third", Name=name)
    assert (again, machines_there.received(url, 1)) == (name, ["third"])


@pytest.mark.supports("scheduler:DeleteScheduleGroup", "with its schedules")
@pytest.mark.supports("scheduler:CreateScheduleGroup", "names are given once")
def test_groups(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    client = schedules.client
    client.create_schedule_group(Name="plans")
    with pytest.raises(ClientError, match=r"ConflictException.*Schedule group plans already exists\."):
        client.create_schedule_group(Name="plans")
    start = schedules.after(60)
    client.create_schedule(
        Name="a",
        GroupName="plans",
        ScheduleExpression="rate(1 minute)",
        StartDate=start,
        FlexibleTimeWindow=OFF,
        Target={"Arn": arn, "RoleArn": schedules.aws.role_arn},
    )
    client.delete_schedule_group(Name="plans")
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*Schedule group plans does not exist\."):
        client.delete_schedule_group(Name="plans")
    with pytest.raises(ClientError, match="ValidationException"):
        client.delete_schedule_group(Name="default")
    schedules.aws.advance_schedules(600)
    schedules.create("rate(1 day)", arn, "last")
    assert machines_there.received(url, 1) == ["last"]


@pytest.mark.supports(
    "scheduler:CreateSchedule", "what AWS refuses: expressions, names, zones, dates, roles, targets"
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ScheduleExpression": "cron(0 1 * * * *)"}, "Invalid Schedule Expression cron(0 1 * * * *)."),
        ({"ScheduleExpression": "rate(10 seconds)"}, "Invalid Schedule Expression rate(10 seconds)."),
        (
            {"Name": "a b"},
            "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [0-9a-zA-Z-_.]+",
        ),
        (
            {"State": "PAUSED"},
            "1 validation error detected: Value 'PAUSED' at 'state' failed to satisfy constraint: Member must "
            "satisfy enum value set: [ENABLED, DISABLED]",
        ),
        (
            {"Target": {"RetryPolicy": {"MaximumRetryAttempts": 186}}},
            "1 validation error detected: Value '186' at 'target.retryPolicy.maximumRetryAttempts' failed to satisfy "
            "constraint: Member must have value less than or equal to 185",
        ),
        (
            {"StartDate": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)},
            "The StartDate you specify cannot be earlier than 5 minutes ago.",
        ),
        (
            {"Target": {"RoleArn": "arn:aws:iam::123456789012:role/nobody"}},
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ),
        (
            {"Target": {"RoleArn": "arn:aws:iam::123456789012:role/of-functions"}},
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        ),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid ScheduleExpressionTimezone Mars/Olympus."),
        ({"Target": {"Arn": "queue"}}, "Provided Arn is not in correct format."),
        (
            {"Target": {"Arn": "arn:aws:dynamodb:us-east-1:123456789012:table/t"}},
            "Provided Arn is not in correct format.",
        ),
        (
            {"FlexibleTimeWindow": {"Mode": "OFF", "MaximumWindowInMinutes": 5}},
            "MaximumWindowInMinutes must not be provided when FlexibleTimeWindowMode is set to OFF.",
        ),
        (
            {"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}},
            "MaximumWindowInMinutes must be provided when FlexibleTimeWindowMode is set to FLEXIBLE.",
        ),
    ],
)
def test_what_is_refused(there: Any, schedules: Schedules, change: dict[str, Any], message: str) -> None:
    iam = there.client("iam")
    for name, service in (("of-functions", "lambda"), ("of-schedules", "scheduler")):
        if name not in {each["RoleName"] for each in iam.list_roles()["Roles"]}:
            policy = json.dumps(trust(f"{service}.amazonaws.com"))
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)
    queue = "arn:aws:sqs:us-east-1:123456789012:queue"
    target = {"Arn": queue, "RoleArn": "arn:aws:iam::123456789012:role/of-schedules"}
    wanted = {
        "Name": "refused",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": OFF,
        **change,
        "Target": {**target, **change.get("Target", {})},
    }
    with pytest.raises(ClientError) as raised:
        schedules.client.create_schedule(**wanted)
    assert raised.value.response["Error"] == {"Code": "ValidationException", "Message": message}
    assert schedules.client.list_schedules(NamePrefix="refused")["Schedules"] == []


@pytest.mark.supports(
    "scheduler:CreateSchedule", "the same request again is no conflict; other targets are refused by name"
)
def test_requests_that_come_twice(schedules: Schedules, machines_there: Machines) -> None:
    url, arn = machines_there.queue()
    name = schedules.create("rate(1 day)", arn, "once", ClientToken="token-1")
    schedules.create("rate(1 day)", arn, "once", ClientToken="token-1", Name=name)
    with pytest.raises(ClientError, match=rf"ConflictException.*Schedule {name} already exists\."):
        schedules.create("rate(1 day)", arn, "twice", Name=name)
    with pytest.raises(ClientError, match=r"NotImplementedException.*arn:aws:scheduler:::aws-sdk:sqs:sendMessage"):
        schedules.create("rate(1 day)", "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "{}")
    assert machines_there.received(url, 1) == ["once"]


def test_the_clock_goes_forward_only_and_for_the_owner_of_the_server(there: Any) -> None:
    before = there.aws.advance_schedules(0)
    assert (there.aws.advance_schedules(86400) - before).days == 1
    with pytest.raises(ValueError, match="by -1 seconds"):
        there.aws.advance_schedules(-1)
    url = f"{there.aws.endpoint_url}/_powertune/schedules/advance"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url, data=b'{"seconds": 60}', timeout=10)
    assert (there.aws.advance_schedules(0) - before).total_seconds() < 2 * 86400
