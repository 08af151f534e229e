"""The deployed state machine of a test: functions to tune, executions, and workers that can be made to fail."""

import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from typing import Any

from settled import settle

#: Appended to the real handlers. An object `faults/STEP` makes the step fail, as often as it says.
FAULTS = """

def _faulty(name, step):
    import json
    import boto3

    def handler(event, context):
        s3, bucket = boto3.client("s3"), os.environ["POWERTUNE_BUCKET"]
        try:
            fault = json.loads(s3.get_object(Bucket=bucket, Key="faults/" + name)["Body"].read())
        except s3.exceptions.NoSuchKey:
            return step(event, context)
        if fault["times"] <= 0:
            return step(event, context)
        s3.put_object(Bucket=bucket, Key="faults/" + name, Body=json.dumps({**fault, "times": fault["times"] - 1}))
        if fault["after"]:
            step(event, context)
        if fault["how"] == "exit":
            os._exit(1)
        if fault["how"] == "memory":
            hog = [bytearray(1 << 20) for _ in range(1 << 20)]
        raise RuntimeError("the worker of " + name + " is gone")

    return handler


for _name in ("prepare", "publish", "measure", "record", "restore", "analyze", "apply"):
    globals()[_name] = _faulty(_name, globals()[_name])
"""
APP = """
import time

def handler(event, context):
    if event.get("fail"):
        raise KeyError("order")
    time.sleep(event.get("sleep", 0.01))
    return {"echo": event}
"""


@dataclass
class Deployed:
    """The state machine, and clients of the account that it is in."""

    clients: dict[str, Any]
    machine: str
    bucket: str
    role_arn: str
    names: list[str] = field(default_factory=list)

    def function(self, name: str, **options: Any) -> str:
        """A function to tune, with a version and an alias of its owner's; returns its ARN."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("app.py", APP)
        wanted = {"MemorySize": 256, "Timeout": 30, "Publish": True, **options}
        made = self.clients["lambda"].create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="app.handler",
            Role=self.role_arn,
            Code={"ZipFile": package.getvalue()},
            **wanted,
        )
        self.names.append(name)
        settle(self.clients["lambda"], name)
        self.clients["lambda"].create_alias(FunctionName=name, Name="RAM512", FunctionVersion="1")
        return str(made["FunctionArn"]).removesuffix(":1")

    def snapshot(self, name: str) -> Any:
        """Everything of a function that has to be as it was found, and whether there is a copy of it."""
        control = self.clients["lambda"]
        kept = control.get_function_configuration(FunctionName=name)
        for changing in ("ResponseMetadata", "LastModified", "RevisionId"):
            kept.pop(changing)
        versions = [each["Version"] for each in control.list_versions_by_function(FunctionName=name)["Versions"]]
        aliases = [
            (each["Name"], each["FunctionVersion"]) for each in control.list_aliases(FunctionName=name)["Aliases"]
        ]
        copies = [each["FunctionName"] for each in control.list_functions()["Functions"]]
        return kept, versions, aliases, [each for each in copies if each.startswith(f"{name}-powertune")]

    def start(self, given: Any) -> str:
        """An execution; returns its ARN."""
        started = self.clients["stepfunctions"].start_execution(stateMachineArn=self.machine, input=json.dumps(given))
        return str(started["executionArn"])

    def wait(self, execution: str, seconds: float = 150) -> dict[str, Any]:
        """How an execution has ended."""
        end = time.monotonic() + seconds
        describe = self.clients["stepfunctions"].describe_execution
        while (found := describe(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < end, f"{execution} goes on: {self.entered(execution)}"
            time.sleep(0.1)
        answer: dict[str, Any] = found
        return answer

    def run(self, given: Any) -> dict[str, Any]:
        """An execution from beginning to end."""
        return self.wait(self.start(given))

    def entered(self, execution: str) -> list[str]:
        """The names of the states that an execution has entered, in order."""
        pages = self.clients["stepfunctions"].get_paginator("get_execution_history").paginate(executionArn=execution)
        events = (event for page in pages for event in page["events"])
        return [
            event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")
        ]

    def fail(self, step: str, *, how: str = "raise", after: bool = False, times: int = 1) -> None:
        """Let a step fail, before or after it has done its work."""
        fault = json.dumps({"how": how, "after": after, "times": times})
        self.clients["s3"].put_object(Bucket=self.bucket, Key=f"faults/{step}", Body=fault)

    def keys(self, prefix: str) -> list[str]:
        """The keys of the results bucket that begin so."""
        page = self.clients["s3"].list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in page.get("Contents", [])]

    def read(self, uri: str) -> bytes:
        """What an object holds."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        data: bytes = self.clients["s3"].get_object(Bucket=bucket, Key=key)["Body"].read()
        return data

    def clean(self) -> None:
        """Delete the functions, and let every step work again."""
        for key in self.keys("faults/"):
            self.clients["s3"].delete_object(Bucket=self.bucket, Key=key)
        while self.names:
            self.clients["lambda"].delete_function(FunctionName=self.names.pop())
