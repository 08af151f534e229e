"""The role of each step allows the calls that the step was seen making, on these resources, and no other action."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load
from fakes import FakeLambda, client_error
from inside import Execution

from powertune.aws.actions import ACTIONS
from powertune.aws.journal import JOURNAL_ALIAS, Journal
from powertune.errors import PowertuneError

TEMPLATE = Path(__file__).parents[4] / "statemachine" / "template.yaml"
ACCOUNT = "123456789012"
SUBSTITUTES = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": ACCOUNT,
    "FunctionPattern": "fn*",
    "FunctionRegions": "*",
    "FunctionRolePattern": "service-role/fn*",
    "NamePrefix": "powertune",
    "ResultsBucket.Arn": "arn:aws:s3:::results",
    "PayloadBucket": "payloads",
    "PayloadKeyPattern": "*",
    "LogGroupPattern": "/aws/lambda/*",
}
STEPS = ("prepare", "publish", "measure", "record", "restore", "analyze", "apply")
INPUT: dict[str, Any] = {"lambdaARN": "fn", "powerValues": [128, 1024], "num": 4, "environments": 2}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/tuning"
#: What AWS asks for beside what is called: at CreateFunction and UpdateFunctionConfiguration, for layers and VPCs; to
#: tell a missing object from a forbidden one; to write logs, to trace, and to tell of an event that was failed on.
IMPLIED = {
    "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
    "ec2:UnassignPrivateIpAddresses", "iam:PassRole", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt",
    "kms:GenerateDataKey", "lambda:GetLayerVersion", "lambda:ListTags", "lambda:TagResource",
    "logs:CreateLogStream", "logs:PutLogEvents", "s3:ListBucket", "sqs:SendMessage", "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}  # fmt: skip


def make(**configuration: Any) -> FakeLambda:
    fake = FakeLambda()
    fake.add("fn", memory_mb=512, **configuration)
    fake.add("fn-hook")
    return fake


def insights() -> FakeLambda:
    """A function whose logs only Logs Insights can read."""
    fake = make(LoggingConfig={"LogFormat": "JSON", "LogGroup": "/aws/lambda/fn"})
    fake.logs.log_class = "INFREQUENT_ACCESS"
    return fake


def used() -> FakeLambda:
    """A function that production uses by an alias."""
    fake = make()
    fake.publish_user_version("fn", alias="prod")
    return fake


SCENES = (
    (make, INPUT),
    (make, {**INPUT, "isolate": True, "architectures": "both"}),
    (make, {**INPUT, "autoOptimize": True, "autoOptimizeAlias": "best", "strategy": "speed"}),
    (make, {**INPUT, "roleArn": ROLE, "preProcessorARN": "fn-hook", "postProcessorARN": "fn-hook"}),
    (make, {**INPUT, "payloadS3": "s3://payloads/event.json", "reportSource": "logs"}),
    (insights, {**INPUT, "reportSource": "logs"}),
    (insights, INPUT),
    (used, {**INPUT, "lambdaARN": "fn:prod", "autoOptimize": True, "autoOptimizeAlias": "prod", "strategy": "speed"}),
    (make, {**INPUT, "roleArn": ROLE, "autoOptimize": True}),
)


@pytest.fixture(scope="module")
def seen() -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """What each step has called, in all of these executions, and after one that failed."""
    calls: dict[str, list[tuple[str, dict[str, Any]]]] = {step: [] for step in STEPS}
    for scene, given in SCENES:
        execution = Execution(scene())
        execution.s3.buckets["payloads"] = {"event.json": b"{}"}
        execution.run(given)
        for step, sent in execution.sent.items():
            calls[step] += [call for call in sent if call[0] != "lambda.fetch"]
    for failing in (when_it_is_published, when_it_is_invoked, when_another_run_is_active):
        execution = Execution(make())
        failing(execution)
        with pytest.raises(PowertuneError):
            # One lane: of several, some would still invoke while the next step is taken.
            execution.run({**INPUT, "environments": 1})
        for step, sent in execution.sent.items():
            calls[step] += [call for call in sent if call[0] != "lambda.fetch"]
    return calls


def when_it_is_published(execution: Execution) -> None:
    """The function's size is put back by the step that restores."""

    def refuse(name: str, kwargs: dict[str, Any]) -> None:
        if name == "publish_version" or (
            name == "update_function_configuration" and execution.fake.functions["fn"].versions
        ):
            raise client_error("AccessDeniedException", "no", 403)
        if (
            name == "update_function_configuration"
            and execution.steps[-1] == "publish"
            and kwargs["MemorySize"] == 512
        ):
            raise client_error("AccessDeniedException", "no", 403)

    execution.fake.on_call = refuse


