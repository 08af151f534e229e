"""The Runtime API, and the plain Python client of it."""

import http.client
import json
import os
import queue
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from powertune.local.runtime import bootstrap
from powertune.local.runtime.runtime_api import PREFIX, Answer, Event, RuntimeApi
from powertune.local.system.kernel_clock import Instant


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()

    def asked_for_next(self, at: Instant) -> None:
        self.heard.put(("next", at))

    def answered(self, answer: Answer) -> None:
        self.heard.put(("answer", answer))

    def failed_to_initialize(self, payload: bytes, error_type: str) -> None:
        self.heard.put(("init error", (payload, error_type)))

    def expect(self, kind: str) -> Any:
        heard, what = self.heard.get(timeout=30)
        assert heard == kind
        return what


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def api(listener: Listener) -> Iterator[RuntimeApi]:
    api = RuntimeApi(listener)
    yield api
    api.close()


def event(number: int = 1, payload: bytes = b'{"n": 2}') -> Event:
    return Event(
        request_id=f"r{number}", payload=payload, deadline_ms=5, function_arn="arn", trace_id="t",
        client_context='{"custom": 1}',
    )  # fmt: skip


def test_an_event_and_its_response(api: RuntimeApi, listener: Listener) -> None:
    client = http.client.HTTPConnection(api.address)
    client.request("GET", f"{PREFIX}/invocation/next")
    listener.expect("next")
    at = api.deliver(event())
    response = client.getresponse()
    assert response.headers["Lambda-Runtime-Aws-Request-Id"] == "r1"
    assert response.headers["Lambda-Runtime-Client-Context"] == '{"custom": 1}'
    assert response.read() == b'{"n": 2}'
    client.request("POST", f"{PREFIX}/invocation/other/response", b"1")
    assert client.getresponse().read() != b""
    client.request("POST", f"{PREFIX}/invocation/r1/response", iter([b'{"a"', b": 1}"]), encode_chunked=True)
    response = client.getresponse()
    assert (response.status, response.read()) == (202, b'{"status": "OK"}')
    answer = listener.expect("answer")
    assert answer.payload == b'{"a": 1}'
    assert answer.error_type is None
    assert at.until_ms(answer.at) > 0
    client.request("POST", f"{PREFIX}/invocation/r1/response", b"again")
    assert client.getresponse().status == 400
    client.close()


def test_errors(api: RuntimeApi, listener: Listener) -> None:
    client = http.client.HTTPConnection(api.address)
    client.request("GET", f"{PREFIX}/invocation/next")
    listener.expect("next")
    api.deliver(event())
    client.getresponse().read()
    header = {"Lambda-Runtime-Function-Error-Type": "Mine"}
    client.request("POST", f"{PREFIX}/invocation/r1/error", b"{}", header)
    assert client.getresponse().read()
    assert listener.expect("answer").error_type == "Mine"
    for body, kind in ((b'{"errorType": "T"}', "T"), (b"nonsense", "Runtime.Unknown"), (b"[]", "Runtime.Unknown")):
        client.request("POST", f"{PREFIX}/init/error", body)
        assert client.getresponse().read()
        assert listener.expect("init error") == (body, kind)
    client.request("GET", "/somewhere")
    response = client.getresponse()
    assert (response.status, b"somewhere" in response.read()) == (404, True)
    client.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
    ],
    ids=str,
)
def test_web_pages_get_no_event_and_post_no_response(
    api: RuntimeApi, listener: Listener, headers: dict[str, str]
) -> None:
    client, page = http.client.HTTPConnection(api.address), http.client.HTTPConnection(api.address, timeout=30)
    client.request("GET", f"{PREFIX}/invocation/next")
    listener.expect("next")
    page.request("GET", f"{PREFIX}/invocation/next", headers=headers)
    assert page.getresponse().read().startswith(b'{"errorType": "Forbidden"')
    api.deliver(event())
    assert client.getresponse().read() == b'{"n": 2}'
    page.request("POST", f"{PREFIX}/invocation/r1/response", b'"forged"', headers)
    response = page.getresponse()
    assert (response.status, b"the embedded AWS" in response.read()) == (403, True)
    client.request("POST", f"{PREFIX}/invocation/r1/response", b'"real"')
    assert client.getresponse().status == 202
    assert listener.expect("answer").payload == b'"real"'
    assert listener.heard.empty()
    client.close()
    page.close()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not say who connects")
