"""The clients that replay the cases: each turns the parameters of boto3 into its own way of asking, and back."""

import base64
import datetime
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session
from conformance.cases import Failure, Kind

_WAIT_S = 60
_CLI_ERROR = re.compile(
    r"An error occurred \((?P<code>\w+)\) when calling the \w+ operation.*?: (?P<message>.*)", re.S
)
_CLI_NAMES = {"s3": "s3api"}


@dataclass(frozen=True)
class Answer:
    """What a client got: a document, or an error without one. `attempts` is how often it asked, if it tells."""

    document: Mapping[str, Any]
    failure: Failure | None = None
    attempts: int | None = None


class Client(Protocol):
    """One way to ask the embedded AWS."""

    def ask(self, kind: Kind, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        """Ask once, or wait."""
        ...

    def close(self) -> None:
        """Ask no more."""
        ...


def decoded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as the cases have it: bodies as JSON or text, the log as text, no metadata."""
    result = {key: value for key, value in document.items() if key not in ("ResponseMetadata", "$metadata")}
    if "LogResult" in result:
        result["LogResult"] = base64.b64decode(result["LogResult"]).decode()
    for name in ("Payload", "Body"):
        if isinstance(result.get(name), bytes):
            text = result[name].decode()
            try:
                result[name] = json.loads(text)
            except ValueError:
                result[name] = text
    return result


class Boto:
    """The AWS SDK for Python."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A client of boto3 itself."""
        if service not in self._clients:
            make: Any = boto3.client
            self._clients[service] = make(
                service,
                endpoint_url=self._environment["AWS_ENDPOINT_URL"],
                aws_access_key_id=self._environment["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self._environment["AWS_SECRET_ACCESS_KEY"],
                region_name=self._environment["AWS_REGION"],
                # The defaults, but for throttling, which a case provokes.
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def ask(self, kind: Kind, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        client = self.client(service)
        try:
            if kind is Kind.WAIT:
                client.get_waiter(xform_name(operation)).wait(**parameters)
                return Answer({})
            response = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            told = error.response["Error"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return Answer({}, Failure(code=told["Code"], status=status, message=told["Message"]))
        for name in ("Payload", "Body"):
            if name in response:
                response[name] = response[name].read()
        return Answer(decoded(response))

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


class Cli:
    """The AWS Command Line Interface; see `aws_cli.py`."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COVERAGE_"))}
        isolated = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1"}
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("aws_cli.py"))],
            env={**kept, **environment, **isolated, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, kind: Kind, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        service_name, name = _CLI_NAMES.get(service, service), xform_name(operation, "-")
        options = self._options(parameters)
        if kind is Kind.WAIT:
            failure, _ = self._run([service_name, "wait", name, *options])
            return Answer({}, failure)
        streamed = _streamed_member(service, operation)
        body = self._folder / "answer"
        body.unlink(missing_ok=True)
        into = [str(body)] if streamed else []
        failure, output = self._run([service_name, name, *options, *into, "--output", "json"])
        if failure is not None:
            return Answer({}, failure)
        document: dict[str, Any] = json.loads(output) if output.strip() else {}
        if streamed and body.exists():
            document[streamed] = body.read_bytes()
        return Answer(decoded(document))

    def close(self) -> None:
        _close(self._process)

    def _options(self, parameters: Mapping[str, Any]) -> list[str]:
        options: list[str] = []
        for name, value in parameters.items():
            if name in ("Code", "Content") and "ZipFile" in value:
                options += ["--zip-file", self._blob(value["ZipFile"])]
                continue
            options.append(f"--{xform_name(name, '-')}")
            if isinstance(value, bytes):
                blob = self._blob(value)
                # A body that is streamed is given as the name of a file.
                options.append(blob.removeprefix("fileb://") if name == "Body" else blob)
            elif isinstance(value, bool):
                options[-1] = options[-1] if value else options[-1].replace("--", "--no-", 1)
            else:
                options.append(value if isinstance(value, str) else json.dumps(value))
        return options

    def _blob(self, content: bytes) -> str:
        file = self._folder / f"blob-{abs(hash(content))}"
        file.write_bytes(content)
        return f"fileb://{file}"

    def _run(self, arguments: list[str]) -> tuple[Failure | None, str]:
        """Run a command: what went wrong, and what it printed."""
        stdout, stderr = self._folder / "stdout", self._folder / "stderr"
        status = _asked(self._process, {"arguments": arguments, "stdout": str(stdout), "stderr": str(stderr)})
        assert status >= 0, f"{arguments} ended by signal {-status}"
        return (_told(stderr.read_text()) if status else None), stdout.read_text()


def _told(stderr: str) -> Failure:
    match = _CLI_ERROR.search(stderr)
    assert match is not None, stderr
    return Failure(code=match["code"], status=0, message=match["message"].strip())


def _streamed_member(service: str, operation: str) -> str | None:
    """The part of an answer that the CLI writes to a file."""
    shape: Any = get_session().get_service_model(service).operation_model(operation).output_shape
    return shape.serialization.get("payload") if shape is not None and _is_blob(shape) else None


def _is_blob(shape: Any) -> bool:
    member = shape.members.get(shape.serialization.get("payload"))
    return member is not None and member.type_name == "blob"


class JavaScript:
    """The AWS SDK for JavaScript, in a process that answers line by line."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "COVERAGE_"))}
        self._process = subprocess.Popen(
            ["node", "replay.mjs"],
            cwd=folder,
            env={**kept, **environment, "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, kind: Kind, service: str, operation: str, parameters: Mapping[str, Any]) -> Answer:
        request = {"kind": kind, "service": service, "operation": operation, "parameters": parameters}
        told = _asked(self._process, request)
        if "failure" in told:
            failure = Failure(code=told["failure"], status=told["status"], message=told["message"])
            return Answer({}, failure, told["attempts"])
        return Answer(decoded(told["document"]), attempts=told["attempts"])

    def close(self) -> None:
        _close(self._process)


def _asked(process: "subprocess.Popen[str]", request: Mapping[str, Any]) -> Any:
    """Send a request as one line of JSON, and read the answer."""
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    process.stdin.write(json.dumps(request, default=_encoded) + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, f"the client ended at {request}"
    return json.loads(answer, object_hook=_decoded)


def _close(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None and process.stdout is not None  # noqa: PT018
    process.stdin.close()
    process.wait(_WAIT_S)
    process.stdout.close()


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    assert isinstance(value, datetime.datetime), value
    return {"$time": value.isoformat()}


def _decoded(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["$bytes"]) if "$bytes" in value else value