def when_it_is_invoked(execution: Execution) -> None:
    """Somebody deletes the versions."""

    def vanish(step: str) -> None:
        if step == "measure":
            execution.fake.functions["fn"].aliases = {}

    execution.before = vanish


def when_another_run_is_active(execution: Execution) -> None:
    """The lock is taken."""
    journal = Journal(run_id="0badcafe", started_at=1, memory_mb=256)
    execution.fake.create_alias(
        FunctionName="fn", Name=JOURNAL_ALIAS, FunctionVersion="$LATEST", Description=journal.encode()
    )


@cache
def resources() -> dict[str, Any]:
    found: dict[str, Any] = load(str(TEMPLATE))["Resources"]
    return found


def statements(step: str) -> Iterator[dict[str, Any]]:
    """All statements of a step's role, those of all conditions."""
    role = resources()[f"{step.capitalize()}Role"]["Properties"]
    documents = [policy["PolicyDocument"] for policy in role["Policies"]]
    documents += [resources()[arn["Ref"]]["Properties"]["PolicyDocument"] for arn in role["ManagedPolicyArns"]]
    for document in documents:
        for statement in document["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def patterns(resource: Any) -> list[str]:
    """The resources of a statement, with the parameters filled in."""
    if isinstance(resource, list):
        return [pattern for each in resource for pattern in patterns(each)]
    if isinstance(resource, str):
        return [resource]
    if "Fn::If" in resource:
        return [pattern for each in resource["Fn::If"][1:] for pattern in patterns(each)]
    if "Fn::GetAtt" in resource:
        return [SUBSTITUTES.get(".".join(resource["Fn::GetAtt"]), "arn:of:something")]
    if "Ref" in resource:
        return ["arn:of:something" if resource["Ref"] != "AssumableRoleArn" else ROLE]
    text = resource["Fn::Sub"]
    for name, value in SUBSTITUTES.items():
        text = text.replace("${" + name + "}", value)
    assert "${" not in text, text
    return [text]


def actions(operation: str) -> tuple[str, ...]:
    return (ACTIONS[operation].name, *ACTIONS[operation].also)


def arn_of(operation: str, kwargs: dict[str, Any]) -> str | None:
    """The resource of a call, where IAM knows one."""
    service = operation.split(".")[0]
    if service == "s3":
        return f"arn:aws:s3:::{kwargs['Bucket']}" + (f"/{kwargs['Key']}" if "Key" in kwargs else "")
    if service == "lambda" and "FunctionName" in kwargs and operation != "lambda.list_event_source_mappings":
        name = kwargs["FunctionName"].rsplit(":function:", 1)[-1]
        qualifier = kwargs.get("Qualifier")
        return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}" + (f":{qualifier}" if qualifier else "")
    return None


@pytest.mark.parametrize("step", STEPS)
def test_a_step_may_make_the_calls_that_it_makes(
    step: str, seen: dict[str, list[tuple[str, dict[str, Any]]]]
) -> None:
    allowed = list(statements(step))
    for operation, kwargs in seen[step]:
        for action in actions(operation):
            on = [pattern for each in allowed if action in each["Action"] for pattern in patterns(each["Resource"])]
            assert on, f"{step} may not {action}"
            arn = arn_of(operation, kwargs)
            assert arn is None or any(fnmatchcase(arn, pattern) for pattern in on), (
                f"{step} may not {action} on {arn}"
            )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_may_do_nothing_else(step: str, seen: dict[str, list[tuple[str, dict[str, Any]]]]) -> None:
    allowed = {action for statement in statements(step) for action in statement["Action"]}
    called = {action for operation, _ in seen[step] for action in actions(operation)}
    assert allowed - called - IMPLIED == set()


def test_functions_are_deleted_whole_only_by_their_tag() -> None:
    for statement in statements("restore"):
        if "lambda:DeleteFunction" in statement["Action"]:
            whole = [each for each in patterns(statement["Resource"]) if not each.endswith(":*")]
            assert not whole or "aws:ResourceTag/powertune:run" in statement["Condition"]["StringLike"]
