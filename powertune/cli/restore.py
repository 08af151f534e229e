"""`powertune restore`: undo whatever an interrupted run left on a function."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from powertune.cli import options as common

if TYPE_CHECKING:
    from powertune.aws.copies import Copy
    from powertune.aws.functions import LambdaFunction
    from powertune.aws.journal import Journal


def restore(
    function: Annotated[str, typer.Argument(help="The function's name or ARN.")],
    region: common.Region = None,
    profile: common.Profile = None,
    endpoint_url: common.EndpointUrl = None,
    yes: common.Yes = False,
    _verbose: common.Verbose = False,
) -> None:
    """Give a function its original memory size back, and delete what a dead run left: versions, aliases, copies.

    Copies without a journal may belong to an active run. In a script, they are deleted only with --yes.
    """
    from powertune.aws.client import Place, connect
    from powertune.aws.functions import LambdaFunction
    from powertune.cli.site import region_of, restore_command
    from powertune.model import FunctionRef

    ref = FunctionRef.parse(function)
    place = Place(region=region_of(ref, region), profile=profile, endpoint_url=endpoint_url)
    with connect(place) as connection:
        _restore(LambdaFunction(connection.aws(), ref), restore_command(function, connection.place), yes=yes)


def _restore(function: "LambdaFunction", command: str, *, yes: bool) -> None:
    from powertune.aws.journal import read_journal
    from powertune.cli.console import confirmed, on_terminal, say
    from powertune.cli.restoring import restore_now
    from powertune.errors import NotFound, UsageError

    name = function.ref.name
    copies = _copies(function)
    try:
        function.read()
    except NotFound:
        # Copies outlive the function that they were made of.
        if not copies:
            raise
    journal = read_journal(function)
    if journal is None and not copies:
        say(f"{name}: nothing to restore")
        return
    for line in _findings(name, journal, copies):
        say(line)
    if not yes and on_terminal():
        yes = confirmed("if no run is active any more, restore the function now?")
        if not yes:
            return
    unnamed = _unnamed(function, journal, copies)
    if journal is not None or yes:
        restore_now(function, journal, command, copies=unnamed if yes else ())
    if unnamed and not yes:
        raise UsageError(
            f"not deleted, as its run may be active: {', '.join(copy.name for copy in unnamed)}",
            hint=f"if no run is active any more: {command} --yes",
        )


def _unnamed(function: "LambdaFunction", journal: "Journal | None", copies: "tuple[Copy, ...]") -> "tuple[Copy, ...]":
    """The copies that the journal does not name. Nothing but their age says whether their runs are dead."""
    from powertune.aws.copy_names import copy_names

    named = () if journal is None else copy_names(function.ref.name, journal.run_id, journal.copies)
    return tuple(copy for copy in copies if copy.name not in named)


def _copies(function: "LambdaFunction") -> "tuple[Copy, ...]":
    """The function's copies; who may not list functions can still restore what a journal says."""
    from powertune.aws.copies import find_copies
    from powertune.cli.console import say
    from powertune.errors import AccessDenied

    try:
        return find_copies(function)
    except AccessDenied as denied:
        say(f"copies were not looked for: {denied.message}")
        return ()


def _findings(name: str, journal: "Journal | None", copies: "tuple[Copy, ...]") -> list[str]:
    from powertune.units import format_seconds

    def ago(moment: float) -> str:
        return f"{format_seconds(max(0.0, time.time() - moment))} ago"

    lines = [f"run {c.run_id} made the copy {c.name}, which was last changed {ago(c.changed_at)}" for c in copies]
    if journal is not None:
        lines.insert(
            0, f"run {journal.run_id} started {ago(journal.started_at)} on {name}, which had {journal.memory_mb} MB"
        )
    return lines
