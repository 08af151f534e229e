"""The template of the state machine: valid by AWS's own schemas, and no step may do more than it has to."""

import json
import re

import pytest
from botocore.session import get_session
from cloud_templates import MOST_BYTES, CloudTemplate

from powertune.aws.copies.names import RUN_TAG
from powertune.engine.deployment.libraries import ON_AWS
from powertune.engine.deployment.stack_parameters import RETENTIONS, StackParameters

STEPS = ("prepare", "publish", "measure", "record", "restore", "analyze", "apply")
TEMPLATE = CloudTemplate.read("template.yaml")
DOCUMENT, RESOURCES = TEMPLATE.document, TEMPLATE.resources
of_type, allowed = TEMPLATE.of_type, TEMPLATE.allowed


@pytest.mark.long
def test_cfn_lint_finds_nothing_in_any_partition() -> None:
    assert TEMPLATE.lint() == []
    assert "cfn-lint" not in TEMPLATE.text, "no rule is ignored"


def test_it_can_be_sent_without_a_bucket() -> None:
    assert len(TEMPLATE.text.encode()) < MOST_BYTES


def test_no_partition_and_no_domain_is_taken_for_granted() -> None:
    text = TEMPLATE.text
    assert "arn:aws" not in text
    assert set(re.findall(r"[\w.]*amazonaws\.com[\w.]*", text)) == {
        # The names of services are the same in all partitions.
        *("events.amazonaws.com", "lambda.amazonaws.com", "states.amazonaws.com"),
    }


def test_every_parameter_of_a_person_is_an_option_and_the_defaults_agree() -> None:
    parameters = DOCUMENT["Parameters"]
    ours = {"ArtifactBucket", "CodeKey", "DefinitionKey", "WorkerRuntime", "WorkerArchitecture"}
    assert set(parameters) == ours | set(StackParameters().template_names)
    assert {name for name, each in parameters.items() if "Default" not in each} == {
        *("ArtifactBucket", "CodeKey", "DefinitionKey"),
    }
    assert parameters["WorkerRuntime"]["Default"] == ON_AWS.runtime
    assert parameters["WorkerArchitecture"]["Default"] == str(ON_AWS.architecture)
    assert tuple(parameters["LogRetentionDays"]["AllowedValues"]) == RETENTIONS
    assert all(each["Description"].endswith(".") for each in parameters.values())


def test_the_runtime_is_one_that_lambda_has() -> None:
    runtimes = get_session().get_service_model("lambda").shape_for("Runtime").enum  # type: ignore[attr-defined]
    assert ON_AWS.runtime in runtimes


def test_there_is_a_function_with_a_role_and_a_log_group_for_every_step() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert {f"{step.capitalize()}Function" for step in STEPS} == set(functions)
    for step in STEPS:
        properties = functions[f"{step.capitalize()}Function"]
        assert properties["Handler"] == f"handlers.{step}"
        assert properties["Role"] == {"Fn::GetAtt": f"{step.capitalize()}Role.Arn"}
        assert properties["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": f"{step.capitalize()}Logs"}}
        assert properties["Timeout"] == (300 if step in ("analyze", "apply") else 900)
        assert properties["MemorySize"] == 512
        assert properties["Environment"]["Variables"] == {"POWERTUNE_BUCKET": {"Ref": "ResultsBucket"}}
    assert all("RetentionInDays" in each and "KmsKeyId" in each for each in of_type("AWS::Logs::LogGroup").values())


def test_the_state_machine_knows_its_functions_and_its_stopped_executions_are_restored() -> None:
    machine = RESOURCES["StateMachine"]["Properties"]
    functions = {f"{step.capitalize()}Function" for step in STEPS}
    assert machine["DefinitionSubstitutions"] == {name: {"Fn::GetAtt": f"{name}.Arn"} for name in functions}
    assert machine["StateMachineType"] == "STANDARD"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}
    rule = RESOURCES["RestoreRule"]["Properties"]
    assert rule["EventPattern"]["detail"]["status"] == ["ABORTED", "FAILED", "TIMED_OUT"]
    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": "RestoreFunction.Arn"}]
    assert RESOURCES["RestorePermission"]["Properties"]["SourceArn"] == {"Fn::GetAtt": "RestoreRule.Arn"}


def test_whoever_restores_in_vain_after_an_event_is_heard() -> None:
    queue = {"Fn::GetAtt": "RestoreFailures.Arn"}
    (target,) = RESOURCES["RestoreRule"]["Properties"]["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": queue}
    (retries,) = of_type("AWS::Lambda::EventInvokeConfig").values()
    assert retries == {
        "FunctionName": {"Ref": "RestoreFunction"},
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": queue}},
    }
    (alarm,) = of_type("AWS::CloudWatch::Alarm").values()
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": "RestoreFailures.QueueName"}}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert alarm["AlarmActions"] == topic


