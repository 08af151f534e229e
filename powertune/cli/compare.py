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
    cold_share: common.ColdShare = None,
    invocations_per_month: common.InvocationsPerMonth = None,
    savings_plan: common.SavingsPlan = None,
    prices: common.Prices = None,
    format_: Annotated[
        str, typer.Option("--format", help="What to print: table, json, markdown or visualizer.")
    ] = "table",
    output: common.File = None,
) -> None:
    """Tell what is faster, slower, cheaper or dearer, per memory size and overall, as far as that can be told."""
    from powertune import results
    from powertune.cli.comparing import COMPARE_FORMATS, render_comparison
    from powertune.cli.outputs import write_output
    from powertune.cli.sources import load_prices
    from powertune.config import JUDGEMENT_OPTIONS, parse_judgement
    from powertune.errors import UsageError

    _, usage = parse_judgement({name: value for name, value in locals().items() if name in JUDGEMENT_OPTIONS})
    if format_ not in COMPARE_FORMATS:
        raise UsageError(f"unknown format {format_!r}", hint=f"one of {', '.join(COMPARE_FORMATS)}")
    runs = tuple(results.load(Path(file)) for file in (baseline, candidate) if file is not None)
    table = load_prices(Path(prices) if prices else None)
    write_output(render_comparison(runs, table, usage, format_), output)
