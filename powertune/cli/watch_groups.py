"""The options of `powertune watch`, in groups: what limits are from, when alarms go off, and what becomes of them."""

from dataclasses import dataclass
from typing import Annotated

import typer

from powertune.cli import options as common


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOptions:
    """Where the limits are from: chosen, or what runs and production show."""

    max_p95: Annotated[
        list[str] | None,
        typer.Option(
            help="p95 duration to alarm at: 300ms, or NAME=300ms for one function; repeatable.  "
            "[default: from a run, else from production]",
            show_default=False,
        ),
    ] = None
    max_cost_per_day: Annotated[
        list[str] | None,
        typer.Option(
            help="Cost per day to alarm at: 5usd, or NAME=5usd for one function; repeatable.  "
            "[default: 1.5 times the most expensive of 14 days]",
            show_default=False,
        ),
    ] = None
    run: Annotated[
        list[str] | None,
        typer.Option(
            help="Results file to take the p95 from; repeatable, one for each function.  "
            "[default: the newest in --results-folder]",
            show_default=False,
        ),
    ] = None
    results_folder: Annotated[
        str | None,
        typer.Option(help="Folder with the results files of runs.  [default: powertune-results]", show_default=False),
    ] = None
    prices: common.Prices = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """How far a function may go before an alarm goes off."""

    tolerance: Annotated[
        str | None,
        typer.Option(
            help="How far the p95 may exceed the highest that the evidence allows.  [default: 20%]",
            show_default=False,
        ),
    ] = None
    max_errors: Annotated[
        str | None, typer.Option(help="Share of invocations that may fail.  [default: 5%]", show_default=False)
    ] = None
    concurrency_share: Annotated[
        str | None,
        typer.Option(
            help="Share of the reserved concurrency, or of what is not reserved, that may be in use.  [default: 80%]",
            show_default=False,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStackOptions:
    """What becomes of the alarms: a template that is printed, or a stack."""

    deploy: Annotated[bool, typer.Option("--deploy", help="Create or update the stack, after asking.")] = False
    stack_name: common.StackName = "powertune-watch"
    alarm_topic: Annotated[
        str | None,
        typer.Option(
            help='ARN of the SNS topic that alarms notify; "" for none.  [default: that of the stack, if it has one]',
            show_default=False,
        ),
    ] = None
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="Tag of the stack and its alarms, as key=value; repeatable. Replaces all tags of the stack."
        ),
    ] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the alarms and where their limits are from, and stop.")
    ] = False
    format_: Annotated[
        str | None,
        typer.Option("--format", help="yaml or json.  [default: yaml, or by the file's ending]", show_default=False),
    ] = None
    output: common.File = None
