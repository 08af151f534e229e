"""A run on the embedded AWS: what it is told through proxies, and what happens when its server is lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from powertune.aws.identity import ConnectionOptions
from powertune.cli.app import run_app
from powertune.cli.site import open_site
from powertune.errors import AccessDenied, Interrupted, NotRestored, Unavailable
from powertune.local.embedded import EmbeddedAWS


class Proxy(BaseHTTPRequestHandler):
    """Answers as a proxy that cannot reach 127.0.0.1, and remembers what it was told."""

    told: list[str]

    def answer(self) -> None:
        self.told.append(self.requestline)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that the class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a proxy was told, which the environment names for everything."""
    Proxy.told = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("no_proxy", "internal.example")
        monkeypatch.delenv("NO_PROXY", raising=False)
        yield Proxy.told
        server.shutdown()
        thread.join()


def servers() -> list[psutil.Process]:
    """The embedded AWS's servers that this process started."""
    return [
        child
        for child in psutil.Process().children()
        if child.status() != psutil.STATUS_ZOMBIE and "powertune.local.server" in child.cmdline()
    ]


def test_a_proxy_is_told_nothing(
    aws_environment: EmbeddedAWS, proxy: list[str], source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Code, keys and events stay on this machine, also where a set-up script of the person's is the client."""
    (source / "setup.py").write_text("import boto3\nboto3.client('s3').create_bucket(Bucket='direct')\n")
    (source / "powertune.toml").write_text('[local]\nsetup = "setup.py"\n')
    code = run_app(["run", str(source), "--memory", "1769", "--invocations", "10", "--environments", "1", "--yes"])
    assert code == 0, capfd.readouterr().err
    assert proxy == []


def test_a_proxy_is_not_told_what_goes_to_an_exported_endpoint(
    aws_environment: EmbeddedAWS, proxy: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["run", "no-such-function", "--memory", "512", "--yes"]) == 5, capfd.readouterr().err
    assert proxy == []


def test_exported_variables_keep_other_hosts_from_the_proxy_too(
    aws_environment: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "internal.example")
    monkeypatch.delenv("no_proxy", raising=False)
    given = aws_environment.environment
    assert (given["NO_PROXY"], given["no_proxy"]) == ("127.0.0.1,localhost,internal.example", "127.0.0.1,localhost")
    # A shell that has them already is given no more.
    monkeypatch.setenv("no_proxy", "localhost, internal.example,127.0.0.1,")
    assert aws_environment.environment["no_proxy"] == "127.0.0.1,localhost,internal.example"


def lose(pids: set[int]) -> None:
    """Kill the server that is not one of these. It is left to its parent to find out how it ended."""
    (server,) = (each for each in servers() if each.pid not in pids)
    server.kill()
    # All its threads are gone when nothing but the leader is left to be waited for.
    os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)


def test_a_lost_server_is_noticed_by_the_next_call(aws_environment: EmbeddedAWS, source: Path) -> None:
    before = {server.pid for server in servers()}
    slept: list[float] = []
    with open_site(str(source), ConnectionOptions()) as site:
        aws = site.connection.aws()
        aws.sleep = slept.append
        lose(before)
        with pytest.raises(Unavailable, match="the embedded AWS has ended: signal 9"):
            aws.call(aws.clients.control.get_account_settings)
    assert slept == []


def lose_and_fail_to_restore(source: Path) -> None:
    before = {server.pid for server in servers()}
    with open_site(str(source), ConnectionOptions()):
        lose(before)
        raise NotRestored("small may still hold a trial configuration", hint="powertune restore small")


def test_nothing_is_to_be_restored_on_a_lost_server(aws_environment: EmbeddedAWS, source: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        lose_and_fail_to_restore(source)
    assert caught.value.hint == "nothing is left to restore; run again"


@pytest.mark.parametrize(
    "cause", [AccessDenied("not allowed to call lambda:DeleteAlias"), None], ids=["denied", "person"]
)
def test_nothing_is_to_be_restored_when_the_server_ends_with_the_run(
    aws_environment: EmbeddedAWS, source: Path, cause: Exception | None
) -> None:
    expected = Interrupted if cause is None else AccessDenied
    with pytest.raises(expected) as caught, open_site(str(source), ConnectionOptions()):
        raise NotRestored("small may still hold a trial configuration", hint="powertune restore small") from cause
    assert "powertune restore" not in str(caught.value.hint)


def test_a_run_whose_server_dies_ends_with_its_own_message(
    aws_environment: EmbeddedAWS, source: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = {server.pid for server in servers()}
    saved = tmp_path / "run.json"
    ended = threading.Event()

    def kill() -> None:
        while not saved.exists() and not ended.wait(0.01):
            continue
        for server in servers():
            if server.pid not in before:
                server.kill()

    with_kill = threading.Thread(target=kill)
    with_kill.start()
    options = ("--invocations", "2000", "--max-spend", "5", "--save", str(saved))
    code = run_app(["run", str(source), "--memory", "1769", *options, "--yes"])
    ended.set()
    with_kill.join()
    err = capfd.readouterr().err
    assert code == 6, err
    assert "error: the embedded AWS has ended: signal 9" in err
    assert "powertune restore" not in err
    assert "Traceback" not in err


def test_the_command_that_serves_ends_with_its_server(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "powertune", "local"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("export AWS_ENDPOINT_URL=")
        (server,) = psutil.Process(process.pid).children()
        server.send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 6
    assert "the embedded AWS has ended: signal 9" in err
