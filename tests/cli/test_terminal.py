"""What a person sees and is asked on a terminal."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from runs import leave_journal

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder


class Terminal:
    """A program on a pseudo-terminal, 100 columns wide."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        self._ours, theirs = pty.openpty()
        variables = {**os.environ, "COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color", **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "powertune", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=variables
        )
        os.close(theirs)
        self.seen = ""

    def read(self) -> bool:
        """Take in what there is; False at the end."""
        readable, _, _ = select.select([self._ours], [], [], 0.1)
        if readable:
            try:
                data = os.read(self._ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                return False
            self.seen += data.decode(errors="replace")
            return bool(data)
        return self.process.poll() is None

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 60
        while words not in self.seen:
            assert self.read(), self.seen
            assert time.monotonic() < deadline, self.seen

    def say(self, words: str) -> None:
        os.write(self._ours, f"{words}\n".encode())

    def end(self) -> int:
        while self.read():
            pass
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._ours)


@contextmanager
def terminal(*arguments: str, **environment: str) -> Iterator[Terminal]:
    started = Terminal(*arguments, environment=environment)
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def function(aws_environment: EmbeddedAWS, client: Any, source: Any) -> Iterator[Any]:
    client.create_function(
        FunctionName="asked",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
        MemorySize=512,
    )
    yield client
    client.delete_function(FunctionName="asked")


RUN = ("run", "asked", "--memory", "512,1769", "--invocations", "3", "--lanes", "1")


def test_asked_and_refused_nothing_happens(function: Any) -> None:
    revision = function.get_function_configuration(FunctionName="asked")["RevisionId"]
    with terminal(*RUN) as program:
        program.wait_for("measure? [y/N]")
        assert "at most $" in program.seen
        program.say("n")
        assert program.end() == 0
    assert function.get_function_configuration(FunctionName="asked")["RevisionId"] == revision


def test_asked_and_agreed_progress_is_shown_and_then_the_table_in_color(function: Any) -> None:
    with terminal(*RUN, "--payload", '{"sleep": 0.2}') as program:
        program.wait_for("measure? [y/N]")
        program.say("yes")
        assert program.end() == 0
    assert re.search(r"512 MB x86_64.*\d/4", program.seen)
    assert "±" in program.seen
    assert "spent" in program.seen
    assert "Recommended: " in program.seen
    assert "\x1b[1m" in program.seen[program.seen.index("saved ") :]


def test_no_color_is_honoured(function: Any) -> None:
    with terminal(*RUN, "--yes", NO_COLOR="1") as program:
        assert program.end() == 0
    assert "\x1b[3" not in program.seen[program.seen.index("saved ") :]


@pytest.mark.parametrize("answer", ["y", "n"])
def test_a_dead_runs_journal_is_offered_to_be_restored(answer: str, function: Any) -> None:
    leave_journal(function, "asked", "dead1234", 1024)
    with terminal(*RUN, "--yes") as program:
        program.wait_for("restore the function now? [y/N]")
        assert "run dead1234 started" in program.seen
        program.say(answer)
        assert program.end() == (0 if answer == "y" else 2)
    memory = function.get_function_configuration(FunctionName="asked")["MemorySize"]
    assert memory == (1024 if answer == "y" else 512)


def test_restore_asks_first(function: Any) -> None:
    leave_journal(function, "asked", "dead1234", 1024)
    with terminal("restore", "asked") as program:
        program.wait_for("restore the function now? [y/N]")
        program.say("n")
        assert program.end() == 0
    assert function.get_function_configuration(FunctionName="asked")["MemorySize"] == 512
