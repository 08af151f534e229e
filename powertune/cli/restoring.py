"""Undoing dead runs at a terminal, for the commands that offer it."""

from collections.abc import Sequence

from powertune.aws.copies.lifecycle import Copy
from powertune.aws.journal import Journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli.console import say
from powertune.cli.interrupts import interruptible
from powertune.engine.restoring import restore


def restore_now(
    function: LambdaFunction,
    journal: Journal | None,
    command: str,
    *,
    copies: Sequence[Copy] = (),
    whole: bool = True,
) -> None:
    """Undo what the journal says, delete copies, and say what was left alone.

    Args:
        command: what to type to try again.
        whole: whether nothing else is left on the function.

    Raises:
        NotRestored: AWS or the person kept it from being done.
    """
    name = function.ref.name
    with interruptible() as interrupts:
        interrupts.restoring = True
        restored = restore(function, journal, command, copies=copies)
    for note in restored.notes:
        say(f"{note.message}; {note.next_step}")
    for copy in restored.kept:
        say(_kept(copy))
    done = f"{name} is restored" if whole else f"the copies of {name} are deleted"
    say(done if not restored.kept else f"{done}, but for what is kept")


def _kept(copy: Copy) -> str:
    return f"function {copy.name} is kept: its tags no longer say that run {copy.run_id} made it of this function"
