"""What any client of the embedded AWS may do: requests and answers, the same for every client.

Parameters and answers are written as boto3 has them. A text in braces stands for what an earlier step remembered, or
for `{prefix}`, which no two runs of a case share, `{role}`, and `{region}`. Only what is written is compared; a
pattern has to be found in the text. A blob is `bytes`; a body and a LogResult are read and decoded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

ECHO = """
import json
import os

print("module loaded")


def handler(event, context):
    print("handled", json.dumps(event))
    if isinstance(event, dict) and "fail" in event:
        raise ValueError(event["fail"])
    return {
        "event": event,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
    }
"""


class Kind(StrEnum):
    """How a client asks: one request, or a waiter."""

    CALL = "call"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error: its code, its HTTP status (which the AWS CLI does not tell), and a part of its message."""

    code: str
    status: int
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request and its answer. `until` repeats it until the answer is as expected, which may take a while."""

    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = Kind.CALL
    answer: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None
    remember: Mapping[str, str] = field(default_factory=dict)
    until: bool = False

    @property
    def service(self) -> str:
        return self.operation.split(":")[0]

    @property
    def name(self) -> str:
        return self.operation.split(":")[1]


def call(operation: str, /, **parameters: Any) -> "Expected":
    return Expected(operation, parameters)


def wait(waiter: str, /, **parameters: Any) -> Step:
    return Step(operation=waiter, parameters=parameters, kind=Kind.WAIT)


@dataclass(frozen=True, slots=True)
class Expected:
    """A request that still lacks its answer."""

    operation: str
    parameters: Mapping[str, Any]

    def answers(self, answer: Mapping[str, Any] | None = None, /, **remember: str) -> Step:
        """With this in it. What is named is remembered: `arn="Configuration.FunctionArn"`."""
        return Step(operation=self.operation, parameters=self.parameters, answer=answer or {}, remember=remember)

    def becomes(self, answer: Mapping[str, Any]) -> Step:
        """With this in it, sooner or later."""
        return Step(operation=self.operation, parameters=self.parameters, answer=answer, until=True)

    def fails(self, code: str, status: int, message: str = "") -> Step:
        failure = Failure(code=code, status=status, message=message)
        return Step(operation=self.operation, parameters=self.parameters, failure=failure)


FN = "{prefix}-fn"
FUNCTION = {"FunctionName": FN}
RUNNABLE = {**FUNCTION, "Role": "{role}", "Runtime": "python3.12", "Handler": "app.handler"}


def created(code: bytes, **options: Any) -> tuple[Step, ...]:
    """A function that is ready."""
    parameters: dict[str, Any] = {
        **RUNNABLE,
        "MemorySize": 512,
        "Timeout": 20,
        "Code": {"ZipFile": code},
        **options,
    }
    return (
        call("lambda:CreateFunction", **parameters).answers(
            {"FunctionName": FN, "MemorySize": 512, "Version": "$LATEST"}, arn="FunctionArn"
        ),
        wait("lambda:FunctionActiveV2", **FUNCTION),
    )


PUBLISHED = (
    call("lambda:PublishVersion", **FUNCTION, Description="first").answers({"Version": "1", "Description": "first"}),
    wait("lambda:PublishedVersionActive", **FUNCTION, Qualifier="1"),
)
DELETED = (
    call("lambda:DeleteFunction", **FUNCTION).answers(),
    call("lambda:GetFunction", **FUNCTION).fails("ResourceNotFoundException", 404, "Function not found: {arn}"),
)

BUCKET = {"Bucket": "{prefix}-bucket"}
LAYER = {"LayerName": "{prefix}-layer"}
PROVISIONED = {**FUNCTION, "Qualifier": "1"}
MACHINE = """
{"StartAt": "Echo", "States": {"Echo": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
 "Parameters": {"FunctionName": "%s", "Payload.$": "$"}, "OutputPath": "$.Payload.event", "End": true}}}
