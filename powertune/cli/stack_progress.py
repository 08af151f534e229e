"""How far CloudFormation is: on a terminal a line for each resource, elsewhere one for each event."""

import sys
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from powertune.aws.stacks.stack_changes import SettingChange, StackChange
from powertune.aws.stacks.stack_events import StackEvent
from powertune.cli.console import confirmed, on_terminal, say
from powertune.cli.tables.changes import changes_text, settings_text
from powertune.errors import Interrupted, UsageError
from powertune.units import printable

_COLORS = (("FAILED", "red"), ("ROLLBACK", "red"), ("COMPLETE", "green"))


class StackProgress:
    """Asks, and shows what happens; a `StackWatcher`.

    Args:
        done: what a command does to a stack, as in "nothing was deployed".
        ask: whether to ask; if not, the answer is yes.
        terminal: where to draw; by default stderr, if it is a terminal.
    """

    def __init__(self, done: str, *, ask: bool, quiet: bool = False, terminal: Console | None = None) -> None:
        self._done, self._ask, self._quiet = done, ask, quiet
        self._asking = False
        self._bucket: str | None = None
        watched = terminal is not None or sys.stderr.isatty()
        self._began = False
        self._rows: dict[str, StackEvent] = {}
        self._live: Live | None = None
        if watched and not quiet:
            # What has happened stays on the screen.
            self._live = Live(console=terminal or Console(stderr=True), auto_refresh=False)

    def __enter__(self) -> "StackProgress":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            raise self._interrupted()

    def confirm(self, question: str) -> bool:
        """Ask, unless --yes was given."""
        self._stop()
        self._began = False
        self._asking = self._ask
        agreed = not self._ask or confirmed(question)
        self._asking = False
        return agreed

    def changes(self, changes: Sequence[StackChange], settings: Sequence[SettingChange]) -> None:
        """Show what would change."""
        if self._ask or not self._quiet:
            if settings:
                say(settings_text(settings))
            say(changes_text(changes))

    def bucket_created(self, name: str) -> None:
        """Say it, and once more if the command is interrupted."""
        self._bucket = name
        self.say(f"created the bucket {name} for the code")

    def begins(self) -> None:
        """From here on, CloudFormation changes the stack."""
        self._began = True

    def happened(self, event: StackEvent) -> None:
        """Show the new status of a resource."""
        self._began = True
        if self._live is None:
            if not self._quiet or event.failed:
                say(_line(event))
            return
        self._rows[event.resource] = event
        with suppress(OSError, ValueError):  # the terminal may be gone by now
            self._live.start()
            self._live.update(self._table(), refresh=True)

    def say(self, text: str) -> None:
        """A line of its own."""
        self._stop()
        if not self._quiet:
            say(text)

    def _interrupted(self) -> Interrupted:
        """What an interruption leaves."""
        if self._began:
            return Interrupted(
                "interrupted; CloudFormation goes on by itself",
                hint="run the same command again later to see how the stack stands",
            )
        if self._bucket is not None:
            return Interrupted(
                f"interrupted; nothing was {self._done}, but the bucket {self._bucket} was created",
                hint=f"to delete it: aws s3 rb s3://{self._bucket} --force",
            )
        return Interrupted(f"interrupted; nothing was {'changed' if self._asking else self._done}")

    def _stop(self) -> None:
        if self._live is not None and self._live.is_started:
            with suppress(OSError, ValueError):
                self._live.stop()
            self._rows.clear()

    def _table(self) -> Table:
        grid = Table(box=None, show_header=False, pad_edge=False)
        for event in self._rows.values():
            status = Text(printable(event.status), style=_color(event.status), no_wrap=True)
            reason = (event.reason or "") if event.failed else ""
            grid.add_row(
                status, Text(printable(event.resource)), Text(printable(event.type)), Text(printable(reason))
            )
        return grid


def check_terminal(command: str, stack_name: str, *, yes: bool) -> None:
    """Refuse, before anything is opened, to change a stack with nobody there to be asked.

    Raises:
        UsageError: there is neither a terminal nor --yes.
    """
    if not yes and not on_terminal():
        raise UsageError(
            f"no terminal to ask on before stack {stack_name} is changed",
            hint=f"powertune {command} --yes does not ask",
        )


def _line(event: StackEvent) -> str:
    reason = f": {event.reason}" if event.reason and event.failed else ""
    return f"{event.at:%H:%M:%S}  {event.status}  {event.resource} ({event.type}){reason}"


def _color(status: str) -> str:
    return next((color for word, color in _COLORS if word in status), "")
