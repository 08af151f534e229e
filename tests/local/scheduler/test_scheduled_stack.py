"""A stack as a scheduled scan has it: a schedule starts a Distributed Map over places, and a topic hears of it."""

import datetime
import json
from typing import Any

import pytest
from formations import Formation
from machines import Machines
from schedules import Schedules, trust

WORKER = """
import boto3
import json


def handler(event, context):
    if any(place["account"] == "000000000003" for place in event["Items"]):
        raise PermissionError("no role in 000000000003")
    shared = event["BatchInput"]
    found = {"run": shared["run"], "places": [place["account"] for place in event["Items"]]}
    boto3.client("sns").publish(TopicArn=shared["topic"], Message=json.dumps(found))
    return found
"""
PLACES = [{"account": f"{number:012}", "region": "eu-west-1"} for number in range(6)]


def _definition() -> dict[str, Any]:
    work = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "${Worker}", "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "End": True,
    }
    each = {
        "Type": "Map",
        "Label": "Places",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Arguments": {"Bucket": "${Results}", "Key": "places.json"},
        },
        "ItemBatcher": {
            "MaxItemsPerBatch": 2,
            "BatchInput": {"topic": "${Topic}", "run": "{% $states.input.run %}"},
        },
        "MaxConcurrency": 2,
        "ToleratedFailurePercentage": 34,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Work",
            "States": {"Work": work},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": "${Results}", "Prefix": "{% 'scans/' & $states.input.run %}"},
        },
        "Next": "Tell",
    }
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": "${Topic}", "Message": {"manifest": "{% $states.input.ResultWriterDetails.Key %}"}},
        "End": True,
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Each", "States": {"Each": each, "Tell": tell}}


