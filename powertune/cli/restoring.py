"""Undoing dead runs, by the journal on the function and the copies beside it, for the commands that offer it."""

from collections.abc import Sequence
from dataclasses import replace

from powertune.aws.copies import Copy, copy_of
from powertune.aws.faults import how_to_restore
from powertune.aws.functions import LambdaFunction
from powertune.aws.journal import Journal
from powertune.aws.undo import undo
from powertune.cli.console import say
from powertune.cli.interrupts import interruptible
from powertune.errors import NotRestored, PowertuneError


def restore_now(
    function: LambdaFunction, journal: Journal | None, command: str, *, copies: Sequence[Copy] = ()
) -> None:
    """Undo what the journal says, delete copies, and say what was left alone.

    Args:
        command: what to type to try again.

    Raises:
        NotRestored: AWS or the person kept it from being done.
    """
    name = function.ref.name
    function = replace(function, aws=function.aws.patient())
    with interruptible() as interrupts:
        interrupts.restoring = True
        try:
            notes = () if journal is None else undo(function, journal)
            left = [copy for copy in copies if not _deleted(function, copy)]
        except NotRestored:
            raise
        except PowertuneError as error:
            hint = how_to_restore(error, command)
            raise NotRestored(f"{name} is not restored: {error.message}", hint=hint) from error
        except KeyboardInterrupt:
            raise NotRestored(f"{name} is not restored: it was abandoned", hint=command) from None
    for note in notes:
        say(f"{note.message}; {note.next_step}")
    for copy in left:
        say(_kept(copy))
    say(f"{name} is restored" if not left else f"{name} is restored, but for what is kept")


def _deleted(function: LambdaFunction, copy: Copy) -> bool:
    return copy_of(function, copy.name).delete_copy(function.ref, copy.run_id)


def _kept(copy: Copy) -> str:
    return f"function {copy.name} is kept: its tags no longer say that run {copy.run_id} made it of this function"
