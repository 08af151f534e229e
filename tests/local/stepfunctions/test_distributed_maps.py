"""Map states in distributed mode in the embedded AWS: items, batches, child executions, results."""

import json
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
