"""Every call that this package makes, with the IAM action and the resources that it needs."""

import json
from dataclasses import dataclass
from typing import Any

from powertune.model import FunctionRef

#: What stands in a policy for the region and the account of a function that is named without them.
PLACEHOLDERS = ("REGION", "ACCOUNT_ID")


@dataclass(frozen=True, slots=True)
class Action:
    """An IAM action. `scope` is what its resource is: the function, its versions and aliases, or the account."""

    name: str
    scope: str


#: boto3 client method -> what IAM calls it. A method that is not here cannot be called through `Aws.call`.
ACTIONS = {
    "get_function": Action("lambda:GetFunction", "function"),
    "get_alias": Action("lambda:GetAlias", "function"),
    "list_aliases": Action("lambda:ListAliases", "function"),
    "list_versions_by_function": Action("lambda:ListVersionsByFunction", "function"),
    "update_function_configuration": Action("lambda:UpdateFunctionConfiguration", "function"),
    "publish_version": Action("lambda:PublishVersion", "function"),
    "create_alias": Action("lambda:CreateAlias", "function"),
    "delete_alias": Action("lambda:DeleteAlias", "function"),
    "delete_function": Action("lambda:DeleteFunction", "versions"),
    "invoke": Action("lambda:InvokeFunction", "function"),
    "get_account_settings": Action("lambda:GetAccountSettings", "account"),
    "filter_log_events": Action("logs:FilterLogEvents", "logs"),
    "get_metric_statistics": Action("cloudwatch:GetMetricStatistics", "account"),
    "get_object": Action("s3:GetObject", "object"),
    "get_products": Action("pricing:GetProducts", "account"),
}

#: What each command calls on any run; S3 and processors are asked for only when they are used.
RUN_METHODS = (
    "get_function",
    "get_alias",
    "list_aliases",
    "list_versions_by_function",
    "update_function_configuration",
    "publish_version",
    "create_alias",
    "delete_alias",
    "delete_function",
    "invoke",
    "get_account_settings",
    "filter_log_events",
    "get_metric_statistics",
)
RESTORE_METHODS = (
    "get_function",
    "get_alias",
    "list_aliases",
    "list_versions_by_function",
    "update_function_configuration",
    "delete_alias",
    "delete_function",
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": RUN_METHODS,
    "restore": RESTORE_METHODS,
    "prices": ("get_products",),
}


def policy(
    command: str,
    function: FunctionRef,
    *,
    log_group: str | None = None,
    payload_s3: str | None = None,
    processors: tuple[FunctionRef, ...] = (),
) -> dict[str, Any]:
    """The least-privilege IAM policy document for a command on one function.

    Deleting is allowed for numbered versions only: `function:name:*` does not match the function itself, which a
    stray DeleteFunction would otherwise take away whole.

    Args:
        log_group: where the function logs, if not to `/aws/lambda/NAME`.
        payload_s3: `s3://bucket/key` of the payload, if it comes from there.
        processors: the pre- and post-processor functions.
    """
    arn = _arn(function)
    where = arn.replace(":lambda:", ":logs:", 1).removesuffix(f":function:{function.name}")
    group = log_group or f"/aws/lambda/{function.name}"
    resources: dict[str, str | list[str]] = {
        "function": [arn, f"{arn}:*"],
        "versions": f"{arn}:*",
        "logs": f"{where}:log-group:{group}:*",
        "account": "*",
    }
    statements = [
        _statement(
            f"{command}-{scope}", [ACTIONS[m].name for m in COMMANDS[command] if ACTIONS[m].scope == scope], on
        )
        for scope, on in resources.items()
        if any(ACTIONS[m].scope == scope for m in COMMANDS[command])
    ]
    if processors:
        arns = [each for processor in processors for each in _both(_arn(processor))]
        actions = [ACTIONS[method].name for method in ("get_function", "invoke")]
        statements.append(_statement(f"{command}-processors", actions, arns))
    if payload_s3:
        partition = function.partition or "aws"
        name = payload_s3.removeprefix("s3://")
        statements.append(
            _statement(f"{command}-payload", [ACTIONS["get_object"].name], f"arn:{partition}:s3:::{name}")
        )
    return {"Version": "2012-10-17", "Statement": statements}


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


def _statement(name: str, actions: list[str], resource: str | list[str]) -> dict[str, Any]:
    sid = "".join(word.capitalize() for word in name.split("-"))
    return {"Sid": f"Powertune{sid}", "Effect": "Allow", "Action": sorted(actions), "Resource": resource}
