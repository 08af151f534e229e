"""The policies of `deploy` and `destroy`: their own calls, and what CloudFormation calls with them."""

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from powertune.aws.actions import ACTIONS, COMMANDS, STACK_COMMANDS
from powertune.aws.iam_policy import Grant
from powertune.aws.stacks.stack_policy import stack_policy
from powertune.model import FunctionRef

HERE = FunctionRef.parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:any")
TEMPLATES = tuple((Path(__file__).parents[2] / "statemachine").glob("*template.yaml"))
#: A resource of each type that CloudFormation creates, and an action that this takes.
CREATES = {
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::Events::Rule": "events:PutRule",
    "AWS::IAM::ManagedPolicy": "iam:CreatePolicy",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Lambda::EventInvokeConfig": "lambda:PutFunctionEventInvokeConfig",
    "AWS::Lambda::Function": "lambda:CreateFunction",
    "AWS::Lambda::Permission": "lambda:AddPermission",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::SQS::Queue": "sqs:CreateQueue",
    "AWS::SQS::QueuePolicy": "sqs:SetQueueAttributes",
    "AWS::Scheduler::Schedule": "scheduler:CreateSchedule",
    "AWS::StepFunctions::StateMachine": "states:CreateStateMachine",
}


def actions_of(document: dict[str, Any]) -> set[str]:
    return {action for statement in document["Statement"] for action in statement["Action"]}


@pytest.mark.parametrize("command", STACK_COMMANDS)
def test_a_command_may_make_its_calls_and_names_are_unique(command: str) -> None:
    document = json.loads(json.dumps(stack_policy(command, HERE)))
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)
    own = {name for method in COMMANDS[command] for name in (ACTIONS[method].name, *ACTIONS[method].also)}
    assert own <= actions_of(document)


def test_cloudformation_may_create_every_type_of_the_templates() -> None:
    assert len(TEMPLATES) == 2
    lines = [line for template in TEMPLATES for line in template.read_text().splitlines()]
    types = {line.split("Type: ")[1] for line in lines if "    Type: AWS::" in line}
    assert {each.strip() for each in types} == CREATES.keys()
    assert set(CREATES.values()) <= actions_of(stack_policy("deploy", HERE))
    assert all(PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind) for kind in CREATES)


def test_destroying_creates_and_changes_nothing() -> None:
    verbs = ("Create", "Put", "Update", "Attach", "Add", "Tag", "Pass", "Execute", "Associate")
    for action in actions_of(stack_policy("destroy", HERE, Grant(kms_key="arn:aws:kms:x", vpc=True))):
        assert not action.split(":")[1].startswith(verbs), action
    # What takes the policy from a queue.
    assert "sqs:SetQueueAttributes" in actions_of(stack_policy("destroy", HERE))


def test_resources_are_those_of_the_stack_and_its_place() -> None:
    for statement in stack_policy("deploy", HERE)["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert resource == "*" or "powertune" in resource, statement
            assert resource == "*" or resource.startswith("arn:aws-cn:"), statement
    text = json.dumps(stack_policy("deploy", FunctionRef(name="any")))
    assert "arn:aws:states:REGION:ACCOUNT_ID:stateMachine:powertune" in text
    assert "arn:aws:iam::ACCOUNT_ID:role/powertune-*" in text


@pytest.mark.parametrize("service", ["scheduler", "sns"])
def test_cloudformations_own_words_about_what_a_scan_takes(service: str) -> None:
    """Its handlers say which actions they call; data protection and feedback roles are not used."""
    (kind,) = (each for each in CREATES if each.split("::")[1].lower() == service)
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    taken = {action for verb in ("create", "read", "update", "delete") for action in handlers[verb]["permissions"]}
    left_out = {"sns:PutDataProtectionPolicy", "iam:GetRole", "iam:PassRole"}
    assert taken - left_out <= actions_of(stack_policy("deploy", HERE))
    deleting = {action for verb in ("read", "delete") for action in handlers[verb]["permissions"]}
    assert deleting <= actions_of(stack_policy("destroy", HERE))


def test_the_policies_fit_into_managed_policies() -> None:
    """IAM counts no white space, and takes 6,144 characters."""
    grant = Grant(kms_key=f"arn:aws-cn:kms:cn-north-1:123456789012:key/{'1' * 36}", vpc=True)
    for command in STACK_COMMANDS:
        assert len(json.dumps(stack_policy(command, HERE, grant), separators=(",", ":"))) <= 6_144


def test_a_key_and_a_vpc_take_more() -> None:
    key = "arn:aws-cn:kms:cn-north-1:123456789012:key/1"
    document = stack_policy("deploy", HERE, Grant(kms_key=key, vpc=True))
    assert any("kms:CreateGrant" in each["Action"] and each["Resource"] == key for each in document["Statement"])
    assert "ec2:DescribeSubnets" in actions_of(document)
    assert not any(action.startswith(("kms:", "ec2:")) for action in actions_of(stack_policy("deploy", HERE)))
