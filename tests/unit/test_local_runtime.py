"""The Runtime API, the plain Python client of it, the table of runtimes, and what functions write."""

import http.client
import json
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from powertune.local import bootstrap, runtimes
from powertune.local.endings import describe_exit
from powertune.local.functions import Function, split_name
from powertune.local.keys import AccessKey
from powertune.local.outputs import Output, Outputs
from powertune.local.peers import user_of
from powertune.local.reports import LogFormat
from powertune.local.runtime_api import PREFIX, Answer, Event, RuntimeApi
from powertune.local.runtimes import NoEntrypoint, Places, Session, UnknownRuntime


class Listener:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.heard: queue.Queue[tuple[str, Any]] = queue.Queue()

    def asked_for_next(self, at: float) -> None:
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
    assert answer.at >= at
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


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not say who connects")
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::ffff:127.0.0.1")], ids=["IPv4", "mapped"]
)
def test_who_connects(tmp_path: Path, family: socket.AddressFamily, host: str) -> None:
    """A neighbor must not be taken for nobody because of the kind of its socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        port = server.getsockname()[1]
        script = f"import socket; s = socket.socket({int(family)}); s.connect(({host!r}, {port})); input()"
        with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE) as client:
            with server.accept()[0] as connection:
                assert user_of(connection) == os.geteuid()
                assert user_of(connection, tmp_path) is None
                for name in ("tcp", "tcp6"):
                    (tmp_path / name).write_text("  sl  local_address rem_address\n")
                assert user_of(connection, tmp_path) is None
            client.communicate(b"\n")


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


KEY = AccessKey(key_id="ASIA", secret="secret", token="token")


def function(**changes: Any) -> Function:
    base: dict[str, Any] = {
        "account": "1", "region": "eu-west-1", "name": "f", "version": "3", "arn": "arn", "deployment": "d",
        "runtime": "python3.12", "handler": "app.handler", "memory_mb": 128, "timeout_s": 3, "code": b"",
    }  # fmt: skip
    return Function(**{**base, **changes})


def test_table_of_runtimes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = Places(task_root=tmp_path / "task", layers=tmp_path / "opt", scratch=tmp_path)
    assert runtimes.command(function(), places)[1:] == ("-m", "awslambdaric", "app.handler")
    plain = runtimes.command(function(), places, "bootstrap")
    assert plain[1] == "-P"
    assert plain[2].endswith("bootstrap.py")
    with pytest.raises(NoEntrypoint, match="find valid bootstrap"):
        runtimes.command(function(runtime="provided.al2"), places)
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/bootstrap").write_text("#!/bin/sh\n")
    with pytest.raises(NoEntrypoint, match="permission denied"):
        runtimes.command(function(runtime="provided.al2"), places)
    (tmp_path / "opt/bootstrap").chmod(0o755)
    assert runtimes.command(function(runtime="provided.al2"), places) == (str(tmp_path / "opt/bootstrap"),)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnknownRuntime, match="npm install -g aws-lambda-ric"):
        runtimes.command(function(runtime="nodejs22.x"), places)
    (tmp_path / "aws-lambda-ric").write_text("#!/bin/sh\n")
    (tmp_path / "aws-lambda-ric").chmod(0o755)
    assert runtimes.command(function(runtime="nodejs22.x"), places) == (
        str(tmp_path / "aws-lambda-ric"),
        "app.handler",
    )
    for changes, words in (
        ({"runtime": "java21"}, "cannot run java21"),
        ({"runtime": ""}, "a function without a runtime"),
        ({"package_type": "Image"}, "container images"),
    ):
        with pytest.raises(UnknownRuntime, match=words):
            runtimes.command(function(**changes), places)


def test_environment_variables(tmp_path: Path) -> None:
    places = Places(task_root=Path("/task"), layers=Path("/layers"), scratch=tmp_path)
    session = Session(runtime_api="127.0.0.1:9", endpoint_url="http://x", log_stream="s", access_key=KEY)
    fn = function(
        variables={"MINE": "1", "TZ": "Europe/Berlin"}, runtime="nodejs20.x",
        log_format=LogFormat(json=True), application_log_level="DEBUG",
    )  # fmt: skip
    seen = runtimes.variables(fn, places, session, {"PATH": "/own", "SECRET": "s", "LD_LIBRARY_PATH": "/lib2"})
    assert seen["MINE"] == "1"
    assert seen["TZ"] == "Europe/Berlin"
    assert "SECRET" not in seen
    assert seen["PATH"].endswith("/layers/bin:/own")
    assert seen["LD_LIBRARY_PATH"].endswith(":/lib2")
    assert "/layers/nodejs/node20/node_modules" in seen["NODE_PATH"]
    assert seen["PYTHONPATH"].startswith("/task:/layers/python")
    assert (seen["AWS_LAMBDA_LOG_FORMAT"], seen["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "DEBUG")
    bare = runtimes.variables(
        function(log_format=LogFormat(json=True)),
        Places(task_root=Path("/t"), layers=None, scratch=tmp_path),
        session,
        {},
    )
    assert "AWS_LAMBDA_LOG_LEVEL" not in bare
    assert bare["PYTHONPATH"] == "/t"


def test_names() -> None:
    arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f"
    assert split_name("f") == split_name(arn) == split_name("123456789012:function:f") == ("f", None)
    assert split_name("f:live") == split_name(f"{arn}:live") == ("f", "live")
    assert split_name("a:b:c") == ("a:b:c", None)
    assert function().cpus == 128 / 1769


def test_words_for_exits() -> None:
    assert describe_exit(0) == "Runtime exited without providing a reason"
    assert describe_exit(2).endswith("exit status 2")
    assert describe_exit(-9).endswith("signal: killed")
    assert describe_exit(-11).endswith("signal: segmentation fault")
    assert describe_exit(-15).endswith("signal: terminated")


def test_output_is_taken_whole() -> None:
    outputs = Outputs()
    output = outputs.open()
    os.write(output.write_end, b"one\ntwo\npart")
    assert [line.text for line in output.take()] == ["one\n", "two\n", "part"]
    os.write(output.write_end, b"\xff\n")
    assert [line.text for line in output.take()] == ["\ufffd\n"]
    assert output.take() == ()
    output.handed_over()
    outputs.close_one(output)
    outputs.close_one(output)
    assert output.take() == ()
    assert not output.pump()
    outputs.close()


def test_output_without_end_keeps_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powertune.local.outputs._KEPT_BYTES", 100)
    output = Output()
    for number in range(20):
        os.write(output.write_end, b"%02d" % number + b"x" * 17 + b"\n")
        output.pump()
    assert [line.text[:2] for line in output.take()] == ["15", "16", "17", "18", "19"]
    os.write(output.write_end, b"y" * 150)
    output.pump()
    assert [len(line.text) for line in output.take()] == [150]
    output.handed_over()
    output.close()


def test_a_process_that_closes_its_output_is_forgotten() -> None:
    outputs = Outputs()
    output = outputs.open()
    os.write(output.write_end, b"last\n")
    output.handed_over()
    outputs.close()
    assert "".join(line.text for line in output.take()) in ("last\n",)
    output.close()
