"""The template of the scheduled scan: valid by AWS's own schemas, and no step may do more than it has to."""

import json
import re

import pytest
from cloud_templates import MOST_BYTES, CloudTemplate

from powertune.aws.actions import SCAN_METHODS
from powertune.aws.stackset import member_actions
from powertune.config.accounts import EXTERNAL_ID
from powertune.config.scan_options import MOST_DAYS, ScanOptions
from powertune.engine.deployment.libraries import ON_AWS
from powertune.engine.deployment.scan_parameters import INHERITED, ScanStackParameters, ScheduledScan
from powertune.engine.deployment.stack_parameters import RETENTIONS

TEMPLATE, TUNING = CloudTemplate.read("scan-template.yaml"), CloudTemplate.read("template.yaml")
DOCUMENT, RESOURCES = TEMPLATE.document, TEMPLATE.resources
of_type, allowed = TEMPLATE.of_type, TEMPLATE.allowed
MEMORY_MB = {"targets": 512, "place": 1024, "reduce": 2048}
STEPS = tuple(MEMORY_MB)
UPLOADED = {"ArtifactBucket", "CodeKey", "DefinitionKey", "WorkerRuntime", "WorkerArchitecture"}


@pytest.mark.long
def test_cfn_lint_finds_nothing_in_any_partition() -> None:
    assert TEMPLATE.lint() == []
    assert "cfn-lint" not in TEMPLATE.text, "no rule is ignored"


def test_it_can_be_sent_without_a_bucket() -> None:
    assert len(TEMPLATE.text.encode()) < MOST_BYTES


def test_no_partition_and_no_domain_is_taken_for_granted() -> None:
    assert "arn:aws" not in TEMPLATE.text
    assert set(re.findall(r"[\w.]*amazonaws\.com[\w.]*", TEMPLATE.text)) == {
        *("lambda.amazonaws.com", "scheduler.amazonaws.com", "states.amazonaws.com"),
    }


def test_every_parameter_is_filled_in_and_the_defaults_agree() -> None:
    parameters = DOCUMENT["Parameters"]
    given = ScanStackParameters(wanted=ScheduledScan(), partition="aws", results_bucket="b", inherited={})
    assert set(parameters) == UPLOADED | set(given.template_names)
    assert {name for name, each in parameters.items() if "Default" not in each} == {
        *("ArtifactBucket", "CodeKey", "DefinitionKey", "ResultsBucket", "ScheduleExpression"),
    }
    assert parameters["WorkerRuntime"]["Default"] == ON_AWS.runtime
    assert parameters["WorkerArchitecture"]["Default"] == str(ON_AWS.architecture)
    assert tuple(parameters["LogRetentionDays"]["AllowedValues"]) == RETENTIONS
    assert parameters["Days"] == {**parameters["Days"], "Default": ScanOptions().days, "MaxValue": MOST_DAYS}
    assert parameters["MaxSpend"]["Default"] == ScanOptions().max_spend
    assert all(each["Description"].endswith(".") for each in parameters.values())


@pytest.mark.parametrize("name", INHERITED)
def test_what_is_taken_over_from_the_tuning_stack_is_the_same_parameter(name: str) -> None:
    ours, theirs = DOCUMENT["Parameters"][name], TUNING.document["Parameters"][name]
    assert {**ours, "Description": ""} == {**theirs, "Description": ""}


@pytest.mark.parametrize("schedule", ["rate(7 days)", "cron(0 6 ? * MON *)", "at(2027-01-01T06:00:00)"])
def test_what_is_taken_as_a_schedule_the_template_takes_too(schedule: str) -> None:
    ScheduledScan(schedule=schedule).check()
    assert re.fullmatch(DOCUMENT["Parameters"]["ScheduleExpression"]["AllowedPattern"], schedule)


@pytest.mark.parametrize("text", ["x", "a b", 'a"b', "{% 1 %}", "ab", "arn:aws:x/y"])
def test_an_external_id_can_say_nothing_to_the_definition(text: str) -> None:
    pattern = DOCUMENT["Parameters"]["ExternalId"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, text)) == bool(EXTERNAL_ID.fullmatch(text))


