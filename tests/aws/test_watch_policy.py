"""The policy of `watch`: its own calls, and what CloudFormation calls for its stack, and no more."""

import json

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from fake_stack_services import FakeStackServices, FakeWatcher
from fakes import FakeLambda, fake_aws

from powertune.aws.actions import ACTIONS, COMMANDS, WATCH_DEPLOY_METHODS
from powertune.aws.stacks.watch_policy import watch_policy
from powertune.aws.usage.watched import read_unreserved_concurrency, read_use, read_watched
from powertune.engine.deployment.destroying import destroy
from powertune.engine.deployment.watch_stack import WatchDeployment, deploy_watch
from powertune.model import FunctionRef
from powertune.watch import MOST_INLINE_BYTES

HERE = FunctionRef.parse("arn:aws-cn:lambda:cn-north-1:123456789012:function:fn")


def actions_of(*, deploy: bool) -> set[str]:
    return {action for each in watch_policy(HERE, deploy=deploy)["Statement"] for action in each["Action"]}


@pytest.mark.parametrize("deploy", [False, True])
def test_it_is_valid_json_and_names_one_function_and_one_stack(deploy: bool) -> None:
    text = json.dumps(watch_policy(HERE, deploy=deploy))
    statements = json.loads(text)["Statement"]
    assert len({each["Sid"] for each in statements}) == len(statements)
    assert "arn:aws:" not in text
    on_all = {action for each in statements if each["Resource"] == "*" for action in each["Action"]}
    also = {"sts:GetCallerIdentity"} if deploy else set()
    # IAM knows no resource for these.
    assert on_all == {"cloudwatch:GetMetricData", "lambda:GetAccountSettings"} | also


def test_reading_takes_what_the_calls_are() -> None:
    fake = FakeLambda()
    fake.add("fn")
    aws = fake_aws(fake)
    read_use(aws, read_watched(aws, FunctionRef(name="fn")), now=1_790_000_000.0)
    read_unreserved_concurrency(aws)
    assert set(fake.operations) == set(COMMANDS["watch"])
    assert actions_of(deploy=False) == {ACTIONS[each].name for each in fake.operations}


def test_deploying_and_destroying_take_what_the_calls_are() -> None:
    there = FakeStackServices()
    for token, answer in enumerate((False, True)):
        deployment = WatchDeployment(
            stack_name="powertune-watch",
            template="x" * (MOST_INLINE_BYTES + 1),
            topic_arn="",
            tags={},
            token=str(token),
        )
        deploy_watch(there.aws, deployment, FakeWatcher(True, answer))
    destroy(there.aws, "powertune-watch", FakeWatcher(), delete_results=False)
    assert set(there.operations) == set(WATCH_DEPLOY_METHODS)


def test_cloudformation_may_do_what_the_types_take() -> None:
    allowed = actions_of(deploy=True)
    for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"):
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
        needed = {
            action for name in ("create", "read", "update", "delete") for action in handlers[name]["permissions"]
        }
        assert needed <= allowed, kind
