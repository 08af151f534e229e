"""`powertune run`: tune a function, or several."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from powertune.cli import groups
from powertune.cli import options as common
from powertune.cli.engine_options import EngineOptions
from powertune.cli.help import PanelCommand

EXAMPLES = """
Examples:
  # Search for the best size
  powertune run my-function
  # Show the plan and what it would cost
  powertune run my-function --payload @event.json --dry-run
  # Measure three sizes on both architectures
  powertune run my-function -m 512,1024,1769 -p @event.json --arch both
  # The cheapest size with a p95 of at most 300 ms, for at most $0.20
  powertune run my-function --strategy cost --max-duration "p95<=300ms" --max-spend 0.20
  # Write a page and the raw figures, without questions
  powertune run my-function --yes -o "report.{html,json}"
  # Measure code on this machine, without AWS
  powertune run ./app.py:handler -p file://event.json
  # Tune several functions with one budget, and keep their results in a folder
  powertune run orders billing search --max-spend 2 --save results/
  powertune run --functions-from functions.txt --yes
  # Have the state machine in the account measure, and follow it
  powertune run my-function --engine stepfunctions
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringOptions:
    """What to measure, and with which events."""

    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            "-m",
            help="Measure these sizes in MB: 128,512,1024 or 128-1024:128.  [default: search for the best one]",
            show_default=False,
        ),
    ] = None
    search: Annotated[
        str | None,
        typer.Option(
            help="How sizes are chosen: adaptive, or grid (128,256,512,1024,1769,3008 and the current). "
            "[default: grid with --memory, else adaptive]",
            show_default=False,
        ),
    ] = None
    min_memory: Annotated[
        str | None, typer.Option(help="Smallest size to search, in MB.  [default: 128]", show_default=False)
    ] = None
    max_memory: Annotated[
        str | None, typer.Option(help="Largest size to search, in MB.  [default: 10240]", show_default=False)
    ] = None
    precision: Annotated[
        str | None,
        typer.Option(
            help="Keep searching until no other size can be this much better, such as 3%.  "
            "[default: while it is worth its price]",
            show_default=False,
        ),
    ] = None
    start_from: Annotated[
        str | None, typer.Option(help="Results file of an earlier run to start the search from.", show_default=False)
    ] = None
    arch: Annotated[
        str | None,
        typer.Option(help="arm64, x86_64 or both.  [default: the function's own]", show_default=False),
    ] = None
    isolate: Annotated[
        bool | None,
        typer.Option(
            "--isolate",
            help="Measure on temporary copies only; the function itself is never changed.  "
            "[default: where $LATEST is in use]",
            show_default=False,
        ),
    ] = None
    in_place: Annotated[
        bool | None,
        typer.Option(
            "--in-place",
            help="Measure the function itself, even if $LATEST is in use.  [default: if it is not]",
            show_default=False,
        ),
    ] = None
    image_uri_arm64: Annotated[
        str | None, typer.Option(help="Container image for arm64, for a function whose image is for x86_64.")
    ] = None
    image_uri_x86_64: Annotated[
        str | None,
        typer.Option(
            "--image-uri-x86-64", help="Container image for x86_64, for a function whose image is for arm64."
        ),
    ] = None
    invocations: Annotated[
        str | None,
        typer.Option(
            help="Warm invocations per size; in a search, the most per size.  [default: 20; 400 in a search]",
            show_default=False,
        ),
    ] = None
    environments: Annotated[
        str | None,
        typer.Option(
            help="Execution environments to use for each size; in a search, for the finalists.  "
            "[default: 4; in a search, as needed]",
            show_default=False,
        ),
    ] = None
    concurrency: Annotated[
        str | None, typer.Option(help="Most invocations at one time.  [default: 32]", show_default=False)
    ] = None
    payload: common.Payload = None
    allowed_errors: common.AllowedErrors = None
    only_cold_starts: Annotated[
        bool | None,
        typer.Option(
            "--only-cold-starts",
            help="Measure and judge cold starts alone: all invocations of a size at one time.",
            show_default=False,
        ),
    ] = None

    @property
    def images(self) -> dict[str, str]:
        """The container images that were named, by option."""
        named = {"image_uri_arm64": self.image_uri_arm64, "image_uri_x86_64": self.image_uri_x86_64}
        return {option: image for option, image in named.items() if image is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortOptions:
    """What a run may cost, and how gently it goes about it."""

    max_spend: Annotated[
        str | None,
        typer.Option(help="Stop before more than this is spent, in USD.  [default: 1.00]", show_default=False),
    ] = None
    report_source: Annotated[
        str | None,
        typer.Option(help="Where reports come from: auto, tail or logs.  [default: auto]", show_default=False),
    ] = None
    sleep_ms: Annotated[str | None, typer.Option("--sleep", hidden=True, help="Pause between rounds, in ms.")] = None
    rate: Annotated[
        str | None,
        typer.Option(hidden=True, help="Control-plane calls per second.  [default: 5]", show_default=False),
    ] = None
    seed: Annotated[
        str | None,
        typer.Option(hidden=True, help="Decides the order of invocations.  [default: 1]", show_default=False),
    ] = None
    pre_processor: Annotated[
        str | None, typer.Option(help="Function to invoke before each invocation; its output is the event.")
    ] = None
    post_processor: Annotated[
        str | None, typer.Option(help="Function to invoke with the output of each invocation.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNames:
    """Options that were renamed; the old names are still taken."""

    lanes: Annotated[str | None, typer.Option(hidden=True, help="Old name of --environments.")] = None
    telemetry: Annotated[str | None, typer.Option(hidden=True, help="Old name of --report-source.")] = None
    from_: Annotated[str | None, typer.Option("--from", hidden=True, help="Old name of --start-from.")] = None

    def start_from(self, given: str | None) -> str | None:
        """What --start-from names, by that name or the old one.

        Raises:
            UsageError: both were given.
        """
        from powertune.errors import UsageError

        if given is not None and self.from_ is not None:
            raise UsageError("--from is the old name of --start-from: give one of them", hint="leave --from out")
        return given or self.from_


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyOptions:
    """Several functions in one run."""

    functions_from: Annotated[
        str | None,
        typer.Option(
            help="File with a function's name or ARN in each line; - for stdin. # begins a comment.",
            show_default=False,
        ),
    ] = None
    parallel: Annotated[
        str | None,
        typer.Option(
            help="Most functions to measure at a time, as far as the account has the concurrency.  [default: 4]",
            show_default=False,
        ),
    ] = None


class RunCommand(PanelCommand):
    """`powertune run`, with the ten options that matter most in front."""

    panels: ClassVar = {
        "Most used": (
            *("memory", "payload", "arch", "strategy", "max_duration"),
            *("max_spend", "region", "output", "dry_run", "yes"),
        ),
        "Several functions": ("functions_from", "parallel"),
        "What to measure": (
            *("search", "min_memory", "max_memory", "precision", "start_from", "invocations", "environments"),
            *("isolate", "in_place", "image_uri_arm64", "image_uri_x86_64", "pre_processor", "post_processor"),
            *("allowed_errors", "only_cold_starts"),
        ),
        "Goal": (
            *("cost_tolerance", "balanced_weight", "max_cost", "headroom"),
            *("cold_share", "invocations_per_month", "savings_plan"),
        ),
        "Budget": ("concurrency", "prices"),
        "Engine": ("engine", "stack_name", "state_machine", "attach"),
        "AWS": ("profile", "endpoint_url", "report_source"),
        "Output": ("save", "results_folder", "format_", "raw", "open_"),
    }


@groups.spread
def run(
    target: Annotated[
        str | None,
        typer.Argument(
            help="A function's name, name:alias or ARN; or ./folder or path/to/app.py:handler. Several are tuned "
            "together.",
            metavar="TARGET...",
            show_default=False,
        ),
    ] = None,
    more: common.More = None,
    *,
    many: ManyOptions,
    measuring: MeasuringOptions,
    goal: common.GoalOptions,
    usage: common.UsageOptions,
    effort: EffortOptions,
    prices: common.Prices = None,
    engine: EngineOptions,
    place: common.AwsPlace,
    save: Annotated[
        str | None,
        typer.Option(
            help="Results file; for several functions, a folder.  [default: FUNCTION-RUN.json in --results-folder]",
            show_default=False,
        ),
    ] = None,
    results_folder: Annotated[
        str | None,
        typer.Option(
            help="Folder for results files; git ignores it.  [default: powertune-results]", show_default=False
        ),
    ] = None,
    reports: common.Reports,
    old: OldNames,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and cost, and stop.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask. Required on AWS if there is no terminal to ask on.")
    ] = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Measure functions at several memory sizes and recommend one for each; leave them as they were found."""
    from powertune.cli import command_line_checks, executing, execution_checks, rendering, tuning
    from powertune.cli.many.targets import several
    from powertune.cli.site import open_site
    from powertune.cli.sources import payload_file
    from powertune.report import PLAN

    earlier = old.start_from(measuring.start_from)
    beside = {"prices": prices, "start_from": earlier, "results_folder": results_folder}
    given = groups.given(measuring, goal, usage, effort, old) | beside
    if engine.attach is not None:
        words = [*(() if target is None else (target,)), *(more or ())]
        chosen = {**given, **groups.given(many), "dry_run": dry_run or None, "state_machine": engine.state_machine}
        engine.check_attached()
        execution_checks.check_attach(engine.attach, words, chosen, files=bool(reports.output))
        wishes = executing.RunOutputs(outputs=reports.parse(words), save=save, quiet=quiet)
        executing.attach(engine.attach, place.connection, engine.stack_name, results_folder, wishes)
        return
    functions = several(target, more or (), many.functions_from, files=bool(reports.output))
    if functions is not None:
        from powertune.cli.many.command import ManyRequest, run_several

        request = ManyRequest(
            given=given,
            place=place.connection,
            engine=engine.named,
            outputs=reports.parse([word for word in more or () if word not in functions]),
            listed=many.functions_from,
            parallel=many.parallel,
            save=save,
            dry_run=dry_run,
            yes=yes,
            quiet=quiet,
        )
        run_several(functions, request)
        return
    target = command_line_checks.check_target(target)
    outputs = reports.parse(more)
    elsewhere = engine.elsewhere(target, given)
    tuning.check_outputs(outputs, save, [prices, earlier, payload_file(measuring.payload)], dry_run=dry_run)
    command_line_checks.check_place(target, groups.given(place) | measuring.images)
    command_line_checks.check_options(target, given)
    tuning.check_consent(target, yes=yes, dry_run=dry_run)
    with open_site(target, place.connection, quiet=quiet) as site:
        options = tuning.load_options(site, given)
        region_prices = tuning.region_prices(site, options)
        if elsewhere:
            wishes = executing.RunOutputs(outputs=outputs, save=save, quiet=quiet, dry_run=dry_run, ask=not yes)
            executing.run(site, options, region_prices, place.connection, engine.machine(measuring.payload), wishes)
            return
        plan = tuning.plan_run(site, options, region_prices, earlier=earlier)
        if dry_run:
            rendering.show(PLAN, plan, outputs, quiet=True)
            return
        if not tuning.agreed(plan, ask=not (yes or site.embedded), quiet=quiet):
            return
        path = Path(save) if save else tuning.results_path(options.results_folder, plan)
        tuning.measure_and_report(site, options, plan, path, outputs, quiet=quiet)
