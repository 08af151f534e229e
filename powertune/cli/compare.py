"""`powertune compare`: two results files, or the two architectures of one, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import options as common


def compare(
    baseline: Annotated[str, typer.Argument(help="Results file to compare with.")],
    candidate: Annotated[
        str | None,
        typer.Argument(help="Results file to compare.  [default: arm64 of the same file, compared with x86_64]"),
    ] = None,
    more: common.More = None,
    cold_share: common.ColdShare = None,
    invocations_per_month: common.InvocationsPerMonth = None,
    savings_plan: common.SavingsPlan = None,
    prices: common.Prices = None,
    format_: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, json, markdown or visualizer.  [default: table, or by the file's ending]",
            show_default=False,
        ),
    ] = None,
    output: common.Output = None,
) -> None:
    """Show what is faster, slower, cheaper or more expensive, per memory size and overall."""
    from powertune import results
    from powertune.cli.comparing import compare_formats, render_comparison
    from powertune.cli.outputs import name_outputs, refuse_overwriting
    from powertune.cli.rendering import deliver
    from powertune.cli.sources import load_prices
    from powertune.config import JUDGEMENT_OPTIONS, parse_judgement

    _, usage = parse_judgement({name: value for name, value in locals().items() if name in JUDGEMENT_OPTIONS})
    outputs = name_outputs(format_, output or (), more or (), compare_formats())
    refuse_overwriting([wanted.path for wanted in outputs], [baseline, candidate, prices])
    runs = tuple(results.load(Path(file)) for file in (baseline, candidate) if file is not None)
    table = load_prices(Path(prices) if prices else None)
    for wanted in outputs:
        deliver(render_comparison(runs, table, usage, wanted), wanted, quiet=False)
