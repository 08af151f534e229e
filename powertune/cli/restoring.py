"""Undoing a dead run from its journal, for the commands that offer it."""

from powertune.aws.functions import LambdaFunction
from powertune.aws.journal import Journal
from powertune.aws.undo import undo
from powertune.cli.console import say
from powertune.cli.interrupts import interruptible
from powertune.errors import NotRestored, PowertuneError


def restore_now(function: LambdaFunction, journal: Journal, command: str) -> None:
    """Undo, and say what was left alone.

    Args:
        command: what to type to try again.

    Raises:
        NotRestored: AWS or the person kept it from being done.
    """
    name = function.ref.name
    with interruptible() as interrupts:
        interrupts.restoring = True
        try:
            notes = undo(function, journal)
        except PowertuneError as error:
            raise NotRestored(f"{name} is not restored: {error.message}", hint=command) from error
        except KeyboardInterrupt:
            raise NotRestored(f"{name} is not restored: it was abandoned", hint=command) from None
    for note in notes:
        say(note)
    say(f"{name} is restored")
