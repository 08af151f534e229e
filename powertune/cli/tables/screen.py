"""Where a table is drawn: on a terminal, or in a file."""

import os
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from powertune.cli.console import terminal_width
from powertune.units import printable

#: The narrowest terminal that lines are broken for.
_LEAST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """How many columns there are, whether colors are welcome, and which characters can be shown.

    The defaults are those of a file. `terminal` tells whether somebody is looking.
    """

    terminal: bool = False
    width: int = 80
    color: bool = False
    encoding: str = "utf-8"

    @classmethod
    def of_stdout(cls) -> "Screen":
        """The terminal that stdout is, else a file."""
        width = terminal_width(sys.stdout)
        if width is None:
            return cls()
        return cls(
            terminal=True,
            width=width,
            color="NO_COLOR" not in os.environ,
            encoding=sys.stdout.encoding or "ascii",
        )


def broken(lines: Iterable[str], width: int | None, *, indent: str) -> str:
    """Lines as a text: where there is a width, those that are longer go on below, behind an indent.

    What a file or AWS says in them must not steer a terminal.
    """
    shown = map(printable, lines)
    if width is None:
        return "".join(f"{line}\n" for line in shown)
    wrapper = textwrap.TextWrapper(
        max(width, _LEAST), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    return "".join(f"{part}\n" for line in shown for part in wrapper.wrap(line))
