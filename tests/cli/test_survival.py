"""The function is left as found, whatever happens: the process dies at any call, or AWS fails at any call."""

import json
import subprocess
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

NAME = "survivor"
#: What a copy has for itself; its memory size is one of those that are tried.
DIFFERENT = (
    "FunctionName",
    "FunctionArn",
    "Description",
    "Architectures",
    "MemorySize",
    "LastModified",
    "RevisionId",
)


def survive(how: str, run: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("survivors.py")), how, run], capture_output=True, check=False
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
        Environment={"Variables": {"A": "1"}},
        EphemeralStorage={"Size": 1024},
        TracingConfig={"Mode": "Active"},
        Tags={"team": "a"},
    )
    client.publish_version(FunctionName=NAME, Description="theirs")
    client.create_alias(FunctionName=NAME, Name="prod", FunctionVersion="1")
    yield client
    client.delete_function(FunctionName=NAME)


#: How many calls change something, at least: before each of them, and after it, the process is killed once.
CHANGES = {"plain": 20, "isolated": 12, "both": 24}


@pytest.mark.long
@pytest.mark.usefixtures("function")
@pytest.mark.parametrize("run", CHANGES)
def test_killed_at_every_changing_call_a_function_is_restored_by_the_command(run: str) -> None:
    attempts = [line for line in survive("kill", run) if "when" in line]
    killed = [attempt for attempt in attempts if attempt["restored"] is not None]
    assert len(killed) >= 2 * CHANGES[run]
    assert [attempt["restored"] for attempt in killed] == [0] * len(killed)
    assert [attempt for attempt in attempts if not attempt["same"]] == []
    assert [attempt["status"] for attempt in attempts if attempt["restored"] is None] == [0, 0]


@pytest.mark.long
@pytest.mark.usefixtures("function")
@pytest.mark.parametrize("run", CHANGES)
def test_a_run_survives_a_failure_of_every_call(run: str) -> None:
    attempts = [line for line in survive("fail", run) if "kind" in line]
    assert attempts == [
        {"kind": kind, "error": None, "same": True} for kind in ("throttle", "5xx", "conflict", "timeout")
    ]


def test_a_copy_for_the_other_architecture_has_the_same_configuration(function: Any) -> None:
    copy = next(line for line in survive("let live", "both") if "copy" in line)
    original = function.get_function(FunctionName=NAME)
    other = {"x86_64": "arm64", "arm64": "x86_64"}[original["Configuration"]["Architectures"][0]]
    assert copy["copy"]["Architectures"] == [other]
    assert copy["copy"]["FunctionName"].startswith(f"{NAME}-powertune-")
    assert copy["code"] == urllib.parse.urlsplit(original["Code"]["Location"]).path
    assert copy["tags"]["team"] == "a"
    assert copy["tags"]["powertune:source"] == original["Configuration"]["FunctionArn"]
    configuration = json.loads(json.dumps(original["Configuration"], default=str))
    for key in DIFFERENT:
        configuration.pop(key, None)
        copy["copy"].pop(key, None)
    assert copy["copy"] == configuration
