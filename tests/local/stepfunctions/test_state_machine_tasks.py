"""Service integrations of state machines in the embedded AWS: what they send, get back, and fail with."""

import datetime
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import FAULTY, Machines, invoke, task, until

Package = Callable[..., bytes]


@pytest.mark.supports(
    "stepfunctions:StartExecution", "the log tail, qualifiers and Event invocations of lambda:invoke"
)
def test_invocation_types_and_log_tail(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package(FAULTY))
    state = invoke(name, {}, End=True)
    state["Parameters"] |= {"LogType": "Tail", "Qualifier": "$LATEST"}
    assert machines.output({"Invoke": state})["LogResult"]
    event = invoke(name, {}, End=True)
    event["Parameters"]["InvocationType"] = "Event"
    assert machines.output({"Invoke": event})["StatusCode"] == 202


@pytest.mark.supports(
    "stepfunctions:StartExecution", "errors of Lambda by name, also of a function's ARN as resource"
)
def test_errors_of_lambda(machines: Machines) -> None:
    ended = machines.run({"Invoke": invoke("none", {}, End=True)})
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")
    direct = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:none", "End": True}
    assert machines.run({"Invoke": direct})["error"] == "Lambda.ResourceNotFoundException"


@pytest.mark.supports(
    "stepfunctions:StartExecution", "aws-sdk integrations in PascalCase, errors as Lambda.ResourceConflictException"
)
def test_sdk_integrations(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package(FAULTY))
    call = "arn:aws:states:::aws-sdk:"
    found = machines.output(
        {
            "Get": {
                "Type": "Task",
                "Resource": f"{call}lambda:getFunctionConfiguration",
                "Parameters": {"FunctionName": name},
                "End": True,
            }
        }
    )
    assert found["MemorySize"] == 1769
    alias = {"FunctionName": name, "Name": "one", "FunctionVersion": "$LATEST"}
    create = {"Type": "Task", "Resource": f"{call}lambda:createAlias", "Parameters": alias, "End": True}
    machines.output({"Create": create})
    assert machines.run({"Create": create})["error"] == "Lambda.ResourceConflictException"
    logs = {"Type": "Task", "Resource": f"{call}cloudwatchlogs:createLogGroup", "End": True}
    group = f"group-{time.time_ns()}"
    machines.output({"Create": {**logs, "Parameters": {"LogGroupName": group}}})
    filtered = {**logs, "Resource": f"{call}cloudwatchlogs:describeLogGroups"}
    listed = machines.output({"List": {**filtered, "Parameters": {"LogGroupNamePrefix": group}}})
    assert listed["LogGroups"][0]["LogGroupName"] == group


@pytest.mark.supports("stepfunctions:SendTaskSuccess", "waitForTaskToken, with heartbeats and failures")
def test_task_tokens(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package("def handler(event, context): print('TOKEN', event['token'])"))
    state = invoke(name, {"token.$": "$$.Task.Token"}, End=True)
    state["Resource"] += ".waitForTaskToken"
    execution = machines.start(machines.create({"Wait": state}))
    token = _token(machines, execution)
    machines.states.send_task_success(taskToken=token, output='{"done": true}')
    assert json.loads(machines.wait(execution)["output"]) == {"done": True}
    with pytest.raises(ClientError, match="TaskTimedOut"):
        machines.states.send_task_success(taskToken=token, output="{}")
    execution = machines.start(machines.create({"Wait": state}))
    machines.states.send_task_failure(taskToken=_token(machines, execution), error="No", cause="because")
    ended = machines.wait(execution)
    assert (ended["error"], ended["cause"]) == ("No", "because")
    catch = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Missed"}]
    impatient = {**state, "HeartbeatSeconds": 1, "TimeoutSeconds": 30, "Catch": catch}
    missed = machines.output({"Wait": impatient, "Missed": {"Type": "Pass", "Result": "missed", "End": True}})
    assert missed == "missed"


def _token(machines: Machines, execution: str) -> str:
    until(lambda: "TaskSubmitted" in machines.kinds(execution))
    scheduled = next(each for each in machines.events(execution) if each["type"] == "TaskScheduled")
    parameters = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])
    return str(parameters["Payload"]["token"])


