"""Deploying against fakes: what is asked, made, uploaded and said, whatever the stack looked like before."""

import itertools
from contextlib import suppress
from dataclasses import replace

import pytest
from fake_stack_services import FakeStackServices, FakeWatcher

from powertune.aws.actions import COMMANDS
from powertune.engine.deployment.artifacts import Artifacts
from powertune.engine.deployment.bundle import Bundle
from powertune.engine.deployment.deploying import StackDeployment, deploy
from powertune.engine.deployment.destroying import destroy
from powertune.engine.deployment.libraries import ON_AWS
from powertune.engine.deployment.stack_parameters import StackParameters
from powertune.errors import AccessDenied, FunctionBusy, StackFailed, UsageError

ARTIFACTS = "powertune-artifacts-123456789012-us-east-1"
OURS = {"CodeKey": "old.zip", "DefinitionKey": "old.json"}


TOKENS = itertools.count()


def deployment(parameters: StackParameters | None = None, code: bytes = b"code", **tags: str) -> StackDeployment:
    bundle = Bundle({"handlers.py": code})
    return StackDeployment(
        template="Resources: {}",
        artifacts=Artifacts(stack_name="powertune", bundle=bundle, definition=b"{}"),
        worker=ON_AWS,
        parameters=parameters or StackParameters(),
        artifact_bucket=None,
        tags=tags,
        token=f"{next(TOKENS)}",
    )


def test_a_new_stack_is_shown_agreed_to_and_made() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    state = deploy(there.aws, deployment(StackParameters(function_pattern="shop-*"), team="shop"), watcher)
    assert state is not None
    assert state.outputs["ResultsBucket"] == "powertune-resultsbucket-1"
    assert [(change.action, change.resource, change.replacement) for change in watcher.shown] == [
        ("Add", "Made", None),
        ("Modify", "Other", "Conditional"),
    ]
    assert watcher.questions == ["create stack powertune in us-east-1?"]
    assert [event.status for event in watcher.events] == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_COMPLETE"]
    stack = there.formation.stacks["powertune"]
    assert stack.tags == [{"Key": "team", "Value": "shop"}]
    assert set(there.buckets.buckets[ARTIFACTS]) == {stack.parameters["CodeKey"], stack.parameters["DefinitionKey"]}
    assert stack.parameters == {
        "ArtifactBucket": ARTIFACTS,
        "CodeKey": stack.parameters["CodeKey"],
        "DefinitionKey": stack.parameters["DefinitionKey"],
        "WorkerRuntime": "python3.14",
        "WorkerArchitecture": "arm64",
        "FunctionPattern": "shop-*",
    }


def test_nothing_is_left_or_uploaded_where_somebody_says_no() -> None:
    there = FakeStackServices()
    assert deploy(there.aws, deployment(), FakeWatcher(False)) is None
    assert (there.formation.stacks, there.formation.change_sets, there.buckets.buckets) == ({}, {}, {})


def test_the_same_again_changes_nothing() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy(there.aws, deployment(StackParameters(name_prefix="mine")), watcher)
    calls = len(there.operations)
    again = deploy(there.aws, deployment(), watcher)
    assert again is not None
    assert watcher.lines[-1] == "stack powertune: no changes"
    assert len(watcher.questions) == 1
    assert there.formation.change_sets == {}
    assert "cloudformation.execute_change_set" not in there.operations[calls:]
    # What was not given again has kept its value.
    assert there.formation.stacks["powertune"].parameters["NamePrefix"] == "mine"


def test_an_update_uploads_what_is_new_to_the_bucket_that_the_stack_uses() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    there.buckets.buckets["mine"] = {}
    deploy(there.aws, replace(deployment(), artifact_bucket="mine"), watcher)
    deploy(there.aws, deployment(code=b"newer"), watcher)
    assert watcher.questions[-1] == "update stack powertune in us-east-1?"
    assert sorted(key.partition("-")[0] for key in there.buckets.buckets["mine"]) == [
        "powertune/powertune/code",
        "powertune/powertune/code",
        "powertune/powertune/definition",
    ]
    assert ARTIFACTS not in there.buckets.buckets
    # A bucket that was there is used as it is.
    assert "s3.put_bucket_policy" not in there.operations


def test_a_stack_that_fails_says_which_resources_and_why() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    there.formation.failure = "bucket names are lower case"
    with pytest.raises(StackFailed) as failed:
        deploy(there.aws, deployment(), watcher)
    assert failed.value.message == (
        "stack powertune could not be created: it is ROLLBACK_COMPLETE: "
        "Made (AWS::S3::Bucket): bucket names are lower case"
    )
    assert "deploy again" in (failed.value.hint or "")


