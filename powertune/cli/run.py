"""`powertune run`: tune one function."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import options as common


def run(
    target: Annotated[
        str, typer.Argument(help="A function's name, name:alias or ARN; or ./folder or path/to/app.py:handler.")
    ],
    more: common.More = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="Measure these sizes in MB: 128,512,1024 or 128-1024:128.  [default: search for the best one]",
            show_default=False,
        ),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(
            help="How sizes are chosen: adaptive, or grid (128,256,512,1024,1769,3008 and the current). "
            "[default: grid with --memory, else adaptive]",
            show_default=False,
        ),
    ] = None,
    min_memory: Annotated[
        str | None, typer.Option(help="Smallest size to search, in MB.  [default: 128]", show_default=False)
    ] = None,
    max_memory: Annotated[
        str | None, typer.Option(help="Largest size to search, in MB.  [default: 10240]", show_default=False)
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Keep searching until no other size can be this much better, such as 3%.  "
            "[default: while it is worth its price]",
            show_default=False,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Results file of an earlier run to start the search from.", show_default=False),
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(help="arm64, x86_64 or both.  [default: the function's own]", show_default=False),
    ] = None,
    isolate: Annotated[
        bool | None,
        typer.Option(
            "--isolate",
            help="Measure on temporary copies only; the function itself is never changed.  "
            "[default: where $LATEST is in use]",
            show_default=False,
        ),
    ] = None,
    in_place: Annotated[
        bool | None,
        typer.Option(
            "--in-place",
            help="Measure the function itself, even if $LATEST is in use.  [default: if it is not]",
            show_default=False,
        ),
    ] = None,
    image_uri_arm64: Annotated[
        str | None, typer.Option(help="Container image for arm64, for a function whose image is for x86_64.")
    ] = None,
    image_uri_x86_64: Annotated[
        str | None,
        typer.Option(
            "--image-uri-x86-64", help="Container image for x86_64, for a function whose image is for arm64."
        ),
    ] = None,
    invocations: Annotated[
        str | None,
        typer.Option(
            help="Warm invocations per size; in a search, the most per size.  [default: 20; 400 in a search]",
            show_default=False,
        ),
    ] = None,
    lanes: Annotated[
        str | None,
        typer.Option(
            help="Parallel streams per size; in a search, those of the finalists.  "
            "[default: 4; in a search, as needed]",
            show_default=False,
        ),
    ] = None,
    concurrency: Annotated[
        str | None, typer.Option(help="Most invocations at one time.  [default: 32]", show_default=False)
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(
            help="Event: JSON, @file, @- or s3://bucket/key; may hold several, with weights.  [default: {}]"
        ),
    ] = None,
    strategy: common.Strategy = None,
    cost_tolerance: common.CostTolerance = None,
    balanced_weight: common.BalancedWeight = None,
    max_duration: common.MaxDuration = None,
    max_cost: common.MaxCost = None,
    headroom: common.Headroom = None,
    cold_share: common.ColdShare = None,
    invocations_per_month: common.InvocationsPerMonth = None,
    savings_plan: common.SavingsPlan = None,
    max_spend: Annotated[
        str | None,
        typer.Option(help="Stop before more than this is spent, in USD.  [default: 1.00]", show_default=False),
    ] = None,
    telemetry: Annotated[
        str | None,
        typer.Option(help="Where reports come from: auto, tail or logs.  [default: auto]", show_default=False),
    ] = None,
    sleep_ms: Annotated[str | None, typer.Option("--sleep", help="Pause between rounds, in ms.")] = None,
    rate: Annotated[
        str | None, typer.Option(help="Control-plane calls per second.  [default: 5]", show_default=False)
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="Decides the order of invocations.  [default: 1]", show_default=False)
    ] = None,
    pre_processor: Annotated[
        str | None, typer.Option(help="Function to invoke before each invocation; its output is the event.")
    ] = None,
    post_processor: Annotated[
        str | None, typer.Option(help="Function to invoke with the output of each invocation.")
    ] = None,
    prices: common.Prices = None,
    region: common.Region = None,
    profile: common.Profile = None,
    endpoint_url: common.EndpointUrl = None,
    save: Annotated[
        str | None,
        typer.Option(help="Results file.  [default: powertune-FUNCTION-RUN.json]", show_default=False),
    ] = None,
    format_: common.Format = None,
    output: common.Output = None,
    raw: common.Raw = False,
    open_: common.Open = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done and cost, and stop.")] = False,
    yes: common.Yes = False,
    quiet: common.Quiet = False,
    _verbose: common.Verbose = False,
) -> None:
    """Measure a function at several memory sizes and recommend one; leave it as it was found."""
    from powertune.aws.client import Place
    from powertune.cli import rendering, tuning
    from powertune.cli.outputs import parse_outputs
    from powertune.cli.site import open_site

    given = dict(locals())
    outputs = parse_outputs(format_, output or (), more or (), raw=raw, page=open_)
    tuning.check_outputs(outputs, given)
    place = Place(region=region, profile=profile, endpoint_url=endpoint_url)
    with open_site(target, place, quiet=quiet) as site:
        options = tuning.load_options(site, given)
        region_prices = tuning.region_prices(site, options)
        plan = tuning.plan_run(site, options, region_prices, earlier=from_)
        if dry_run:
            rendering.show_plan(plan, outputs)
            return
        if not tuning.agreed(plan, ask=not (yes or site.embedded), quiet=quiet):
            return
        path = Path(save or f"powertune-{plan.function.name}-{plan.run_id}.json")
        measured = tuning.measure_plan(site, options, plan, path, quiet=quiet)
    rendering.show_run(measured, region_prices, (options.goal, options.usage), outputs, quiet=quiet)
