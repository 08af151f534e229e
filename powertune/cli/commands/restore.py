"""`powertune restore`: undo whatever an interrupted run left on a function."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common

if TYPE_CHECKING:
    from powertune.aws.lambda_function import LambdaFunction
    from powertune.engine.restoring import Remains


@groups.spread
def restore(
    function: Annotated[str, typer.Argument(help="The function's name or ARN.")],
    *,
    place: common.AwsPlace,
    yes: common.Yes = False,
    _verbose: common.Verbose = False,
) -> None:
    """Give a function its original memory size back, and delete what a dead run left: versions, aliases, copies.

    Copies without a journal may belong to an active run. In a script, they are deleted only with --yes.
    """
    from powertune.aws.connection import connect
    from powertune.aws.lambda_function import LambdaFunction
    from powertune.cli.command_line_checks import region_of
    from powertune.engine.restoring import restore_command
    from powertune.model import FunctionRef

    ref = FunctionRef.parse(function)
    options = place.connection
    with connect(replace(options, region=region_of(ref, options.region))) as connection:
        _restore(LambdaFunction(connection.aws(), ref), restore_command(function, connection.place), yes=yes)


def _restore(function: "LambdaFunction", command: str, *, yes: bool) -> None:
    from powertune.cli.console import confirmed, on_terminal, say
    from powertune.cli.restoring import restore_now
    from powertune.engine.restoring import find_remains
    from powertune.errors import UsageError

    name = function.ref.name
    remains = find_remains(function)
    if remains.denied is not None:
        say(f"copies were not looked for: {remains.denied}")
    if remains.journal is None and not remains.copies:
        say(f"{name}: nothing to restore")
        return
    for line in _findings(name, remains):
        say(line)
    if not yes and on_terminal():
        yes = confirmed("if no run is active any more, restore the function now?")
        if not yes:
            say("nothing was changed")
            return
    if remains.journal is not None or yes:
        copies, whole = remains.unnamed if yes else (), remains.unreadable is None
        restore_now(function, remains.journal, command, copies=copies, whole=whole)
    if remains.unnamed and not yes:
        raise UsageError(
            f"not deleted, as its run may be active: {', '.join(copy.name for copy in remains.unnamed)}",
            hint=f"if no run is active any more: {command} --yes",
        )
    if remains.unreadable is not None:
        raise remains.unreadable


def _findings(name: str, remains: "Remains") -> list[str]:
    from powertune.units import format_seconds

    def ago(moment: float) -> str:
        return f"{format_seconds(max(0.0, time.time() - moment))} ago"

    lines = [
        f"run {copy.run_id} made the copy {copy.name}, which was last changed {ago(copy.changed_at)}"
        for copy in remains.copies
    ]
    if (journal := remains.journal) is not None:
        lines.insert(
            0, f"{journal.what} started {ago(journal.started_at)} on {name}, which had {journal.memory_mb} MB"
        )
    return lines
