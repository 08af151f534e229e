"""The least-privilege policy of `deploy` and `destroy`: CloudFormation makes what it makes as who calls it."""

from typing import Any

from powertune.aws.actions import ACTIONS, COMMANDS
from powertune.aws.iam_policy import PLACEHOLDERS, PLAIN, Grant, sid, statement
from powertune.model import FunctionRef

#: The default name of the stack and of the state machine, as it stands in the policy.
STACK = "powertune"
#: What CloudFormation calls to create, update, read and delete the resources of the templates, by service.
_ROLES = (
    *("AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePermissionsBoundary", "DeleteRolePolicy"),
    *("DetachRolePolicy", "GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies", "PassRole"),
    *("PutRolePermissionsBoundary", "PutRolePolicy", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole"),
)
_POLICIES = (
    *("CreatePolicy", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy", "GetPolicyVersion"),
    *("ListEntitiesForPolicy", "ListPolicyVersions", "TagPolicy", "UntagPolicy"),
)
_FUNCTIONS = (
    *("AddPermission", "CreateFunction", "DeleteFunction", "DeleteFunctionEventInvokeConfig", "GetFunction"),
    *("GetFunctionCodeSigningConfig", "GetFunctionConfiguration", "GetFunctionEventInvokeConfig"),
    *("GetFunctionRecursionConfig", "GetPolicy", "GetRuntimeManagementConfig", "ListTags"),
    *("PutFunctionEventInvokeConfig", "RemovePermission", "TagResource", "UntagResource", "UpdateFunctionCode"),
    *("UpdateFunctionConfiguration", "UpdateFunctionEventInvokeConfig"),
)
_LOG_GROUPS = (
    *("AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteRetentionPolicy", "DisassociateKmsKey"),
    *("ListTagsForResource", "PutRetentionPolicy", "TagResource", "UntagResource"),
)
_MACHINES = (
    *("CreateStateMachine", "DeleteStateMachine", "DescribeStateMachine", "ListTagsForResource", "TagResource"),
    *("UntagResource", "UpdateStateMachine"),
)
_RULES = (
    *("DeleteRule", "DescribeRule", "ListTagsForResource", "ListTargetsByRule", "PutRule", "PutTargets"),
    *("RemoveTargets", "TagResource", "UntagResource"),
)
_QUEUES = (
    *("CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "ListQueueTags", "SetQueueAttributes"),
    *("TagQueue", "UntagQueue"),
)
_ALARMS = (
    *("DeleteAlarms", "DescribeAlarms", "ListTagsForResource", "PutMetricAlarm", "TagResource", "UntagResource"),
)
_BUCKETS = (
    *("CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "GetBucketOwnershipControls", "GetBucketPolicy"),
    *("GetBucketPublicAccessBlock", "GetBucketTagging", "GetEncryptionConfiguration", "GetLifecycleConfiguration"),
    *("PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketPublicAccessBlock", "PutBucketTagging"),
    *("PutEncryptionConfiguration", "PutLifecycleConfiguration"),
)
_SCHEDULES = ("CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
_TOPICS = (
    *("CreateTopic", "DeleteTopic", "GetDataProtectionPolicy", "GetSubscriptionAttributes", "GetTopicAttributes"),
    *("ListSubscriptionsByTopic", "ListTagsForResource", "SetTopicAttributes", "Subscribe", "TagResource"),
    *("Unsubscribe", "UntagResource"),
)
#: Of these, what deleting takes. The policy of a queue is one of its attributes.
_DELETING = ("Delete", "Describe", "Detach", "Get", "List", "Remove", "SetQueueAttributes", "Unsubscribe")
_KEY = ("CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey")
_VPC = ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")


def stack_policy(command: str, place: FunctionRef, grant: Grant = PLAIN) -> dict[str, Any]:
    """The IAM policy document for `deploy` or `destroy`, with the default names.

    Args:
        place: whose region and account the policy is for, as far as it names them.
        grant: of which only `vpc` and `kms_key` matter.
    """
    partition, region = place.partition or "aws", place.region or PLACEHOLDERS[0]
    account = place.account_id or PLACEHOLDERS[1]

    def arn(service: str, resource: str) -> str:
        return f"arn:{partition}:{service}:{'' if service == 'iam' else region}:{account}:{resource}"

    artifacts, results = f"arn:{partition}:s3:::{STACK}-artifacts-*", f"arn:{partition}:s3:::{STACK}-resultsbucket-*"
    machines: str | list[str] = [arn("states", f"stateMachine:{name}") for name in (STACK, f"{STACK}-scan")]
    own: dict[str, str | list[str]] = {
        "stack": [arn("cloudformation", f"stack/{name}/*") for name in (STACK, f"{STACK}-scan")],
        "artifacts": [artifacts, f"{artifacts}/*"],
        "buckets": [artifacts, f"{artifacts}/*", results, f"{results}/*"],
        "machine": machines,
        "object": f"{results}/*",
        # Whether a function still waits to be restored.
        "function": arn("lambda", "function:*"),
        "account": "*",
    }
    made: list[tuple[str, str, tuple[str, ...], str | list[str]]] = [
        ("roles", "iam", _ROLES, arn("iam", f"role/{STACK}-*")),
        ("policies", "iam", _POLICIES, arn("iam", f"policy/{STACK}-*")),
        ("functions", "lambda", _FUNCTIONS, arn("lambda", f"function:{STACK}-*")),
        (
            "log-groups",
            "logs",
            _LOG_GROUPS,
            [
                arn("logs", f"log-group:{name}*")
                for name in (f"/aws/lambda/{STACK}-", f"/aws/vendedlogs/states/{STACK}")
            ],
        ),
        ("all-log-groups", "logs", ("DescribeLogGroups",), "*"),
        ("machines", "states", _MACHINES, machines),
        ("rules", "events", _RULES, arn("events", f"rule/{STACK}-*")),
        ("queues", "sqs", _QUEUES, arn("sqs", f"{STACK}-*")),
        ("alarms", "cloudwatch", _ALARMS, arn("cloudwatch", f"alarm:{STACK}-*")),
        ("schedules", "scheduler", _SCHEDULES, arn("scheduler", f"schedule/default/{STACK}-*")),
        ("topics", "sns", _TOPICS, arn("sns", f"{STACK}-*")),
        ("results", "s3", _BUCKETS, results),
    ]
    methods = COMMANDS[command]
    scopes = {ACTIONS[method].scope for method in methods}
    return {
        "Version": "2012-10-17",
        "Statement": [
            *(
                statement(f"{command}-{scope}", [m for m in methods if ACTIONS[m].scope == scope], on)
                for scope, on in own.items()
                if scope in scopes
            ),
            *(_by_cloudformation(command, *each) for each in [*made, *_on_demand(command, grant)]),
        ],
    }


def _on_demand(command: str, grant: Grant) -> list[tuple[str, str, tuple[str, ...], str | list[str]]]:
    """What a VPC and a key of one's own take."""
    vpc: list[tuple[str, str, tuple[str, ...], str | list[str]]] = [("vpc", "ec2", _VPC, "*")] if grant.vpc else []
    return [*vpc, ("key", "kms", _KEY, grant.kms_key)] if grant.kms_key and command == "deploy" else vpc


def _by_cloudformation(
    command: str, name: str, service: str, actions: tuple[str, ...], resource: str | list[str]
) -> dict[str, Any]:
    taken = [each for each in actions if command == "deploy" or each.startswith(_DELETING)]
    return {
        "Sid": sid(f"{command}-{name}"),
        "Effect": "Allow",
        "Action": [f"{service}:{each}" for each in taken],
        "Resource": resource,
    }
