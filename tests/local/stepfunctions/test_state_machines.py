"""Step Functions' API in the embedded AWS: executions from their start to their end, machines, versions."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from machines import FAULTY, SAME, Machines, distributed, invoke, task, until

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

Package = Callable[..., bytes]


@pytest.mark.supports("stepfunctions:StartExecution", "executions in the background, with lambda:invoke")
@pytest.mark.supports("stepfunctions:GetExecutionHistory", "events in AWS's order, pages, newest first")
def test_a_function_is_invoked_and_the_history_tells_it(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package(FAULTY))
    arn = machines.create({"Invoke": invoke(name, {"n": 21}, End=True)})
    execution = machines.start(arn)
    ended = machines.wait(execution)
    result = json.loads(ended["output"])
    assert result["Payload"] == {"doubled": 42}
    assert result["ExecutedVersion"] == "$LATEST"
    assert result["SdkResponseMetadata"]["RequestId"]
    kinds = machines.kinds(execution)
    assert kinds == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    first = machines.states.get_execution_history(executionArn=execution, maxResults=2, reverseOrder=True)
    assert [event["type"] for event in first["events"]] == kinds[:-3:-1]
    second = machines.states.get_execution_history(
        executionArn=execution, maxResults=2, reverseOrder=True, nextToken=first["nextToken"]
    )
    assert [event["type"] for event in second["events"]] == kinds[-3:-5:-1]


@pytest.mark.supports("stepfunctions:StopExecution", "ends at once, with error and cause, while a function runs")
def test_stop_while_a_function_runs(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package("import time\ndef handler(event, context): time.sleep(20)"))
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {"Invoke": invoke(name, {}, End=True, Catch=catch), "Caught": {"Type": "Pass", "End": True}}
    execution = machines.start(machines.create(states))
    until(lambda: "TaskStarted" in machines.kinds(execution))
    machines.states.stop_execution(executionArn=execution, error="Enough", cause="of it")
    ended = machines.states.describe_execution(executionArn=execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "of it")
    last = machines.events(execution)[-1]
    assert (last["type"], last["executionAbortedEventDetails"]) == (
        "ExecutionAborted",
        {"error": "Enough", "cause": "of it"},
    )


@pytest.mark.supports("stepfunctions:StartSyncExecution", "Express state machines")
def test_express(machines: Machines) -> None:
    arn = machines.create({"Pass": {"Type": "Pass", "End": True}}, type="EXPRESS")
    given = machines.cloud.aws.environment
    make: Any = boto3.client
    plain = make(
        "stepfunctions",
        endpoint_url=machines.cloud.aws.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        config=Config(inject_host_prefix=False),
    )
    ended = plain.start_sync_execution(stateMachineArn=arn, input='{"a": 1}')
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"a": 1})
    assert ended["billingDetails"]["billedDurationInMilliseconds"] % 100 == 0
    with pytest.raises(ClientError, match="StateMachineTypeNotSupported"):
        machines.states.list_executions(stateMachineArn=arn)


@pytest.mark.supports("stepfunctions:StartExecution", "the same name and input give the same execution")
@pytest.mark.supports("stepfunctions:ListExecutions", "filtered by status, in pages")
def test_names_of_executions(machines: Machines) -> None:
    arn = machines.create({"Wait": {"Type": "Wait", "Seconds": 60, "End": True}})
    first = machines.start(arn, {"a": 1}, name="one")
    assert machines.start(arn, {"a": 1}, name="one") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(arn, {"a": 2}, name="one")
    machines.states.stop_execution(executionArn=first)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.start(arn, {"a": 1}, name="one")
    second = machines.start(arn, name="two")
    running = machines.states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    assert [each["executionArn"] for each in running] == [second]
    pages = machines.states.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 1}
    )
    assert [each["name"] for page in pages for each in page["executions"]] == ["two", "one"]
    machines.states.stop_execution(executionArn=second)


@pytest.mark.supports("stepfunctions:CreateStateMachine", "definitions that AWS refuses, with its reasons")
@pytest.mark.supports("stepfunctions:ValidateStateMachineDefinition", "the problems and where they are")
def test_wrong_definitions(machines: Machines) -> None:
    with pytest.raises(ClientError, match="Missing 'Next' target: B at /States/A/Next"):
        machines.create({"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Succeed"}})
    check = machines.states.validate_state_machine_definition
    loop = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}
    assert check(definition=json.dumps(loop))["diagnostics"] == [
        {"severity": "ERROR", "code": "MISSING_END_STATE", "message": "Workflow has no terminal state"}
    ]
    assert check(definition="{")["diagnostics"][0]["code"] == "INVALID_JSON_DESCRIPTION"
    unknown = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:nothing:do", "End": True}
    assert check(definition=json.dumps({"StartAt": "A", "States": {"A": unknown}}))["result"] == "FAIL"
    bad = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": "{% 1 + %}", "End": True}},
    }
    assert check(definition=json.dumps(bad))["diagnostics"][0]["location"] == "/States/A/Output"


@pytest.mark.supports("stepfunctions:UpdateStateMachine", "executions that run keep the old definition")
@pytest.mark.supports("stepfunctions:PublishStateMachineVersion", "versions and aliases")
def test_updates_and_versions(machines: Machines) -> None:
    arn = machines.create({"Pass": {"Type": "Pass", "Result": 1, "End": True}})
    states = machines.states
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    definition = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Result": 2, "End": True}}}
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = states.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    assert machines.wait(machines.start(arn))["output"] == "2"
    ended = machines.wait(machines.start(alias))
    assert (ended["output"], ended["stateMachineVersionArn"]) == ("1", version)
    with pytest.raises(ClientError, match="ConflictException"):
        states.delete_state_machine_version(stateMachineVersionArn=version)


@pytest.mark.long
@pytest.mark.supports("stepfunctions:StartExecution", "50 executions at once, each with a Map of 20 invocations")
def test_many_executions_at_once(machines: Machines, package: Package) -> None:
    name = machines.cloud.create(package(FAULTY), MemorySize=128)
    processor = {"StartAt": "Invoke", "States": {"Invoke": _retried(invoke(name, {"n": 1}, End=True))}}
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}
    arn = machines.create({"Map": state})
    executions = [machines.start(arn, {"items": list(range(20))}) for _ in range(50)]
    ended = [machines.wait(each, 300) for each in executions]
    assert [(each.get("error"), each.get("cause")) for each in ended if each["status"] != "SUCCEEDED"] == []
    assert all(len(json.loads(each["output"])) == 20 for each in ended)


def _retried(state: dict[str, Any]) -> dict[str, Any]:
    errors = ["Lambda.TooManyRequestsException"]
    return {
        **state,
        "Retry": [{"ErrorEquals": errors, "IntervalSeconds": 1, "MaxAttempts": 20, "JitterStrategy": "FULL"}],
    }


@pytest.mark.supports("stepfunctions:StartExecution", "ends with the server")
def test_a_closing_server_ends_executions(connect: Callable[[EmbeddedAWS], Any]) -> None:
    with EmbeddedAWS(Settings(service_latency_ms=0)) as aws:
        cloud = connect(aws)
        machines = Machines.of(cloud)
        arn = machines.create({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
        for _ in range(3):
            machines.start(arn)
    assert aws._process.poll() is not None


@pytest.mark.supports(
    "stepfunctions:DescribeStateMachineForExecution", "the definition that the execution began with"
)
def test_the_machine_of_an_execution(machines: Machines) -> None:
    arn = machines.create({"Pass": {"Type": "Pass", "Result": 1, "End": True}})
    execution = machines.start(arn)
    machines.wait(execution)
    before = machines.states.describe_state_machine(stateMachineArn=arn)["definition"]
    changed = before.replace("1", "2")
    machines.states.update_state_machine(stateMachineArn=arn, definition=changed)
    told = machines.states.describe_state_machine_for_execution(executionArn=execution)
    assert (told["definition"], told["stateMachineArn"]) == (before, arn)
    mapped = machines.start(machines.create(distributed(SAME, ItemsPath="$.items")), {"items": [1]})
    machines.wait(mapped)
    run = machines.states.list_map_runs(executionArn=mapped)["mapRuns"][0]["mapRunArn"]
    child = machines.states.list_executions(mapRunArn=run)["executions"][0]["executionArn"]
    told = machines.states.describe_state_machine_for_execution(executionArn=child)
    assert (told["mapRunArn"], told["label"]) == (run, told["stateMachineArn"].partition("/")[2])


@pytest.mark.supports("stepfunctions:GetExecutionHistory", "without data")
def test_a_history_without_data(machines: Machines) -> None:
    states = {
        "Fill": {"Type": "Pass", "Next": "List"},
        "List": task("aws-sdk:s3:listBuckets", {"MaxBuckets": 1}, End=True),
    }
    execution = machines.start(machines.create(states), {"secret": 1})
    machines.wait(execution)
    assert "secret" in json.dumps(machines.events(execution), default=str)
    bare = machines.events(execution, includeExecutionData=False)
    assert [event["type"] for event in bare] == machines.kinds(execution)
    told = [value for event in bare for value in event.values() if isinstance(value, dict)]
    assert {name for value in told for name in value} & {"input", "inputDetails", "output", "outputDetails"} == set()


@pytest.mark.supports("stepfunctions:StopExecution", "no thread of an execution is left")
def test_threads_end_with_their_execution(machines: Machines) -> None:
    states = {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}
    wait = {"StartAt": "Wait", "States": states}
    inline = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": wait, "End": True}
    parallel = {"Type": "Parallel", "Branches": [wait, {"StartAt": "Map", "States": {"Map": inline}}], "End": True}
    arns = [
        machines.create({"Both": parallel}, TimeoutSeconds=600),
        machines.create(distributed(states, ItemsPath="$.items")),
    ]
    before = machines.threads()
    executions = [machines.start(arn, {"items": [1, 2, 3]}) for arn in arns for _ in range(3)]
    started = {"WaitStateEntered", "MapRunStarted"}
    until(lambda: all(started & set(machines.kinds(each)) for each in executions))
    assert machines.threads() > before
    for each in executions:
        machines.states.stop_execution(executionArn=each)
    until(lambda: machines.threads() <= before)


@pytest.mark.supports("stepfunctions:StartExecution", "a name that many ask for at once is given to one execution")
def test_a_name_is_given_once(machines: Machines) -> None:
    arn = machines.create({"Wait": {"Type": "Wait", "Seconds": 600, "End": True}})
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: machines.start(arn, name="one"), range(16)))
    assert len(found) == 1
    (execution,) = found
    machines.states.stop_execution(executionArn=execution)
    assert machines.kinds(execution).count("ExecutionStarted") == 1
    assert len(machines.states.list_executions(stateMachineArn=arn)["executions"]) == 1
