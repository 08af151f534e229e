"""The definition of the state machine: valid, complete, and every failure leads to restoring and then to Fail."""

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all
from cfnlint.decode.cfn_yaml import load

from powertune.local.stepfunctions.queries import evaluate, fault_in
from powertune.local.stepfunctions.validation import problems_in

FOLDER = Path(__file__).parents[3] / "statemachine"
TEXT = (FOLDER / "tuning.asl.json").read_text("utf-8")
DEFINITION: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, Any] = DEFINITION["States"]
#: What comes after the function is restored: nothing is left to restore there.
AFTERWARDS = {"Restore", "Analyze", "Apply", "Restore after a failure"}
TRANSIENT = {
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
}


def states_of(scope: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All states, those within Map states as well."""
    for name, state in scope["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


EVERY = dict(states_of(DEFINITION))
TASKS = {name: state for name, state in EVERY.items() if state["Type"] == "Task"}


def evaluated(template: dict[str, str], **states: Any) -> dict[str, Any]:
    """What the expressions of a template give."""
    return {
        name: evaluate(text.removeprefix("{%").removesuffix("%}"), {"states": states})
        for name, text in template.items()
    }


def lint(definition: dict[str, Any]) -> list[str]:
    """What cfn-lint says of a definition, as a part of a template."""
    machine = {"RoleArn": "arn:aws:iam::123456789012:role/x", "Definition": without_expressions(definition)}
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}}}
    return [str(match) for match in lint_all(json.dumps(template)) if match.rule.id.startswith(("E", "W"))]


def without_expressions(definition: dict[str, Any]) -> dict[str, Any]:
    """cfn-lint does not know that MaxConcurrency may be an expression, as the States Language says it may."""
    changed = copy.deepcopy(definition)
    for _, state in states_of(changed):
        if "MaxConcurrency" in state:
            assert state["MaxConcurrency"].startswith("{%")
            state["MaxConcurrency"] = 1
    return changed


def test_the_definition_is_valid() -> None:
    assert lint(DEFINITION) == []
    assert problems_in(DEFINITION) == ()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"Type": "Choice"', '"Kind": "Choice"'),
        ('"IntervalSeconds": 2', '"IntervalSeconds": -1'),
        ('"Arguments"', '"Parameters"'),
    ],
)
def test_the_linter_finds_damage(right: str, wrong: str) -> None:
    assert lint(json.loads(TEXT.replace(right, wrong)))


def test_every_expression_can_be_parsed() -> None:
    expressions = re.findall(r'"\{%(.*?)%\}"', TEXT)
    assert len(expressions) > 30
    assert [fault for each in expressions if (fault := fault_in(json.loads(f'"{each}"'))) is not None] == []


def test_the_template_fills_in_every_function() -> None:
    machine = load(str(FOLDER / "template.yaml"))["Resources"]["StateMachine"]["Properties"]
    assert {*re.findall(r"\$\{(\w+)\}", TEXT)} == {*machine["DefinitionSubstitutions"]}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again_with_jitter_and_has_a_time_limit(name: str) -> None:
    retries = TASKS[name]["Retry"]
    names = {error for retry in retries for error in retry["ErrorEquals"]}
    assert names >= TRANSIENT or names & {"States.TaskFailed", "Lambda.ResourceNotFoundException"}
    assert all(retry.get("JitterStrategy") == "FULL" or retry["ErrorEquals"] == ["OutOfTime"] for retry in retries)
    assert TASKS[name]["TimeoutSeconds"] > 0


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state["Type"] in ("Task", "Map")])
def test_every_failure_leads_to_restoring_once_and_then_to_fail(name: str) -> None:
    (catch,) = STATES[name]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert catch["Assign"] == {"failure": "{% $states.errorOutput %}"}
    assert catch["Next"] == ("Failed" if name in AFTERWARDS else "Restore after a failure")


@pytest.mark.parametrize("name", ["Restore", "Restore after a failure"])
def test_what_nobody_but_a_person_can_restore_is_not_tried_again(name: str) -> None:
    first = STATES[name]["Retry"][0]
    assert first["ErrorEquals"] == ["DeployedMeanwhile", "NotRestorable"]
    assert first["MaxAttempts"] == 0


def test_an_iteration_of_long_invocations_ends_with_its_error_as_its_output() -> None:
    """One that failed would leave its parent nothing but States.ExceedToleratedFailureThreshold."""
    long = STATES["Measure long invocations"]
    (catch,) = EVERY["Keep the answers"]["Catch"]
    assert catch["ErrorEquals"] == ["States.ALL"]
    assert EVERY[catch["Next"]]["Type"] == "Succeed"
    raised = {"Error": "NotFound", "Cause": json.dumps({"errorMessage": "no run; start another", "errorType": "x"})}
    output = evaluated(catch["Output"], errorOutput=raised)
    assert output == {"Error": "NotFound", "Cause": "no run; start another"}
    other = {"Error": "States.Timeout", "Cause": "no words"}
    assert evaluated(catch["Output"], errorOutput=other) == other
    assert evaluated(catch["Output"], errorOutput={"Error": "States.Timeout"}) == {
        "Error": "States.Timeout",
        "Cause": "",
    }
    for results, failure in (
        ([], None),
        ([{}], None),
        ([{}, {}], None),
        ([output], output),
        ([{}, output, other], output),
    ):
        assert evaluated(long["Assign"], result=results) == {"failure": failure}
    assert STATES[long["Next"]]["Choices"] == [
        {"Condition": "{% $failure != null %}", "Next": "Restore after a failure"}
    ]
    assert STATES[long["Next"]]["Default"] == "Record"


def test_the_ways_through_end_in_fail_or_in_success_after_restoring() -> None:
    assert STATES["Restore after a failure"]["Next"] == "Failed"
    assert STATES["Failed"]["Type"] == "Fail"
    leading = {name for name, state in STATES.items() if "Analyze" in json.dumps(state.get("Next"))}
    assert leading == {"Restore"}


def test_no_state_passes_on_more_than_it_needs() -> None:
    """Without Output, a Task passes on all that Lambda answered, with its headers."""
    assert all("Output" in state for state in EVERY.values() if state["Type"] in ("Task", "Map"))
