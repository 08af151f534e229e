"""The Lambda Runtime API of one environment: what a runtime interface client asks for its next event.

Each environment has its own port, because AWS's clients accept no path prefix. A response leaves in one write with
Nagle's algorithm off; headers and body in two writes would cost 40 ms per invocation.
"""

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from powertune.local.endpoint import hosts
from powertune.local.endpoint.peers import user_of
from powertune.local.runtime.runtime_wire import Request, Wire
from powertune.local.system import kernel_clock
from powertune.local.system.kernel_clock import Instant

_log = logging.getLogger(__name__)

PREFIX = "/2018-06-01/runtime"
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024 + 100
"""What Lambda accepts as a synchronous response: 6,291,556 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a runtime is handed."""

    request_id: str
    payload: bytes
    deadline_ms: int
    function_arn: str
    trace_id: str
    client_context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a runtime posted for an event. `error_type` is None on success."""

    at: Instant
    payload: bytes
    error_type: str | None = None


class Listener(Protocol):
    """Who is told what the runtime does. Called on the API's own threads."""

    def asked_for_next(self, at: Instant) -> None:
        """The runtime has initialized, or has finished with the last event."""
        ...

    def answered(self, answer: Answer) -> None:
        """The runtime posted a response or an error."""
        ...

    def failed_to_initialize(self, payload: bytes, error_type: str) -> None:
        """The runtime posted an init error."""
        ...


class RuntimeApi:
    """The endpoint of one environment."""

    def __init__(self, listener: Listener, users: Collection[int] | None = None) -> None:
        """Begin to listen.

        Args:
            listener: who is told.
            users: who may connect; None for everybody.
        """
        self._listener, self._users = listener, users
        self._server = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._waiting: socket.socket | None = None
        self._current: str | None = None
        self._connections: set[socket.socket] = set()
        threading.Thread(target=self._accept, name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API holds: host and port."""
        host, port = self._server.getsockname()
        return f"{host}:{port}"

    def deliver(self, event: Event) -> Instant:
        """Hand an event to the runtime that waits for one; returns when.

        Raises:
            ConnectionError: no runtime is waiting.
        """
        with self._lock:
            connection, self._waiting = self._waiting, None
            self._current = event.request_id
        if connection is None:
            raise ConnectionError("no runtime is waiting for an event")
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event.function_arn,
            "Lambda-Runtime-Trace-Id": event.trace_id,
        }
        if event.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = event.client_context
        message = _response("200 OK", event.payload, headers)
        try:
            return kernel_clock.send(connection, message)
        except OSError as error:
            raise ConnectionError(f"the runtime has gone: {error}") from error

    def disconnect(self) -> None:
        """Forget the runtime, which was ended."""
        with self._lock:
            connections, self._connections = self._connections, set()
            self._waiting = self._current = None
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.disconnect()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            if not self._admits(connection):
                connection.close()
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            kernel_clock.request_stamps(connection)
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), name="runtime-api-client", daemon=True).start()

    def _admits(self, connection: socket.socket) -> bool:
        """Whether a runtime of ours may be at the other end: another user would get events, and forge responses."""
        if self._users is None:
            return True
        user = user_of(connection)
        return user is None or user in self._users

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                wire = Wire(connection)
                while (request := wire.read()) is not None:
                    self._handle(connection, request)
        except (OSError, ValueError) as error:
            _log.debug("runtime connection ended: %s", error)
        finally:
            with self._lock:
                self._connections.discard(connection)
                if self._waiting is connection:
                    self._waiting = None

    def _handle(self, connection: socket.socket, request: Request) -> None:
        at = request.at
        if (reason := _refusal(request)) is not None:
            connection.sendall(_status("403 Forbidden", {"errorType": "Forbidden", "errorMessage": reason}))
            return
        parts = request.path.removeprefix(PREFIX).strip("/").split("/")
        match (request.method, *parts):
            case ("GET", "invocation", "next"):
                with self._lock:
                    self._waiting = connection
                self._listener.asked_for_next(at)
            case ("POST", "invocation", request_id, "response"):
                connection.sendall(self._answer(request_id, Answer(at=at, payload=request.body)))
            case ("POST", "invocation", request_id, "error"):
                answer = Answer(at=at, payload=request.body, error_type=_error_type(request))
                connection.sendall(self._answer(request_id, answer))
            case ("POST", "init", "error"):
                self._listener.failed_to_initialize(request.body, _error_type(request))
                connection.sendall(_ACCEPTED)
            case _:
                connection.sendall(_status("404 Not Found", {"errorType": "NotFound", "errorMessage": request.path}))

    def _answer(self, request_id: str, answer: Answer) -> bytes:
        with self._lock:
            if request_id != self._current:
                return _status(
                    "400 Bad Request", {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}
                )
            self._current = None
        size = len(answer.payload)
        if size <= MAX_PAYLOAD_BYTES:
            self._listener.answered(answer)
            return _ACCEPTED
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
        kind = "Function.ResponseSizeTooLarge"
        payload = json.dumps({"errorMessage": message, "errorType": kind}).encode()
        self._listener.answered(Answer(at=answer.at, payload=payload, error_type=kind))
        too_large = {"errorType": "RequestEntityTooLarge", "errorMessage": f"Exceeded maximum: {size} bytes"}
        return _status("413 Request Entity Too Large", too_large)


def _refusal(request: Request) -> str | None:
    """Why a request is not answered: it comes from a web page. None when it does not."""
    given = request.headers
    return hosts.refusal(given.get("origin"), given.get("sec-fetch-site"), given.get("host"))


def _error_type(request: Request) -> str:
    """The type of an error: as the header says, else as the body does."""
    if header := request.headers.get("lambda-runtime-function-error-type"):
        return header
    try:
        return str(json.loads(request.body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Runtime.Unknown"


def _status(status: str, body: Mapping[str, str]) -> bytes:
    return _response(status, json.dumps(body).encode(), {"Content-Type": "application/json"})


def _response(status: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


_ACCEPTED = _status("202 Accepted", {"status": "OK"})
