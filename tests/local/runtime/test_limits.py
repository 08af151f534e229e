"""What happens when there are too many, too late or too stubborn ones; and the server inside this process."""

import gc
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from function_processes import starters_of
from machines import until

from powertune.local import server
from powertune.local.containment import cgroup
from powertune.local.containment.choice import choose
from powertune.local.embedded import EmbeddedAWS
from powertune.local.functions import Function
from powertune.local.package import zip_folder
from powertune.local.runtime.code_cache import CodeCache
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.outputs import Outputs
from powertune.local.runtime.pool import Pool
from powertune.local.runtime.world import World
from powertune.local.server import Server, watch_parent
from powertune.local.settings import Settings
from powertune.local.system.owners import Owner
from powertune.local.system.processes import process_table

SLEEP = "import time\ndef handler(event, context):\n    time.sleep(event)\n"
SPIN = """
import time
def handler(event, context):
    until = time.process_time() + event
    while time.process_time() < until:
        pass
"""


def started(cloud: Any, name: str) -> int:
    """The number of the only process that a function keeps after an invocation.

    A runtime written in shell answers through a command that may still be ending when the caller has its answer.
    """
    assert cloud.invoke(name, 0).error is None
    until(lambda: len(cloud.processes(name)) == 1)
    (pid,) = cloud.processes(name)
    return int(pid)


@pytest.fixture(scope="module")
def hasty() -> Iterator[EmbeddedAWS]:
    """Keeps callers waiting for a moment only."""
    with EmbeddedAWS(Settings(admission_timeout_s=0.2, account_concurrency=102, idle_timeout_s=1)) as aws:
        yield aws


