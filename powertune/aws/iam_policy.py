"""The least-privilege IAM policy of a command, made from the calls that it makes."""

import json
from dataclasses import dataclass
from typing import Any

from powertune.aws.actions import ACTIONS, COMMANDS, COPY_METHODS, DELETE_COPY_METHODS, IN_PLACE
from powertune.aws.copies.names import stem
from powertune.model import FunctionRef

#: What stands in a policy for the region and the account of a function that is named without them.
PLACEHOLDERS = ("REGION", "ACCOUNT_ID", "ROLE_NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a policy is to allow, beyond a command's calls on one function.

    `log_group` is where the function logs, if not to `/aws/lambda/NAME`; `payload_s3` is `s3://bucket/key`;
    `processors` are the pre- and post-processor functions. With `copies`, the function may be measured on temporary
    copies as well, with `isolate` only on these; `role` is the ARN of the execution role that they get.

    `vpc` is for functions in a VPC; `kms_key` is the ARN of the customer managed key that encrypts the function's
    environment or code; `code_s3` is `s3://bucket/key`, where the code stays in a bucket of one's own. `baselines` is
    `s3://bucket/prefix`, where a gate's baselines are kept.
    """

    log_group: str | None = None
    payload_s3: str | None = None
    processors: tuple[FunctionRef, ...] = ()
    copies: bool = False
    isolate: bool = False
    role: str | None = None
    vpc: bool = False
    kms_key: str | None = None
    code_s3: str | None = None
    baselines: str | None = None


PLAIN = Grant()


def policy(command: str, function: FunctionRef, grant: Grant = PLAIN) -> dict[str, Any]:
    """The least-privilege IAM policy document for a command on one function.

    Deleting is allowed for numbered versions only: `function:name:*` does not match the function itself, which a
    stray DeleteFunction would otherwise take away whole. Of copies, the whole may be deleted.
    """
    arn = _arn(function)
    where = arn.replace(":lambda:", ":logs:", 1).removesuffix(f":function:{function.name}")
    group = grant.log_group or f"/aws/lambda/{function.name}"
    resources: dict[str, str | list[str]] = {
        "function": [arn, f"{arn}:*"],
        "versions": f"{arn}:*",
        "logs": f"{where}:log-group:{group}:*",
        "account": "*",
    }
    methods = [m for m in COMMANDS[command] if not (grant.isolate and m in IN_PLACE)]
    statements = [
        statement(f"{command}-{scope}", [m for m in methods if ACTIONS[m].scope == scope], on)
        for scope, on in resources.items()
        if any(ACTIONS[m].scope == scope for m in methods)
    ]
    statements += _about_copies(command, function, grant)
    if grant.processors:
        arns = [each for processor in grant.processors for each in _both(_arn(processor))]
        statements.append(statement(f"{command}-processors", ["lambda.get_function", "lambda.invoke"], arns))
    if grant.payload_s3:
        partition = function.partition or "aws"
        name = grant.payload_s3.removeprefix("s3://")
        statements.append(statement(f"{command}-payload", ["s3.get_object"], f"arn:{partition}:s3:::{name}"))
    if grant.baselines:
        statements += _keeping_baselines(command, grant.baselines, function.partition or "aws")
    statements += _asked_for_by_others(command, function, grant)
    return {"Version": "2012-10-17", "Statement": statements}


def _keeping_baselines(command: str, place: str, partition: str) -> list[dict[str, Any]]:
    """Finding, reading and writing baselines in a bucket."""
    bucket, _, prefix = place.removeprefix("s3://").strip("/").partition("/")
    arn = f"arn:{partition}:s3:::{bucket}"
    objects = f"{arn}/{prefix}/*" if prefix else f"{arn}/*"
    return [
        statement(f"{command}-list-baselines", ["s3.list_objects_v2"], arn),
        statement(f"{command}-baselines", ["s3.get_object", "s3.put_object"], objects),
    ]


def _about_copies(command: str, function: FunctionRef, grant: Grant) -> list[dict[str, Any]]:
    """What making copies and deleting them takes; `restore` deletes those that it finds."""
    arn = _arn(function)
    copies = arn.removesuffix(function.name) + f"{stem(function.name)}-powertune-*"
    if command == "restore":
        return [statement("restore-copies", list(DELETE_COPY_METHODS), copies)]
    if command != "run" or not (grant.copies or grant.isolate):
        return []
    partition, _, region, account = arn.split(":")[1:5]
    role = grant.role or f"arn:{partition}:iam::{account}:role/{PLACEHOLDERS[2]}"
    pass_role = {
        "Sid": "PowertuneRunRole",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": role,
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }
    return [
        statement("run-source", ["lambda.list_tags"], arn),
        statement("run-copies", list(COPY_METHODS), copies),
        # A layer may be another account's.
        statement("run-layers", ["lambda.get_layer_version_by_arn"], f"arn:{partition}:lambda:{region}:*:layer:*"),
        pass_role,
    ]


#: What Lambda asks of other services with the caller's permissions, when a function is updated or copied.
_VPC_ACTIONS = ("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs")
_KEY_ACTIONS = ("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
_CODE_ACTIONS = ("s3:GetObject", "s3:GetObjectVersion")


def _asked_for_by_others(command: str, function: FunctionRef, grant: Grant) -> list[dict[str, Any]]:
    """What functions take that are in a VPC, encrypted with a key of one's own, or kept in one's own bucket."""
    partition = function.partition or "aws"
    wanted: list[tuple[str, tuple[str, ...], str]] = []
    if grant.vpc:
        wanted.append(("vpc", _VPC_ACTIONS, "*"))
    if grant.kms_key:
        wanted.append(("key", _KEY_ACTIONS, grant.kms_key))
    if grant.code_s3:
        wanted.append(("code", _CODE_ACTIONS, f"arn:{partition}:s3:::{grant.code_s3.removeprefix('s3://')}"))
    return [
        {"Sid": sid(f"{command}-{name}"), "Effect": "Allow", "Action": list(actions), "Resource": resource}
        for name, actions, resource in wanted
    ]


def policy_text(document: dict[str, Any]) -> str:
    """A policy document as the IAM console takes it."""
    return json.dumps(document, indent=2) + "\n"


def _arn(function: FunctionRef) -> str:
    # IAM does not match a wildcard in the place of the account.
    partition, region = function.partition or "aws", function.region or PLACEHOLDERS[0]
    account = function.account_id or PLACEHOLDERS[1]
    return f"arn:{partition}:lambda:{region}:{account}:function:{function.name}"


def _both(arn: str) -> tuple[str, str]:
    return arn, f"{arn}:*"


def statement(name: str, methods: list[str], resource: str | list[str]) -> dict[str, Any]:
    """A statement that allows methods of boto3's, and what AWS asks for at the same calls."""
    actions = {action for method in methods for action in (ACTIONS[method].name, *ACTIONS[method].also)}
    return {"Sid": sid(name), "Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def sid(name: str) -> str:
    """The name of a statement: letters only."""
    return "Powertune" + "".join(word.capitalize() for word in name.split("-"))
