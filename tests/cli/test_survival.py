"""The function is left as found, whatever happens: the process dies at any call, or AWS fails at any call."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

NAME = "survivor"


def survive(how: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("survivors.py")), how], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Any:
    """A function with versions and an alias of its owner's, and a size between those that are tried."""
    client.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=192,
        Timeout=10,
    )
    client.publish_version(FunctionName=NAME, Description="theirs")
    client.create_alias(FunctionName=NAME, Name="prod", FunctionVersion="1")
    yield client
    client.delete_function(FunctionName=NAME)


@pytest.mark.long
@pytest.mark.usefixtures("function")
def test_killed_at_every_changing_call_a_function_is_restored_by_the_command() -> None:
    attempts = survive("kill")
    killed = [attempt for attempt in attempts if attempt["restored"] is not None]
    assert len(killed) >= 2 * 15
    assert [attempt["restored"] for attempt in killed] == [0] * len(killed)
    assert [attempt for attempt in attempts if not attempt["same"]] == []
    assert [attempt["status"] for attempt in attempts if attempt["restored"] is None] == [0, 0]


@pytest.mark.long
@pytest.mark.usefixtures("function")
def test_a_run_survives_a_failure_of_every_call() -> None:
    assert survive("fail") == [
        {"kind": kind, "error": None, "same": True} for kind in ("throttle", "5xx", "conflict", "timeout")
    ]
