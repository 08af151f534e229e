"""Every call that powertune makes to AWS: its IAM action, the resources that it needs, and which command makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Action:
    """An IAM action. `scope` is what its resource is: the function, its versions and aliases, or the account.

    `also` are actions that AWS asks for at the same call. `rate_limited` calls share one small quota with everything
    else that uses the account; the others have a quota of their own that is large enough for polling, or none.
    """

    name: str
    scope: str
    also: tuple[str, ...] = ()
    rate_limited: bool = True


_LAMBDA = {
    "get_function": Action("lambda:GetFunction", "function", rate_limited=False),
    "get_alias": Action("lambda:GetAlias", "function"),
    "list_aliases": Action("lambda:ListAliases", "function"),
    "list_versions_by_function": Action("lambda:ListVersionsByFunction", "function"),
    "update_function_configuration": Action("lambda:UpdateFunctionConfiguration", "function"),
    "update_function_code": Action("lambda:UpdateFunctionCode", "function"),
    "publish_version": Action("lambda:PublishVersion", "function"),
    "create_alias": Action("lambda:CreateAlias", "function"),
    "update_alias": Action("lambda:UpdateAlias", "function"),
    "delete_alias": Action("lambda:DeleteAlias", "function"),
    "delete_function": Action("lambda:DeleteFunction", "versions"),
    "invoke": Action("lambda:InvokeFunction", "function", rate_limited=False),
    "list_tags": Action("lambda:ListTags", "function"),
    "create_function": Action("lambda:CreateFunction", "copies", also=("lambda:TagResource",)),
    "get_layer_version_by_arn": Action("lambda:GetLayerVersion", "layers"),
    "list_functions": Action("lambda:ListFunctions", "account"),
    # IAM knows no resource for it: the mappings of one function cannot be allowed alone.
    "list_event_source_mappings": Action("lambda:ListEventSourceMappings", "account"),
    "get_function_url_config": Action("lambda:GetFunctionUrlConfig", "function"),
    "get_policy": Action("lambda:GetPolicy", "function"),
    "get_account_settings": Action("lambda:GetAccountSettings", "account"),
    "get_provisioned_concurrency_config": Action("lambda:GetProvisionedConcurrencyConfig", "function"),
    "list_provisioned_concurrency_configs": Action("lambda:ListProvisionedConcurrencyConfigs", "function"),
    "get_function_concurrency": Action("lambda:GetFunctionConcurrency", "function"),
}
_LOGS = {
    "filter_log_events": Action("logs:FilterLogEvents", "logs", rate_limited=False),
    "start_query": Action("logs:StartQuery", "logs"),
    "get_query_results": Action("logs:GetQueryResults", "account"),
    "describe_log_groups": Action("logs:DescribeLogGroups", "account"),
}
_CLOUDWATCH = {
    "get_metric_data": Action("cloudwatch:GetMetricData", "account", rate_limited=False),
    "get_metric_statistics": Action("cloudwatch:GetMetricStatistics", "account", rate_limited=False),
    "list_metrics": Action("cloudwatch:ListMetrics", "account", rate_limited=False),
}
_S3 = {
    "get_object": Action("s3:GetObject", "object", rate_limited=False),
    # A run uses these two only on the embedded AWS, to fill its bucket.
    "create_bucket": Action("s3:CreateBucket", "artifacts"),
    "put_object": Action("s3:PutObject", "artifacts", rate_limited=False),
    "head_bucket": Action("s3:ListBucket", "artifacts", rate_limited=False),
    "head_object": Action("s3:GetObject", "artifacts", rate_limited=False),
    "put_public_access_block": Action("s3:PutBucketPublicAccessBlock", "artifacts"),
    "put_bucket_encryption": Action("s3:PutEncryptionConfiguration", "artifacts"),
    "put_bucket_lifecycle_configuration": Action("s3:PutLifecycleConfiguration", "artifacts"),
    "put_bucket_policy": Action("s3:PutBucketPolicy", "artifacts"),
    "list_object_versions": Action("s3:ListBucketVersions", "buckets", rate_limited=False),
    "delete_objects": Action("s3:DeleteObject", "buckets", also=("s3:DeleteObjectVersion",), rate_limited=False),
    "delete_bucket": Action("s3:DeleteBucket", "buckets"),
    # What workers of the state machine keep in their bucket; the first is allowed by no command's policy.
    "delete_object": Action("s3:DeleteObject", "buckets", rate_limited=False),
    "list_objects_v2": Action("s3:ListBucket", "buckets", rate_limited=False),
}
_CLOUDFORMATION = {
    "describe_stacks": Action("cloudformation:DescribeStacks", "stack", rate_limited=False),
    "describe_stack_events": Action("cloudformation:DescribeStackEvents", "stack", rate_limited=False),
    "create_change_set": Action("cloudformation:CreateChangeSet", "stack", also=("cloudformation:TagResource",)),
    "describe_change_set": Action("cloudformation:DescribeChangeSet", "stack", rate_limited=False),
    "execute_change_set": Action("cloudformation:ExecuteChangeSet", "stack"),
    "delete_change_set": Action("cloudformation:DeleteChangeSet", "stack"),
    "delete_stack": Action("cloudformation:DeleteStack", "stack"),
}
_STEP_FUNCTIONS = {
    "list_executions": Action("states:ListExecutions", "machine"),
    "describe_state_machine": Action("states:DescribeStateMachine", "machine"),
    "start_execution": Action("states:StartExecution", "machine", rate_limited=False),
    "describe_execution": Action("states:DescribeExecution", "execution", rate_limited=False),
    "get_execution_history": Action("states:GetExecutionHistory", "execution", rate_limited=False),
    "stop_execution": Action("states:StopExecution", "execution", rate_limited=False),
}
_STS = {
    "get_caller_identity": Action("sts:GetCallerIdentity", "account", rate_limited=False),
    "assume_role": Action("sts:AssumeRole", "role", rate_limited=False),
}
_ORGANIZATIONS = {
    "list_accounts": Action("organizations:ListAccounts", "account"),
}
_ACCOUNT = {
    "list_regions": Action("account:ListRegions", "account"),
}
_COMPUTE_OPTIMIZER = {
    "get_lambda_function_recommendations": Action(
        "compute-optimizer:GetLambdaFunctionRecommendations",
        "account",
        also=("lambda:ListFunctions", "lambda:ListProvisionedConcurrencyConfigs"),
        rate_limited=False,
    ),
}
_COST_EXPLORER = {
    "get_cost_and_usage": Action("ce:GetCostAndUsage", "account"),
}
_PRICING = {
    "get_products": Action("pricing:GetProducts", "account"),
}
#: boto3's name of a service and a client's method -> what IAM calls it. `Aws.call` refuses what is not listed here.
ACTIONS: Mapping[str, Action] = {
    f"{service}.{method}": action
    for service, actions in {
        "lambda": _LAMBDA,
        "logs": _LOGS,
        "cloudwatch": _CLOUDWATCH,
        "s3": _S3,
        "compute-optimizer": _COMPUTE_OPTIMIZER,
        "pricing": _PRICING,
        "ce": _COST_EXPLORER,
        "cloudformation": _CLOUDFORMATION,
        "stepfunctions": _STEP_FUNCTIONS,
        "sts": _STS,
        "organizations": _ORGANIZATIONS,
        "account": _ACCOUNT,
    }.items()
    for method, action in actions.items()
}


#: What a run reads, wherever it measures; S3 and processors are asked for only when they are used.
READING = (
    "lambda.get_function",
    "lambda.get_alias",
    "lambda.list_aliases",
    "lambda.list_event_source_mappings",
    "lambda.get_function_url_config",
    "lambda.get_policy",
    "lambda.get_account_settings",
    "lambda.get_provisioned_concurrency_config",
    "logs.filter_log_events",
    "logs.start_query",
    "logs.get_query_results",
    "logs.describe_log_groups",
    "cloudwatch.get_metric_data",
    "cloudwatch.get_metric_statistics",
    "compute-optimizer.get_lambda_function_recommendations",
)
#: What a run calls besides when it measures the function itself, not a copy of it.
IN_PLACE = (
    "lambda.list_versions_by_function",
    "lambda.update_function_configuration",
    "lambda.publish_version",
    "lambda.create_alias",
    "lambda.update_alias",
    "lambda.delete_alias",
    "lambda.delete_function",
    "lambda.invoke",
)
RUN_METHODS = (*READING, *IN_PLACE)
#: What a gate calls that measures functions as they are. None of it changes anything.
GATE_METHODS = (
    "lambda.get_function",
    "lambda.get_alias",
    "lambda.get_account_settings",
    "lambda.get_provisioned_concurrency_config",
    "lambda.invoke",
    "logs.filter_log_events",
    "logs.start_query",
    "logs.get_query_results",
    "logs.describe_log_groups",
    "cloudwatch.get_metric_data",
    "cloudwatch.get_metric_statistics",
)
#: What a run calls on temporary copies of the function, and what `restore` does to delete them.
COPY_METHODS = (
    "lambda.create_function",
    "lambda.get_function",
    "lambda.list_tags",
    "lambda.update_function_configuration",
    "lambda.publish_version",
    "lambda.create_alias",
    "lambda.get_alias",
    "lambda.invoke",
    "lambda.delete_function",
)
DELETE_COPY_METHODS = ("lambda.get_function", "lambda.list_tags", "lambda.delete_function")
RESTORE_METHODS = (
    "lambda.list_functions",
    "lambda.get_function",
    "lambda.get_alias",
    "lambda.list_aliases",
    "lambda.list_versions_by_function",
    "lambda.update_function_configuration",
    "lambda.update_alias",
    "lambda.delete_alias",
    "lambda.delete_function",
)
#: What `apply` calls, with --canary and --rollback as well.
APPLY_METHODS = (
    "sts.get_caller_identity",
    "lambda.get_function",
    "lambda.get_alias",
    "lambda.list_aliases",
    "lambda.list_versions_by_function",
    "lambda.list_provisioned_concurrency_configs",
    "lambda.update_function_configuration",
    "lambda.update_function_code",
    "lambda.publish_version",
    "lambda.create_alias",
    "lambda.update_alias",
    "lambda.delete_alias",
    "lambda.delete_function",
    "cloudwatch.get_metric_data",
)
#: What `deploy` and `destroy` call themselves; CloudFormation calls more with the same permissions.
DEPLOY_METHODS = (
    "sts.get_caller_identity",
    "cloudformation.describe_stacks",
    "cloudformation.describe_stack_events",
    "cloudformation.create_change_set",
    "cloudformation.describe_change_set",
    "cloudformation.execute_change_set",
    "cloudformation.delete_change_set",
    "cloudformation.delete_stack",
    "stepfunctions.list_executions",
    "s3.head_bucket",
    "s3.create_bucket",
    "s3.put_public_access_block",
    "s3.put_bucket_encryption",
    "s3.put_bucket_lifecycle_configuration",
    "s3.put_bucket_policy",
    "s3.head_object",
    "s3.put_object",
)
DESTROY_METHODS = (
    "sts.get_caller_identity",
    "cloudformation.describe_stacks",
    "cloudformation.describe_stack_events",
    "cloudformation.delete_stack",
    "stepfunctions.list_executions",
    "s3.list_objects_v2",
    "s3.get_object",
    "lambda.get_alias",
    "s3.list_object_versions",
    "s3.delete_objects",
    "s3.delete_bucket",
)
#: What `run --engine stepfunctions` and `run --attach` call; the plan that the former shows takes `READING`, too.
EXECUTION_METHODS = (
    "cloudformation.describe_stacks",
    "stepfunctions.describe_state_machine",
    "stepfunctions.start_execution",
    "stepfunctions.describe_execution",
    "stepfunctions.get_execution_history",
    "stepfunctions.stop_execution",
    "s3.get_object",
    "s3.list_objects_v2",
)
#: What `scan` reads in one account and region. None of it changes anything.
SCAN_METHODS = (
    "lambda.list_functions",
    "lambda.list_event_source_mappings",
    "lambda.list_provisioned_concurrency_configs",
    "lambda.get_alias",
    "lambda.get_function_concurrency",
    "lambda.get_function_url_config",
    "lambda.get_policy",
    "cloudwatch.get_metric_data",
    "cloudwatch.list_metrics",
    "compute-optimizer.get_lambda_function_recommendations",
    "logs.describe_log_groups",
    "logs.start_query",
    "logs.get_query_results",
)
#: What a scan calls to find its accounts and to get into them, with the identity of the person who scans.
REACHING_METHODS = ("sts.get_caller_identity", "sts.assume_role", "organizations.list_accounts")
#: What it calls in each account to find its regions.
REGION_METHODS = ("account.list_regions",)
#: What it calls to know beforehand how much there is to read.
COUNT_METHODS = ("lambda.get_account_settings",)
#: What `watch` reads, and what it calls besides to deploy; a template that is too large goes through S3.
WATCH_METHODS = ("lambda.get_function", "lambda.get_account_settings", "cloudwatch.get_metric_data")
WATCH_DEPLOY_METHODS = (
    *(each for each in DEPLOY_METHODS if each != "stepfunctions.list_executions"),
    "s3.list_object_versions",
    "s3.delete_objects",
    "s3.delete_bucket",
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": RUN_METHODS,
    "gate": GATE_METHODS,
    "restore": RESTORE_METHODS,
    "apply": APPLY_METHODS,
    "prices": ("pricing.get_products",),
    "deploy": DEPLOY_METHODS,
    "destroy": DESTROY_METHODS,
    "watch": WATCH_METHODS,
}
#: Those that are about a stack, not about a function.
STACK_COMMANDS = ("deploy", "destroy")


def operation_of(method: Callable[..., Any]) -> str:
    """A boto3 client's method as a key of `ACTIONS`: `lambda.get_function`.

    Raises:
        AssertionError: it is no method of a boto3 client.
    """
    client = getattr(method, "__self__", None)
    if client is None:
        raise AssertionError(f"{method!r} is not a method of a boto3 client")
    return f"{client.meta.service_model.service_name}.{method.__name__}"
