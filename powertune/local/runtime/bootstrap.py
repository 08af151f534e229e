"""A runtime interface client in plain Python, for systems where AWS's own cannot be installed.

It is started as a file, in the function's process: it must not import anything of this package.
"""

import contextlib
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from types import TracebackType
from typing import Any

_PREFIX = "/2018-06-01/runtime"


class InitError(Exception):
    """The handler cannot be loaded; `kind` is Lambda's word for why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Context:
    """What a handler learns about its invocation."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int
    function_name: str | None
    function_version: str | None
    memory_limit_in_mb: str | None
    log_group_name: str | None
    log_stream_name: str | None
    client_context: Any = None
    identity: Any = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation times out."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


def load(handler: str) -> Callable[[Any, Context], Any]:
    """The function that `module.name` or `folder/module.name` names.

    Raises:
        InitError: it cannot be imported or does not exist.
    """
    module, _, name = handler.rpartition(".")
    if not module:
        raise InitError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
    try:
        function: Callable[[Any, Context], Any] = getattr(loaded, name)
    except AttributeError as error:
        raise InitError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'") from error
    return function


def error_document(
    kind: str, message: str, trace: TracebackType | None = None, request_id: str = ""
) -> dict[str, object]:
    """An error as Lambda's callers see it; frames of this file are left out."""
    frames = [frame for frame in traceback.extract_tb(trace) if frame.filename != __file__]
    return {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }


class Client:
    """The Runtime API's other end."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def next(self) -> tuple[Mapping[str, str], bytes]:
        """Wait for an event."""
        self._connection.request("GET", f"{_PREFIX}/invocation/next")
        response = self._connection.getresponse()
        return dict(response.headers.items()), response.read()

    def post(self, path: str, body: bytes, error_type: str | None = None) -> int:
        """Post a result or an error; returns the HTTP status."""
        headers = {"Content-Type": "application/json"}
        if error_type is not None:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type
        self._connection.request("POST", _PREFIX + path, body, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def make_context(headers: Mapping[str, str], environ: Mapping[str, str]) -> Context:
    """The context of the invocation that these headers announce."""
    client_context = headers.get("Lambda-Runtime-Client-Context")
    return Context(
        aws_request_id=headers["Lambda-Runtime-Aws-Request-Id"],
        invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
        deadline_ms=int(headers["Lambda-Runtime-Deadline-Ms"]),
        function_name=environ.get("AWS_LAMBDA_FUNCTION_NAME"),
        function_version=environ.get("AWS_LAMBDA_FUNCTION_VERSION"),
        memory_limit_in_mb=environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        log_group_name=environ.get("AWS_LAMBDA_LOG_GROUP_NAME"),
        log_stream_name=environ.get("AWS_LAMBDA_LOG_STREAM_NAME"),
        client_context=json.loads(client_context) if client_context else None,
    )


def serve_one(client: Client, function: Callable[[Any, Context], Any]) -> None:
    """Handle the next event.

    Raises:
        ConnectionError: the API refused the result, for example as too large.
    """
    headers, body = client.next()
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    try:
        result = json.dumps(function(json.loads(body), make_context(headers, os.environ))).encode()
    except Exception as error:  # a handler may raise anything, and Lambda reports it all
        document = error_document(type(error).__name__, str(error), error.__traceback__, request_id)
        _show(document)
        client.post(f"/invocation/{request_id}/error", json.dumps(document).encode(), "Unhandled")
        return
    if (status := client.post(f"/invocation/{request_id}/response", result)) >= 300:
        raise ConnectionError(f"failed to post the response: HTTP status {status}")


def main(handler: str, address: str) -> int:
    """Load the handler and serve until the API goes away; returns the exit status."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s]\t%(asctime)s\t%(message)s")
    with contextlib.closing(Client(address)) as client:
        return _serve(handler, client)


def _serve(handler: str, client: Client) -> int:
    try:
        function = load(handler)
    except Exception as error:  # importing a module runs it, and it may raise anything
        kind = error.kind if isinstance(error, InitError) else type(error).__name__
        document = error_document(kind, str(error), error.__traceback__)
        _show(document)
        client.post("/init/error", json.dumps(document).encode(), kind)
        return 1
    while True:
        serve_one(client, function)


def _show(document: Mapping[str, object]) -> None:
    trace = document["stackTrace"]
    lines = trace if isinstance(trace, list) else []
    text = "".join(["Traceback (most recent call last):\n", *lines]) if lines else ""
    sys.stdout.write(f"[ERROR] {document['errorType']}: {document['errorMessage']}\n{text}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    sys.exit(main(sys.argv[1], os.environ["AWS_LAMBDA_RUNTIME_API"]))
