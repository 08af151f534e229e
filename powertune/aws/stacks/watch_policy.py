"""The least-privilege policy of `watch`: reading, and with --deploy what it and CloudFormation call for its stack."""

from typing import Any

from powertune.aws.actions import ACTIONS, COMMANDS, WATCH_DEPLOY_METHODS
from powertune.aws.iam_policy import PLACEHOLDERS, policy, sid, statement
from powertune.aws.stacks.stack_policy import STACK
from powertune.model import FunctionRef

#: The default name of the stack, with which the names of its alarms and of its dashboard begin.
WATCH_STACK = f"{STACK}-watch"
#: What CloudFormation calls to create, update, read and delete the resources of the template.
_ALARMS = (
    *("DeleteAlarms", "DescribeAlarms", "ListTagsForResource", "PutMetricAlarm", "TagResource", "UntagResource"),
)
_DASHBOARDS = (
    *("DeleteDashboards", "GetDashboard", "ListTagsForResource", "PutDashboard", "TagResource", "UntagResource"),
)


def watch_policy(function: FunctionRef, *, deploy: bool) -> dict[str, Any]:
    """The IAM policy document for `watch` on one function; with `deploy`, also for deleting the stack again."""
    document = policy("watch", function)
    if not deploy:
        return document
    partition, region = function.partition or "aws", function.region or PLACEHOLDERS[0]
    account = function.account_id or PLACEHOLDERS[1]
    bucket = f"arn:{partition}:s3:::{STACK}-artifacts-*"
    resources: dict[str, str | list[str]] = {
        "stack": f"arn:{partition}:cloudformation:{region}:{account}:stack/{WATCH_STACK}/*",
        "artifacts": [bucket, f"{bucket}/*"],
        "buckets": [bucket, f"{bucket}/*"],
        "account": "*",
    }
    methods = [each for each in WATCH_DEPLOY_METHODS if each not in COMMANDS["watch"]]
    made = {
        "alarms": (_ALARMS, f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{WATCH_STACK}*"),
        # Dashboards are of no region.
        "dashboards": (_DASHBOARDS, f"arn:{partition}:cloudwatch::{account}:dashboard/{WATCH_STACK}-*"),
    }
    deploying = [
        statement(f"watch-deploy-{scope}", [each for each in methods if ACTIONS[each].scope == scope], on)
        for scope, on in resources.items()
    ]
    by_cloudformation = [
        {
            "Sid": sid(f"watch-{name}"),
            "Effect": "Allow",
            "Action": [f"cloudwatch:{each}" for each in actions],
            "Resource": resource,
        }
        for name, (actions, resource) in made.items()
    ]
    return {**document, "Statement": [*document["Statement"], *deploying, *by_cloudformation]}
