"""The definition of the scheduled scan: valid, and every failure is told before the execution fails."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint_all
from cloud_templates import CloudTemplate

from powertune.local.stepfunctions.queries import evaluate, fault_in
from powertune.local.stepfunctions.validation import problems_in

FOLDER = Path(__file__).parents[3] / "statemachine"
TEXT = (FOLDER / "scan.asl.json").read_text("utf-8")
DEFINITION: dict[str, Any] = json.loads(TEXT)
STATES: dict[str, Any] = DEFINITION["States"]
MAP = STATES["Scan the places"]
WORK = MAP["ItemProcessor"]["States"]["Scan a place"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"} | {"Scan a place": WORK}
TRANSIENT = {
    *("Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.ServiceException"),
    "Lambda.TooManyRequestsException",
}


def expression(text: str, **variables: Any) -> Any:
    return evaluate(text.removeprefix("{%").removesuffix("%}"), variables)


def test_the_scan_definition_is_valid() -> None:
    assert problems_in(DEFINITION) == ()
    definition = json.loads(TEXT)
    # cfn-lint does not know that it may be an expression, as the States Language says it may.
    assert definition["States"]["Scan the places"].pop("MaxConcurrency") == "{% $scan.sideBySide %}"
    machine = {"RoleArn": "arn:aws:iam::123456789012:role/x", "Definition": definition}
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}}}
    assert [str(each) for each in lint_all(json.dumps(template)) if each.rule.id.startswith(("E", "W"))] == []


def test_every_expression_of_the_scan_can_be_parsed() -> None:
    expressions = re.findall(r'"(\{%.*?%\})"', TEXT)
    assert len(expressions) > 10
    found = [json.loads(f'"{each}"').removeprefix("{%").removesuffix("%}") for each in expressions]
    assert [fault for each in found if (fault := fault_in(each)) is not None] == []


def test_the_scan_template_fills_in_what_the_definition_names() -> None:
    machine = CloudTemplate.read("scan-template.yaml").resources["StateMachine"]["Properties"]
    assert {*re.findall(r"\$\{(\w+)\}", TEXT)} == {*machine["DefinitionSubstitutions"]}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_of_the_scan_is_tried_again_with_jitter_and_has_a_time_limit(name: str) -> None:
    retries = TASKS[name]["Retry"]
    names = {error for retry in retries for error in retry["ErrorEquals"]}
    assert names >= TRANSIENT or "States.TaskFailed" in names
    assert all(retry["JitterStrategy"] == "FULL" for retry in retries)
    assert TASKS[name]["TimeoutSeconds"] > 0


def test_every_failure_is_told_and_then_fails_with_its_own_words() -> None:
    for name in ("Find the places", "Scan the places", "Combine"):
        (catch,) = STATES[name]["Catch"]
        assert catch == {
            "ErrorEquals": ["States.ALL"],
            "Assign": {"failure": "{% $states.errorOutput %}"},
            "Next": "Tell of the failure",
        }
    assert STATES["Notify"]["Catch"][0]["Next"] == "Failed"  # whom to tell cannot be reached
    telling = STATES["Tell of the failure"]
    assert telling["Next"] == telling["Catch"][0]["Next"] == "Failed"
    assert STATES["Failed"]["Type"] == "Fail"


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (
            json.dumps({"errorMessage": "no organization; name accounts", "errorType": "UsageError"}),
            "no organization",
        ),
        ("a plain word", "a plain word"),
    ],
)
def test_what_is_told_of_a_failure_is_what_the_step_said(cause: str, said: str) -> None:
    failure = {"Error": "UsageError", "Cause": cause}
    states = {"context": {"Execution": {"Id": "arn:of:execution"}}}
    message = expression(STATES["Tell of the failure"]["Arguments"]["Message"], failure=failure, states=states)
    assert message.startswith(f"The scan failed: UsageError: {said}")
    assert message.endswith("\n\nExecution: arn:of:execution")
    assert expression(STATES["Failed"]["Cause"], failure=failure).startswith(said)
    silent = expression(STATES["Tell of the failure"]["Arguments"]["Message"], failure={"Error": "X"}, states=states)
    assert silent.startswith("The scan failed: X: ")


def test_a_place_that_fails_is_not_the_end_and_what_became_of_it_is_written() -> None:
    assert MAP["ToleratedFailurePercentage"] == 100
    assert MAP["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert MAP["ResultWriter"]["Arguments"] == {"Bucket": "${ResultsBucket}", "Prefix": "{% $scan.resultsPrefix %}"}
    result = {"MapRunArn": "arn", "ResultWriterDetails": {"Bucket": "b", "Key": "scan-runs/1/map/2/manifest.json"}}
    manifest = expression(MAP["Assign"]["manifest"], states={"result": result})
    assert manifest == "scan-runs/1/map/2/manifest.json"


def test_where_there_is_no_place_the_map_is_left_out() -> None:
    choice = STATES["Are there any?"]
    assert [each["Next"] for each in choice["Choices"]] == ["Scan the places"]
    assert expression(choice["Choices"][0]["Condition"], scan={"places": 1}) is True
    assert expression(choice["Choices"][0]["Condition"], scan={"places": 0}) is False
    assert choice["Default"] == "Combine"


def test_the_output_of_a_scan_is_without_its_message() -> None:
    given = {"results": "s3://b/scans/1.json", "gaps": 2, "subject": "s", "message": "m" * 9_000}
    output = expression(STATES["Notify"]["Output"], states={"input": given})
    assert output == {"results": "s3://b/scans/1.json", "gaps": 2}
