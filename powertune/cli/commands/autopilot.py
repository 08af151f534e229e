"""`powertune autopilot`: tune what is due, and propose what saves money, one pull request for each function."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.help import PanelCommand

EXAMPLES = """
Examples:
  # What is due, and what would be proposed
  powertune autopilot --dry-run
  # In a scheduled job, in a clone: one pull request for each function
  powertune autopilot --functions "orders-*,resize" --state s3://my-bucket/powertune --yes
  # Spend at most $20 a month, in two regions
  powertune autopilot --functions "*" --regions us-east-1,eu-west-1 --monthly-budget 20usd --yes
  # Without a forge: patches and reports in a folder
  powertune autopilot --functions "*" --output proposals --yes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosingOptions:
    """Which functions to tune, and within which limits."""

    functions: Annotated[
        list[str] | None,
        typer.Option(help='Functions that may be invoked, by name or ARN: "orders-*,resize", or "*"; repeatable.'),
    ] = None
    ignore: Annotated[
        list[str] | None, typer.Option(help="Functions to leave alone, by name or ARN; repeatable.")
    ] = None
    monthly_budget: Annotated[
        str | None,
        typer.Option(help="Most to spend in a calendar month.  [default: 5usd]", show_default=False),
    ] = None
    max_functions: Annotated[
        str | None, typer.Option(help="Most functions to tune in this run.  [default: 5]", show_default=False)
    ] = None
    max_open: Annotated[
        str | None, typer.Option(help="Most proposals open at one time.  [default: 5]", show_default=False)
    ] = None
    labels: Annotated[
        list[str] | None,
        typer.Option(help="Labels of new pull requests; repeatable.  [default: powertune]", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposingOptions:
    """Where proposals go."""

    repository: Annotated[
        str, typer.Option(help="Clone of the repository with the infrastructure code.", show_default=True)
    ] = "."
    iac: Annotated[
        str | None,
        typer.Option(
            help="File or folder in the repository to look for functions in.  [default: all of it]",
            show_default=False,
        ),
    ] = None
    base: Annotated[
        str | None,
        typer.Option(help="Branch to propose changes to.  [default: that of the remote]", show_default=False),
    ] = None
    remote: Annotated[str, typer.Option(help="Remote to push to.")] = "origin"
    author: Annotated[
        str | None, typer.Option(help='Author of commits, as "Jo Doe <jo@example.com>".', show_default=False)
    ] = None
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder to write proposals to, instead of opening pull requests.",
            show_default=False,
        ),
    ] = None
    state: Annotated[
        str, typer.Option(help="Where to keep results and spending between runs: a folder, or s3://bucket/prefix.")
    ] = "powertune-autopilot"


class AutopilotCommand(PanelCommand):
    """`powertune autopilot`, with the options that matter most in front."""

    panels: ClassVar = {
        "Most used": ("functions", "ignore", "monthly_budget", "regions", "state", "dry_run", "yes"),
        "Limits": ("max_functions", "max_open"),
        "Proposals": ("repository", "iac", "base", "remote", "author", "labels", "output"),
        "Scan": ("days", "prices"),
        "AWS": ("region", "profile", "endpoint_url"),
    }


@groups.spread
def autopilot(
    *,
    choosing: ChoosingOptions,
    proposing: ProposingOptions,
    regions: Annotated[
        str | None,
        typer.Option(help="Regions: us-east-1,eu-west-1, or all.  [default: the region of AWS]", show_default=False),
    ] = None,
    days: Annotated[
        str | None, typer.Option(help="Number of days to look back, 1 to 90.  [default: 14]", show_default=False)
    ] = None,
    prices: common.Prices = None,
    place: common.AwsPlace,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Scan, show what is due and what would be proposed, and stop.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Required if there is no terminal to ask on.")
    ] = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Tune the functions that are due within a monthly budget, and open one pull request for each proven saving."""
    from powertune.cli import pilot, pilot_places, scanning
    from powertune.config.autopilot_options import load_autopilot

    options = pilot.check_consent(load_autopilot(Path(), groups.given(choosing)), yes=yes, dry_run=dry_run)
    proposals = pilot_places.ProposalPlace(
        repository=Path(proposing.repository),
        iac=proposing.iac,
        output=Path(proposing.output) if proposing.output else None,
        base=proposing.base,
        remote=proposing.remote,
        author=proposing.author or pilot_places.AUTHOR,
    )
    wishes = pilot.PilotWishes(
        options=options,
        place=place.connection,
        proposals=proposals,
        state=proposing.state,
        days=days,
        prices=prices,
        ask=not yes,
        dry_run=dry_run,
        quiet=quiet,
    )
    pilot.check_regions(place.region, regions)
    wanted = scanning.scope_of(regions=regions)
    prepared = pilot.prepare(wishes)
    with (
        scanning.reaching(place.connection, wanted) as reached,
        pilot_places.open_state(wishes.state, reached.connection) as state,
    ):
        pilot.fly(reached, state, wishes, prepared)
