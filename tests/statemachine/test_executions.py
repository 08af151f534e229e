"""Executions of the deployed state machine: workers and functions really run."""

import json
import time
from typing import Any

import pytest
from deployed_machine import Deployed

from powertune import results
from powertune.engine.steps.worker import run_id_of

INPUT: dict[str, Any] = {"powerValues": [128, 512], "num": 4, "environments": 2}


def output_of(ended: dict[str, Any]) -> Any:
    assert ended["status"] == "SUCCEEDED", (ended.get("error"), ended.get("cause"))
    return json.loads(ended["output"])


@pytest.mark.long
def test_the_sample_input_of_the_peer_gives_its_output_fields(deployed: Deployed) -> None:
    """The input is that of the README of AWS Lambda Power Tuning, with fewer sizes and invocations."""
    arn = deployed.function("sample")
    before = deployed.snapshot("sample")
    given = {
        "lambdaARN": arn,
        "powerValues": [128, 256, 512],
        "num": 5,
        "payload": {},
        "parallelInvocation": True,
        "strategy": "cost",
        "includeOutputResults": True,
    }
    execution = deployed.start(given)
    output = output_of(deployed.wait(execution))
    assert output["power"] in (128, 256, 512)
    assert output["cost"] > 0
    assert output["duration"] >= 10
    assert output["stateMachine"]["executionCost"] > 0
    assert output["stateMachine"]["lambdaCost"] > 0
    assert output["stateMachine"]["visualization"].startswith("https://lambda-power-tuning.show/#")
    assert [each["value"] for each in output["stats"]] == [128, 256, 512]
    assert deployed.snapshot("sample") == before
    run = results.parse(deployed.read(output["results"]))
    assert run.engine == "stepfunctions"
    assert all(each.invocations.column("environment").count(None) == 0 for each in run.measurements)
    transitions = len(deployed.entered(execution))
    # No more than two for each size above what the peer takes.
    assert transitions <= 7 + 5 * 3


@pytest.mark.long
def test_functions_that_may_run_for_15_minutes_are_invoked_by_step_functions(deployed: Deployed) -> None:
    arn = deployed.function("patient", Timeout=900)
    before = deployed.snapshot("patient")
    execution = deployed.start({"lambdaARN": arn, **INPUT, "num": 2, "payload": {"n": 1}})
    output = output_of(deployed.wait(execution))
    run = results.parse(deployed.read(output["results"]))
    assert all(i.duration_ms is not None for each in run.measurements for i in each.invocations)
    assert "Measure long invocations" in deployed.entered(execution)
    assert deployed.snapshot("patient") == before


@pytest.mark.long
def test_an_alias_that_looks_like_the_journal_fails_the_execution_at_once(deployed: Deployed) -> None:
    arn = deployed.function("blocked")
    deployed.clients["lambda"].create_alias(
        FunctionName="blocked", Name="powertune-journal", FunctionVersion="$LATEST", Description="mine"
    )
    before = deployed.snapshot("blocked")
    execution = deployed.start({"lambdaARN": arn, **INPUT, "isolate": True})
    ended = deployed.wait(execution, 60)
    assert (ended["status"], ended["error"]) == ("FAILED", "FunctionBusy")
    assert "is not a journal: 'mine'" in ended["cause"]
    assert deployed.entered(execution) == ["Prepare", "Restore after a failure", "Failed"]
    assert deployed.snapshot("blocked") == before


@pytest.mark.long
def test_a_cause_speaks_of_keys_of_the_input(deployed: Deployed) -> None:
    arn = deployed.function("dear")
    ended = deployed.run({"lambdaARN": arn, **INPUT, "maxSpend": 0.00000001})
    assert ended["error"] == "UsageError"
    assert ended["cause"].startswith("maxSpend 0.00000001 may not pay for one invocation")
    assert "--" not in ended["cause"]


@pytest.mark.long
def test_the_recommendation_is_applied_to_an_alias(deployed: Deployed) -> None:
    arn = deployed.function("applied")
    given = {"lambdaARN": arn, **INPUT, "powerValues": [512], "autoOptimize": True, "autoOptimizeAlias": "prod"}
    output = output_of(deployed.run(given))
    assert output["applied"]["alias"] == "prod"
    version = deployed.clients["lambda"].get_function_configuration(FunctionName="applied", Qualifier="prod")
    assert version["MemorySize"] == output["power"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"lambdaARN": None}, "UsageError", "lambdaARN"),
        ({"lambdaARN": "nobody"}, "NotFound", "nobody"),
        ({"powerValues": [1]}, "UsageError", "powerValues"),
        ({"num": 0}, "UsageError", "num"),
        ({"strategy": "best"}, "UsageError", "strategy"),
        ({"payload": [{"weight": 1, "payload": 1}, {"weight": 9, "payload": 2}], "num": 2}, "UsageError", "num"),
        ({"payloadS3": "s3://nowhere-at-all/x.json"}, "NotFound", "nowhere-at-all|NoSuchBucket|does not exist"),
        ({"roleArn": "arn:nonsense"}, "UsageError", "roleArn"),
        ({"payload": {"fail": True}}, "FunctionFailed", "results: s3://"),
    ],
)
def test_wrong_input_fails_with_what_to_change(deployed: Deployed, given: Any, error: str, words: str) -> None:
    arn = deployed.function("wrong")
    before = deployed.snapshot("wrong")
    ended = deployed.run({"lambdaARN": arn, **INPUT, **given})
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert any(word in ended["cause"] for word in words.split("|")), ended["cause"]
    assert deployed.snapshot("wrong") == before