def test_no_cpu_in_time(hasty: EmbeddedAWS, connect: Any, package: Any) -> None:
    cloud = connect(hasty)
    name = cloud.create(package(SPIN), MemorySize=10_240)
    cloud.invoke(name, 0.1)
    with ThreadPoolExecutor(2) as threads:
        errors = [call.exception() for call in [threads.submit(cloud.invoke, name, 2) for _ in range(2)]]
    assert None in errors
    error = next(error for error in errors if error is not None)
    assert isinstance(error, ClientError)
    assert dict(error.response)["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert error.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"


def test_runtime_that_does_not_come_back_is_ended(hasty: EmbeddedAWS, connect: Any, package: Any) -> None:
    cloud = connect(hasty)
    script = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
curl -sS -D "$TMPDIR/headers" "$api/next" >/dev/null
id=$(grep -i '^lambda-runtime-aws-request-id' "$TMPDIR/headers" | tr -d '\\r' | cut -d' ' -f2)
curl -sS -X POST "$api/$id/response" -d "{}" >/dev/null
exec sleep 600
"""
    name = cloud.create(package(files={"bootstrap!": script}), Runtime="provided.al2023", Handler="x", Timeout=1)
    pid = started(cloud, name)
    until(lambda: process_table().started(pid) is None)


def test_idle_environments_end(hasty: EmbeddedAWS, connect: Any, package: Any) -> None:
    cloud = connect(hasty)
    pid = started(cloud, cloud.create(package(SLEEP)))
    until(lambda: process_table().started(pid) is None)


def test_deleting_a_function_ends_what_it_runs(cloud: Any, package: Any) -> None:
    name = cloud.create(package(SLEEP), MemorySize=128)
    pid = started(cloud, name)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(cloud.invoke, name, 1)
        time.sleep(0.3)
        cloud.clean()
        assert running.result().error is None
    until(lambda: process_table().started(pid) is None)


def test_process_that_dies_while_idle_is_replaced(cloud: Any, package: Any) -> None:
    name = cloud.create(package(SLEEP))
    pid = started(cloud, name)
    everyone = [pid, *starters_of(pid, cloud.aws.pid)]
    os.kill(pid, 9)
    until(lambda: not any(process_table().started(each) for each in everyone))
    # The server learns it from the first that it started, and needs a moment for it.
    time.sleep(0.2)
    reply = cloud.invoke(name, 0)
    assert reply.error is None
    assert cloud.processes(name) != [pid]
    assert "Init Duration" not in reply.log


@pytest.mark.skipif(shutil.which("aws") is None, reason="the aws command is not installed")
def test_aws_command_line(cloud: Any, echo: bytes, tmp_path: Path) -> None:
    name = cloud.create(echo)
    version = cloud.lambda_.publish_version(FunctionName=name)["Version"]
    cloud.lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    raw = ["--cli-binary-format", "raw-in-base64-out"]
    command = ["aws", "lambda", "invoke", "--function-name", name, "--qualifier", "live", "--log-type", "Tail"]
    command += ["--payload", '{"from": "cli"}', str(tmp_path / "out")]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **cloud.aws.environment}
    outcome = subprocess.run([*command, *raw], env=environment, capture_output=True, text=True, check=False)
    if "Unknown options: --cli-binary-format" in outcome.stderr:
        # Version 1 of the command takes the payload as it is.
        outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["ExecutedVersion"] == version
    assert json.loads((tmp_path / "out").read_text())["event"] == {"from": "cli"}


def test_server_inside_this_process(package: Any, monkeypatch: pytest.MonkeyPatch, connect: Any) -> None:
    monkeypatch.setenv("MOTO_PORT", "0")
    inside = Server(Settings(containment="duty cycle"))
    try:
        inside.start()
        facts = json.loads(inside.ready_line)
        assert facts["endpoint_url"] == inside.endpoint_url
        assert facts["pid"] == os.getpid()

        class Here:
            endpoint_url = inside.endpoint_url
            settings = inside.runner.settings
            role_arn = facts["role_arn"]
            environment: ClassVar = {
                "AWS_ACCESS_KEY_ID": facts["access_key"],
                "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
            }

        cloud = connect(Here())
        name = cloud.create(package(SLEEP))
        assert cloud.invoke(name, 0).error is None
        with urllib.request.urlopen(cloud.presign(f"{inside.endpoint_url}/moto-api/")) as response:
            assert response.status == 200
    finally:
        inside.close()
    assert b"".join(server._not_ready({}, lambda status, headers: None)) == b""


def test_end_of_the_parents_pipe() -> None:
    read_end, write_end = os.pipe()
    stop = threading.Event()
    watch_parent(read_end, stop)
    os.write(write_end, b"still here")
    os.close(write_end)
    assert stop.wait(30)
    os.close(read_end)


def test_main_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert server.main(["nonsense"]) == 2
        assert gc.isenabled()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    said = json.loads(capsys.readouterr().out)
    assert said["event"] == "failed"
    assert "not JSON" in said["message"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    outputs = Outputs()
    yield World(
        code=CodeCache(tmp_path / "code"),
        outputs=outputs,
        processes=process_table(),
        folder=tmp_path / "environments",
        endpoint_url="http://127.0.0.1:9",
        python_client="bootstrap",
    )
    outputs.close()


def function(tmp_path: Path, name: str) -> Function:
    folder = tmp_path / "task"
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(SLEEP)
    return Function(
        account="1", region="us-east-1", name=name, version="1", arn=f"arn:{name}", deployment=name,
        runtime="python3.12", handler="app.handler", memory_mb=128, timeout_s=3, code=zip_folder(folder),
    )  # fmt: skip


def test_the_least_recently_used_make_room(world: World, tmp_path: Path) -> None:
    processes = process_table()
    way = choose("duty cycle", Owner.current(processes), processes)
    times = iter(range(1000))
    pool = Pool(way, world, idle_timeout_s=500, max_environments=2, clock=lambda: float(next(times)))
    made: list[Environment] = []
    for name in ("a", "b"):
        made.append(pool.acquire(function(tmp_path, name)))
        assert made[-1].initialize(30, 1.0, "r").ok
        assert made[-1].up
    for environment in made:
        pool.release(environment)
    pool.release(pool.acquire(made[0].function))
    third = pool.acquire(function(tmp_path, "c"))
    pool.release(third)
    assert pool.acquire(made[0].function) is made[0]
    assert pool.acquire(function(tmp_path, "b")) is not made[1]
    pool.close()
    way.close()
    assert not any(environment.up for environment in made)


def test_joining_a_cgroup_is_tried_for_real(tmp_path: Path) -> None:
    assert cgroup.can_join([tmp_path])
    assert not cgroup.can_join([tmp_path / "nowhere"])


def test_request_ids_look_like_lambdas(cloud: Any, echo: bytes) -> None:
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", cloud.invoke(cloud.create(echo)).request_id)


CALLER = """
import boto3, json
client = boto3.client("lambda")


def handler(event, context):
    answer = client.invoke(FunctionName=event["callee"], Payload=json.dumps(event["payload"]))
    return [json.loads(answer["Payload"].read()), answer.get("FunctionError")]
"""


@pytest.mark.supports("lambda:Invoke", "functions that wait for other functions, whatever their memory size")
def test_a_function_that_waits_for_another_gives_it_its_processor(cloud: Any, package: Any) -> None:
    caller, callee = cloud.create(package(CALLER), MemorySize=10_240, Timeout=120), cloud.create(package(SPIN))
    reply = cloud.invoke(caller, {"callee": callee, "payload": 0.05})
    assert (reply.payload, reply.error) == ([None, None], None)


@pytest.mark.supports(
    "lambda:Invoke", "invocations beyond what the processors can do wait instead of being throttled"
)
def test_many_that_wait_run_side_by_side_and_nobody_is_refused(connect: Any, package: Any) -> None:
    with EmbeddedAWS(Settings(python_client="bootstrap")) as aws:
        cloud = connect(aws)
        name = cloud.create(package(SLEEP), MemorySize=512, Timeout=60)
        with ThreadPoolExecutor(40) as threads:
            replies = list(threads.map(lambda _: cloud.invoke(name, 0.2), range(120)))
    assert [reply.error for reply in replies] == [None] * 120
