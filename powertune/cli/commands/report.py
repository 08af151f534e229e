"""`powertune report`: render a results file again; needs no AWS."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common


@groups.spread
def report(
    file: Annotated[str, typer.Argument(help="Results file of a run, or a scan that was kept.")],
    more: common.More = None,
    *,
    goal: common.GoalOptions,
    usage: common.UsageOptions,
    prices: common.Prices = None,
    reports: common.Reports,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show why a search measured what it did, batch by batch, instead.")
    ] = False,
    results_folder: Annotated[
        str | None,
        typer.Option(
            help="For a scan: folder with the results files of runs.  [default: powertune-results]",
            show_default=False,
        ),
    ] = None,
    quiet: common.Quiet = False,
) -> None:
    """Show what a run measured, from its results file; or a scan, with what was measured of its functions."""
    from powertune import results
    from powertune.cli import kept_scan, rendering
    from powertune.cli.console import write_stdout
    from powertune.cli.outputs import refuse_overwriting
    from powertune.cli.sources import load_prices
    from powertune.cli.tables.explanation import explanation
    from powertune.config import parse_judgement
    from powertune.config.options import RESULTS_FOLDER
    from powertune.errors import UsageError

    price_file = Path(prices) if prices else None
    if kept_scan.is_scan(Path(file)):
        kept_scan.check_options(groups.given(goal, usage) | {"explain": explain})
        folder = Path(results_folder) if results_folder else RESULTS_FOLDER
        kept_scan.report_scan(Path(file), load_prices(price_file), reports, more, folder=folder, quiet=quiet)
        return
    outputs = reports.parse(more)
    refuse_overwriting([output.path for output in outputs], [file, prices])
    table = load_prices(price_file)
    run = results.load(Path(file))
    if explain and (reports.given or more):
        raise UsageError("--explain prints a text of its own", hint="leave --format, --output and --open out")
    judgement = parse_judgement(groups.given(goal, usage), run.design.goal, run.design.usage)
    if explain:
        write_stdout(explanation(run, table.region(run.function.region).currency).encode())
        return
    rendering.show_run(run, table, judgement, outputs, quiet=quiet)
