"""`powertune report`: render a results file again; needs no AWS."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import options as common


def report(
    file: Annotated[str, typer.Argument(help="Results file of a run.")],
    more: common.More = None,
    strategy: common.Strategy = None,
    cost_tolerance: common.CostTolerance = None,
    balanced_weight: common.BalancedWeight = None,
    max_duration: common.MaxDuration = None,
    max_cost: common.MaxCost = None,
    headroom: common.Headroom = None,
    cold_share: common.ColdShare = None,
    invocations_per_month: common.InvocationsPerMonth = None,
    savings_plan: common.SavingsPlan = None,
    prices: common.Prices = None,
    format_: common.Format = None,
    output: common.Output = None,
    raw: common.Raw = False,
    open_: common.Open = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show why a search measured what it did, batch by batch, instead.")
    ] = False,
    quiet: common.Quiet = False,
) -> None:
    """Show what a run measured, from its results file."""
    from powertune import results
    from powertune.cli import rendering
    from powertune.cli.console import write_stdout
    from powertune.cli.outputs import parse_outputs, refuse_overwriting
    from powertune.cli.sources import load_prices
    from powertune.config import GOAL_OPTIONS, JUDGEMENT_OPTIONS, parse_judgement
    from powertune.errors import UsageError

    given = {name: value for name, value in locals().items() if name in JUDGEMENT_OPTIONS and value is not None}
    goal, usage = parse_judgement(given)
    outputs = parse_outputs(format_, output or (), more or (), raw=raw, page=open_)
    refuse_overwriting([output.path for output in outputs], [file, prices])
    table = load_prices(Path(prices) if prices else None)
    run = results.load(Path(file))
    if explain and (format_ or output or more or open_):
        raise UsageError("--explain prints a text of its own", hint="leave --format, --output and --open out")
    if run.design.exploration is not None and not GOAL_OPTIONS & given.keys():
        goal = run.design.exploration.goal
    if explain:
        write_stdout(rendering.explanation(run, table.region(run.function.region).currency).encode())
        return
    rendering.show_run(run, table, (goal, usage), outputs, quiet=quiet)