def test_other_users_get_no_event(listener: Listener) -> None:
    strict, lenient = RuntimeApi(listener, {os.geteuid() + 1}), RuntimeApi(listener, {os.geteuid()})
    try:
        neighbor = http.client.HTTPConnection(strict.address, timeout=30)
        neighbor.connect()
        assert neighbor.sock is not None
        # Closed at once, whatever is sent.
        assert neighbor.sock.recv(1) == b""
        neighbor.close()
        own = http.client.HTTPConnection(lenient.address, timeout=30)
        own.request("GET", f"{PREFIX}/invocation/next")
        listener.expect("next")
        lenient.deliver(event())
        assert own.getresponse().read() == b'{"n": 2}'
        own.close()
    finally:
        strict.close()
        lenient.close()


def test_nobody_waits(api: RuntimeApi, listener: Listener) -> None:
    with pytest.raises(ConnectionError, match="no runtime is waiting"):
        api.deliver(event())
    client = http.client.HTTPConnection(api.address)
    client.request("GET", f"{PREFIX}/invocation/next")
    listener.expect("next")
    api.disconnect()
    with pytest.raises(ConnectionError):
        api.deliver(event())
    client.close()


@pytest.mark.parametrize(
    "junk", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort", b"",
             b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_ends_the_connection(api: RuntimeApi, junk: bytes) -> None:
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(junk)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of handlers that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "works_here.py").write_text(
        "def handler(event, context):\n"
        "    assert context.get_remaining_time_in_millis() == 0\n"
        "    return {'twice': 2 * event['n'], 'context': context.client_context}\n"
    )
    (tmp_path / "wrong_syntax_here.py").write_text("def\n")
    (tmp_path / "wrong_import_here.py").write_text("import no_such_module_at_all\n")
    (tmp_path / "raises_here.py").write_text("raise ValueError('at import')\n")
    return tmp_path


def test_plain_client_serves_until_the_api_goes_away(api: RuntimeApi, listener: Listener, task: Path) -> None:
    ended: list[BaseException] = []

    def serve() -> None:
        try:
            bootstrap.main("works_here.handler", api.address)
        except (ConnectionError, http.client.HTTPException) as error:
            ended.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    listener.expect("next")
    api.deliver(event())
    assert json.loads(listener.expect("answer").payload) == {"twice": 4, "context": {"custom": 1}}
    listener.expect("next")
    api.deliver(event(2, b"{}"))
    failed = listener.expect("answer")
    document = json.loads(failed.payload)
    assert (failed.error_type, document["errorType"], document["requestId"]) == ("Unhandled", "KeyError", "r2")
    assert "works_here.py" in document["stackTrace"][-1]
    listener.expect("next")
    api.disconnect()
    thread.join()
    assert ended


def test_plain_client_whose_response_is_refused(api: RuntimeApi, listener: Listener) -> None:
    failures: list[ConnectionError] = []
    client = bootstrap.Client(api.address)

    def serve() -> None:
        try:
            bootstrap.serve_one(client, lambda event, context: "x" * 6_400_000)
        except ConnectionError as error:
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    listener.expect("next")
    api.deliver(event())
    assert listener.expect("answer").error_type == "Function.ResponseSizeTooLarge"
    thread.join()
    client.close()
    assert "HTTP status 413" in str(failures[0])


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("wrong_import_here.handler", "Runtime.ImportModuleError"),
        ("wrong_syntax_here.handler", "Runtime.UserCodeSyntaxError"),
        ("works_here.nothing", "Runtime.HandlerNotFound"),
        ("handler", "Runtime.MalformedHandlerName"),
        ("raises_here.handler", "ValueError"),
    ],
)
def test_plain_client_that_cannot_load(
    api: RuntimeApi, listener: Listener, task: Path, handler: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = (task / "stdout").open("w")
    monkeypatch.setattr(sys, "stdout", stdout)
    assert bootstrap.main(handler, api.address) == 1
    stdout.close()
    payload, error_type = listener.expect("init error")
    assert json.loads(payload)["errorType"] == error_type == kind
    assert f"[ERROR] {kind}" in (task / "stdout").read_text()
