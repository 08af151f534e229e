"""The function is left as found, whatever happens: the process dies at any call, or AWS fails at any call."""

import json
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from settled import settle

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder

#: How many processes make the attempts of a test, each on its own function: they mostly wait.
PARTS = 4
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


def survive(how: str, run: str, parts: int = PARTS) -> list[dict[str, Any]]:
    program = str(Path(__file__).with_name("survival_process.py"))

    def attempt(part: int) -> bytes:
        command = [sys.executable, program, how, run, str(part), str(parts)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    with ThreadPoolExecutor(parts) as pool:
        return [json.loads(line) for lines in pool.map(attempt, range(parts)) for line in lines.splitlines()]


@pytest.fixture
def functions(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[Any]:
    """One for each part, with versions and an alias of its owner's, and a size between those that are tried."""
    names = [f"survivor-{part}" for part in range(PARTS)]
    for name in names:
        client.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=aws_environment.role_arn,
            Handler="app.handler",
            Code={"ZipFile": zip_folder(source)},
            MemorySize=192,
            Timeout=10,
            Environment={"Variables": {"KEY": "1"}},
            EphemeralStorage={"Size": 1024},
            TracingConfig={"Mode": "Active"},
            Tags={"team": "a"},
        )
    for name in names:
        settle(client, name)
        client.publish_version(FunctionName=name, Description="theirs")
        client.create_alias(FunctionName=name, Name="prod", FunctionVersion="1")
    yield client
    for name in names:
        client.delete_function(FunctionName=name)


#: How many calls change something, at least: before each of them, and after it, the process is killed once.
CHANGES = {"plain": 20, "isolated": 12, "both": 24, "canary": 8}


@pytest.mark.long
@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("run", CHANGES)
def test_killed_at_every_changing_call_a_function_is_restored_by_the_command(run: str) -> None:
    attempts = [line for line in survive("kill", run) if "when" in line]
    killed = [attempt for attempt in attempts if attempt["restored"] is not None]
    assert len(killed) >= 2 * CHANGES[run]
    assert [attempt["restored"] for attempt in killed] == [0] * len(killed)
    assert [attempt for attempt in attempts if not attempt["same"]] == []
    assert [attempt["status"] for attempt in attempts if attempt["restored"] is None] == [0, 0] * PARTS


@pytest.mark.long
@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize("run", CHANGES)
def test_a_run_survives_a_failure_of_every_call(run: str) -> None:
    attempts = [line for line in survive("fail", run) if "kind" in line]
    assert attempts == [
        {"kind": kind, "error": None, "same": True} for kind in ("throttle", "5xx", "conflict", "timeout")
    ]


def test_a_copy_for_the_other_architecture_has_the_same_configuration(functions: Any) -> None:
    copy = next(line for line in survive("let live", "both", parts=1) if "copy" in line)
    original = functions.get_function(FunctionName="survivor-0")
    other = {"x86_64": "arm64", "arm64": "x86_64"}[original["Configuration"]["Architectures"][0]]
    assert copy["copy"]["Architectures"] == [other]
    assert copy["copy"]["FunctionName"].startswith("survivor-0-powertune-")
    assert copy["code"] == urllib.parse.urlsplit(original["Code"]["Location"]).path
    assert copy["tags"]["team"] == "a"
    assert copy["tags"]["powertune:source"] == original["Configuration"]["FunctionArn"]
    configuration = json.loads(json.dumps(original["Configuration"], default=str))
    for key in DIFFERENT:
        configuration.pop(key, None)
        copy["copy"].pop(key, None)
    assert copy["copy"] == configuration
