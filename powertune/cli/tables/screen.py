"""Where a table is drawn: on a terminal, or in a file."""

import os
import sys
from dataclasses import dataclass

from powertune.cli.console import terminal_width


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