@pytest.mark.supports(
    "stepfunctions:StartExecution", "startExecution.sync:2, whose execution is stopped with its own"
)
def test_nested_executions(machines: Machines) -> None:
    inner = machines.create({"Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}})
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner, "Input.$": "$"},
        "End": True,
    }
    outer = machines.create({"Start": start})
    assert json.loads(machines.wait(machines.start(outer, {"seconds": 0}))["output"])["Output"] == {"seconds": 0}
    execution = machines.start(outer, {"seconds": 600})
    until(lambda: "TaskSubmitted" in machines.kinds(execution))
    machines.states.stop_execution(executionArn=execution)
    running = machines.states.list_executions(stateMachineArn=inner, statusFilter="RUNNING")["executions"]
    assert running == []


def call(integration: str, parameters: Any) -> dict[str, Any]:
    """The states of a machine that is one call."""
    return {"Call": task(integration, parameters, End=True)}


@pytest.mark.supports(
    "stepfunctions:StartExecution", "aws-sdk:s3 getObject, putObject, listObjectsV2, errors by name"
)
def test_s3(machines: Machines) -> None:
    bucket = machines.bucket()
    put = {"Bucket": bucket, "Key": "a/b c", "Body": {"n": 1}}
    assert machines.output(call("aws-sdk:s3:putObject", put))["ETag"]
    got = machines.output(call("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "a/b c"}))
    assert json.loads(got["Body"]) == {"n": 1}
    assert got["ContentLength"] == len(got["Body"])
    machines.output(call("aws-sdk:s3:putObject", {**put, "Key": "text", "Body": "plain"}))
    assert machines.output(call("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "text"}))["Body"] == '"plain"'
    listed = machines.output(call("aws-sdk:s3:listObjectsV2", {"Bucket": bucket, "Prefix": "a/"}))
    assert [each["Key"] for each in listed["Contents"]] == ["a/b c"]
    assert listed["Contents"][0]["LastModified"].endswith("Z")
    missing = machines.run(call("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "none"}))
    assert missing["error"] == "S3.NoSuchKeyException"
    missing = machines.run(call("aws-sdk:s3:listObjectsV2", {"Bucket": f"{bucket}-none"}))
    assert missing["error"] == "S3.NoSuchBucketException"
    unknown = machines.run(call("aws-sdk:s3:listObjectsV2", {"Bucket": bucket, "Sort": "up"}))
    assert unknown["cause"].endswith('The field "Sort" is not supported by Step Functions')


@pytest.mark.supports("stepfunctions:StartExecution", "aws-sdk:cloudwatch putMetricData, getMetricData")
def test_metrics(machines: Machines) -> None:
    space, now = machines.bucket(), datetime.datetime.now(tz=datetime.UTC)
    points = [{"MetricName": "Size", "Values": [1, 3], "Timestamp": now.isoformat()}]
    machines.output(call("aws-sdk:cloudwatch:putMetricData", {"Namespace": space, "MetricData": points}))
    stat = {"Metric": {"Namespace": space, "MetricName": "Size"}, "Period": 60, "Stat": "Maximum"}
    wanted = {
        "MetricDataQueries": [{"Id": "m", "MetricStat": stat}],
        "StartTime": (now - datetime.timedelta(hours=1)).isoformat(),
        "EndTime": (now + datetime.timedelta(hours=1)).isoformat(),
    }
    found = machines.output(call("aws-sdk:cloudwatch:getMetricData", wanted))["MetricDataResults"]
    assert (found[0]["Id"], found[0]["Values"]) == ("m", [3])
    assert found[0]["Timestamps"][0].endswith("Z")


@pytest.mark.supports("stepfunctions:StartExecution", "aws-sdk:cloudwatchlogs startQuery, getQueryResults")
def test_queries_of_logs(machines: Machines) -> None:
    group, now = machines.bucket(), int(time.time())
    logs = machines.cloud.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    logs.put_log_events(
        logGroupName=group, logStreamName="one", logEvents=[{"timestamp": now * 1000, "message": "hello"}]
    )
    asked = {"LogGroupName": group, "StartTime": now - 60, "EndTime": now + 60, "QueryString": "fields @message"}
    states = {
        "Start": task("aws-sdk:cloudwatchlogs:startQuery", asked, Next="Get"),
        "Get": task(
            "aws-sdk:cloudwatchlogs:getQueryResults", {"QueryId.$": "$.QueryId"}, Next="Done?", ResultPath="$.found"
        ),
        "Done?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.found.Status", "StringEquals": "Complete", "Next": "Done"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Get"},
        "Done": {"Type": "Succeed"},
    }
    rows = machines.output(states)["found"]["Results"]
    assert [field["Value"] for field in rows[0] if field["Field"] == "@message"] == ["hello"]


@pytest.mark.supports("stepfunctions:StartExecution", "aws-sdk:sts getCallerIdentity; Credentials of a role")
def test_identity(machines: Machines) -> None:
    states = call("aws-sdk:sts:getCallerIdentity", {})
    found = machines.output(states)
    assert (found["Account"], found["Arn"].startswith("arn:aws:")) == ("123456789012", True)
    states["Call"]["Credentials"] = {"RoleArn": "arn:aws:iam::210987654321:role/other"}
    assert machines.output(states)["Account"] == "210987654321"


@pytest.mark.supports("stepfunctions:StartExecution", "sns:publish and sqs:sendMessage, objects as JSON")
def test_messages(machines: Machines) -> None:
    sns, (queue, arn) = machines.cloud.client("sns"), machines.queue()
    topic = sns.create_topic(Name=machines.bucket())["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    published = machines.output(call("sns:publish", {"TopicArn": topic, "Message": {"n": 1}, "Subject": "s"}))
    assert published["MessageId"]
    assert [json.loads(each) for each in machines.received(queue, 1)] == [{"n": 1}]
    sent = machines.output(call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": {"n": 2}}))
    assert (bool(sent["MessageId"]), "MD5OfMessageBody" in sent) == (True, True)
    machines.output(call("sqs:sendMessage", {"QueueUrl": queue, "MessageBody": "plain"}))
    assert sorted(machines.received(queue, 2)) == ["plain", '{"n":2}']
    assert machines.run(call("sns:publish", {"TopicArn": f"{topic}-none", "Message": "x"}))["error"].startswith(
        "SNS."
    )
    missing = machines.run(call("sqs:sendMessage", {"QueueUrl": f"{queue}-none", "MessageBody": "x"}))
    assert missing["error"].startswith("SQS.")


@pytest.mark.supports(
    "stepfunctions:StartExecution", "events:putEvents, with the ARNs of machine and execution as resources"
)
def test_put_events(machines: Machines) -> None:
    events, name, (queue, arn) = machines.cloud.client("events"), machines.bucket(), machines.queue()
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    entry = {"Source": name, "DetailType": "Thing", "Detail": {"n": 1}, "Resources": ["own"]}
    machine = machines.create(call("events:putEvents", {"Entries": [entry]}))
    execution = machines.start(machine)
    output = json.loads(machines.wait(execution)["output"])
    assert (output["FailedEntryCount"], len(output["Entries"])) == (0, 1)
    (event,) = map(json.loads, machines.received(queue, 1))
    assert (event["detail"], event["detail-type"]) == ({"n": 1}, "Thing")
    assert sorted(event["resources"]) == sorted(["own", machine, execution])
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)


@pytest.mark.supports(
    "stepfunctions:StartExecution", "dynamodb:getItem, putItem, updateItem, deleteItem, errors by name"
)
def test_dynamodb(machines: Machines) -> None:
    table, dynamodb = machines.bucket(), machines.cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    key = {"id": {"S": "a"}}
    put = {"TableName": table, "Item": {**key, "n": {"N": "1"}, "tags": {"L": [{"S": "x"}]}}}
    once = {**put, "ConditionExpression": "attribute_not_exists(id)"}
    machines.output(call("dynamodb:putItem", once))
    assert machines.run(call("dynamodb:putItem", once))["error"] == "DynamoDB.ConditionalCheckFailedException"
    update = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "2"}}}
    machines.output(call("dynamodb:updateItem", {"TableName": table, "Key": key, **update}))
    found = machines.output(call("dynamodb:getItem", {"TableName": table, "Key": key}))["Item"]
    assert found == {**key, "n": {"N": "3"}, "tags": {"L": [{"S": "x"}]}}
    machines.output(call("dynamodb:deleteItem", {"TableName": table, "Key": key}))
    assert "Item" not in machines.output(call("dynamodb:getItem", {"TableName": table, "Key": key}))
    assert machines.run(call("aws-sdk:dynamodb:putItem", {**put, "TableName": f"{table}-none"}))["error"] == (
        "DynamoDb.ResourceNotFoundException"
    )
    dynamodb.delete_table(TableName=table)
