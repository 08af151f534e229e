"""The stack of alarms against fakes: asked, made, brought up to date, uploaded where it is large, and destroyed."""

from typing import Any

import pytest
from fake_stack_services import FakeStackServices, FakeWatcher

from powertune.engine.deployment.destroying import destroy
from powertune.engine.deployment.watch_stack import WatchDeployment, deploy_watch
from powertune.errors import AccessDenied, FunctionBusy, StackFailed, UsageError
from powertune.watch import MOST_INLINE_BYTES

BUCKET = "powertune-artifacts-123456789012-us-east-1"
OURS = {"WatchTopicArn": ""}


def deployment(**changes: Any) -> WatchDeployment:
    defaults: dict[str, Any] = {
        "stack_name": "powertune-watch", "template": "Resources: {}", "topic_arn": None, "tags": {}, "token": "1",
    }  # fmt: skip
    return WatchDeployment(**{**defaults, **changes})


LARGE = deployment(template="x" * (MOST_INLINE_BYTES + 1))


def made(**parameters: str) -> FakeStackServices:
    there = FakeStackServices()
    there.formation.add("powertune-watch", "CREATE_COMPLETE", **{**OURS, **parameters})
    return there


def test_a_stack_is_shown_agreed_to_and_made() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    assert deploy_watch(there.aws, deployment(topic_arn="arn:topic", tags={"team": "shop"}), watcher) is not None
    assert watcher.questions == ["create stack powertune-watch in us-east-1?"]
    assert watcher.settings == [("WatchTopicArn", None, "arn:topic"), ("tag team", None, "shop")]
    stack = there.formation.stacks["powertune-watch"]
    assert (stack.parameters, stack.tags) == ({"WatchTopicArn": "arn:topic"}, [{"Key": "team", "Value": "shop"}])
    assert there.buckets.buckets == {}
    assert not any(operation.startswith(("s3.", "sts.")) for operation in there.operations)


def test_a_topic_that_is_not_given_again_stays() -> None:
    there = made(WatchTopicArn="arn:topic")
    assert deploy_watch(there.aws, deployment(), FakeWatcher()) is not None
    assert there.formation.stacks["powertune-watch"].parameters == {"WatchTopicArn": "arn:topic"}
    assert deploy_watch(there.aws, deployment(topic_arn=""), FakeWatcher()) is not None
    assert there.formation.stacks["powertune-watch"].parameters == {"WatchTopicArn": ""}


def test_nothing_is_left_where_somebody_says_no() -> None:
    there = FakeStackServices()
    assert deploy_watch(there.aws, deployment(), FakeWatcher(False)) is None
    assert (there.formation.stacks, there.formation.change_sets) == ({}, {})


def test_an_interruption_while_asking_leaves_nothing() -> None:
    class Gone(FakeWatcher):
        def confirm(self, question: str) -> bool:
            raise KeyboardInterrupt

    there = FakeStackServices()
    with pytest.raises(KeyboardInterrupt):
        deploy_watch(there.aws, deployment(), Gone())
    assert (there.formation.stacks, there.formation.change_sets) == ({}, {})


def test_other_stacks_and_busy_ones_are_left_alone() -> None:
    there = FakeStackServices()
    there.formation.add("powertune-watch", "CREATE_COMPLETE", CodeKey="a", DefinitionKey="b")
    with pytest.raises(UsageError, match="not one that powertune watch has made"):
        deploy_watch(there.aws, deployment(), FakeWatcher())
    there = FakeStackServices()
    there.formation.add("powertune-watch", "UPDATE_IN_PROGRESS", **OURS)
    with pytest.raises(FunctionBusy):
        deploy_watch(there.aws, deployment(), FakeWatcher())


def test_what_a_failed_creation_has_left_is_deleted_first() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    there.formation.add("powertune-watch", "ROLLBACK_COMPLETE", **OURS)
    deploy_watch(there.aws, deployment(), watcher)
    assert watcher.questions == ["delete it?", "create stack powertune-watch in us-east-1?"]
    there = FakeStackServices()
    left = there.formation.add("powertune-watch", "ROLLBACK_COMPLETE", **OURS)
    assert deploy_watch(there.aws, deployment(), FakeWatcher(False)) is None
    assert there.formation.stacks == {"powertune-watch": left}


def test_a_large_template_goes_through_a_bucket_and_is_deleted_there_again() -> None:
    there, watcher = FakeStackServices(), FakeWatcher()
    assert deploy_watch(there.aws, LARGE, watcher) is not None
    assert watcher.questions == ["upload it?", "create stack powertune-watch in us-east-1?"]
    assert f"s3://{BUCKET}/powertune/powertune-watch/watch-" in watcher.lines[0]
    (asked,) = there.formation.asked
    assert asked["TemplateURL"].startswith(f"https://s3.us-east-1.amazonaws.com/{BUCKET}/powertune/powertune-watch/")
    assert "TemplateBody" not in asked
    assert there.buckets.buckets == {}
    assert deploy_watch(FakeStackServices().aws, LARGE, FakeWatcher(False)) is None


def test_a_bucket_that_was_there_stays_and_a_failure_leaves_no_template() -> None:
    there = FakeStackServices()
    there.buckets.buckets[BUCKET] = {}
    there.buckets.settings[BUCKET] = {}
    there.formation.refusal = "Template format error"
    with pytest.raises(StackFailed, match="Template format error"):
        deploy_watch(there.aws, LARGE, FakeWatcher())
    assert there.buckets.buckets == {BUCKET: {}}


def test_a_name_that_is_taken_asks_for_another_stack() -> None:
    there = FakeStackServices()
    there.formation.failure = "powertune-watch-my-fn-errors already exists"
    with pytest.raises(StackFailed) as failed:
        deploy_watch(there.aws, deployment(), FakeWatcher())
    assert failed.value.hint == "choose another --stack-name"


def test_a_call_that_is_denied_names_its_action() -> None:
    there = FakeStackServices()
    there.fails_at = 1
    with pytest.raises(AccessDenied, match="cloudformation:CreateChangeSet"):
        deploy_watch(there.aws, deployment(), FakeWatcher())


def test_it_is_destroyed_as_other_stacks_are() -> None:
    there, watcher = made(), FakeWatcher()
    destroyed = destroy(there.aws, "powertune-watch", watcher, delete_results=False)
    assert destroyed is not None
    assert destroyed.results_bucket is None
    assert watcher.questions == ["delete stack powertune-watch in us-east-1, with its alarms and its dashboard?"]
    assert there.formation.stacks == {}
    assert not any(operation.startswith(("s3.", "sts.", "stepfunctions.")) for operation in there.operations)
    there = made()
    assert destroy(there.aws, "powertune-watch", FakeWatcher(False), delete_results=False) is None
    assert "powertune-watch" in there.formation.stacks
