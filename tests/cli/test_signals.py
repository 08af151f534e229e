"""Signals to a run whose window is closed or whose reader has gone: the function is restored all the same."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from held_endpoint import Held, held_endpoint
from settled import settle
from windows import Window

from powertune.cli.app import run_app
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

RUN = (
    "run",
    "signaled",
    "--memory",
    "512,1769",
    "--invocations",
    "500",
    "--environments",
    "1",
    "--yes",
    "--rate",
    "1000",
    "--payload",
    '{"sleep": 0.05}',
    "--save",
    "run.json",
)


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[Any]:
    client.create_function(
        FunctionName="signaled",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=256,
    )
    settle(client, "signaled")
    yield client
    client.delete_function(FunctionName="signaled")


@pytest.fixture
def held(aws_environment: EmbeddedAWS) -> Iterator[Held]:
    with held_endpoint(aws_environment.endpoint_url) as endpoint:
        yield endpoint


def state_of(client: Any) -> Any:
    return (
        client.get_function_configuration(FunctionName="signaled")["MemorySize"],
        len(client.list_versions_by_function(FunctionName="signaled")["Versions"]),
        client.list_aliases(FunctionName="signaled")["Aliases"],
    )


def test_closing_the_window_restores_however_often_it_says_so(function: Any, held: Held) -> None:
    before = state_of(function)
    window = Window(*RUN, "--endpoint-url", held.url)
    assert held.invoked.wait(60)
    window.close()  # SIGHUP
    assert held.undoing.wait(60)
    for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGTERM, signal.SIGINT, signal.SIGINT):
        window.process.send_signal(number)
    held.go_on.set()
    assert window.end() == 130
    assert state_of(function) == before
    assert Path("run.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_repeated_after_the_reader_of_stderr_has_gone_restore(
    number: signal.Signals, function: Any, held: Held
) -> None:
    before = state_of(function)
    reader, writer = os.pipe()
    window = Window(*RUN, "--endpoint-url", held.url, stdout=writer, stderr=writer)
    os.close(writer)
    assert held.invoked.wait(60)
    os.close(reader)  # as `head` does
    window.process.send_signal(number)
    assert held.undoing.wait(60)
    for _ in range(3):
        window.process.send_signal(number)
    held.go_on.set()
    assert window.end() == 130
    assert state_of(function) == before


def test_ctrl_c_again_and_again_at_a_terminal_abandons_the_undo(function: Any, held: Held) -> None:
    window = Window(*RUN, "--endpoint-url", held.url)
    assert held.invoked.wait(60)
    window.process.send_signal(signal.SIGINT)
    assert held.undoing.wait(60)
    window.process.send_signal(signal.SIGINT)
    window.wait_for("press Ctrl-C once more to leave it as it is")
    window.process.send_signal(signal.SIGINT)
    assert window.end() == 9
    held.go_on.set()
    assert run_app(["restore", "signaled", "--yes"]) == 0


def ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def test_a_run_outlives_its_window_under_nohup(function: Any, held: Held) -> None:
    before = state_of(function)
    held.go_on.set()
    options = ("run", "signaled", "--memory", "512,1769", "--invocations", "3", "--environments", "1", "--yes")
    with Path("report.txt").open("wb") as report:
        window = Window(
            *options,
            "--endpoint-url",
            held.url,
            "--payload",
            '{"sleep": 0.1}',
            ready=ignore_hangup,
            stdout=report,
        )
        assert held.invoked.wait(60)
        window.close()
        assert window.end() == 0
    assert "512 MB" in Path("report.txt").read_text()
    assert state_of(function) == before


def test_a_reader_that_has_seen_enough_of_a_report_is_no_failure(function: Any, held: Held) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    options = ("run", "signaled", "--dry-run", "--format", "json")
    done = subprocess.run([sys.executable, "-m", "powertune", *options], stdout=writer, stderr=writer, check=False)
    os.close(writer)
    assert done.returncode == 0


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_streams_that_were_closed_before_the_start(closed: int, function: Any) -> None:
    options = ("run", "nobody", "--dry-run")
    done = subprocess.run(
        [sys.executable, "-m", "powertune", *options], preexec_fn=lambda: os.close(closed), capture_output=True
    )
    assert done.returncode == 5, done.stderr