def test_a_name_that_is_taken_asks_for_another_prefix() -> None:
    there = FakeStackServices()
    there.formation.failure = "powertune already exists in stack arn:aws:cloudformation:x"
    with pytest.raises(StackFailed) as failed:
        deploy(there.aws, deployment(), FakeWatcher())
    assert failed.value.hint == "choose another --name-prefix"


def test_what_changes_of_parameters_and_tags_is_shown() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy(there.aws, deployment(StackParameters(function_pattern="shop-*"), team="shop", cost="1"), watcher)
    assert watcher.settings == [
        ("WorkerRuntime", None, "python3.14"),
        ("WorkerArchitecture", None, "arm64"),
        ("FunctionPattern", None, "shop-*"),
        ("tag cost", None, "1"),
        ("tag team", None, "shop"),
    ]
    update = StackParameters(function_pattern="shop-*", payload_bucket="my-payloads")
    deploy(there.aws, deployment(update, b"newer", team="web"), watcher)
    assert watcher.settings == [
        ("PayloadBucket", None, "my-payloads"),
        ("tag cost", "1", None),
        ("tag team", "shop", "web"),
    ]
    deploy(there.aws, deployment(StackParameters(payload_bucket=""), b"newest"), watcher)
    assert watcher.settings == [("PayloadBucket", "my-payloads", None)]


def test_what_cloudformation_does_not_keep_is_named() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy(there.aws, deployment(), FakeWatcher())
    there.formation.unused = {"LogGroupPattern"}
    deploy(there.aws, deployment(StackParameters(log_group_pattern="x")), watcher)
    assert watcher.lines == [
        "stack powertune: no changes; not stored, as nothing in the stack depends on it: LogGroupPattern"
    ]


def test_keys_of_payloads_take_a_bucket() -> None:
    there = FakeStackServices()
    with pytest.raises(UsageError, match="--payload-bucket is missing"):
        deploy(there.aws, deployment(StackParameters(payload_keys="orders/*")), FakeWatcher())
    assert there.formation.stacks == {}
    deploy(there.aws, deployment(StackParameters(payload_bucket="mine")), FakeWatcher())
    deploy(there.aws, deployment(StackParameters(payload_keys="orders/*")), FakeWatcher())
    assert there.formation.stacks["powertune"].parameters["PayloadKeyPattern"] == "orders/*"


def test_what_a_failed_creation_has_left_is_deleted_first_if_somebody_agrees() -> None:
    there = FakeStackServices()
    left = there.formation.add("powertune", "ROLLBACK_COMPLETE", **OURS)
    assert deploy(there.aws, deployment(), FakeWatcher(False)) is None
    assert there.formation.stacks == {"powertune": left}
    watcher = FakeWatcher()
    deploy(there.aws, deployment(), watcher)
    assert watcher.questions == ["delete it?", "create stack powertune in us-east-1?"]
    assert there.formation.stacks["powertune"] is not left


def test_a_stack_in_review_is_created() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    there.formation.add("powertune", "REVIEW_IN_PROGRESS")
    deploy(there.aws, deployment(), watcher)
    assert watcher.questions == ["create stack powertune in us-east-1?"]


def test_a_stack_of_somebody_else_is_left_alone() -> None:
    there = FakeStackServices()
    there.formation.add("powertune", "CREATE_COMPLETE", VpcId="vpc-1")
    with pytest.raises(UsageError, match="not one that powertune has made"):
        deploy(there.aws, deployment(), FakeWatcher())
    assert there.operations == ["cloudformation.describe_stacks"]


def test_a_stack_that_is_worked_on_is_left_alone() -> None:
    there = FakeStackServices()
    there.formation.add("powertune", "UPDATE_IN_PROGRESS", **OURS)
    with pytest.raises(FunctionBusy, match="stack powertune is UPDATE_IN_PROGRESS"):
        deploy(there.aws, deployment(), FakeWatcher())


def test_a_change_set_that_cannot_be_made_says_why_and_leaves_nothing() -> None:
    there = FakeStackServices()
    there.formation.refusal = "Parameter LogRetentionDays must be one of"
    with pytest.raises(StackFailed, match="cannot be changed: Parameter LogRetentionDays"):
        deploy(there.aws, deployment(), FakeWatcher())
    assert (there.formation.stacks, there.formation.change_sets) == ({}, {})


