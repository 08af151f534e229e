"""`powertune restore`: undo whatever an interrupted run left on a function."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from powertune.cli import options as common

if TYPE_CHECKING:
    from powertune.aws.functions import LambdaFunction


def restore(
    function: Annotated[str, typer.Argument(help="The function's name or ARN.")],
    region: common.Region = None,
    profile: common.Profile = None,
    endpoint_url: common.EndpointUrl = None,
    yes: common.Yes = False,
    _verbose: common.Verbose = False,
) -> None:
    """Give a function back the memory size that it had, and delete the versions and aliases of a dead run."""
    from powertune.aws.client import Place, connect
    from powertune.aws.functions import LambdaFunction
    from powertune.cli.site import restore_command
    from powertune.model import FunctionRef

    ref = FunctionRef.parse(function)
    place = Place(region=ref.region or region, profile=profile, endpoint_url=endpoint_url)
    with connect(place) as connection:
        _restore(LambdaFunction(connection.aws(), ref), restore_command(function, connection.place), yes=yes)


def _restore(function: "LambdaFunction", command: str, *, yes: bool) -> None:
    from powertune.aws.undo import read_journal
    from powertune.cli.console import confirmed, on_terminal, say
    from powertune.cli.restoring import restore_now
    from powertune.units import format_seconds

    name = function.ref.name
    function.read()
    journal = read_journal(function)
    if journal is None:
        say(f"{name}: nothing to restore")
        return
    age = format_seconds(max(0.0, time.time() - journal.started_at))
    say(f"run {journal.run_id} started {age} ago on {name}, which had {journal.memory_mb} MB")
    if not yes and on_terminal() and not confirmed("if it is not running any more, restore the function now?"):
        return
    restore_now(function, journal, command)
