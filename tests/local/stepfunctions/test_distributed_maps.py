"""Map states in distributed mode in the embedded AWS: items, batches, child executions, results."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from machines import DISTRIBUTED, SAME, Machines, distributed, until


@pytest.mark.supports("stepfunctions:StartExecution", "Distributed Map: items from CSV, JSON and JSON Lines in S3")
@pytest.mark.parametrize(
    ("kind", "text"),
    [("CSV", "name,size\na,1\nb,2\n"), ("JSON", '[{"name":"a","size":"1"},{"name":"b","size":"2"}]'),
     ("JSONL", '{"name":"a","size":"1"}\n{"name":"b","size":"2"}\n')],
)  # fmt: skip
def test_items_from_s3(machines: Machines, kind: str, text: str) -> None:
    bucket = machines.bucket()
    machines.cloud.client("s3").put_object(Bucket=bucket, Key="items", Body=text)
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": kind} | ({"CSVHeaderLocation": "FIRST_ROW"} if kind == "CSV" else {}),
        "Parameters": {"Bucket.$": "$.bucket", "Key": "items"},
    }
    states = distributed(SAME, ItemReader=reader, ItemSelector={"item.$": "$$.Map.Item.Value"})
    items = [{"item": {"name": "a", "size": "1"}}, {"item": {"name": "b", "size": "2"}}]
    assert machines.output(states, {"bucket": bucket}) == items
    missing = distributed(SAME, ItemReader={**reader, "Parameters": {"Bucket": bucket, "Key": "none"}})
    assert machines.run(missing)["error"] == "States.ItemReaderFailed"


@pytest.mark.supports("stepfunctions:DescribeMapRun", "batches, tolerated failures, results in S3, child executions")
def test_a_distributed_map_tolerates_failures(machines: Machines) -> None:
    bucket = machines.bucket()
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.Items[0]", "NumericEquals": 4, "Next": "Bad"}],
            "Default": "Good",
        },
        "Good": {"Type": "Succeed"},
        "Bad": {"Type": "Fail", "Error": "Four", "Cause": "not that"},
    }
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "out"}}
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"n.$": "$.n"}}
    machine = distributed(
        states, ItemsPath="$.items", ItemBatcher=batcher, ResultWriter=writer, ToleratedFailurePercentage=40
    )
    execution = machines.start(machines.create(machine), {"items": list(range(5)), "n": 7})
    ended = machines.wait(execution)
    assert ended["status"] == "SUCCEEDED", ended
    place = json.loads(ended["output"])["ResultWriterDetails"]
    s3 = machines.cloud.client("s3")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=place["Key"])["Body"].read())
    succeeded = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
    records = json.loads(s3.get_object(Bucket=bucket, Key=succeeded)["Body"].read())
    inputs = [json.loads(record["Input"]) for record in records]
    assert sorted(given["Items"] for given in inputs) == [[0, 1], [2, 3]]
    assert all(given["BatchInput"] == {"n": 7} for given in inputs)
    run = machines.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    described = machines.states.describe_map_run(mapRunArn=run)
    assert described["status"] == "SUCCEEDED"
    assert (described["itemCounts"]["succeeded"], described["itemCounts"]["failed"]) == (4, 1)
    failed = machines.states.list_executions(mapRunArn=run, statusFilter="FAILED")["executions"]
    child = machines.states.describe_execution(executionArn=failed[0]["executionArn"])
    assert (child["error"], child["mapRunArn"]) == ("Four", run)
    assert machines.kinds(child["executionArn"])[-1] == "ExecutionFailed"
    strict = {"Map": {**machine["Map"], "ToleratedFailurePercentage": 10}}
    stopped = machines.run(strict, {"items": list(range(5)), "n": 7})
    assert stopped["error"] == "States.ExceedToleratedFailureThreshold"


@pytest.mark.supports("stepfunctions:StartExecution", "Distributed Map: items from listObjectsV2, of all pages")
def test_items_are_objects_of_a_bucket(machines: Machines) -> None:
    bucket, s3 = machines.bucket(), machines.cloud.client("s3")
    for name in ("in/a", "in/b", "in/c", "out/d"):
        s3.put_object(Bucket=bucket, Key=name, Body=name)
    reader = {
        "Resource": "arn:aws:states:::s3:listObjectsV2",
        "Parameters": {"Bucket": bucket, "Prefix": "in/", "MaxKeys": 2},
    }
    found = machines.output(distributed(SAME, ItemReader=reader))
    assert [each["Key"] for each in found] == ["in/a", "in/b", "in/c"]
    assert {each["Size"] for each in found} == {4}
    limited = {**reader, "ReaderConfig": {"MaxItemsPath": "$.most"}}
    assert len(machines.output(distributed(SAME, ItemReader=limited), {"most": 1})) == 1


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Distributed Map: WriterConfig with transformations and JSON Lines"
)
@pytest.mark.parametrize(
    ("kind", "expected"), [("COMPACT", [[1, 2], [3]]), ("FLATTEN", [1, 2, 3])],
)  # fmt: skip
def test_results_are_transformed(machines: Machines, kind: str, expected: list[Any]) -> None:
    bucket, s3 = machines.bucket(), machines.cloud.client("s3")
    items = {"items": [[1, 2], [3]]}
    config = {"WriterConfig": {"OutputType": "JSONL", "Transformation": kind}}
    assert machines.output(distributed(SAME, ItemsPath="$.items", ResultWriter=config), items) == expected
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket}, **config}
    place = machines.output(distributed(SAME, ItemsPath="$.items", ResultWriter=writer), items)["ResultWriterDetails"]
    manifest = json.loads(s3.get_object(**place)["Body"].read())
    key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]
    lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().splitlines()
    assert ([json.loads(line) for line in lines], key.endswith(".jsonl")) == (expected, True)
    gone = {**writer, "Parameters": {"Bucket": f"{bucket}-none"}}
    failed = machines.run(distributed(SAME, ItemsPath="$.items", ResultWriter=gone), items)
    assert failed["error"] == "States.ResultWriterFailed"


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Distributed Map: EXPRESS child executions, whose history is not kept"
)
def test_express_children(machines: Machines) -> None:
    state = distributed(SAME, ItemsPath="$.items")
    state["Map"]["ItemProcessor"]["ProcessorConfig"] = {**DISTRIBUTED, "ExecutionType": "EXPRESS"}
    execution = machines.start(machines.create(state), {"items": [1, 2]})
    assert json.loads(machines.wait(execution)["output"]) == [1, 2]
    run = machines.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    counts = machines.states.describe_map_run(mapRunArn=run)["executionCounts"]
    assert (counts["succeeded"], counts["total"]) == (2, 2)


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Map: results over 256 KiB together are States.DataLimitExceeded"
)
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_results_that_are_too_large(machines: Machines, mode: str) -> None:
    many = {"Many": {"Type": "Pass", "Parameters": {"all.$": "States.ArrayRange(1, 1000, 1)"}, "End": True}}
    state = distributed(many, ItemsPath="$.items")
    if mode == "INLINE":
        state["Map"]["ItemProcessor"]["ProcessorConfig"] = {"Mode": "INLINE"}
    execution = machines.start(machines.create(state), {"items": list(range(80))})
    ended = machines.wait(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")
    assert "Map" in ended["cause"]


@pytest.mark.supports("stepfunctions:UpdateMapRun", "more child executions at a time, and more that may fail")
def test_a_map_run_is_updated(machines: Machines) -> None:
    wait = {"Wait": {"Type": "Wait", "SecondsPath": "$", "End": True}}
    execution = machines.start(
        machines.create(distributed(wait, ItemsPath="$.items", MaxConcurrency=1)), {"items": [600, 600, 600]}
    )
    until(lambda: machines.states.list_map_runs(executionArn=execution)["mapRuns"])
    run = machines.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]

    def children() -> list[str]:
        found = machines.states.list_executions(mapRunArn=run, statusFilter="RUNNING")["executions"]
        return [each["executionArn"] for each in found]

    until(lambda: len(children()) == 1)
    machines.states.update_map_run(mapRunArn=run, maxConcurrency=3, toleratedFailureCount=3)
    until(lambda: len(children()) == 3)
    described = machines.states.describe_map_run(mapRunArn=run)
    assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (3, 3)
    for child in children():
        machines.states.stop_execution(executionArn=child)
    ended = machines.wait(execution)
    assert (ended["status"], len(json.loads(ended["output"]))) == ("SUCCEEDED", 3)
    with pytest.raises(ClientError, match="ValidationException"):
        machines.states.update_map_run(mapRunArn=run, toleratedFailurePercentage=101)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        machines.states.update_map_run(mapRunArn=f"{run}0", maxConcurrency=1)


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Distributed Map: JSONata for items, batches, tolerance and concurrency"
)
@pytest.mark.parametrize(
    ("tolerance", "error"),
    [
        ({"ToleratedFailurePercentage": "{% $states.input.percentage %}"}, None),
        ({"ToleratedFailureCount": 2}, None),
        # Two of five items are 40 %. Each limit counts where both are given.
        ({"ToleratedFailurePercentage": 39.9}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 40, "ToleratedFailureCount": 1}, "States.ExceedToleratedFailureThreshold"),
        ({"ToleratedFailurePercentage": 30, "ToleratedFailureCount": 2}, "States.ExceedToleratedFailureThreshold"),
        ({}, "States.ExceedToleratedFailureThreshold"),
    ],
)
def test_tolerance_in_jsonata(machines: Machines, tolerance: dict[str, Any], error: str | None) -> None:
    states = {
        "Choose": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% 2 in $states.input.Items.n %}", "Next": "Bad"}],
            "Default": "Good",
        },
        "Good": {
            "Type": "Succeed",
            "Output": "{% $states.input.BatchInput.run & $string($states.input.Items[0].n) %}",
        },
        "Bad": {"Type": "Fail", "Error": "Two", "Cause": "not that"},
    }
    told = {"Type": "Pass", "Output": "{% $states.input %}", "End": True}
    machine = distributed(
        states,
        Items="{% $states.input.numbers.{'n': $} %}",
        ItemBatcher={
            "MaxItemsPerBatch": "{% $states.input.size %}",
            "BatchInput": {"run": "{% $states.input.run %}"},
        },
        MaxConcurrency="{% $states.input.concurrency %}",
        Catch=[{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Output": "{% $states.errorOutput %}",
                "Next": "Told"}],
        **tolerance,
    )  # fmt: skip
    machine["Told"] = told
    given = {"numbers": [1, 2, 3, 4, 5], "size": 2, "run": "r", "concurrency": 1, "percentage": 40}
    output = machines.output(machine, given, QueryLanguage="JSONata")
    if error is not None:
        assert output == {"Error": error, "Cause": "The specified tolerated failure threshold was exceeded"}
        return
    # Batches of 1 and 2, 3 and 4, 5: the first one fails, and is told in full.
    failed, *others = output
    assert (failed["Status"], failed["Error"], failed["Cause"], others) == ("FAILED", "Two", "not that", ["r3", "r5"])


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Distributed Map: what has failed or was not started, in S3 with its manifest"
)
def test_results_of_a_map_run_that_failed(machines: Machines) -> None:
    bucket, s3 = machines.bucket(), machines.cloud.client("s3")
    fail = {"Fail": {"Type": "Fail", "Error": "No", "Cause": "as asked"}}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": bucket, "Prefix": "out/"}}
    state = distributed(fail, ItemsPath="$.items", MaxConcurrency=1, ResultWriter=writer)
    execution = machines.start(machines.create(state), {"items": [1, 2, 3]})
    ended = machines.wait(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    run = machines.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    folder = f"out/{run.rpartition(':')[2]}"

    def read(name: str) -> bytes:
        body: bytes = s3.get_object(Bucket=bucket, Key=f"{folder}/{name}")["Body"].read()
        return body

    files = {
        kind: [{"Key": f"{folder}/{kind}_0.json", "Size": len(read(f"{kind}_0.json"))}]
        for kind in ("FAILED", "PENDING")
    }
    assert json.loads(read("manifest.json")) == {
        "DestinationBucket": bucket,
        "MapRunArn": run,
        "ResultFiles": {**files, "SUCCEEDED": []},
    }
    (failed,) = json.loads(read("FAILED_0.json"))
    child = machines.states.list_executions(mapRunArn=run)["executions"][0]
    times = failed.pop("StartDate"), failed.pop("StopDate")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", each) for each in times)
    assert failed == {
        "Cause": "as asked",
        "Error": "No",
        "ExecutionArn": child["executionArn"],
        "Input": "1",
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "RedriveCount": 0,
        "RedriveStatus": "REDRIVABLE",
        "StateMachineArn": child["stateMachineArn"],
        "Status": "FAILED",
    }
    assert json.loads(read("PENDING_0.json")) == [
        {"Input": each, "InputDetails": {"Included": True}, "Status": "PENDING"} for each in ("2", "3")
    ]


@pytest.mark.supports(
    "stepfunctions:StartExecution", "Distributed Map: thousands of items, never more than MaxConcurrency"
)
def test_many_items(machines: Machines) -> None:
    given = {"items": [{"n": number} for number in range(4000)]}
    batcher = {"MaxItemsPerBatch": 40}
    state = distributed(SAME, ItemsPath="$.items", ItemBatcher=batcher, MaxConcurrency=5)
    execution = machines.start(machines.create(state), given)
    ended = machines.wait(execution)
    assert ended["status"] == "SUCCEEDED", ended
    found = [item["n"] for batch in json.loads(ended["output"]) for item in batch["Items"]]
    assert found == list(range(4000))
    run = machines.states.list_map_runs(executionArn=execution)["mapRuns"][0]["mapRunArn"]
    described = machines.states.describe_map_run(mapRunArn=run)
    assert (described["executionCounts"]["total"], described["itemCounts"]["succeeded"]) == (100, 4000)
    pages = machines.states.get_paginator("list_executions").paginate(mapRunArn=run)
    # A child begins when another one has ended: at no time do more than five run.
    ends = [
        moment
        for page in pages
        for each in page["executions"]
        for moment in ((each["startDate"], 1), (each["stopDate"], -1))
    ]
    running = highest = 0
    for _, change in sorted(ends):
        running += change
        highest = max(highest, running)
    assert highest <= 5
