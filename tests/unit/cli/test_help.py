"""Panels and examples of `--help`."""

import shlex

import cli_reference
import pytest
from typer.testing import CliRunner

from powertune.cli.app import app
from powertune.cli.commands.run import EXAMPLES, RunCommand

RUN = next(each for each in cli_reference.commands(cli_reference.program()) if each.info_name == "run")
LINES = [line.strip() for line in EXAMPLES.splitlines() if line.startswith("  powertune")]


def help_of(command: str) -> str:
    return CliRunner().invoke(app, [command, "--help"]).output


def test_panels_come_in_order_with_the_ten_that_matter_first() -> None:
    text = help_of("run")
    titles = [f"\n{title}:\n" for title in ("Arguments", *RunCommand.panels, "Options", "Examples")]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert len(next(iter(RunCommand.panels.values()))) == 10


def test_every_option_is_in_one_panel_and_every_panel_holds_options() -> None:
    named = [name for names in RunCommand.panels.values() for name in names]
    assert len(named) == len(set(named))
    shown = {each.name for each in cli_reference.options(RUN) if not each.hidden}
    assert shown - {*named} == {"quiet", "_verbose", "help"}
    assert {*named} <= shown


def test_hidden_options_and_old_names_are_taken_but_not_shown() -> None:
    text = help_of("run")
    words = ["--seed", "1", "--rate", "5", "--sleep", "1", "--lanes", "1", "--telemetry", "tail", "--from", "x"]
    assert RUN.command.make_context("run", ["f", *words], parent=RUN.parent).params["lanes"] == "1"
    assert all(f"  {word}" not in text for word in words if word.startswith("--"))


def test_short_names() -> None:
    taken = RUN.command.make_context("run", ["f", "-m", "128", "-p", "{}"], parent=RUN.parent).params
    assert (taken["memory"], taken["payload"]) == ("128", "{}")


def test_the_usage_line_shows_no_hidden_argument() -> None:
    for command in ("run", "report", "compare"):
        assert "more" not in help_of(command).splitlines()[0]


@pytest.mark.parametrize("line", LINES)
def test_examples_parse_and_are_shown_as_they_are_typed(line: str) -> None:
    program, name, *arguments = shlex.split(line)
    assert (program, name) == ("powertune", "run")
    RUN.command.make_context(name, arguments, parent=RUN.parent)
    assert f"\n  {line}\n" in help_of("run")


def test_there_are_nine_examples() -> None:
    assert len(LINES) == 9