def _template(role: str) -> str:
    mode = {"Mode": "OFF"}
    dead = {"Fn::GetAtt": ["Dead", "Arn"]}
    publish = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Topic"},
    }
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {"Ref": "Machine"}}
    policies = {
        "Topic": {"Version": "2012-10-17", "Statement": [publish]},
        "Start": {"Version": "2012-10-17", "Statement": [start]},
    }
    resources: dict[str, tuple[str, dict[str, Any]]] = {
        "Key": ("KMS::Key", {"Description": "of the topic"}),
        "Results": ("S3::Bucket", {}),
        "Topic": ("SNS::Topic", {"KmsMasterKeyId": {"Ref": "Key"}}),
        "TopicPolicy": ("SNS::TopicPolicy", {"Topics": [{"Ref": "Topic"}], "PolicyDocument": policies["Topic"]}),
        "Inbox": ("SQS::Queue", {}),
        "Dead": ("SQS::Queue", {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True}),
        "Mail": (
            "SNS::Subscription",
            {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Inbox", "Arn"]},
                "RawMessageDelivery": True,
            },
        ),
        "Worker": (
            "Lambda::Function",
            {"Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Code": {"ZipFile": WORKER}},
        ),
        "WorkerEvents": (
            "Lambda::EventInvokeConfig",
            {
                "FunctionName": {"Ref": "Worker"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 2,
                "DestinationConfig": {"OnFailure": {"Destination": dead}},
            },
        ),
        "Alarm": (
            "CloudWatch::Alarm",
            {
                "Namespace": "AWS/States",
                "MetricName": "ExecutionsFailed",
                "Dimensions": [{"Name": "StateMachineArn", "Value": {"Ref": "Machine"}}],
                "Statistic": "Sum",
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": [{"Ref": "Topic"}],
            },
        ),
        "Machine": (
            "StepFunctions::StateMachine",
            {
                "RoleArn": role,
                "DefinitionString": json.dumps(_definition()),
                "DefinitionSubstitutions": {
                    "Topic": {"Ref": "Topic"},
                    "Worker": {"Fn::GetAtt": ["Worker", "Arn"]},
                    "Results": {"Ref": "Results"},
                },
            },
        ),
        "ScheduleRole": (
            "IAM::Role",
            {
                "AssumeRolePolicyDocument": trust("scheduler.amazonaws.com"),
                "Policies": [{"PolicyName": "start", "PolicyDocument": policies["Start"]}],
            },
        ),
        "Schedule": (
            "Scheduler::Schedule",
            {
                "ScheduleExpression": "cron(0 6 ? * MON *)",
                "ScheduleExpressionTimezone": "Asia/Kolkata",
                "State": {"Ref": "State"},
                "FlexibleTimeWindow": mode,
                "Target": {
                    "Arn": {"Ref": "Machine"},
                    "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
                    "Input": '{"run": "<aws.scheduler.scheduled-time>"}',
                    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
                    "DeadLetterConfig": {"Arn": dead},
                },
            },
        ),
    }
    return json.dumps(
        {
            "Parameters": {"State": {"Type": "String", "Default": "ENABLED"}},
            "Resources": {
                name: {"Type": f"AWS::{kind}", "Properties": given} for name, (kind, given) in resources.items()
            },
            "Outputs": {name: {"Value": {"Ref": name}} for name in resources},
        }
    )


@pytest.mark.supports("cloudformation:CreateStack", "AWS::Scheduler::Schedule: starts a state machine of its stack")
@pytest.mark.supports("sns:Publish", "from functions and state machines, to queues; topics with a KMS key")
def test_a_weekly_scan(
    there: Any, formation_there: Formation, machines_there: Machines, schedules: Schedules
) -> None:
    stack = formation_there.create(_template(there.aws.role_arn))
    assert stack["StackStatus"] == "CREATE_COMPLETE", formation_there.events(stack)
    ids = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    s3, bucket = there.client("s3"), ids["Results"]
    s3.put_object(Bucket=bucket, Key="places.json", Body=json.dumps(PLACES))
    week = 7 * 24 * 3600
    # Monday, 06:00 in India.
    due = schedules.after(0).replace(hour=0, minute=30, second=0)
    while due.weekday() != 0 or due < schedules.after(0):
        due += datetime.timedelta(days=1)

    there.aws.advance_schedules(week)
    (execution,) = machines_there.states.list_executions(stateMachineArn=ids["Machine"])["executions"]
    ended = machines_there.wait(execution["executionArn"])
    assert ended["status"] == "SUCCEEDED", ended
    run = json.loads(ended["input"])["run"]
    assert run == due.strftime("%Y-%m-%dT00:30:00Z")

    map_run = machines_there.states.list_map_runs(executionArn=execution["executionArn"])["mapRuns"][0]["mapRunArn"]
    folder = f"scans/{run}/{map_run.rpartition(':')[2]}"
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"{folder}/manifest.json")["Body"].read())
    failed, succeeded = (
        s3.get_object(Bucket=bucket, Key=f"{folder}/{kind}_0.json")["Body"].read() for kind in ("FAILED", "SUCCEEDED")
    )
    assert manifest == {
        "DestinationBucket": bucket,
        "MapRunArn": map_run,
        "ResultFiles": {
            "FAILED": [{"Key": f"{folder}/FAILED_0.json", "Size": len(failed)}],
            "PENDING": [],
            "SUCCEEDED": [{"Key": f"{folder}/SUCCEEDED_0.json", "Size": len(succeeded)}],
        },
    }
    found = sorted(json.loads(record["Output"])["places"] for record in json.loads(succeeded))
    assert found == [["000000000000", "000000000001"], ["000000000004", "000000000005"]]
    (record,) = json.loads(failed)
    assert (record["Status"], record["Error"]) == ("FAILED", "PermissionError")
    assert json.loads(record["Input"])["Items"] == PLACES[2:4]

    heard = [json.loads(body) for body in machines_there.received(ids["Inbox"], 3)]
    assert heard[-1] == {"manifest": f"{folder}/manifest.json"}
    assert sorted(each["places"] for each in heard[:-1]) == found
    assert {each["run"] for each in heard[:-1]} == {run}

    off = [{"ParameterKey": "State", "ParameterValue": "DISABLED"}]
    assert formation_there.update(stack, Parameters=off)["StackStatus"] == "UPDATE_COMPLETE"
    there.aws.advance_schedules(2 * week)
    assert len(machines_there.states.list_executions(stateMachineArn=ids["Machine"])["executions"]) == 1
    objects = s3.list_objects_v2(Bucket=bucket)["Contents"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": each["Key"]} for each in objects]})
    assert formation_there.delete(stack)["StackStatus"] == "DELETE_COMPLETE"
    assert schedules.client.list_schedules(NamePrefix="scheduled-")["Schedules"] == []
