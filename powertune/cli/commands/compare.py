"""`powertune compare`: two results files, or the two architectures of one, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import groups
from powertune.cli import options as common


@groups.spread
def compare(
    baseline: Annotated[str, typer.Argument(help="Results file to compare with.")],
    candidate: Annotated[
        str | None,
        typer.Argument(help="Results file to compare.  [default: arm64 of the same file, compared with x86_64]"),
    ] = None,
    more: common.More = None,
    *,
    usage: common.UsageOptions,
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
    from powertune.cli.outputs import name_outputs, refuse_overwriting
    from powertune.cli.rendering import show
    from powertune.cli.sources import load_prices
    from powertune.config import parse_judgement
    from powertune.report import COMPARISON
    from powertune.report.comparison_report import ComparedRuns

    _, judged = parse_judgement(groups.given(usage))
    outputs = name_outputs(format_, output or (), more or (), COMPARISON.formats)
    refuse_overwriting([wanted.path for wanted in outputs], [baseline, candidate, prices])
    runs = ComparedRuns(
        baseline=results.load(Path(baseline)),
        candidate=None if candidate is None else results.load(Path(candidate)),
        prices=load_prices(Path(prices) if prices else None),
        usage=judged,
    )
    show(COMPARISON, runs, outputs)
