import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from powertune.aws.actions import ACTIONS, COMMANDS, COPY_METHODS, DELETE_COPY_METHODS, STACK_COMMANDS
from powertune.aws.iam_policy import Grant, policy, policy_text
from powertune.model import FunctionRef

REF = FunctionRef.parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:fn:prod")


def allows(document: dict[str, Any], action: str, resource: str) -> bool:
    def one_of(value: str | list[str]) -> list[str]:
        return [value] if isinstance(value, str) else value

    return any(
        action in statement["Action"] and any(fnmatchcase(resource, r) for r in one_of(statement["Resource"]))
        for statement in document["Statement"]
    )


def test_deleting_the_function_itself_is_not_allowed_but_its_versions_are() -> None:
    document = policy("run", REF)
    arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:fn"
    assert allows(document, "lambda:DeleteFunction", f"{arn}:7")
    assert not allows(document, "lambda:DeleteFunction", arn)
    assert not allows(document, "lambda:DeleteFunction", f"{arn}-2")
    assert allows(document, "lambda:InvokeFunction", f"{arn}:powertune-1-128")
    assert allows(
        document, "logs:FilterLogEvents", "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/aws/lambda/fn:*"
    )


def test_payloads_and_processors_are_added_when_used() -> None:
    document = policy(
        "run",
        REF,
        Grant(
            payload_s3="s3://bucket/key.json",
            processors=(FunctionRef(name="before"), FunctionRef(name="after")),
        ),
    )
    assert allows(document, "s3:GetObject", "arn:aws-cn:s3:::bucket/key.json")
    assert allows(document, "lambda:InvokeFunction", "arn:aws:lambda:REGION:ACCOUNT_ID:function:before")
    group = "arn:aws-cn:logs:cn-north-1:123456789012:log-group:/mine:*"
    assert allows(policy("run", REF, Grant(log_group="/mine")), "logs:FilterLogEvents", group)
    assert not allows(document, "logs:FilterLogEvents", group)
    assert not allows(policy("run", REF), "s3:GetObject", "arn:aws-cn:s3:::bucket/key.json")


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - set(STACK_COMMANDS)))
def test_a_policy_is_valid_json_with_unique_sids_and_every_action(command: str) -> None:
    document = json.loads(policy_text(policy(command, FunctionRef(name="fn"))))
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)
    granted = {action for statement in document["Statement"] for action in statement["Action"]}
    methods = {*COMMANDS[command], *(DELETE_COPY_METHODS if command == "restore" else ())}
    assert granted == {name for method in methods for name in (ACTIONS[method].name, *ACTIONS[method].also)}


ARN = "arn:aws-cn:lambda:cn-north-1:123456789012:function:fn"
COPY = f"{ARN}-powertune-abcd1234"


def test_copies_are_created_and_deleted_whole_and_nothing_else_is() -> None:
    document = policy("run", REF, Grant(copies=True, role="arn:aws-cn:iam::123456789012:role/mine"))
    for method in COPY_METHODS:
        assert allows(document, ACTIONS[method].name, COPY), method
    assert allows(document, "lambda:TagResource", COPY)
    assert allows(document, "lambda:ListTags", ARN)
    assert allows(document, "lambda:UpdateFunctionConfiguration", ARN)
    assert allows(document, "iam:PassRole", "arn:aws-cn:iam::123456789012:role/mine")
    assert allows(document, "lambda:GetLayerVersion", "arn:aws-cn:lambda:cn-north-1:999999999999:layer:theirs:7")
    for other in (ARN, f"{ARN}-2", f"{ARN}x-powertune-abcd1234"):
        assert not allows(document, "lambda:DeleteFunction", other), other
        assert not allows(document, "lambda:CreateFunction", other), other
    assert not allows(policy("run", REF), "lambda:CreateFunction", COPY)


def test_isolated_runs_may_not_change_the_function_itself() -> None:
    document = policy("run", REF, Grant(isolate=True))
    reading = ("lambda:Get", "lambda:List")
    allowed = {a for statement in document["Statement"] for a in statement["Action"] if allows(document, a, ARN)}
    assert {action for action in allowed if not action.startswith(reading)} == {
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "compute-optimizer:GetLambdaFunctionRecommendations",
        "logs:DescribeLogGroups",
        "logs:GetQueryResults",
    }
    assert not allows(document, "lambda:DeleteFunction", f"{ARN}:7")
    assert allows(document, "lambda:InvokeFunction", f"{COPY}:powertune-abcd1234-128")
    assert allows(document, "iam:PassRole", "arn:aws-cn:iam::123456789012:role/ROLE_NAME")


def test_restore_finds_and_deletes_copies() -> None:
    document = policy("restore", FunctionRef.parse(f"arn:aws:lambda:us-east-1:123456789012:function:{'n' * 64}"))
    copy = f"arn:aws:lambda:us-east-1:123456789012:function:{'n' * 43}-powertune-abcd1234-2"
    assert allows(document, "lambda:ListFunctions", "*")
    for method in DELETE_COPY_METHODS:
        assert allows(document, ACTIONS[method].name, copy)
    assert not allows(document, "lambda:CreateFunction", copy)


def test_preflight_may_ask_who_uses_latest_also_for_an_isolated_run() -> None:
    for grant in (Grant(), Grant(isolate=True)):
        document = policy("run", REF, grant)
        for action in ("lambda:GetFunctionUrlConfig", "lambda:GetPolicy", "lambda:ListAliases"):
            assert allows(document, action, ARN), action
        assert allows(document, "lambda:ListEventSourceMappings", "*")
    assert allows(policy("run", REF), "lambda:UpdateAlias", ARN)
    assert not allows(policy("run", REF, Grant(isolate=True)), "lambda:UpdateAlias", ARN)


def test_a_function_in_a_vpc_takes_what_lambda_asks_of_ec2() -> None:
    document = policy("run", REF, Grant(vpc=True))
    for action in ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"):
        assert allows(document, action, "*")
        assert not allows(policy("run", REF), action, "*")


def test_a_customer_managed_key_and_code_in_ones_own_bucket_take_more() -> None:
    key = "arn:aws-cn:kms:cn-north-1:123456789012:key/1"
    document = policy("run", REF, Grant(isolate=True, kms_key=key, code_s3="s3://mine/code.zip"))
    for action in ("kms:CreateGrant", "kms:Encrypt", "kms:Decrypt"):
        assert allows(document, action, key)
        assert not allows(document, action, key + "2")
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert allows(document, action, "arn:aws-cn:s3:::mine/code.zip")
    assert not allows(policy("run", REF), "kms:CreateGrant", key)
