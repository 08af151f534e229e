"""The least-privilege policy of a run by the state machine: it starts an execution, and reads what that keeps."""

from typing import Any

from powertune.aws.actions import ACTIONS, EXECUTION_METHODS
from powertune.aws.iam_policy import PLACEHOLDERS, PLAIN, Grant, sid, statement
from powertune.aws.stacks.stack_policy import STACK
from powertune.model import FunctionRef


def execution_policy(place: FunctionRef, grant: Grant = PLAIN) -> dict[str, Any]:
    """The IAM policy document for `run --engine stepfunctions` and `run --attach`, with the default names.

    The function itself is not part of it: it is the state machine that changes and invokes it.

    Args:
        place: whose region and account the policy is for, as far as it names them.
        grant: of which only `payload_s3` and `kms_key`, the key that encrypts the results, matter.
    """
    partition, region = place.partition or "aws", place.region or PLACEHOLDERS[0]
    account = place.account_id or PLACEHOLDERS[1]
    where, bucket = f"{region}:{account}", f"arn:{partition}:s3:::{STACK}-resultsbucket-*"
    resources: dict[str, str | list[str]] = {
        "stack": f"arn:{partition}:cloudformation:{where}:stack/{STACK}/*",
        "machine": f"arn:{partition}:states:{where}:stateMachine:{STACK}",
        "execution": f"arn:{partition}:states:{where}:execution:{STACK}:*",
        "object": f"{bucket}/*",
        "buckets": bucket,
    }
    statements = [
        statement(f"run-{scope}", [each for each in EXECUTION_METHODS if ACTIONS[each].scope == scope], on)
        for scope, on in resources.items()
    ]
    if grant.payload_s3:
        name = grant.payload_s3.removeprefix("s3://")
        statements.append(statement("run-payload", ["s3.get_object"], f"arn:{partition}:s3:::{name}"))
    if grant.kms_key:
        statements.append(
            {"Sid": sid("run-key"), "Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": grant.kms_key}
        )
    return {"Version": "2012-10-17", "Statement": statements}
