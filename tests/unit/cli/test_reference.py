"""The page about the command line says what the code does."""

import cli_reference
import pytest


def test_the_page_is_fresh() -> None:
    assert cli_reference.PAGE.read_text() == cli_reference.page(), f"run `{cli_reference.COMMAND}`"


def test_the_page_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = cli_reference.page()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert cli_reference.page() == expected


def test_every_command_and_option_is_on_the_page() -> None:
    sections = dict.fromkeys(cli_reference.PAGE.read_text().split("\n## ")[1:])
    by_command = {section.split("`")[1]: section for section in sections}
    for context in cli_reference.commands(cli_reference.program()):
        section = by_command.pop(context.command_path)
        for option in cli_reference.options(context):
            assert all(f"`{name}`" in section for name in option.opts), (context.command_path, option.opts)
    assert not by_command, "sections without a command"