def test_there_is_a_function_with_a_role_and_a_log_group_for_every_step() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert {f"{step.capitalize()}Function" for step in STEPS} == set(functions)
    for step in STEPS:
        properties = functions[f"{step.capitalize()}Function"]
        assert properties["Handler"] == f"handlers.scan_{step}"
        assert properties["Role"] == {"Fn::GetAtt": f"{step.capitalize()}Role.Arn"}
        assert properties["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": f"{step.capitalize()}Logs"}}
        assert (properties["Timeout"], properties["MemorySize"]) == (900, MEMORY_MB[step])
        assert properties["Environment"]["Variables"] == {"POWERTUNE_BUCKET": {"Ref": "ResultsBucket"}}
    assert all("RetentionInDays" in each and "KmsKeyId" in each for each in of_type("AWS::Logs::LogGroup").values())


def test_a_place_is_read_with_what_a_scan_calls_and_nothing_else() -> None:
    (statement,) = (each for each in TEMPLATE.statements("PlaceRole") if each["Sid"] == "Scan")
    assert tuple(statement["Action"]) == member_actions(SCAN_METHODS)
    changing = re.compile(r":(Add|Attach|Create|Delete|Detach|Invoke|Publish|Put|Remove|Tag|Untag|Update)")
    assert [action for action in statement["Action"] if changing.search(action)] == []


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        ("sts:AssumeRole", {"TargetsRole", "PlaceRole"}),
        ("organizations:ListAccounts", {"TargetsRole"}),
        ("lambda:ListFunctions", {"PlaceRole"}),
        ("lambda:InvokeFunction", {"StateMachineRole"}),
        ("sns:Publish", {"StateMachineRole"}),
        ("states:StartExecution", {"StateMachineRole", "ScheduleRole"}),
    ],
)
def test_only_who_has_to_may(action: str, roles: set[str]) -> None:
    assert {role for role in of_type("AWS::IAM::Role") if action in allowed(role)} == roles


def test_everything_is_allowed_for_something_where_iam_knows_what() -> None:
    # Service authorization reference: these actions know no resources, or, in a scan, are about all functions.
    without = re.compile(
        r"(account|cloudwatch|compute-optimizer|ec2|lambda|logs|organizations|xray):(?!Invoke|Put.*Func)"
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
        assert len(json.dumps(role["Policies"], separators=(",", ":"))) < 10_240, name


def test_the_schedule_starts_the_machine_and_may_do_nothing_else() -> None:
    (schedule,) = of_type("AWS::Scheduler::Schedule").values()
    assert schedule["Target"]["Arn"] == {"Ref": "StateMachine"}
    assert schedule["Target"]["RoleArn"] == {"Fn::GetAtt": "ScheduleRole.Arn"}
    assert allowed("ScheduleRole").keys() == {"states:StartExecution"}
    assert [each["Resource"] for each in allowed("ScheduleRole")["states:StartExecution"]] == [
        {"Ref": "StateMachine"}
    ]


def test_the_topic_is_encrypted_and_made_only_where_none_is_named() -> None:
    assert RESOURCES["Topic"]["Condition"] == "HasNoTopic"
    key = {"Fn::If": ["HasKey", {"Ref": "KmsKeyArn"}, "alias/aws/sns"]}
    assert RESOURCES["Topic"]["Properties"]["KmsMasterKeyId"] == key
    topic = {"Fn::If": ["HasNoTopic", {"Ref": "Topic"}, {"Ref": "TopicArn"}]}
    assert RESOURCES["StateMachine"]["Properties"]["DefinitionSubstitutions"]["Topic"] == topic
    assert [each["Resource"] for each in allowed("StateMachineRole")["sns:Publish"]] == [topic]


def test_scans_are_kept_as_long_as_results_and_what_workers_write_for_a_month() -> None:
    rules = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in TUNING.resources["ResultsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
        if "Prefix" in rule
    }
    assert (rules["scans/"], rules["scan-runs/"]) == ({"Ref": "ResultsRetentionDays"}, 30)
