"""Change sets: what they list, when they fail, and what executing them does."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from formations import Formation

supports = pytest.mark.supports

FIRST = """
Parameters: {Days: {Type: Number, Default: 1}}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !Ref Days}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: %(queue)s}}
  Address: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Queue.Arn}}
  Topic: {Type: AWS::SNS::Topic}
"""


def changes(change_set: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [each["ResourceChange"] for each in change_set["Changes"]]
    return {change["LogicalResourceId"]: change for change in found}


@supports("cloudformation:CreateChangeSet", "change sets for new stacks, in REVIEW_IN_PROGRESS until executed")
@supports("cloudformation:ExecuteChangeSet", "execution in the background; waiters")
def test_a_new_stack_is_reviewed_and_then_created(formation: Formation) -> None:
    client, name = formation.client, formation.name()
    change_set = formation.prepare(name, FIRST % {"queue": name})
    client.get_waiter("change_set_create_complete").wait(ChangeSetName="changes", StackName=name)
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert {key: change["Action"] for key, change in changes(change_set).items()} == dict.fromkeys(
        ("Group", "Queue", "Address", "Topic"), "Add"
    )
    assert client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert client.describe_stack_resources(StackName=name)["StackResources"] == []
    assert formation.execute(change_set)["StackStatus"] == "CREATE_COMPLETE"
    described = client.describe_change_set(ChangeSetName=change_set["ChangeSetId"])
    assert described["ExecutionStatus"] == "EXECUTE_COMPLETE"
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])


@supports("cloudformation:DescribeChangeSet", "real changes: action, replacement, scope, details and property values")
def test_the_changes_of_an_update_are_the_real_ones(formation: Formation) -> None:
    name = formation.name()
    stack = formation.create(FIRST % {"queue": f"{name}-a"}, name)
    second = (FIRST % {"queue": f"{name}-b"}).replace(
        "Topic: {Type: AWS::SNS::Topic}", "New: {Type: AWS::SNS::Topic}"
    )
    days = [{"ParameterKey": "Days", "ParameterValue": "7"}]
    change_set = formation.prepare(name, second, "UPDATE", Parameters=days)
    found = changes(change_set)
    assert {key: (change["Action"], change.get("Replacement")) for key, change in found.items()} == {
        "Group": ("Modify", "False"),
        "Queue": ("Modify", "True"),
        "Address": ("Modify", "False"),
        "New": ("Add", None),
        "Topic": ("Remove", None),
    }
    group = found["Group"]
    assert group["Scope"] == ["Properties"]
    assert group["PhysicalResourceId"] == formation.physical(stack, "Group")
    target = {"Attribute": "Properties", "Name": "RetentionInDays", "RequiresRecreation": "Never"}
    assert group["Details"] == [
        {"Target": target, "Evaluation": "Static", "ChangeSource": "ParameterReference", "CausingEntity": "Days"},
        {"Target": target, "Evaluation": "Dynamic", "ChangeSource": "DirectModification"},
    ]
    assert '"RetentionInDays": 1' in group["BeforeContext"]
    assert '"RetentionInDays": 7' in group["AfterContext"]
    [queue] = found["Queue"]["Details"]
    assert queue["Target"] == {"Attribute": "Properties", "Name": "QueueName", "RequiresRecreation": "Always"}
    assert (queue["Evaluation"], queue["ChangeSource"]) == ("Static", "DirectModification")
    [address] = found["Address"]["Details"]
    assert (address["ChangeSource"], address["CausingEntity"]) == ("ResourceAttribute", "Queue.Arn")
    assert found["Topic"]["PolicyAction"] == "Delete"
    assert formation.execute(change_set)["StackStatus"] == "UPDATE_COMPLETE"
    kinds = {change[0]: change[1] for change in formation.events(stack)}
    assert kinds["Topic"] == "DELETE_COMPLETE"
    assert formation.physical(stack, "Queue").endswith("-b")


@supports("cloudformation:CreateChangeSet", "a change set without changes fails with the reason that tools look for")
def test_a_change_set_without_changes_fails(formation: Formation) -> None:
    name = formation.name()
    formation.create(FIRST % {"queue": name}, name)
    change_set = formation.prepare(name, FIRST % {"queue": name}, "UPDATE")
    assert (change_set["Status"], change_set["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert change_set["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )
    with pytest.raises(ClientError, match="InvalidChangeSetStatus"):
        formation.client.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    formation.client.delete_change_set(ChangeSetName=change_set["ChangeSetId"])
    assert formation.client.list_change_sets(StackName=name)["Summaries"] == []
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        formation.client.describe_change_set(ChangeSetName="changes", StackName=name)


@supports("cloudformation:ExecuteChangeSet", "a change set of one update makes the others obsolete")
def test_other_change_sets_go_when_one_is_executed(formation: Formation) -> None:
    client, name = formation.client, formation.name()
    stack = formation.create(FIRST % {"queue": name}, name)
    for number in (3, 5):
        client.create_change_set(
            StackName=name,
            ChangeSetName=f"days-{number}",
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": "Days", "ParameterValue": str(number)}],
        )
    assert len(client.list_change_sets(StackName=name)["Summaries"]) == 2
    client.execute_change_set(ChangeSetName="days-3", StackName=name)
    client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert [each["ChangeSetName"] for each in client.list_change_sets(StackName=name)["Summaries"]] == ["days-3"]
    assert formation.settled(stack["StackId"])["Parameters"] == [{"ParameterKey": "Days", "ParameterValue": "3"}]


@supports("cloudformation:CreateChangeSet", "retained resources and conditional replacements")
def test_retained_and_conditional_changes_say_so(formation: Formation) -> None:
    template = """
    Resources:
      Group: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}
      Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: %s}}
      Sub: {Type: AWS::SNS::Subscription,
            Properties: {TopicArn: !GetAtt Topic.TopicArn, Protocol: email, Endpoint: a@example.com}}
    """
    name = formation.name()
    formation.create(template % "a", name)
    without = (template % "b").replace("Group: {Type: AWS::Logs::LogGroup, DeletionPolicy: Retain}", "")
    found = changes(formation.prepare(name, without, "UPDATE"))
    assert found["Group"]["PolicyAction"] == "Retain"
    assert found["Topic"]["Replacement"] == "False"
    assert found["Sub"]["Replacement"] == "Conditional"
    [detail] = found["Sub"]["Details"]
    assert (detail["Evaluation"], detail["CausingEntity"]) == ("Dynamic", "Topic.TopicArn")
