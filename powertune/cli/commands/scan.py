"""`powertune scan`: find the functions that waste money, in one region or a whole organization."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.help import PanelCommand

EXAMPLES = """
Examples:
  # The functions of one region
  powertune scan --region eu-west-1
  # All regions of all accounts of the organization, as a page
  powertune scan --organization --regions all -o scan.html
  # What it would read and cost
  powertune scan --regions all --dry-run
  # Fail a build if more than $100 a month can be saved
  powertune scan --fail-on "savings>100usd/month" --quiet
  # Then tune the five functions that promise most
  powertune scan --then-run 5
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeOptions:
    """Where to scan, and how to get there."""

    regions: Annotated[
        str | None,
        typer.Option(help="Regions: us-east-1,eu-west-1, or all.  [default: the region of AWS]", show_default=False),
    ] = None
    accounts: Annotated[
        str | None, typer.Option(help="File with accounts, in the format of Cloud Custodian's accounts.yml.")
    ] = None
    organization: Annotated[bool, typer.Option("--organization", help="Scan all accounts of the organization.")] = (
        False
    )
    role: Annotated[
        str | None,
        typer.Option(
            help="Role to assume in other accounts, by name or ARN.  [default: powertune-scan]", show_default=False
        ),
    ] = None
    external_id: Annotated[str | None, typer.Option(help="External ID that the role asks for.")] = None
    session_tag: Annotated[
        list[str] | None, typer.Option(help="Session tag for the role, as key=value; repeatable.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEffortOptions:
    """How much to read, and what that may cost."""

    days: Annotated[
        str | None, typer.Option(help="Number of days to look back, 1 to 90.  [default: 14]", show_default=False)
    ] = None
    max_spend: Annotated[
        str | None,
        typer.Option(help="Most to spend on Logs Insights, in USD.  [default: 0.25]", show_default=False),
    ] = None
    parallel: Annotated[
        str | None, typer.Option(help="Accounts and regions to read at one time.  [default: 4]", show_default=False)
    ] = None
    rate: Annotated[
        str | None,
        typer.Option(hidden=True, help="Control-plane calls per second and region.  [default: 5]"),
    ] = None
    per_function_calls: Annotated[
        str | None,
        typer.Option(
            help="Most calls about single functions, in each account and region.  [default: 500]", show_default=False
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingOptions:
    """Where scans are kept, and which one to go on with or show."""

    scans: Annotated[
        str | None,
        typer.Option(help="Where to keep scans: a folder, or s3://bucket/prefix.  [default: powertune-scans]"),
    ] = None
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Show the newest scan that is kept there, or a scan file; makes no other calls."),
    ] = None
    resume: Annotated[
        str | None, typer.Option(help="Continue an interrupted scan from this folder, which its message names.")
    ] = None


class ScanCommand(PanelCommand):
    """`powertune scan`, with the options that matter most in front."""

    panels: ClassVar = {
        "Most used": ("regions", "accounts", "organization", "days", "output", "format_", "top", "fail_on"),
        "Other accounts": ("role", "external_id", "session_tag"),
        "Effort": ("max_spend", "per_function_calls", "parallel", "prices", "dry_run"),
        "Keeping": ("scans", "from_", "resume", "results_folder"),
        "AWS": ("region", "profile", "endpoint_url"),
    }


@groups.spread
def scan(
    more: common.More = None,
    *,
    scope: ScopeOptions,
    effort: ScanEffortOptions,
    keeping: KeepingOptions,
    top: Annotated[
        str | None,
        typer.Option(help="Show only this many findings, largest savings first.  [default: 50]", show_default=False),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(help='Exit with 10 if this holds: "savings>100usd/month", or RULE:SEVERITY; repeatable.'),
    ] = None,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Compare the estimate with Cost Explorer; a request costs $0.01.")
    ] = False,
    then_run: Annotated[
        str | None,
        typer.Option(help="After the scan, tune this many of the functions that promise most, after asking."),
    ] = None,
    results_folder: Annotated[
        str | None,
        typer.Option(help="Folder with the results files of earlier runs.  [default: powertune-results]"),
    ] = None,
    prices: common.Prices = None,
    place: common.AwsPlace,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, json, csv, markdown or html.  [default: table, or by the file's ending]",
            show_default=False,
        ),
    ] = None,
    output: common.Output = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read and cost, and stop.")] = False,
    yes: common.Yes = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Find the functions that waste money, and what to do about each. Reads only; changes nothing."""
    from powertune.cli import opportunities, scan_showing, scanning
    from powertune.cli.outputs import name_outputs, refuse_overwriting
    from powertune.config.scan_options import SCANS_FOLDER
    from powertune.report import SCAN

    outputs = name_outputs(format_, output or (), more or (), SCAN.formats)
    refuse_overwriting([wanted.path for wanted in outputs], [scope.accounts, keeping.from_, prices])
    questions = scanning.ask_for(
        groups.given(effort) | {"top": top, "fail_on": fail_on}, prices=prices, results_folder=results_folder
    )
    wishes = scanning.ScanWishes(
        questions=questions, outputs=outputs, scans=keeping.scans or SCANS_FOLDER, quiet=quiet, reconcile=reconcile
    )
    if keeping.from_ is not None:
        beside = {"resume": keeping.resume, "dry_run": dry_run, "reconcile": reconcile, "then_run": then_run}
        scan_showing.check_shown(groups.given(scope, effort) | beside)
        scan_showing.show_kept(keeping.from_, place.connection, wishes)
        return
    wanted = scanning.scope_of(**groups.given(scope))
    tuned = opportunities.check_then_run(then_run, yes=yes, dry_run=dry_run)
    with scanning.reaching(place.connection, wanted) as reached:
        if dry_run:
            scan_showing.show_estimate(reached, wishes)
            return
        kept = scan_showing.open_archive(reached.connection, wishes)
        found = scanning.scan_places(reached, wishes, resume=keeping.resume)
        failure = scan_showing.show_and_keep(found, kept, reached.connection, wishes)
    if tuned:
        opportunities.tune_largest(found.scan, tuned, reached.account_id, place.connection, wishes, ask=not yes)
    if failure is not None:
        raise failure
