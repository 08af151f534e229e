import json

import pytest

from powertune.aws.actions import ACTIONS, EXECUTION_METHODS
from powertune.aws.iam_policy import Grant, policy_text
from powertune.aws.stacks.execution_policy import execution_policy
from powertune.cli.app import run_app
from powertune.model import FunctionRef

REF = FunctionRef.parse("arn:aws:lambda:eu-west-1:123456789012:function:fn")


def test_who_starts_executions_may_do_that_and_read_and_nothing_to_functions() -> None:
    document = execution_policy(REF)
    granted = {action for each in document["Statement"] for action in each["Action"]}
    assert granted == {ACTIONS[method].name for method in EXECUTION_METHODS}
    assert not any(action.startswith("lambda:") for action in granted)
    assert len({each["Sid"] for each in document["Statement"]}) == len(document["Statement"])
    assert "*" not in [each["Resource"] for each in document["Statement"]]


def test_a_payload_and_a_key_are_added_where_they_are_used() -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    text = policy_text(execution_policy(REF, Grant(payload_s3="s3://events/one.json", kms_key=key)))
    assert "arn:aws:s3:::events/one.json" in text
    assert key in text


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["iam", "run", "--engine", "stepfunctions", "--function", "fn"]) == 0
    out, err = capsys.readouterr()
    assert "states:StartExecution" in json.dumps(json.loads(out))
    assert "replace REGION and ACCOUNT_ID" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["restore", "--engine", "stepfunctions"],
        ["run", "--engine", "stepfunctions", "--isolate"],
        ["run", "--engine", "steps"],
    ],
)
def test_what_has_no_engine_is_refused(arguments: list[str]) -> None:
    assert run_app(["iam", *arguments]) == 2