def test_a_bucket_of_another_account_is_not_used() -> None:
    there = FakeStackServices()
    there.buckets.owners[ARTIFACTS] = "999999999999"
    with pytest.raises(AccessDenied, match="s3:ListBucket"):
        deploy(there.aws, deployment(), FakeWatcher())
    assert "s3.put_object" not in there.operations


def test_a_bucket_that_is_made_is_private_and_encrypted_and_in_its_region() -> None:
    there = FakeStackServices("eu-west-1")
    deploy(there.aws, deployment(), FakeWatcher())
    (told,) = there.buckets.settings.values()
    assert told["create_bucket"]["CreateBucketConfiguration"] == {"LocationConstraint": "eu-west-1"}
    assert set(told["put_public_access_block"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert "aws:SecureTransport" in told["put_bucket_policy"]["Policy"]
    rules = told["put_bucket_encryption"]["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]


def test_a_machine_that_runs_is_not_updated() -> None:
    """The later steps of its executions would be other ones."""
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy(there.aws, deployment(), FakeWatcher())
    uploaded, calls = set(there.buckets.buckets[ARTIFACTS]), len(there.operations)
    there.machines.running = ["first", "second"]
    with pytest.raises(FunctionBusy, match=r"2 executions of .* running: first, second"):
        deploy(there.aws, deployment(code=b"newer"), watcher)
    assert watcher.questions == []
    assert there.formation.change_sets == {}
    assert set(there.buckets.buckets[ARTIFACTS]) == uploaded
    assert "cloudformation.execute_change_set" not in there.operations[calls:]


def test_a_deployment_that_changes_nothing_may_be_made_at_any_time() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    deploy(there.aws, deployment(), FakeWatcher())
    there.machines.running = ["first"]
    assert deploy(there.aws, deployment(), watcher) is not None
    assert watcher.lines == ["stack powertune: no changes"]


def test_an_execution_that_begins_while_somebody_thinks_keeps_the_machine_as_it_is() -> None:
    there = FakeStackServices()
    deploy(there.aws, deployment(), FakeWatcher())
    calls = len(there.operations)

    class Slow(FakeWatcher):
        def confirm(self, question: str) -> bool:
            there.machines.running = ["first"]
            return super().confirm(question)

    with pytest.raises(FunctionBusy, match=r"1 execution of .* running: first"):
        deploy(there.aws, deployment(code=b"newer"), Slow())
    assert there.formation.change_sets == {}
    assert there.formation.stacks["powertune"].status == "CREATE_COMPLETE"
    assert "cloudformation.execute_change_set" not in there.operations[calls:]


def test_the_policies_allow_all_calls_and_no_others() -> None:
    there = FakeStackServices()
    deploy(there.aws, deployment(), FakeWatcher(False))
    deploy(there.aws, deployment(), FakeWatcher())
    deploy(there.aws, deployment(code=b"newer"), FakeWatcher())
    assert set(there.operations) == set(COMMANDS["deploy"])
    there.operations.clear()
    # A run that nobody has noted as restored is looked at.
    errand = b'{"schema": "powertune/errand/1", "function": "arn:aws:lambda:us-east-1:123456789012:function:fn"}'
    there.buckets.buckets["powertune-resultsbucket-1"] = {"runs/0badcafe/errand.json": errand}
    there.functions.add("fn")
    destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert {*there.operations, *there.functions.operations} == set(COMMANDS["destroy"])


def number_of_calls() -> int:
    there = FakeStackServices()
    deploy(there.aws, deployment(), FakeWatcher())
    return len(there.operations)


@pytest.mark.parametrize("call", range(number_of_calls()))
def test_whichever_call_fails_the_next_deployment_succeeds_and_nothing_is_left_of_either(call: int) -> None:
    there = FakeStackServices()
    there.fails_at = call
    with pytest.raises(AccessDenied):
        deploy(there.aws, deployment(), FakeWatcher())
    state = None
    while state is None:
        with suppress(FunctionBusy):  # what was begun before the call failed
            state = deploy(there.aws, deployment(), FakeWatcher())
    assert state.status == "CREATE_COMPLETE"
    if there.buckets.buckets:
        assert "put_bucket_policy" in there.buckets.settings[ARTIFACTS]
    destroy(there.aws, "powertune", FakeWatcher(), delete_results=True)
    assert (there.formation.stacks, there.buckets.buckets) == ({}, {})


def test_what_was_not_uploaded_is_not_left_as_a_change_set() -> None:
    there = FakeStackServices()
    there.buckets.owners[ARTIFACTS] = "999999999999"
    with pytest.raises(AccessDenied):
        deploy(there.aws, deployment(), FakeWatcher())
    assert (there.formation.stacks, there.formation.change_sets) == ({}, {})
