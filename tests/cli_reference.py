"""Writes docs/reference/cli.md: every command, argument and option, from the code. `make reference` runs it.

The page is the same whatever the terminal and the environment are.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

from powertune.cli.app import app

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "cli.md"
COMMAND = "make reference"

_NAME = "powertune"
_HIDDEN = "Not shown by `--help`"
_TOP = f"""\
# Command line

<!-- Written by `{COMMAND}` from the code. Do not edit. -->

Most options of `powertune run` can also be set in [a file or in the environment](configuration.md). Commands write
results to stdout, and progress, warnings and errors to stderr. The [exit code](exit-codes.md) tells how a command
ended.
"""


def page() -> str:
    """The whole page."""
    sections = [_section(context) for context in commands(program())]
    return "\n\n".join([_TOP.rstrip(), *sections]) + "\n"


def program() -> typer.Context:
    """The context of `powertune` itself; its `command` is the group of all commands."""
    command = typer.main.get_command(app)
    return typer.Context(command, info_name=_NAME, **command.context_settings)


def commands(context: typer.Context) -> Iterator[typer.Context]:
    """The contexts of a command and of the commands below it, in the order of `--help`, without hidden commands."""
    yield context
    if isinstance(context.command, TyperGroup):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None and not command.hidden:
                below = typer.Context(command, info_name=name, parent=context, **command.context_settings)
                yield from commands(below)


def options(context: typer.Context) -> tuple[TyperOption, ...]:
    """The options of a command, including hidden ones."""
    return tuple(each for each in context.command.get_params(context) if isinstance(each, TyperOption))


def _section(context: typer.Context) -> str:
    command = context.command
    arguments = [each for each in command.get_params(context) if isinstance(each, TyperArgument) and not each.hidden]
    blocks = [
        f"## `{context.command_path}`",
        inspect.cleandoc(command.help or ""),
        f"```console\n$ {context.command_path} {' '.join(_usage(context, arguments))}\n```",
        _table("argument", [(f"`{_placeholder(each)}`", _meaning(each, context)) for each in arguments]),
        *_options_by_panel(context),
    ]
    if command.epilog:
        blocks.append(f"```text\n{inspect.cleandoc(command.epilog)}\n```")
    return "\n\n".join(block for block in blocks if block)


def _usage(context: typer.Context, arguments: list[TyperArgument]) -> list[str]:
    shown = [_placeholder(each) if each.required else f"[{_placeholder(each)}]" for each in arguments]
    return ["[OPTIONS]", *shown, *(["COMMAND"] if isinstance(context.command, TyperGroup) else [])]


def _placeholder(argument: TyperArgument) -> str:
    return argument.metavar or (argument.name or "").upper()


def _options_by_panel(context: typer.Context) -> list[str]:
    by_panel: dict[str, list[TyperOption]] = {}
    for option in options(context):
        panel = _HIDDEN if option.hidden else option.rich_help_panel or "Options"
        by_panel.setdefault(panel, []).append(option)
    # Hidden options come last, wherever the code declares them.
    panels = sorted(by_panel, key=lambda panel: panel == _HIDDEN)
    return [_panel(panel, by_panel[panel], context, alone=len(panels) == 1) for panel in panels]


def _panel(name: str, members: list[TyperOption], context: typer.Context, *, alone: bool) -> str:
    table = _table("option", [(_names(each, context), _meaning(each, context)) for each in members])
    return table if alone else f"### {name}\n\n{table}"


def _names(option: TyperOption, context: typer.Context) -> str:
    # Short ones first. Typer keeps the names of --help in a set, so their order is not that of the code.
    every = sorted((*option.opts, *option.secondary_opts), key=lambda name: name.startswith("--"))
    names = ", ".join(f"`{name}`" for name in every)
    return names if option.is_flag else f"{names} `{_value(option, context)}`"


def _value(option: TyperOption, context: typer.Context) -> str:
    """What stands for the value: choices where there are any; Typer's own word is the Python type."""
    typed = option.metavar or (option.display_type_rich(context) or "").strip("<>")
    return typed if option.metavar or "|" in typed else "VALUE"


def _meaning(parameter: TyperArgument | TyperOption, context: typer.Context) -> str:
    """The text of `--help`, with its defaults."""
    hidden, parameter.hidden = parameter.hidden, False
    record = parameter.get_help_record(context)
    parameter.hidden = hidden
    return " ".join(record[1].split()) if record else ""


def _table(kind: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    lines = [f"| {names} | {meaning} |" for names, meaning in _escaped(rows)]
    return "\n".join([f"| {kind} | meaning |", "|---|---|", *lines])


def _escaped(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(names.replace("|", "\\|"), meaning.replace("|", "\\|")) for names, meaning in rows]


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
