"""What the state machine takes beside the direct engine, on the embedded AWS: seconds, and transitions.

One function that mostly waits, as the workers and the function share this machine's processors; six sizes with 20
invocations each. The peer is AWS Lambda Power Tuning, which enters 7 + 3N states for N sizes.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from settled import settle

from powertune.local.embedded import EmbeddedAWS
from powertune.local.settings import Settings

SIZES = (128, 256, 512, 1024, 1769, 3008)
INVOCATIONS = 20
APP = "import time\n\ndef handler(event, context):\n    time.sleep(0.2)\n    return {}\n"
STEPS = ("prepare", "publish", "measure", "record", "restore", "analyze", "apply")


def make_function(control: Any, role_arn: str) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", APP)
    control.create_function(
        FunctionName="waits",
        Runtime="python3.13",
        Handler="app.handler",
        Role=role_arn,
        Code={"ZipFile": package.getvalue()},
        MemorySize=512,
        Timeout=30,
    )
    settle(control, "waits")


def direct_s() -> float:
    sizes = ",".join(map(str, SIZES))
    began = time.monotonic()
    powertune("run", "waits", "--memory", sizes, "--invocations", str(INVOCATIONS), "--yes")
    return time.monotonic() - began


def powertune(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "powertune", *arguments], check=True, capture_output=True)


def execution(states: Any, machine: str) -> tuple[float, int]:
    """Seconds from StartExecution to the end, and the states entered."""
    given = {"lambdaARN": "waits", "powerValues": SIZES, "num": INVOCATIONS, "strategy": "default"}
    began = time.monotonic()
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]
    while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.1)
    assert found["status"] == "SUCCEEDED", found
    took = time.monotonic() - began
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event["type"] for page in pages for event in page["events"]]
    return took, sum(kind.endswith("StateEntered") for kind in events)


def cold_starts(control: Any) -> dict[str, float]:
    """Init durations of the workers at 512 MB, in ms, from their reports."""
    found = {}
    for step in STEPS:
        name = f"powertune-{step}"
        control.update_function_configuration(FunctionName=name, LoggingConfig={"LogFormat": "JSON"}, MemorySize=513)
        control.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        control.update_function_configuration(FunctionName=name, MemorySize=512)
        control.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        control.invoke(FunctionName=name, Payload=b"{}")
        end = time.monotonic() + 30
        while step not in found and time.monotonic() < end:
            found |= report_of(step)
            time.sleep(0.2)
    return found


def report_of(step: str) -> dict[str, float]:
    logs: Any = boto3.client("logs")
    group = f"/aws/lambda/powertune-{step}"
    events = logs.filter_log_events(logGroupName=group, filterPattern='"platform.report"')["events"]
    metrics = [json.loads(event["message"])["record"]["metrics"] for event in events]
    inits = [each["initDurationMs"] for each in metrics if "initDurationMs" in each]
    return {step: inits[-1]} if inits else {}


def main() -> None:
    with EmbeddedAWS(Settings(tell_disturbed=False)) as aws, tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ.update(aws.environment)
        control: Any = boto3.client("lambda")
        states: Any = boto3.client("stepfunctions")
        powertune("deploy", "--yes")
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName="powertune")["Stacks"]
        machine = next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == "StateMachineArn")
        make_function(control, aws.role_arn)
        direct = direct_s()
        cold, transitions = execution(states, machine)
        warm, again = execution(states, machine)
        peer = 7 + 3 * len(SIZES)
        print(f"six sizes x {INVOCATIONS} invocations of a function that waits for 200 ms")
        print(f"direct engine             {direct:6.1f} s")
        print(f"state machine, cold       {cold:6.1f} s  {cold / direct:.2f} x  {transitions} transitions")
        print(f"state machine, warm       {warm:6.1f} s  {warm / direct:.2f} x  {again} transitions")
        print(f"the peer's transitions    {peer}; at most {peer + 2 * len(SIZES)} were to be used")
        print("cold starts of the workers at 512 MB (init, ms):")
        print("  " + "  ".join(f"{step} {init:.0f}" for step, init in cold_starts(control).items()))


if __name__ == "__main__":
    main()