@pytest.mark.long
def test_the_results_bucket_holds_no_payloads(deployed: Deployed) -> None:
    arn = deployed.function("curious")
    before = deployed.snapshot("curious")
    ended = deployed.run({"lambdaARN": arn, **INPUT, "payloadS3": f"s3://{deployed.bucket}/results/other/1.json"})
    assert (ended["status"], ended["error"]) == ("FAILED", "UsageError")
    assert "powertune deploy --payload-bucket" in ended["cause"]
    assert deployed.snapshot("curious") == before


#: The step that fails, in which way, and what of the run is kept.
FAULTS = [
    ("prepare", "raise", False),
    ("prepare", "raise", True),
    ("publish", "raise", False),
    ("publish", "raise", True),
    ("measure", "raise", True),
    ("measure", "exit", True),
    ("measure", "memory", False),
    ("record", "raise", True),
    ("analyze", "raise", True),
    ("apply", "raise", False),
]


@pytest.mark.long
@pytest.mark.parametrize(("step", "how", "after"), FAULTS)
def test_whatever_fails_the_execution_fails_and_the_function_is_as_it_was(
    deployed: Deployed, step: str, how: str, after: bool
) -> None:
    arn = deployed.function("faulty")
    before = deployed.snapshot("faulty")
    deployed.fail(step, how=how, after=after, times=9)
    execution = deployed.start({"lambdaARN": arn, **INPUT, "powerValues": [128], "autoOptimize": True})
    ended = deployed.wait(execution)
    assert ended["status"] == "FAILED"
    assert (
        ended["error"]
        == {
            "raise": "RuntimeError",
            "exit": "Runtime.ExitError",
            "memory": "Runtime.OutOfMemory",
        }[how]
    )
    assert how != "raise" or ended["cause"] == f"the worker of {step} is gone"
    assert deployed.snapshot("faulty") == before
    entered = deployed.entered(execution)
    assert sum(name.startswith("Restore") for name in entered) == 1
    assert entered[-1] == "Failed"
    kept = deployed.keys(f"results/faulty/{run_id_of(execution)}")
    assert bool(kept) == (step in ("record", "analyze", "apply") or (step == "measure" and after))


@pytest.mark.long
@pytest.mark.parametrize("step", ["publish", "measure"])
def test_long_invocations_that_fail_leave_the_function_as_it_was(deployed: Deployed, step: str) -> None:
    arn = deployed.function("faulty-long", Timeout=900)
    before = deployed.snapshot("faulty-long")
    deployed.fail(step, times=9)
    execution = deployed.start({"lambdaARN": arn, **INPUT, "powerValues": [128]})
    ended = deployed.wait(execution)
    assert ended["status"] == "FAILED"
    assert (ended["error"], ended["cause"]) == ("RuntimeError", f"the worker of {step} is gone")
    assert deployed.snapshot("faulty-long") == before
    entered = deployed.entered(execution)
    assert entered[-2:] == ["Restore after a failure", "Failed"]
    assert ("Were the answers kept?" in entered) == (step == "measure")


@pytest.mark.long
def test_the_first_of_several_long_sizes_that_fail_is_told(deployed: Deployed) -> None:
    arn = deployed.function("faulty-sizes", Timeout=900)
    before = deployed.snapshot("faulty-sizes")
    execution = deployed.start({"lambdaARN": arn, **INPUT, "num": 2, "payload": {"sleep": 1.0}})
    end = time.monotonic() + 60
    while "Record" not in deployed.entered(execution):  # the first size alone is done: two follow
        assert time.monotonic() < end
        time.sleep(0.05)
    deployed.fail("measure", times=9)
    ended = deployed.wait(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "RuntimeError")
    assert ended["cause"] == "the worker of measure is gone"
    assert deployed.snapshot("faulty-sizes") == before


@pytest.mark.long
@pytest.mark.parametrize("after_a_failure", [False, True])
def test_restoring_is_tried_again(deployed: Deployed, after_a_failure: bool) -> None:
    arn = deployed.function("restless")
    before = deployed.snapshot("restless")
    deployed.fail("restore", times=1)
    if after_a_failure:
        deployed.fail("measure")
    ended = deployed.run({"lambdaARN": arn, **INPUT, "powerValues": [128]})
    assert ended["status"] == ("FAILED" if after_a_failure else "SUCCEEDED")
    assert deployed.snapshot("restless") == before


@pytest.mark.long
@pytest.mark.parametrize("at", ["Publish", "Measure one size", "Record"])
def test_a_stopped_execution_is_restored_by_event(deployed: Deployed, at: str) -> None:
    arn = deployed.function("stopped")
    before = deployed.snapshot("stopped")
    execution = deployed.start({"lambdaARN": arn, **INPUT, "payload": {"sleep": 0.5}})
    end = time.monotonic() + 60
    while at not in deployed.entered(execution):
        assert time.monotonic() < end
        time.sleep(0.05)
    deployed.clients["stepfunctions"].stop_execution(executionArn=execution)
    assert deployed.wait(execution)["status"] == "ABORTED"
    end = time.monotonic() + 120
    while deployed.snapshot("stopped") != before:
        assert time.monotonic() < end, deployed.snapshot("stopped")
        time.sleep(0.5)
