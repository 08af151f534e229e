"""`powertune restore`: undo whatever an interrupted run left on a function."""

import time
from typing import Annotated

import typer

from powertune.cli import options as common


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
    from powertune.aws.undo import read_journal, undo
    from powertune.cli.console import confirmed, on_terminal, say
    from powertune.errors import NotRestored, PowertuneError
    from powertune.model import FunctionRef
    from powertune.units import format_seconds

    ref = FunctionRef.parse(function)
    place = Place(region=ref.region or region, profile=profile, endpoint_url=endpoint_url)
    target = LambdaFunction(connect(place).aws(), ref)
    target.read()
    journal = read_journal(target)
    if journal is None:
        say(f"{ref.name}: nothing to restore")
        return
    age = format_seconds(max(0.0, time.time() - journal.started_at))
    say(f"run {journal.run_id} started {age} ago on {ref.name}, which had {journal.memory_mb} MB")
    if not yes and on_terminal() and not confirmed("if it is not running any more, restore the function now?"):
        return
    try:
        notes = undo(target, journal)
    except PowertuneError as error:
        raise NotRestored(f"{ref.name} is not restored: {error.message}", hint=error.hint) from error
    for note in notes:
        say(note)
    say(f"{ref.name} is restored")
