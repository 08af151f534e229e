"""Where nobody can be asked, a run on AWS needs --yes. Real processes, as only they have real terminals."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def keyboard() -> Iterator[int]:
    """One end of a terminal, for a program to have as a stream."""
    ours, theirs = pty.openpty()
    yield theirs
    os.close(ours)
    os.close(theirs)


def powertune(*arguments: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    """The program, with no way to AWS: it could not even look at the function."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    environment = {**kept, **nowhere, "AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-west-1"}
    command = [sys.executable, "-m", "powertune", *arguments]
    return subprocess.run(command, env=environment, check=False, **streams)


@pytest.mark.long
@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_a_run_whose_stderr_is_a_file_needs_yes(quiet: tuple[str, ...], keyboard: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as stderr:
        done = powertune("run", "f", *quiet, stdin=keyboard, stdout=keyboard, stderr=stderr)
    assert done.returncode == 2
    assert log.read_text() == (
        "error: no terminal to ask on before measuring f on AWS\n"
        "hint: add --yes to measure without being asked, or --dry-run to see the plan\n"
    )


@pytest.mark.long
def test_a_run_in_a_loop_that_reads_names_needs_yes() -> None:
    loop = subprocess.run(
        ["sh", "-c", f"echo f | while read f; do {sys.executable} -m powertune run $f; echo ended $?; done"],
        capture_output=True,
        check=False,
    )
    assert b"no terminal to ask on" in loop.stderr
    assert loop.stdout == b"ended 2\n"


@pytest.mark.long
@pytest.mark.parametrize("option", ["--yes", "--dry-run"])
def test_with_yes_or_for_a_plan_it_goes_on_to_aws(option: str) -> None:
    done = powertune("run", "f", option, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == 3
    assert b"no AWS credentials" in done.stderr
