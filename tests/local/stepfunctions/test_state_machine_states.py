"""The states of the Amazon States Language in the embedded AWS: each feature by a small machine that needs it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import FAULTY, SAME, Machines, invoke, until

Package = Callable[..., bytes]


@pytest.mark.supports("stepfunctions:StartExecution", "Retry and Catch by the function's own error type")
def test_errors_are_caught_by_name(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package(FAULTY))
    retry = [{"ErrorEquals": ["Wrong"], "IntervalSeconds": 1, "MaxAttempts": 1, "MaxDelaySeconds": 1}]
    catch = [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught", "ResultPath": "$.error"}]
    states = {
        "Invoke": invoke(name, {"fail": True}, End=True, Retry=retry, Catch=catch),
        "Caught": {"Type": "Pass", "End": True},
    }
    execution = machines.start(machines.create(states))
    error = json.loads(machines.wait(execution)["output"])["error"]
    assert error["Error"] == "Wrong"
    assert json.loads(error["Cause"])["errorMessage"] == "as asked"
    assert machines.kinds(execution).count("TaskScheduled") == 2


@pytest.mark.supports("stepfunctions:StartExecution", "TimeoutSeconds of a state and of the machine")
def test_timeouts(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package("import time\ndef handler(event, context): time.sleep(10)"))
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Caught"}]
    states = {
        "Invoke": invoke(name, {}, End=True, TimeoutSeconds=1, Catch=catch),
        "Caught": {"Type": "Wait", "Seconds": 60, "End": True},
    }
    execution = machines.start(machines.create(states, TimeoutSeconds=2))
    assert machines.wait(execution)["status"] == "TIMED_OUT"
    kinds = machines.kinds(execution)
    assert "TaskTimedOut" in kinds
    assert "TaskSucceeded" not in kinds
    assert kinds[-1] == "ExecutionTimedOut"


@pytest.mark.supports(
    "stepfunctions:StartExecution", "JSONata with variables, the context object and Step Functions' functions"
)
def test_jsonata(machines: Machines) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"size": "{% $states.input.n * 2 %}"}, "Next": "Choose"},
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $size > 3 %}", "Next": "Large"}],
            "Default": "Small",
        },
        "Large": {
            "Type": "Pass",
            "Output": {
                "parts": "{% $partition($range(1, $size, 1), 3) %}",
                "hash": "{% $hash('a', 'SHA-1') %}",
                "parsed": "{% $parse('{\"quote\": 1}') %}",
                "quoted": "{% $states.input.text %}",
                "name": "{% $states.context.Execution.Name != '' %}",
            },
            "End": True,
        },
        "Small": {"Type": "Fail"},
    }
    assert machines.output(states, {"n": 2, "text": 'a "b"'}, QueryLanguage="JSONata") == {
        "parts": [[1, 2, 3], [4]],
        "hash": "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
        "parsed": {"quote": 1},
        "quoted": 'a "b"',
        "name": True,
    }


@pytest.mark.supports("stepfunctions:StartExecution", "a JSONata expression without a value fails the state")
def test_undefined_is_an_error(machines: Machines) -> None:
    states = {"Pass": {"Type": "Pass", "Output": "{% $states.input.none %}", "End": True}}
    assert machines.run(states, QueryLanguage="JSONata")["error"] == "States.QueryEvaluationError"


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Map inline: MaxConcurrency, more items than a recursion is deep"
)
@pytest.mark.parametrize("concurrency", [0, 1])
def test_inline_map(machines: Machines, concurrency: int) -> None:
    processor = {"StartAt": "Same", "States": {"Same": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": concurrency, "End": True}
    items = list(range(1200))
    assert machines.output({"Map": {**state, "ItemsPath": "$.items"}}, {"items": items}) == items


@pytest.mark.supports("stepfunctions:StopExecution", "while a Wait or a Map runs")
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_stop_while_a_map_waits(machines: Machines, mode: str) -> None:
    inner = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
    config = {"Mode": mode} | ({"ExecutionType": "STANDARD"} if mode == "DISTRIBUTED" else {})
    processor = {**inner, "ProcessorConfig": config}
    states = {"Map": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}}
    execution = machines.start(machines.create(states), {"items": [1, 2, 3]})
    started = "MapRunStarted" if mode == "DISTRIBUTED" else "WaitStateEntered"
    until(lambda: started in machines.kinds(execution))
    machines.states.stop_execution(executionArn=execution)
    assert machines.kinds(execution)[-1] == "ExecutionAborted"
    for run in machines.states.list_map_runs(executionArn=execution)["mapRuns"]:
        assert machines.states.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "ABORTED"


@pytest.mark.supports(
    "stepfunctions:StartExecution", "a result over 256 KiB is States.DataLimitExceeded, which nothing catches"
)
def test_large_results(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package("def handler(event, context): return 'x' * 300_000"))
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {"Invoke": invoke(name, {}, End=True, Catch=catch), "Caught": {"Type": "Pass", "End": True}}
    assert machines.run(states)["error"] == "States.DataLimitExceeded"
    with pytest.raises(ClientError, match="ValidationException"):
        machines.start(machines.create({"Pass": {"Type": "Pass", "End": True}}), {"x": "y" * 300_000})


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Parallel: each branch gets the input, results in the branches' order"
)
def test_parallel(machines: Machines) -> None:
    slow = {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 1, "Next": "A"}, "A": _pass("a")}}
    same = {"StartAt": "Same", "States": SAME}
    state = {"Type": "Parallel", "Branches": [slow, same], "ResultPath": "$.found", "End": True}
    execution = machines.start(machines.create({"Both": state}), {"n": 1})
    assert json.loads(machines.wait(execution)["output"]) == {"n": 1, "found": ["a", {"n": 1}]}
    kinds = machines.kinds(execution)
    assert kinds[1:3] == ["ParallelStateEntered", "ParallelStateStarted"]
    assert kinds[-3:] == ["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Parallel: the first failure ends the other branches, Retry and Catch"
)
def test_a_branch_that_fails_ends_the_others(machines: Machines) -> None:
    slow = {
        "StartAt": "Slow",
        "States": {"Slow": {"Type": "Wait", "Seconds": 600, "Next": "Never"}, "Never": _pass(1)},
    }
    bad = {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Bad", "Cause": "as asked"}}}
    retry = [{"ErrorEquals": ["Bad"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    state = {"Type": "Parallel", "Branches": [slow, bad], "End": True, "Retry": retry}
    arn = machines.create({"Both": state})
    before = machines.threads()
    execution = machines.start(arn)
    ended = machines.wait(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Bad", "as asked")
    kinds = machines.kinds(execution)
    assert (kinds.count("FailStateEntered"), "ParallelStateFailed" in kinds, kinds[-1]) == (
        2,
        True,
        "ExecutionFailed",
    )
    until(lambda: machines.threads() <= before)
    catch = [{"ErrorEquals": ["Bad"], "Next": "Caught"}]
    states = {"Both": {**state, "Catch": catch}, "Caught": {"Type": "Pass", "End": True}}
    assert machines.output(states) == {"Error": "Bad", "Cause": "as asked"}


@pytest.mark.supports("stepfunctions:StartExecution", "Fail with ErrorPath and CausePath, or without a name")
def test_fail(machines: Machines) -> None:
    paths = {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "States.Format('because {}', $.why)"}
    ended = machines.run({"Fail": paths}, {"error": "Own", "why": "not"})
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Own", "because not")
    expressions = {"Type": "Fail", "Error": "{% $states.input.error %}", "Cause": "{% 'b' & 'c' %}"}
    ended = machines.run({"Fail": expressions}, {"error": "Own"}, QueryLanguage="JSONata")
    assert (ended["error"], ended["cause"]) == ("Own", "bc")
    ended = machines.run({"Fail": {"Type": "Fail"}})
    assert (ended["status"], "error" in ended, "cause" in ended) == ("FAILED", False, False)


@pytest.mark.supports("stepfunctions:StartExecution", "Retry: BackoffRate, MaxDelaySeconds, JitterStrategy")
def test_retries_are_delayed(machines: Machines) -> None:
    delayed = {"IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1000, "MaxDelaySeconds": 2}
    for more in ({}, {"JitterStrategy": "FULL"}):
        retry = [{"ErrorEquals": ["States.ALL"], **delayed, **more}]
        execution = machines.start(machines.create({"Invoke": invoke("none", {}, End=True, Retry=retry)}))
        assert machines.wait(execution)["status"] == "FAILED"
        assert machines.kinds(execution).count("TaskScheduled") == 3


@pytest.mark.supports("stepfunctions:StartExecution", "Pass: a Result of any JSON, which executions do not share")
@pytest.mark.parametrize(
    "result",
    [
        "",
        "plain",
        'a "quoted" \\ text\n',
        "é ☃ 𝄞",
        "$.n",
        "12",
        None,
        False,
        0,
        1.5,
        [],
        {},
        ["a", {"b": None}],
        {"Mode": "DISTRIBUTED"},
        {"Type": "Map", "ItemReader": {}},
    ],
)
def test_results_of_pass(machines: Machines, result: Any) -> None:
    arn = machines.create({"Pass": _pass(result)})
    execution = machines.start(arn)
    assert json.loads(machines.wait(execution)["output"]) == result
    exited = machines.events(execution)[-2]["stateExitedEventDetails"]
    assert json.loads(exited["output"]) == result
    ended = machines.events(execution)[-1]["executionSucceededEventDetails"]
    assert json.loads(ended["output"]) == result
    added = {"Type": "Pass", "Result": 1, "ResultPath": "$.added", "End": True}
    twice = machines.create({"First": {"Type": "Pass", "Result": {"a": 1}, "Next": "Add"}, "Add": added})
    for _ in range(2):
        execution = machines.start(twice)
        assert json.loads(machines.wait(execution)["output"]) == {"a": 1, "added": 1}
        entered = [event for event in machines.events(execution) if event["type"] == "PassStateEntered"][1]
        assert json.loads(entered["stateEnteredEventDetails"]["input"]) == {"a": 1}


def _pass(result: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Result": result, "End": True}
