"""EventBridge rules on the status of executions in the embedded AWS, and their targets."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from machines import SAME, Machines, until

Package = Callable[..., bytes]


@pytest.mark.supports("events:PutRule", "Step Functions Execution Status Change, to a function")
def test_status_changes_reach_a_function(machines: Machines, package: Package) -> None:
    bucket = machines.bucket()
    code = """
import boto3, json, os
def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=event["detail"]["status"], Body=json.dumps(event))
"""
    name = machines.cloud.create(package(code), Environment={"Variables": {"BUCKET": bucket}})
    arn = machines.create({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
    events = machines.cloud.client("events")
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [arn], "status": ["ABORTED"]},
    }
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    target = machines.cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    events.put_targets(Rule=bucket, Targets=[{"Id": "1", "Arn": target}])
    execution = machines.start(arn)
    machines.states.stop_execution(executionArn=execution, cause="enough")
    s3 = machines.cloud.client("s3")
    until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"))
    event = json.loads(s3.get_object(Bucket=bucket, Key="ABORTED")["Body"].read())
    assert event["resources"] == [execution]
    assert (event["detail"]["status"], event["detail"]["cause"]) == ("ABORTED", "enough")
    events.remove_targets(Rule=bucket, Ids=["1"])
    events.delete_rule(Name=bucket)


@contextmanager
def _watched(machines: Machines, status: str, target: dict[str, Any]) -> Iterator[str]:
    """A machine whose executions a rule tells a target of."""
    arn = machines.create({"Pass": {"Type": "Pass", "End": True}})
    events, name = machines.cloud.client("events"), machines.bucket()
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [arn], "status": [status]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])
    yield arn
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)


@pytest.mark.supports("events:PutTargets", "a state machine, with InputPath and InputTransformer")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"InputPath": "$.detail.status"}, "SUCCEEDED"),
        ({"Input": '{"fixed": 1}'}, {"fixed": 1}),
        ({"InputTransformer": {"InputPathsMap": {"s": "$.detail.status"}, "InputTemplate": '{"was": <s>}'}},
         {"was": "SUCCEEDED"}),
        ({"InputTransformer": {"InputPathsMap": {"s": "$.detail.status"}, "InputTemplate": '"It was <s>"'}},
         "It was SUCCEEDED"),
    ],
)  # fmt: skip
def test_status_changes_start_a_state_machine(machines: Machines, options: dict[str, Any], expected: Any) -> None:
    follower = machines.create(SAME)
    with _watched(machines, "SUCCEEDED", {"Arn": follower, "RoleArn": machines.cloud.aws.role_arn, **options}) as arn:
        machines.wait(machines.start(arn))
        listed = machines.states.list_executions
        until(lambda: listed(stateMachineArn=follower)["executions"])
        (found,) = listed(stateMachineArn=follower)["executions"]
        assert json.loads(machines.wait(found["executionArn"])["input"]) == expected


@pytest.mark.supports("events:PutTargets", "an SNS topic")
def test_status_changes_reach_a_topic(machines: Machines) -> None:
    sns, (queue, arn) = machines.cloud.client("sns"), machines.queue()
    topic = sns.create_topic(Name=machines.bucket())["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    with _watched(machines, "RUNNING", {"Arn": topic}) as machine:
        execution = machines.start(machine)
        (event,) = map(json.loads, machines.received(queue, 1))
        assert (event["resources"], event["detail"]["status"]) == ([execution], "RUNNING")
        assert event["time"].endswith("Z")


@pytest.mark.supports("events:PutTargets", "a target that cannot be reached hinders no other")
@pytest.mark.supports("events:PutTargets", "an SQS queue, with a fixed Input")
def test_a_target_that_is_gone(machines: Machines) -> None:
    queue, arn = machines.queue()
    with _watched(machines, "SUCCEEDED", {"Arn": f"{arn}-none"}) as machine:
        events = machines.cloud.client("events")
        (rule,) = events.list_rule_names_by_target(TargetArn=f"{arn}-none")["RuleNames"]
        unknown = arn.replace(":sqs:", ":nothing:")
        targets = [{"Id": "2", "Arn": unknown}, {"Id": "3", "Arn": arn, "Input": "fixed"}]
        events.put_targets(Rule=rule, Targets=targets)
        assert machines.wait(machines.start(machine))["status"] == "SUCCEEDED"
        assert machines.received(queue, 1) == ["fixed"]
        events.remove_targets(Rule=rule, Ids=["2", "3"])


@pytest.mark.supports("events:PutRule", "a rule whose machine starts itself keeps nobody waiting")
def test_a_machine_that_starts_itself(machines: Machines) -> None:
    follower = machines.create({"Wait": {"Type": "Wait", "Seconds": 1, "End": True}})
    events, name = machines.cloud.client("events"), machines.bucket()
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [follower], "status": ["RUNNING"]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": follower, "RoleArn": machines.cloud.aws.role_arn}])
    machines.start(follower)
    until(lambda: len(machines.states.list_executions(stateMachineArn=follower)["executions"]) > 2)
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
