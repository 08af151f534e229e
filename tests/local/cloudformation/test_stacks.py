"""Stacks: created, rolled back, updated and deleted as AWS does it, with the events that tell."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from formations import ALL, Formation, outputs

PARAMETER = """
Resources:
  Plain: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: one}}
  After: {Type: AWS::SSM::Parameter, DependsOn: Plain, Properties: {Type: String, Value: two}}
"""

supports = pytest.mark.supports


def refused(call: Any, code: str, words: str) -> None:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]


@supports("cloudformation:CreateStack", "stacks that are created in the background, with tags and notification ARNs")
@supports("cloudformation:DescribeStackEvents", "events of each resource in order, with reasons")
@supports("cloudformation:DeleteStack", "resources deleted in reverse order")
def test_a_stack_is_created_in_order_and_deleted_in_reverse(formation: Formation) -> None:
    stack = formation.create(PARAMETER, Tags=[{"Key": "team", "Value": "a"}])
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    own = stack["StackName"]
    assert [(name, status) for name, status, _ in formation.events(stack)] == [
        (own, "CREATE_IN_PROGRESS"),
        ("Plain", "CREATE_IN_PROGRESS"),
        ("Plain", "CREATE_IN_PROGRESS"),
        ("Plain", "CREATE_COMPLETE"),
        ("After", "CREATE_IN_PROGRESS"),
        ("After", "CREATE_IN_PROGRESS"),
        ("After", "CREATE_COMPLETE"),
        (own, "CREATE_COMPLETE"),
    ]
    assert formation.events(stack)[0][2] == "User Initiated"
    assert formation.events(stack)[2][2] == "Resource creation Initiated"
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE"
    deleted = [name for name, status, _ in formation.events(stack) if status == "DELETE_COMPLETE"]
    assert deleted == ["After", "Plain", own]
    refused(
        lambda: formation.client.describe_stacks(StackName=own), "ValidationError", f"Stack with id {own} does not"
    )


@supports("cloudformation:CreateStack", "rollback when a resource fails; OnFailure and DisableRollback")
@pytest.mark.parametrize(
    ("options", "status", "kept"),
    [
        ({}, "ROLLBACK_COMPLETE", False),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", False),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", True),
        ({"DisableRollback": True}, "CREATE_FAILED", True),
    ],
)
def test_what_fails_is_rolled_back(
    formation: Formation, cloud: Any, options: dict[str, Any], status: str, kept: bool
) -> None:
    template = """
    Resources:
      Good: {Type: AWS::Logs::LogGroup}
      Bad: {Type: AWS::SSM::Parameter, DependsOn: Good, Properties: {Type: Strange, Value: x}}
    """
    stack = formation.create(template, **options)
    assert stack["StackStatus"] == status
    assert "#/Type: Strange is not a valid enum value" in formation.reason(stack, "Bad")
    reasons = [why for name, _, why in formation.events(stack) if name == stack["StackName"]]
    assert any("The following resource(s) failed to create: [Bad]. " in why for why in reasons)
    group = formation.physical(stack, "Good")
    found = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert bool(found) is kept


@supports("cloudformation:CreateStack", "resource types and properties that are missing fail the stack by name")
def test_what_is_not_supported_fails_by_name(formation: Formation) -> None:
    template = "Resources: {Trail: {Type: AWS::CloudTrail::Trail, Properties: {IsLogging: true, S3BucketName: b}}}"
    stack = formation.create(template)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert formation.reason(stack, "Trail") == (
        "The embedded AWS does not support resources of the type AWS::CloudTrail::Trail"
    )
    stack = formation.create("Resources: {B: {Type: AWS::S3::Bucket, Properties: {AccessControl: Private}}}")
    assert formation.reason(stack, "B") == (
        "The embedded AWS does not support the property AccessControl of AWS::S3::Bucket"
    )


@supports("cloudformation:CreateStack", "properties checked against AWS's schemas; text where numbers are wanted")
@pytest.mark.parametrize(
    ("properties", "problem"),
    [
        ("{Type: String}", "#: required key [Value] not found"),
        ("{Type: String, Value: a, Wrong: b}", "#: extraneous key [Wrong] is not permitted"),
        ("{Type: String, Value: [a]}", "#/Value: expected type: String, found: JSONArray"),
    ],
)
def test_properties_that_do_not_fit_the_schema_fail(formation: Formation, properties: str, problem: str) -> None:
    stack = formation.create(f"Resources: {{P: {{Type: AWS::SSM::Parameter, Properties: {properties}}}}}")
    assert problem in formation.reason(stack, "P")


@supports("cloudformation:UpdateStack", "changes in place, replacements, additions and removals")
def test_an_update_changes_replaces_adds_and_removes(formation: Formation, cloud: Any) -> None:
    first = """
    Resources:
      Stays: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: same}}
      Changes: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 1}}
      Moves: {Type: AWS::SQS::Queue, Properties: {QueueName: %s}}
      Goes: {Type: AWS::SNS::Topic}
    """
    name = formation.name()
    stack = formation.create(first % f"{name}-a")
    before = {key: formation.physical(stack, key) for key in ("Stays", "Changes", "Moves", "Goes")}
    second = (first % f"{name}-b").replace("RetentionInDays: 1", "RetentionInDays: 7")
    second = second.replace("Goes: {Type: AWS::SNS::Topic}", "New: {Type: AWS::SNS::Topic}")
    stack = formation.update(stack, second)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert formation.statuses(stack, "Stays") == ["CREATE_IN_PROGRESS"] * 2 + ["CREATE_COMPLETE"]
    assert formation.physical(stack, "Changes") == before["Changes"]
    [group] = cloud.client("logs").describe_log_groups(logGroupNamePrefix=before["Changes"])["logGroups"]
    assert group["retentionInDays"] == 7
    assert formation.physical(stack, "Moves").endswith("-b")
    assert formation.statuses(stack, "Moves")[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    queues = cloud.client("sqs").list_queues(QueueNamePrefix=name)["QueueUrls"]
    assert [url.rsplit("/", 1)[1] for url in queues] == [f"{name}-b"]
    topics = {topic["TopicArn"] for topic in cloud.client("sns").list_topics()["Topics"]}
    assert before["Goes"] not in topics
    assert formation.physical(stack, "New") in topics
    assert formation.statuses(stack, stack["StackName"])[-3:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]


@supports("cloudformation:UpdateStack", "rollback to what was, when a resource fails")
def test_a_failed_update_is_rolled_back(formation: Formation, cloud: Any) -> None:
    first = "Resources: {Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 1}}}"
    stack = formation.create(first)
    second = """
    Resources:
      Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: 7}}
      New: {Type: AWS::SNS::Topic, DependsOn: Group}
      Bad: {Type: AWS::SSM::Parameter, DependsOn: New, Properties: {Type: Strange, Value: x}}
    """
    stack = formation.update(stack, second)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    [group] = cloud.client("logs").describe_log_groups(logGroupNamePrefix=formation.physical(stack, "Group"))[
        "logGroups"
    ]
    assert group["retentionInDays"] == 1
    resources = formation.client.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
    assert [each["LogicalResourceId"] for each in resources] == ["Group"]
    assert formation.statuses(stack, "New")[-1] == "DELETE_COMPLETE"
    refused(lambda: formation.update(stack, first), "ValidationError", "No updates are to be performed.")
    assert formation.update(stack, first.replace("1", "3"))["StackStatus"] == "UPDATE_COMPLETE"


@supports("cloudformation:UpdateStack", "an update that changes nothing is refused")
def test_an_update_without_changes_is_refused(formation: Formation) -> None:
    stack = formation.create(PARAMETER)
    refused(lambda: formation.update(stack, PARAMETER), "ValidationError", "No updates are to be performed.")
    refused(lambda: formation.update(stack), "ValidationError", "No updates are to be performed.")
    tagged = formation.update(stack, PARAMETER, Tags=[{"Key": "new", "Value": "tag"}])
    assert tagged["StackStatus"] == "UPDATE_COMPLETE"


@supports("cloudformation:DeleteStack", "DeletionPolicy and UpdateReplacePolicy Retain")
def test_what_is_retained_stays(formation: Formation, cloud: Any) -> None:
    template = """
    Resources:
      Kept: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}
      Removed: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}
      Replaced: {Type: AWS::SNS::Topic, UpdateReplacePolicy: Retain, Properties: {TopicName: %s}}
      Last: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: x}}
    """
    name = formation.name()
    stack = formation.create(template % f"{name}-1")
    groups = [formation.physical(stack, key) for key in ("Kept", "Removed")]
    topic = formation.physical(stack, "Replaced")
    shorter = (template % f"{name}-2").replace("Removed: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}", "")
    stack = formation.update(stack, shorter)
    assert formation.statuses(stack, "Removed")[-1] == "DELETE_SKIPPED"
    assert formation.delete(stack)["StackStatus"] == "DELETE_COMPLETE"
    assert formation.statuses(stack, "Kept")[-1] == "DELETE_SKIPPED"
    logs, sns = cloud.client("logs"), cloud.client("sns")
    for group in groups:
        assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        logs.delete_log_group(logGroupName=group)
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    sns.delete_topic(TopicArn=topic)


@supports("cloudformation:DeleteStack", "buckets that hold objects fail with DELETE_FAILED; RetainResources")
def test_a_bucket_that_is_not_empty_is_not_deleted(formation: Formation, cloud: Any) -> None:
    template = """
    Resources:
      Bucket: {Type: AWS::S3::Bucket}
      Name: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Bucket}}
    """
    stack, s3 = formation.create(template), cloud.client("s3")
    bucket = formation.physical(stack, "Bucket")
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    failed = formation.delete(stack)
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert failed["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert "The bucket you tried to delete is not empty" in formation.reason(stack, "Bucket")
    assert formation.statuses(stack, "Name")[-1] == "DELETE_COMPLETE"
    assert formation.delete(stack, RetainResources=["Bucket"])["StackStatus"] == "DELETE_COMPLETE"
    s3.delete_object(Bucket=bucket, Key="a")
    s3.delete_bucket(Bucket=bucket)


@supports("cloudformation:ListExports", "exports that other stacks import, and that cannot be deleted while they do")
def test_exports_are_imported_and_guarded(formation: Formation) -> None:
    name = formation.name()
    exporter = f"""
    Resources: {{P: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: v}}}}}}
    Outputs: {{Name: {{Value: !Ref P, Export: {{Name: {name}-out}}}}}}
    """
    importer = f"""
    Resources: {{P: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !ImportValue {name}-out}}}}}}
    Outputs: {{Seen: {{Value: !ImportValue {name}-out}}}}
    """
    first = formation.create(exporter)
    second = formation.create(importer)
    assert outputs(second)["Seen"] == formation.physical(first, "P")
    exports = formation.client.list_exports()["Exports"]
    assert {"ExportingStackId": first["StackId"], "Name": f"{name}-out", "Value": outputs(first)["Name"]} in exports
    assert formation.client.list_imports(ExportName=f"{name}-out")["Imports"] == [second["StackName"]]
    assert formation.delete(first)["StackStatus"] == "CREATE_COMPLETE"
    assert formation.events(first)[-1][2].startswith(f"Delete canceled. Cannot delete export {name}-out")
    twice = formation.create(exporter)
    assert twice["StackStatus"] == "ROLLBACK_COMPLETE"
    lost = formation.create(importer.replace(f"{name}-out", "nobody"))
    assert "No export named nobody found." in formation.reason(lost, "P")
    formation.delete(second)
    assert formation.delete(first)["StackStatus"] == "DELETE_COMPLETE"


@supports("cloudformation:CreateStack", "capabilities that have to be acknowledged")
def test_capabilities_are_required(formation: Formation) -> None:
    trust = "{Version: 2012-10-17, Statement: []}"
    role = f"Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {trust}}}}}}}"
    named = role.replace("Properties: {", "Properties: {RoleName: some-role, ")
    for template, given, needed in (
        (role, [], "CAPABILITY_IAM"),
        (named, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ):
        refused(
            lambda body=template, given=given: formation.client.create_stack(
                StackName=formation.name(), TemplateBody=body, Capabilities=given
            ),
            "InsufficientCapabilitiesException",
            f"Requires capabilities : [{needed}]",
        )
    refused(
        lambda: formation.client.create_stack(
            StackName=formation.name(), TemplateBody=f"Transform: AWS::Serverless-2016-10-31\n{PARAMETER}"
        ),
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
    )


@supports("cloudformation:ListStacks", "filters by status, with deleted stacks")
@supports("cloudformation:UpdateTerminationProtection", "protected stacks are not deleted")
def test_stacks_are_listed_protected_and_unique(formation: Formation) -> None:
    stack = formation.create(PARAMETER, EnableTerminationProtection=True)
    client, name = formation.client, stack["StackName"]
    refused(lambda: formation.create(PARAMETER, name), "AlreadyExistsException", f"Stack [{name}] already exists")
    refused(lambda: client.delete_stack(StackName=name), "ValidationError", "TerminationProtection is enabled")
    client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    formation.delete(stack)
    client.delete_stack(StackName=name)
    pages = client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    assert stack["StackId"] in {each["StackId"] for page in pages for each in page["StackSummaries"]}


@supports("cloudformation:DescribeStackEvents", "paging of events and resources")
def test_events_and_resources_come_in_pages(formation: Formation) -> None:
    many = "\n".join(f"  P{n:03}: {{Type: AWS::CloudFormation::WaitConditionHandle}}" for n in range(110))
    stack = formation.create(f"Resources:\n{many}\n")
    first = formation.client.describe_stack_events(StackName=stack["StackName"])
    assert len(first["StackEvents"]) == 100
    assert first["NextToken"]
    assert len(formation.events(stack)) == 110 * 3 + 2
    pages = formation.client.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"])
    found = [each["LogicalResourceId"] for page in pages for each in page["StackResourceSummaries"]]
    assert sorted(found) == [f"P{n:03}" for n in range(110)]


def test_what_is_missing_is_refused_by_name(formation: Formation) -> None:
    words = "The embedded AWS does not support CreateStackSet of CloudFormation"
    refused(lambda: formation.client.create_stack_set(StackSetName="a", TemplateBody="x"), "ValidationError", words)


def test_several_clients_at_once_get_one_stack(formation: Formation) -> None:
    from concurrent.futures import ThreadPoolExecutor

    name = formation.name()

    def create(_: int) -> str:
        try:
            answer = formation.client.create_stack(StackName=name, TemplateBody=PARAMETER, Capabilities=ALL)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        formation.ids.append(answer["StackId"])
        return "created"

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(create, range(6)))
    assert answers == ["AlreadyExistsException"] * 5 + ["created"]