"""


def cases(code: bytes, other_code: bytes, layer: bytes) -> Mapping[str, tuple[Step, ...]]:
    """All cases, by name. `code` is a package of ECHO, `layer` one with a module."""
    return {
        "life of a function": (
            *created(code, Tags={"team": "a"}),
            call("lambda:CreateFunction", **RUNNABLE, Code={"ZipFile": code}).fails(
                "ResourceConflictException", 409, "Function already exist: "
            ),
            call("lambda:GetFunction", **FUNCTION).answers(
                {
                    "Configuration": {"State": "Active", "LastUpdateStatus": "Successful", "FunctionArn": "{arn}"},
                    "Code": {"RepositoryType": "S3"},
                    "Tags": {"team": "a"},
                }
            ),
            call("lambda:UpdateFunctionConfiguration", **FUNCTION, MemorySize=640, Description="new").answers(
                {"MemorySize": 640, "Description": "new"}
            ),
            wait("lambda:FunctionUpdatedV2", **FUNCTION),
            call("lambda:UpdateFunctionCode", **FUNCTION, ZipFile=other_code).answers({"MemorySize": 640}),
            wait("lambda:FunctionUpdatedV2", **FUNCTION),
            call("lambda:GetFunctionConfiguration", **FUNCTION).answers(
                {"MemorySize": 640, "Handler": "app.handler"}
            ),
            call("lambda:UpdateFunctionConfiguration", **FUNCTION, RevisionId="other", Timeout=5).fails(
                "PreconditionFailedException", 412
            ),
            call("lambda:Invoke", **FUNCTION, Payload=b"1").answers({"StatusCode": 200, "Payload": "other"}),
            call("lambda:TagResource", Resource="{arn}", Tags={"stage": "b"}).answers(),
            call("lambda:UntagResource", Resource="{arn}", TagKeys=["team"]).answers(),
            call("lambda:ListTags", Resource="{arn}").answers({"Tags": {"stage": "b"}}),
            call("lambda:GetAccountSettings").answers({"AccountLimit": {"ConcurrentExecutions": 1000}}),
            *DELETED,
        ),
        "versions and aliases": (
            *created(code),
            *PUBLISHED,
            call("lambda:CreateAlias", **FUNCTION, Name="live", FunctionVersion="1").answers(
                {"AliasArn": "{arn}:live", "FunctionVersion": "1"}
            ),
            call("lambda:CreateAlias", **FUNCTION, Name="other", FunctionVersion="9").fails(
                "ResourceNotFoundException", 404, "Function not found: {arn}:9"
            ),
            call("lambda:Invoke", **FUNCTION, Qualifier="live", Payload=b"1").answers(
                {"ExecutedVersion": "1", "Payload": {"arn": "{arn}:live", "version": "1"}}
            ),
            call("lambda:Invoke", FunctionName="{arn}:live", Payload=b"1").answers({"ExecutedVersion": "1"}),
            call("lambda:UpdateAlias", **FUNCTION, Name="live", FunctionVersion="$LATEST", Description="d").answers(
                {"FunctionVersion": "$LATEST", "Description": "d"}
            ),
            call("lambda:GetAlias", **FUNCTION, Name="live").answers({"FunctionVersion": "$LATEST"}),
            call("lambda:ListAliases", **FUNCTION).answers({"Aliases": [{"Name": "live"}]}),
            call("lambda:ListVersionsByFunction", **FUNCTION).answers(
                {"Versions": [{"Version": "$LATEST"}, {"Version": "1"}]}
            ),
            call("lambda:DeleteAlias", **FUNCTION, Name="live").answers(),
            call("lambda:GetAlias", **FUNCTION, Name="live").fails(
                "ResourceNotFoundException", 404, "Cannot find alias arn: {arn}:live"
            ),
            *DELETED,
        ),
        "invocations of every kind": (
            *created(code),
            call("lambda:Invoke", **FUNCTION, Payload=b'{"key": "\xc3\xa9"}', LogType="Tail").answers(
                {
                    "StatusCode": 200,
                    "ExecutedVersion": "$LATEST",
                    "Payload": {"event": {"key": "é"}, "version": "$LATEST", "arn": "{arn}"},
                    "LogResult": re.compile(r"module loaded\nSTART RequestId: [\s\S]*\nREPORT RequestId: "),
                }
            ),
            call("lambda:Invoke", **FUNCTION, Payload=b'{"fail": "on purpose"}').answers(
                {
                    "StatusCode": 200,
                    "FunctionError": "Unhandled",
                    "Payload": {"errorType": "ValueError", "errorMessage": "on purpose"},
                }
            ),
            call("lambda:Invoke", **FUNCTION, InvocationType="Event", Payload=b"2").answers({"StatusCode": 202}),
            call("lambda:Invoke", **FUNCTION, InvocationType="DryRun").answers({"StatusCode": 204}),
            call("lambda:Invoke", **FUNCTION, Payload=b"{no json").fails(
                "InvalidRequestContentException", 400, "Could not parse request body into json"
            ),
            call("lambda:Invoke", **FUNCTION, Qualifier="none").fails("ResourceNotFoundException", 404),
            call("lambda:Invoke", FunctionName="{prefix}-none").fails(
                "ResourceNotFoundException", 404, "Function not found: "
            ),
            *DELETED,
        ),
        "layers": (
            call("lambda:PublishLayerVersion", **LAYER, Content={"ZipFile": layer}, Description="d").answers(
                {"Version": 1, "Description": "d"}, layer_arn="LayerVersionArn"
            ),
            call("lambda:GetLayerVersion", **LAYER, VersionNumber=1).answers({"LayerVersionArn": "{layer_arn}"}),
            call("lambda:GetLayerVersionByArn", Arn="{layer_arn}").answers({"Version": 1}),
            call("lambda:ListLayerVersions", **LAYER).answers({"LayerVersions": [{"Version": 1}]}),
            *created(code, Layers=["{layer_arn}"]),
            call("lambda:GetFunctionConfiguration", **FUNCTION).answers({"Layers": [{"Arn": "{layer_arn}"}]}),
            call("lambda:Invoke", **FUNCTION, Payload=b"1").answers({"Payload": {"event": 1}}),
            call("lambda:DeleteLayerVersion", **LAYER, VersionNumber=1).answers(),
            *DELETED,
        ),
        "concurrency": (
            *created(code),
            call("lambda:GetFunctionConcurrency", **FUNCTION).answers(),
            call("lambda:PutFunctionConcurrency", **FUNCTION, ReservedConcurrentExecutions=0).answers(
                {"ReservedConcurrentExecutions": 0}
            ),
            call("lambda:Invoke", **FUNCTION).fails("TooManyRequestsException", 429, "Rate Exceeded"),
            call("lambda:PutFunctionConcurrency", **FUNCTION, ReservedConcurrentExecutions=901).fails(
                "InvalidParameterValueException", 400, "below its minimum value of [100]"
            ),
            call("lambda:DeleteFunctionConcurrency", **FUNCTION).answers(),
            call("lambda:Invoke", **FUNCTION, Payload=b"1").answers({"Payload": {"type": "on-demand"}}),
            *DELETED,
        ),
        "provisioned concurrency": (
            *created(code),
            *PUBLISHED,
            call("lambda:GetProvisionedConcurrencyConfig", **PROVISIONED).fails(
                "ProvisionedConcurrencyConfigNotFoundException",
                404,
                "No Provisioned Concurrency Config found for this function",
            ),
            call("lambda:PutProvisionedConcurrencyConfig", **PROVISIONED, ProvisionedConcurrentExecutions=1).answers(
                {"Status": "IN_PROGRESS", "RequestedProvisionedConcurrentExecutions": 1}
            ),
            call("lambda:GetProvisionedConcurrencyConfig", **PROVISIONED).becomes(
                {"Status": "READY", "AllocatedProvisionedConcurrentExecutions": 1}
            ),
            call("lambda:Invoke", **PROVISIONED, Payload=b"1").answers(
                {"Payload": {"type": "provisioned-concurrency"}}
            ),
            call("lambda:ListProvisionedConcurrencyConfigs", **FUNCTION).answers(
                {"ProvisionedConcurrencyConfigs": [{"FunctionArn": "{arn}:1", "Status": "READY"}]}
            ),
            call("lambda:DeleteProvisionedConcurrencyConfig", **PROVISIONED).answers(),
            call(
                "lambda:PutProvisionedConcurrencyConfig",
                **FUNCTION,
                Qualifier="$LATEST",
                ProvisionedConcurrentExecutions=1,
            ).fails("InvalidParameterValueException", 400, "cannot be applied to unpublished function versions"),
            *DELETED,
        ),
        "settings": (
            *created(code),
            call("lambda:GetFunctionRecursionConfig", **FUNCTION).answers({"RecursiveLoop": "Terminate"}),
            call("lambda:PutFunctionRecursionConfig", **FUNCTION, RecursiveLoop="Allow").answers(
                {"RecursiveLoop": "Allow"}
            ),
            call("lambda:PutRuntimeManagementConfig", **FUNCTION, UpdateRuntimeOn="FunctionUpdate").answers(
                {"UpdateRuntimeOn": "FunctionUpdate", "FunctionArn": "{arn}"}
            ),
            call("lambda:GetRuntimeManagementConfig", **FUNCTION).answers({"UpdateRuntimeOn": "FunctionUpdate"}),
            call("lambda:PutFunctionEventInvokeConfig", **FUNCTION, MaximumRetryAttempts=1).answers(
                {"MaximumRetryAttempts": 1, "FunctionArn": "{arn}:$LATEST"}
            ),
            call("lambda:GetFunctionEventInvokeConfig", **FUNCTION).answers({"MaximumRetryAttempts": 1}),
            call("lambda:GetFunctionCodeSigningConfig", **FUNCTION).answers(),
            *DELETED,
        ),
        "what is not supported": (
            call("lambda:ListCodeSigningConfigs").fails(
                "NotImplementedException", 501, "the embedded AWS does not support lambda:ListCodeSigningConfigs"
            ),
            call("lambda:ListCapacityProviders").fails(
                "NotImplementedException", 501, "lambda:ListCapacityProviders"
            ),
        ),
        "logs": (
            *created(code),
            call("lambda:Invoke", **FUNCTION, Payload=b'"look for me"').answers({"StatusCode": 200}),
            call("logs:DescribeLogGroups", logGroupNamePrefix="/aws/lambda/{prefix}-fn").answers(
                {"logGroups": [{"logGroupName": "/aws/lambda/{prefix}-fn"}]}
            ),
            call("logs:DescribeLogStreams", logGroupName="/aws/lambda/{prefix}-fn").answers(
                {"logStreams": [{"logStreamName": re.compile(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}")}]},
                stream="logStreams.0.logStreamName",
            ),
            call("logs:FilterLogEvents", logGroupName="/aws/lambda/{prefix}-fn", filterPattern="REPORT").answers(
                {"events": [{"message": re.compile("REPORT RequestId: "), "logStreamName": "{stream}"}]}
            ),
            call(
                "logs:GetLogEvents",
                logGroupName="/aws/lambda/{prefix}-fn",
                logStreamName="{stream}",
                startFromHead=True,
            ).answers(
                {
                    "events": [
                        {"message": re.compile("module loaded")},
                        {"message": re.compile("START RequestId: ")},
                        {"message": re.compile('handled "look for me"')},
                        {"message": re.compile("END RequestId: ")},
                        {"message": re.compile("REPORT RequestId: ")},
                    ]
                }
            ),
            call("logs:FilterLogEvents", logGroupName="{prefix}-none").fails("ResourceNotFoundException", 400),
            *DELETED,
        ),
        "metrics": (
            *created(code),
            call("lambda:Invoke", **FUNCTION, Payload=b"1").answers({"StatusCode": 200}),
            call("lambda:Invoke", **FUNCTION, Payload=b'{"fail": "yes"}').answers({"FunctionError": "Unhandled"}),
            call(
                "cloudwatch:GetMetricStatistics",
                Namespace="AWS/Lambda",
                MetricName="Errors",
                Dimensions=[{"Name": "FunctionName", "Value": FN}],
                StartTime="{hour_ago}",
                EndTime="{in_an_hour}",
                Period=86400,
                Statistics=["Sum", "SampleCount"],
            ).answers({"Label": "Errors", "Datapoints": [{"Sum": 1.0, "SampleCount": 2.0}]}),
            call(
                "cloudwatch:GetMetricData",
                StartTime="{hour_ago}",
                EndTime="{in_an_hour}",
                MetricDataQueries=[
                    {
                        "Id": "m",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/Lambda",
                                "MetricName": "Invocations",
                                "Dimensions": [{"Name": "FunctionName", "Value": FN}],
                            },
                            "Period": 86400,
                            "Stat": "Sum",
                        },
                    }
                ],
            ).answers({"MetricDataResults": [{"Id": "m", "Values": [2.0]}]}),
            *DELETED,
        ),
        "objects": (
            call("s3:CreateBucket", **BUCKET).answers(),
            call("s3:PutObject", **BUCKET, Key="a/b c.txt", Body=b"content").answers(),
            call("s3:GetObject", **BUCKET, Key="a/b c.txt").answers({"Body": "content", "ContentLength": 7}),
            call("s3:PutObject", **BUCKET, Key="code.zip", Body=code).answers(),
            call("s3:ListObjectsV2", **BUCKET).answers({"Contents": [{"Key": "a/b c.txt"}, {"Key": "code.zip"}]}),
            *created(code, Code={"S3Bucket": "{prefix}-bucket", "S3Key": "code.zip"}),
            call("lambda:Invoke", **FUNCTION, Payload=b"1").answers({"Payload": {"event": 1}}),
            call("s3:GetObject", **BUCKET, Key="none").fails("NoSuchKey", 404),
            call("s3:DeleteObject", **BUCKET, Key="a/b c.txt").answers(),
            call("s3:DeleteObject", **BUCKET, Key="code.zip").answers(),
            call("s3:DeleteBucket", **BUCKET).answers(),
            *DELETED,
        ),
        "state machine": (
            *created(code),
            call(
                "stepfunctions:CreateStateMachine",
                name="{prefix}-machine",
                roleArn="{role}",
                definition=MACHINE % FN,
            ).answers(machine="stateMachineArn"),
            call("stepfunctions:StartExecution", stateMachineArn="{machine}", input='{"a": 1}').answers(
                execution="executionArn"
            ),
            call("stepfunctions:DescribeExecution", executionArn="{execution}").becomes(
                {"status": "SUCCEEDED", "output": re.compile(r'^\{"a": ?1\}$')}
            ),
            call("stepfunctions:DescribeExecution", executionArn="{execution}0").fails("ExecutionDoesNotExist", 400),
            call("stepfunctions:DeleteStateMachine", stateMachineArn="{machine}").answers(),
            *DELETED,
        ),
    }