def test_the_queue_is_encrypted_and_only_the_rule_and_the_step_fill_it() -> None:
    (queue,) = of_type("AWS::SQS::Queue").values()
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] == {"Fn::If": ["HasKey", False, True]}
    assert queue["KmsMasterKeyId"] == {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]}
    (policy,) = of_type("AWS::SQS::QueuePolicy").values()
    take, tls = policy["PolicyDocument"]["Statement"]
    assert (take["Principal"], take["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert take["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": "RestoreRule.Arn"}}}
    assert (tls["Effect"], tls["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    (statement,) = allowed("RestoreRole")["sqs:SendMessage"]
    assert statement["Resource"] == {"Fn::GetAtt": "RestoreFailures.Arn"}
    # Lambda takes the key with the permissions of the function's role.
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= allowed("RestoreRole").keys()


def test_the_results_are_private_and_outlive_the_stack() -> None:
    bucket = RESOURCES["ResultsBucket"]
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    rules = {rule["Id"]: rule for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]}
    assert rules["runs"]["ExpirationInDays"] == 30
    assert rules["results"]["ExpirationInDays"] == {"Ref": "ResultsRetentionDays"}
    (statement,) = RESOURCES["ResultsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        ("lambda:InvokeFunction", {"measure"}),
        ("lambda:DeleteFunction", {"restore"}),
        ("lambda:DeleteAlias", {"restore"}),
        ("lambda:CreateFunction", {"publish"}),
        ("iam:PassRole", {"publish"}),
        ("lambda:PublishVersion", {"publish", "apply"}),
        ("lambda:UpdateFunctionConfiguration", {"publish", "restore", "apply"}),
        ("lambda:CreateAlias", {"prepare", "publish", "apply"}),
        ("states:GetExecutionHistory", {"analyze"}),
        ("sqs:SendMessage", {"restore"}),
        ("logs:FilterLogEvents", {"prepare", "record", "analyze"}),
    ],
)
def test_only_the_steps_that_have_to_may(action: str, roles: set[str]) -> None:
    assert {step for step in STEPS if action in allowed(f"{step.capitalize()}Role")} == roles


def test_copies_get_no_other_role_than_may_be_given_to_lambda() -> None:
    (statement,) = allowed("PublishRole")["iam:PassRole"]
    role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${FunctionRolePattern}"
    assert statement["Resource"] == {"Fn::Sub": role}
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    pattern = re.compile(DOCUMENT["Parameters"]["FunctionRolePattern"]["AllowedPattern"])
    for name in ("*", "shop-*", "service-role/shop-role-1a2b3c", "a/b/c?@d=e+f,g.h_i"):
        assert pattern.fullmatch(name), name
        StackParameters(function_role_pattern=name).check()
    for name in ("", "/shop", "arn:aws:iam::123456789012:role/x", "shop role", "${x}"):
        assert not pattern.fullmatch(name), name


def test_whole_functions_are_deleted_only_if_they_are_tagged_as_copies() -> None:
    for statement in allowed("RestoreRole")["lambda:DeleteFunction"]:
        resource = statement["Resource"]["Fn::Sub"]
        if "Condition" in statement:
            assert statement["Condition"] == {"StringLike": {f"aws:ResourceTag/{RUN_TAG}": "*"}}
            assert resource.endswith(":function:*-powertune-*")
        else:
            assert resource.endswith(":function:${FunctionPattern}:*")


def test_everything_is_allowed_for_something_where_iam_knows_what() -> None:
    # Service authorization reference: these actions know no resources.
    without = re.compile(
        r"(cloudwatch:GetMetric|compute-optimizer:|ec2:|lambda:(GetAccountSettings|List(EventSourceMappings|Functions"
        r"|ProvisionedConcurrencyConfigs))|logs:|xray:)"
    )
    for role in of_type("AWS::IAM::Role"):
        for action, allowing in allowed(role).items():
            assert "*" not in action, f"{role}: {action}"
            if any(statement["Resource"] == "*" for statement in allowing):
                assert without.match(action), f"{role}: {action}"


def test_every_role_takes_the_boundary() -> None:
    boundary = {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    for name, role in of_type("AWS::IAM::Role").items():
        assert role["PermissionsBoundary"] == boundary, name
        # IAM's limit for all policies of a role together, which counts no white space.
        assert len(json.dumps(role["Policies"], separators=(",", ":"))) < 10_240, name
