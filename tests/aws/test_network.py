"""Outages, silent connections, and the region."""

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from fakes import FakeClock, FakeLambda, client_error, fake_aws
from runs import open_target

from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.keepalive import keep_alive, keepalive_options
from powertune.errors import NotRestored, Unavailable

OUTAGES = {
    "refused": EndpointConnectionError(endpoint_url="https://lambda"),
    "no route": ConnectTimeoutError(endpoint_url="https://lambda"),
    "silence": ReadTimeoutError(endpoint_url="https://lambda"),
    "5xx": client_error("ServiceException", "oops", 503),
    "throttling": client_error("TooManyRequestsException", "Rate exceeded", 429),
}


def measured(clock: FakeClock) -> tuple[FakeLambda, Any, Any]:
    """A function that a run has changed, and what it was before."""
    fake = FakeLambda()
    fake.add("fn")
    before = fake.snapshot("fn")
    return fake, open_target(fake, clock), before


def fail_until(fake: FakeLambda, clock: FakeClock, end: float, error: Exception) -> None:
    def on_call(name: str, kwargs: object) -> None:
        if clock.now < end:
            raise error

    fake.on_call = on_call


@pytest.mark.parametrize("outage", OUTAGES)
def test_undo_goes_on_through_an_outage_of_two_minutes(outage: str) -> None:
    clock = FakeClock()
    fake, target, before = measured(clock)
    fail_until(fake, clock, clock.now + 125, OUTAGES[outage])
    target.undo()
    assert fake.snapshot("fn") == before


def test_undo_gives_up_on_an_outage_that_does_not_end() -> None:
    clock = FakeClock()
    fake, target, _ = measured(clock)
    fail_until(fake, clock, clock.now + 1e9, OUTAGES["refused"])
    began = clock.now
    with pytest.raises(NotRestored):
        target.undo()
    assert 120 <= clock.now - began <= 300


def test_measuring_does_not_wait_so_long_for_the_network() -> None:
    clock = FakeClock()
    fake = FakeLambda()
    fake.add("fn")
    aws = fake_aws(fake, clock=clock)
    aws.call(aws.clients.control.get_function, FunctionName="fn")
    fail_until(fake, clock, clock.now + 1e9, OUTAGES["refused"])
    began = clock.now
    with pytest.raises(Unavailable):
        aws.call(aws.clients.control.get_function, FunctionName="fn")
    assert clock.now - began < 60


class Listener:
    """A server that takes one request, and answers when it is told to."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.answer = threading.Event()
        self.accepted = threading.Event()
        self.client: Any = None
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, self.client = self._server.accept()
        with connection:
            connection.recv(65536)
            self.accepted.set()
            self.answer.wait(30)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")

    def close(self) -> None:
        self.answer.set()
        self._thread.join()
        self._server.close()


def socket_at(address: Any) -> socket.socket:
    """This process's own socket with that address."""
    for file in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found = socket.socket(fileno=os.dup(int(file.name)))
            if found.family == socket.AF_INET and found.getsockname() == address:
                return found
            found.close()
    raise AssertionError("no such socket")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Credentials, and nothing else of AWS's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return monkeypatch


@pytest.mark.usefixtures("keys")
@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="needs Linux")
def test_a_connection_that_waits_for_a_function_sends_keep_alive_probes_before_a_nat_forgets_it() -> None:
    listener = Listener()
    with connect(ConnectionOptions(region="eu-west-1", endpoint_url=listener.url)) as connection:
        client = connection.aws().clients.invoke
        waiting = threading.Thread(target=lambda: client.invoke(FunctionName="fn"))
        waiting.start()
        assert listener.accepted.wait(30)
        with socket_at(listener.client) as ours:
            assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            idle = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            interval = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            probes = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
        listener.close()
        waiting.join()
    assert idle < 350
    assert interval < 350
    # A short outage of the network must not cost the answer.
    assert idle + interval * probes >= 300


def test_keep_alive_has_the_names_of_each_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TCP_KEEPIDLE", "TCP_KEEPALIVE", "TCP_KEEPINTVL", "TCP_KEEPCNT"):
        monkeypatch.delattr(socket, name, raising=False)
    assert keepalive_options() == ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),)
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 0x10, raising=False)
    assert (socket.IPPROTO_TCP, 0x10, 45) in keepalive_options()


def test_a_client_that_takes_no_socket_options_still_works(caplog: pytest.LogCaptureFixture) -> None:
    keep_alive(object())
    assert "does not accept socket options" in caplog.text


@pytest.mark.long
@pytest.mark.parametrize(
    ("given", "variables", "region"),
    [
        ("eu-west-1", {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-1"),
        (None, {"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-2"),
        (None, {"AWS_REGION": "eu-west-2"}, "eu-west-2"),
        (None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
        (None, {}, "eu-central-1"),
    ],
)
def test_the_region_is_the_given_one_else_aws_region_else_the_default_else_the_profiles(
    given: str | None, variables: dict[str, str], region: str, keys: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-central-1\n")
    for name, value in variables.items():
        keys.setenv(name, value)
    with connect(ConnectionOptions(region=given)) as connection:
        assert connection.region == region
        assert connection.aws().clients.control.meta.region_name == region
        assert connection.place.region == region
