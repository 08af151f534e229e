"""Invocations of functions that really run."""

import base64
import io
import json
import re
import stat
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

REPORT = re.compile(
    r"REPORT RequestId: (?P<id>\S+)\tDuration: (?P<duration>[\d.]+) ms\tBilled Duration: (?P<billed>\d+) ms\t"
    r"Memory Size: (?P<size>\d+) MB\tMax Memory Used: (?P<used>\d+) MB\t(?:Init Duration: (?P<init>[\d.]+) ms\t)?"
    r"(?:Status: (?P<status>\w+)\t)?(?:Error Type: (?P<type>\S+)\t)?\n"
)


def report_of(log: str) -> dict[str, str | None]:
    match = REPORT.search(log)
    assert match is not None, log
    return match.groupdict()


@pytest.mark.supports("lambda:Invoke", "by name, partial and full ARN, version and alias")
def test_by_every_kind_of_name(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    version = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    alias = cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"]
    arn = alias.removesuffix(":live")
    for options, expected, suffix in (
        ({"FunctionName": name}, "$LATEST", ""),
        ({"FunctionName": name, "Qualifier": "$LATEST"}, "$LATEST", ":$LATEST"),
        ({"FunctionName": f"{name}:$LATEST"}, "$LATEST", ":$LATEST"),
        ({"FunctionName": name, "Qualifier": "live"}, version, ":live"),
        ({"FunctionName": f"{name}:live"}, version, ":live"),
        ({"FunctionName": arn, "Qualifier": "live"}, version, ":live"),
        ({"FunctionName": alias}, version, ":live"),
        ({"FunctionName": f"{arn}:{version}"}, version, f":{version}"),
        ({"FunctionName": f"123456789012:function:{name}:live"}, version, ":live"),
    ):
        response = cloud.lambda_.invoke(Payload=b'{"a": 1}', **options)
        payload = json.loads(response["Payload"].read())
        assert response["ExecutedVersion"] == payload["version"] == expected
        assert payload["arn"] == arn + suffix
        assert payload["event"] == {"a": 1}
        assert payload["memory"] == "1769"


@pytest.mark.supports("lambda:Invoke", "LogType Tail: START, END and REPORT, Init Duration on a cold start")
def test_log_of_a_cold_and_of_a_warm_invocation(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo, MemorySize=512)
    cold, warm = cloud.invoke(name, 1), cloud.invoke(name, 2)
    assert cold.log.startswith(f"module loaded\nSTART RequestId: {cold.request_id} Version: $LATEST\nevent 1\n")
    assert cold.payload["request_id"] == cold.request_id
    assert warm.log.startswith(f"START RequestId: {warm.request_id} Version: $LATEST\nevent 2\nEND RequestId: ")
    first, second = report_of(cold.log), report_of(warm.log)
    assert first["id"] == cold.request_id
    assert first["init"] is not None
    assert second["init"] is None
    assert first["size"] == second["size"] == "512"
    assert int(str(first["billed"])) >= float(str(first["init"])) + float(str(first["duration"]))
    assert 1 <= int(str(first["used"])) <= int(str(second["used"])) < 512
    assert cold.payload["process"] == warm.payload["process"]


def test_no_log_unless_asked_for_and_a_header_that_says_what_measured(cloud: Any, echo: bytes) -> None:
    response = cloud.lambda_.invoke(FunctionName=cloud.create(echo), Payload=b"1")
    assert "LogResult" not in response
    header = response["ResponseMetadata"]["HTTPHeaders"]["x-powertune-embedded"]
    assert header.startswith(f"{cloud.aws.cpu_limiter}; cores={cloud.aws.cores:g}; python=3.")


@pytest.mark.supports("lambda:UpdateFunctionConfiguration", "new execution environments after a change")
def test_new_environment_after_a_change(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    before = cloud.invoke(name)
    cloud.configure(name, MemorySize=1024, Environment={"Variables": {}})
    after = cloud.invoke(name)
    assert before.payload["process"] != after.payload["process"]
    assert after.payload["memory"] == "1024"
    assert report_of(after.log)["init"] is not None


@pytest.mark.supports("lambda:PublishVersion", "execution environments of its own for each version")
def test_versions_do_not_share_environments(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    one = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    processes = {cloud.invoke(name, Qualifier=q).payload["process"] for q in ("$LATEST", one, "$LATEST", one)}
    assert len(processes) == 2


@pytest.mark.supports("lambda:Invoke", "FunctionError and the payload of a handler that raises")
def test_handler_that_raises(cloud: Any, package: Any) -> None:
    name = cloud.create(package("def handler(event, context):\n    raise ValueError('no such luck')\n"))
    for _ in range(2):
        reply = cloud.invoke(name)
        assert reply.error == "Unhandled"
        assert reply.payload["errorType"] == "ValueError"
        assert reply.payload["errorMessage"] == "no such luck"
        assert reply.payload["stackTrace"]
        assert "[ERROR] ValueError: no such luck" in reply.log
        assert report_of(reply.log)["status"] is None


@pytest.mark.supports("lambda:Invoke", "an init that fails: INIT_REPORT, and another try within the invocation")
def test_module_that_cannot_be_imported_is_tried_again(cloud: Any, package: Any) -> None:
    name = cloud.create(package("import no_such_module\n"))
    first = cloud.invoke(name)
    assert first.error == "Unhandled"
    assert first.payload["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module" in first.payload["errorMessage"]
    assert re.search(
        r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError",
        first.log,
    )
    assert "Phase: invoke\tStatus: error" in first.log
    report = report_of(first.log)
    assert (report["status"], report["type"], report["init"]) == ("error", "Runtime.ImportModuleError", None)
    second = cloud.invoke(name)
    assert second.payload["errorType"] == "Runtime.ImportModuleError"
    assert "Phase: init\t" not in second.log


@pytest.mark.supports("lambda:Invoke", "timeouts end the environment")
def test_timeout_ends_the_environment_and_the_next_invocation_initializes_again(cloud: Any, package: Any) -> None:
    source = "import time, uuid\nME = str(uuid.uuid4())\ndef handler(s, context):\n    time.sleep(s)\n    return ME\n"
    name = cloud.create(package(source), Timeout=1)
    warm = cloud.invoke(name, 0)
    late = cloud.invoke(name, 60)
    assert late.error == "Unhandled"
    assert late.payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {late.request_id} Error: Task timed out after 1.00 seconds",
    }
    report = report_of(late.log)
    assert (report["status"], report["duration"], report["billed"]) == ("timeout", "1000.00", "1000")
    assert "Task timed out after 1.00 seconds" in late.log
    again = cloud.invoke(name, 0)
    assert again.payload != warm.payload
    assert report_of(again.log)["init"] is None


@pytest.mark.supports("lambda:Invoke", "memory limits: Runtime.OutOfMemory")
def test_out_of_memory(cloud: Any, package: Any) -> None:
    source = "def handler(event, context):\n    data = [bytearray(b'x' * (1 << 20)) for _ in range(400)]\n"
    reply = cloud.invoke(cloud.create(package(source), MemorySize=128))
    assert reply.payload == {
        "errorType": "Runtime.OutOfMemory",
        "errorMessage": f"RequestId: {reply.request_id} Error: Runtime exited with error: signal: killed",
    }
    report = report_of(reply.log)
    assert (report["status"], report["type"], report["used"]) == ("error", "Runtime.OutOfMemory", "128")


@pytest.mark.supports("lambda:Invoke", "a runtime that exits: Runtime.ExitError")
def test_runtime_that_exits(cloud: Any, package: Any) -> None:
    name = cloud.create(package("import os\ndef handler(event, context):\n    os._exit(event)\n"))
    for code, words in ((3, "exited with error: exit status 3"), (0, "exited without providing a reason")):
        reply = cloud.invoke(name, code)
        assert reply.payload["errorType"] == "Runtime.ExitError"
        assert words in reply.payload["errorMessage"]
        assert report_of(reply.log)["type"] == "Runtime.ExitError"


def test_exit_during_init(cloud: Any, package: Any) -> None:
    reply = cloud.invoke(cloud.create(package("raise SystemExit(7)\n")))
    assert reply.payload["errorType"] == "Runtime.ExitError"
    assert "exit status 7" in reply.payload["errorMessage"]


@pytest.mark.long
def test_init_beyond_its_limit_is_done_again_within_the_invocation(cloud: Any, package: Any) -> None:
    source = "import time\ntime.sleep(4)\ndef handler(event, context):\n    return 'made it'\n"
    reply = cloud.invoke(cloud.create(package(source), Timeout=20))
    assert reply.payload == "made it"
    assert "Phase: init\tStatus: timeout" in reply.log
    report = report_of(reply.log)
    assert report["init"] is None
    assert float(str(report["duration"])) >= 4000
    assert int(str(report["billed"])) >= 7000


def test_init_that_outlasts_the_timeout_too(cloud: Any, package: Any) -> None:
    reply = cloud.invoke(cloud.create(package("import time\ntime.sleep(60)\n"), Timeout=1))
    assert reply.payload["errorType"] == "Sandbox.Timedout"
    assert report_of(reply.log)["status"] == "timeout"


def test_much_output_arrives_whole_and_with_its_own_invocation(cloud: Any, package: Any) -> None:
    source = "def handler(event, context):\n    for n in range(4000):\n        print(event, n, 'x' * 40)\n"
    name = cloud.create(package(source))
    for mark in ("first", "second"):
        reply = cloud.invoke(name, mark)
        assert len(reply.log.encode()) == 4096
        assert f"{mark} 3999 " in reply.log
        assert report_of(reply.log)["id"] == reply.request_id
    logs = cloud.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    events = [event["message"] for page in pages for event in page["events"]]
    assert sum(message.startswith("first ") for message in events) == 4000
    assert sum(message.startswith("second ") for message in events) == 4000


@pytest.mark.supports("lambda:Invoke", "payloads up to 6 MB, refusal of larger ones")
def test_large_payloads(cloud: Any, package: Any) -> None:
    name = cloud.create(
        package("def handler(event, context):\n    return 'x' * event['n'] if 'n' in event else len(event['s'])\n")
    )
    assert len(cloud.invoke(name, {"n": 6_000_000}).payload) == 6_000_000
    assert cloud.invoke(name, {"s": "y" * 6_000_000}).payload == 6_000_000
    reply = cloud.invoke(name, {"n": 6_500_000})
    assert reply.error == "Unhandled"
    assert reply.payload["errorType"] == "Function.ResponseSizeTooLarge"
    with pytest.raises(ClientError) as caught:
        cloud.invoke(name, "y" * 6_500_000)
    assert caught.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_payload_that_is_not_json(cloud: Any, echo: bytes) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.lambda_.invoke(FunctionName=cloud.create(echo), Payload=b"{\xff")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"


def test_no_payload_is_an_empty_object(cloud: Any, echo: bytes) -> None:
    response = cloud.lambda_.invoke(FunctionName=cloud.create(echo))
    assert json.loads(response["Payload"].read())["event"] == {}


@pytest.mark.supports("lambda:Invoke", "ClientContext")
def test_client_context(cloud: Any, package: Any) -> None:
    name = cloud.create(package("def handler(event, context):\n    return context.client_context.custom\n"))
    context = base64.b64encode(b'{"custom": {"a": "b"}}').decode()
    response = cloud.lambda_.invoke(FunctionName=name, ClientContext=context)
    assert json.loads(response["Payload"].read()) == {"a": "b"}
    with pytest.raises(ClientError, match="Client context must be Base64"):
        cloud.lambda_.invoke(FunctionName=name, ClientContext="%%%")


@pytest.mark.supports("lambda:Invoke", "InvocationType DryRun")
def test_dry_run_and_missing_functions(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    assert cloud.lambda_.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    for options in ({"FunctionName": "nobody"}, {"FunctionName": name, "Qualifier": "nothing"}):
        with pytest.raises(ClientError) as caught:
            cloud.lambda_.invoke(**options)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError, match="does not match the specified qualifier"):
        cloud.lambda_.invoke(FunctionName=f"{name}:1", Qualifier="2")


@pytest.mark.supports("lambda:Invoke", "concurrent invocations in environments of their own")
def test_concurrent_invocations_have_environments_of_their_own(cloud: Any, package: Any) -> None:
    source = (
        "import time, uuid\nME = uuid.uuid4().hex\ndef handler(event, context):\n    time.sleep(0.5)\n    return ME\n"
    )
    name = cloud.create(package(source), MemorySize=128)
    with ThreadPoolExecutor(3) as threads:
        processes = {reply.payload for reply in threads.map(lambda _: cloud.invoke(name), range(3))}
    assert len(processes) == 3


@pytest.mark.supports("lambda:PutFunctionConcurrency", "TooManyRequestsException beyond the reserved concurrency")
def test_reserved_concurrency(cloud: Any, package: Any) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
    name = cloud.create(package(source), MemorySize=128)
    cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert cloud.lambda_.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    cloud.invoke(name, 0)
    with ThreadPoolExecutor(2) as threads:
        errors = [call.exception() for call in [threads.submit(cloud.invoke, name, 2) for _ in range(2)]]
    error = next(error for error in errors if error is not None)
    assert None in errors
    assert isinstance(error, ClientError)
    assert error.response["Error"]["Code"] == "TooManyRequestsException"
    assert dict(error.response)["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    cloud.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert cloud.lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    with pytest.raises(ClientError, match="TooManyRequests"):
        cloud.invoke(name, 0)
    cloud.lambda_.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in cloud.lambda_.get_function_concurrency(FunctionName=name)
    cloud.invoke(name, 0)


@pytest.mark.supports("lambda:CreateAlias", "RoutingConfig with weights")
def test_weighted_alias_reaches_both_versions(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    cloud.configure(name, Description="second")
    cloud.lambda_.publish_version(FunctionName=name)
    cloud.lambda_.create_alias(
        FunctionName=name, Name="both", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}
    )
    versions = {cloud.invoke(name, Qualifier="both").version for _ in range(30)}
    assert versions == {"1", "2"}
    with pytest.raises(ClientError, match="aliases reference it"):
        cloud.lambda_.delete_function(FunctionName=name, Qualifier="2")


@pytest.mark.supports(
    "lambda:UpdateAlias", "weights that are set while it is invoked, and taken away by an empty map"
)
def test_weights_of_an_alias_come_and_go(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    cloud.lambda_.publish_version(FunctionName=name)
    cloud.configure(name, Description="second")
    cloud.lambda_.publish_version(FunctionName=name)
    alias = {"FunctionName": name, "Name": "both"}
    before = cloud.lambda_.create_alias(**alias, FunctionVersion="1", Description="kept")
    shifted = cloud.lambda_.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert (shifted["FunctionVersion"], shifted["Description"]) == ("1", "kept")
    assert {cloud.invoke(name, Qualifier="both").version for _ in range(30)} == {"1", "2"}
    cloud.lambda_.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})
    after = cloud.lambda_.get_alias(**alias)
    changed = ("RevisionId", "ResponseMetadata")
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert {cloud.invoke(name, Qualifier="both").version for _ in range(10)} == {"1"}


@pytest.mark.supports("lambda:Invoke", "InvocationType Event")
def test_event_invocation_runs_in_the_background(cloud: Any, package: Any) -> None:
    name = cloud.create(package("def handler(event, context):\n    print('got', event)\n"))
    response = cloud.lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b'"it"')
    assert response["StatusCode"] == 202
    cloud.lambda_.invoke_async(FunctionName=name, InvokeArgs=b'"that"')
    logs, messages = cloud.client("logs"), []
    for _ in range(200):
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"] if groups else []
        messages = [event["message"] for event in events]
        if {"got it\n", "got that\n"} <= set(messages):
            break
        time.sleep(0.05)
    assert {"got it\n", "got that\n"} <= set(messages)


@pytest.mark.supports("lambda:CreateFunction", "custom runtimes: a bootstrap in the package")
def test_custom_runtime_in_a_shell_script(cloud: Any, package: Any) -> None:
    script = """#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  event=$(curl -sS -D "$TMPDIR/headers" "$api/next")
  id=$(grep -i '^lambda-runtime-aws-request-id' "$TMPDIR/headers" | tr -d '\\r' | cut -d' ' -f2)
  echo "shell got $event"
  curl -sS -X POST "$api/$id/response" -d "{\\"shell\\": $event}" >/dev/null
done
"""
    name = cloud.create(package(files={"bootstrap!": script}), Runtime="provided.al2023", Handler="any")
    assert cloud.invoke(name, 5).payload == {"shell": 5}
    assert "shell got 6" in cloud.invoke(name, 6).log


@pytest.mark.parametrize(
    ("files", "words"),
    [({"other": "x"}, "Couldn't find valid bootstrap"), ({"bootstrap": "#!/bin/sh\n"}, "permission denied")],
)
def test_custom_runtime_without_a_bootstrap(cloud: Any, package: Any, files: dict[str, str], words: str) -> None:
    reply = cloud.invoke(cloud.create(package(files=files), Runtime="provided.al2", Handler="any"))
    assert reply.payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert words in reply.payload["errorMessage"]


def test_runtime_that_cannot_be_run(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo, Runtime="java21")
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            cloud.invoke(name)
        assert caught.value.response["Error"]["Code"] == "InvalidRuntimeException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    cloud.lambda_.invoke(FunctionName=name, InvocationType="Event")


def test_package_that_cannot_be_used(cloud: Any) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "../../..")
    name = cloud.create(stream.getvalue())
    for _ in range(2):
        with pytest.raises(
            ClientError, match="could not unzip the deployment package: link leaves the package"
        ) as caught:
            cloud.invoke(name)
        assert caught.value.response["Error"]["Code"] == "InvalidZipFileException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 502
    cloud.lambda_.invoke(FunctionName=name, InvocationType="Event")


@pytest.mark.supports("lambda:CreateFunction", "layers and environment variables")
def test_layers_and_environment_variables(cloud: Any, package: Any, tmp_path: Any) -> None:
    layer = cloud.lambda_.publish_layer_version(
        LayerName="greeting", Content={"ZipFile": package(files={"python/greeting.py": "WORD = 'hello'\n"})}
    )["LayerVersionArn"]
    source = """
import os, greeting
def handler(event, context):
    at_home = os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]
    return [greeting.WORD, {k: os.environ[k] for k in event}, at_home]
"""
    name = cloud.create(package(source), Layers=[layer], Environment={"Variables": {"MINE": "yes"}})
    names = ["MINE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "_HANDLER", "TZ", "AWS_REGION"]
    word, variables, at_home = cloud.invoke(name, names).payload
    assert word == "hello"
    assert at_home
    assert variables == {
        "MINE": "yes",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "_HANDLER": "app.handler",
        "TZ": ":UTC",
        "AWS_REGION": "us-east-1",
    }


def test_function_reaches_the_embedded_services(cloud: Any, package: Any) -> None:
    source = """
import boto3
s3 = boto3.client("s3")
def handler(event, context):
    s3.create_bucket(Bucket=event)
    s3.put_object(Bucket=event, Key="k", Body=b"from inside")
"""
    reply = cloud.invoke(cloud.create(package(source)), "bucket-of-a-function")
    assert reply.error is None, reply.payload
    body = cloud.client("s3").get_object(Bucket="bucket-of-a-function", Key="k")["Body"].read()
    assert body == b"from inside"


@pytest.mark.supports("lambda:Invoke", "LoggingConfig: JSON logs and application log levels")
def test_json_logs(cloud: Any, package: Any) -> None:
    source = "import logging\ndef handler(event, context):\n    logging.warning('careful')\n    return 1 / event\n"
    name = cloud.create(
        package(source), LoggingConfig={"LogFormat": "JSON", "LogGroup": "/mine", "ApplicationLogLevel": "WARN"}
    )
    reply = cloud.invoke(name, 1)
    events = [json.loads(line) for line in reply.log.splitlines()]
    assert [event.get("type") for event in events] == ["platform.start", None, "platform.report"]
    assert events[1]["message"] == "careful"
    record = events[2]["record"]
    assert record["requestId"] == reply.request_id
    assert record["status"] == "success"
    assert set(record["metrics"]) == {
        "durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"
    }  # fmt: skip
    failed = json.loads(cloud.invoke(name, 0).log.splitlines()[-1])["record"]
    assert (failed["status"], failed["errorType"]) == ("error", "ZeroDivisionError")
    assert "initDurationMs" not in failed["metrics"]
    groups = cloud.client("logs").describe_log_groups(logGroupNamePrefix="/mine")["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["/mine"]


def test_system_log_level_drops_reports_of_successes(cloud: Any, package: Any) -> None:
    name = cloud.create(
        package("def handler(event, context):\n    return 1 / event\n"),
        LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"},
    )
    assert cloud.invoke(name, 1).log == ""
    assert '"platform.report"' in cloud.invoke(name, 0).log


def test_each_environment_has_a_log_stream_of_its_own_named_after_the_function_in_a_shared_group(
    cloud: Any, package: Any
) -> None:
    code = (
        "import time\n\n\ndef handler(event, context):\n    time.sleep(event)\n    return context.log_stream_name\n"
    )
    name = cloud.create(package(code), LoggingConfig={"LogGroup": "/shared"})
    with ThreadPoolExecutor() as pool:
        at_once = {reply.payload for reply in pool.map(lambda _: cloud.invoke(name, 1.0), range(2))}
    again = cloud.invoke(name, 0).payload
    assert len(at_once) == 2
    assert again in at_once
    assert all(re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{name}\[\$LATEST\][0-9a-f]{{32}}", stream) for stream in at_once)
    events = cloud.client("logs").filter_log_events(logGroupName="/shared", filterPattern='"REPORT RequestId:"')[
        "events"
    ]
    assert {event["logStreamName"] for event in events if f"/{name}[" in event["logStreamName"]} == at_once


@pytest.mark.supports("cloudwatch:GetMetricStatistics", "Invocations, Duration, Errors and Throttles of functions")
def test_logs_and_metrics(cloud: Any, package: Any) -> None:
    name = cloud.create(package("def handler(event, context):\n    print('hello')\n    return 1 / event\n"))
    cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    reply = cloud.invoke(name, 1, Qualifier="live")
    cloud.invoke(name, 0)
    logs = cloud.client("logs")
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", streams[0]["logStreamName"])
    events = logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=streams[0]["logStreamName"])
    messages = [event["message"] for event in events["events"]]
    assert messages[:3] == [
        f"START RequestId: {reply.request_id} Version: $LATEST\n", "hello\n", f"END RequestId: {reply.request_id}\n"
    ]  # fmt: skip
    assert REPORT.fullmatch(messages[3])
    cloudwatch, now = cloud.client("cloudwatch"), time.time()
    for resource, invocations, errors in ((None, 2, 1), (name, 1, 1), (f"{name}:live", 1, 0)):
        dimensions = [{"Name": "FunctionName", "Value": name}]
        dimensions += [{"Name": "Resource", "Value": resource}] if resource else []
        sums = {
            metric: sum(
                point["Sum"]
                for point in cloudwatch.get_metric_statistics(
                    Namespace="AWS/Lambda",
                    MetricName=metric,
                    Dimensions=dimensions,
                    StartTime=now - 600,
                    EndTime=now + 60,
                    Period=60,
                    Statistics=["Sum"],
                )["Datapoints"]
            )
            for metric in ("Invocations", "Errors", "Duration")
        }
        assert (sums["Invocations"], sums["Errors"]) == (invocations, errors)
        assert sums["Duration"] > 0


@pytest.mark.supports("stepfunctions:StartExecution", "tasks that invoke functions, also by an alias")
def test_state_machine_invokes_through_an_alias(cloud: Any, echo: bytes) -> None:
    name = cloud.create(echo)
    version = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    alias = cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"]
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": alias, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "End": True,
            }
        },
    }
    states = cloud.client("stepfunctions")
    machine = states.create_state_machine(
        name="calls-lambda", definition=json.dumps(definition), roleArn=cloud.aws.role_arn
    )["stateMachineArn"]
    run = states.start_execution(stateMachineArn=machine, input='{"x": 1}')["executionArn"]
    outcome = {}
    for _ in range(200):
        outcome = states.describe_execution(executionArn=run)
        if outcome["status"] != "RUNNING":
            break
        time.sleep(0.05)
    assert outcome["status"] == "SUCCEEDED", outcome
    assert json.loads(outcome["output"])["version"] == version


@pytest.mark.supports("lambda:CreateEventSourceMapping", "queues that invoke functions")
@pytest.mark.supports("sns:Publish", "topics that invoke functions")
def test_queue_and_topic_invoke_functions(cloud: Any, package: Any) -> None:
    name = cloud.create(
        package("def handler(event, context):\n    print('records', len(event['Records']))\n    1 / 0\n")
    )
    arn = cloud.lambda_.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    topics = cloud.client("sns")
    topic = topics.create_topic(Name="news")["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    topics.publish(TopicArn=topic, Message="read all about it")
    queues = cloud.client("sqs")
    queue = queues.create_queue(QueueName="work")["QueueUrl"]
    source = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    cloud.lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=source)
    queues.send_message(QueueUrl=queue, MessageBody="do it")
    events = []
    for _ in range(100):
        events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        if sum(event["message"] == "records 1\n" for event in events) >= 2:
            break
        time.sleep(0.05)
    assert sum(event["message"] == "records 1\n" for event in events) >= 2
