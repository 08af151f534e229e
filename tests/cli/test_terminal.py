"""What a person sees and is asked on a terminal."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from runs import leave_journal
from settled import settle
from terminals import terminal

from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder


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
    settle(client, "asked")
    yield client
    client.delete_function(FunctionName="asked")


RUN = ("run", "asked", "--memory", "512,1769", "--invocations", "3", "--environments", "1")


def test_asked_and_refused_nothing_happens(function: Any) -> None:
    revision = function.get_function_configuration(FunctionName="asked")["RevisionId"]
    with terminal(*RUN) as program:
        program.wait_for("measure? [y/N]")
        assert "at most $" in program.seen
        program.say("n")
        assert program.end() == 0
        assert "nothing was changed" in program.seen
    assert function.get_function_configuration(FunctionName="asked")["RevisionId"] == revision


def test_asked_and_agreed_progress_is_shown_and_then_the_table_in_color(function: Any) -> None:
    with terminal(*RUN, "--payload", '{"sleep": 0.2}') as program:
        program.wait_for("measure? [y/N]")
        program.say("yes")
        assert program.end() == 0
    assert re.search(r"512 MB x86_64.*\d/4", program.seen)
    assert "±" in program.seen
    assert "of $1.00 at AWS's prices" in program.seen
    assert "Recommended: " in program.seen or "Stay at " in program.seen
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
        assert "nothing was changed" in program.seen
    assert function.get_function_configuration(FunctionName="asked")["MemorySize"] == 512
