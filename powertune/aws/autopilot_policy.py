"""The IAM policy of the autopilot: what a scan reads, what runs do to functions, and the state."""

from typing import Any

from powertune.aws.iam_policy import Grant, policy, statement
from powertune.aws.scan_policy import ScanGrant, scan_policy
from powertune.model import FunctionRef

#: What stands for all functions while a policy is made: no function may have this name twice in a resource.
_STAND_IN = "powertune-any-function"


def autopilot_policy(function: FunctionRef | None, grant: Grant, state: str | None) -> dict[str, Any]:
    """The policy document.

    Args:
        function: the only one to tune; None for all functions of the account.
        grant: as for a run.
        state: `s3://bucket/prefix`, where the autopilot keeps its state; None for a folder.
    """
    named = function or FunctionRef(name=_STAND_IN)
    run = policy("run", named, grant)
    arns = run["Statement"][0]["Resource"]
    statements = [*scan_policy(ScanGrant())["Statement"], *run["Statement"]]
    statements.append(statement("autopilot-tags", ["lambda.list_tags"], arns))
    if state is not None:
        statements += _keeping(state, named.partition or "aws")
    document = {"Version": "2012-10-17", "Statement": statements}
    return document if function is not None else _of_all(document)


def _of_all(value: Any) -> Any:
    """The same of all functions."""
    if isinstance(value, str):
        return value.replace(_STAND_IN, "*").replace(":REGION:", ":*:")
    if isinstance(value, list):
        return [_of_all(each) for each in value]
    return {key: _of_all(each) for key, each in value.items()} if isinstance(value, dict) else value


def _keeping(state: str, partition: str) -> list[dict[str, Any]]:
    bucket, _, prefix = state.removeprefix("s3://").strip("/").partition("/")
    arn = f"arn:{partition}:s3:::{bucket}"
    objects = f"{arn}/{prefix}/*" if prefix else f"{arn}/*"
    return [
        statement("autopilot-list-state", ["s3.list_objects_v2"], arn),
        statement("autopilot-keep-state", ["s3.get_object", "s3.put_object"], objects),
    ]
