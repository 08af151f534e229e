"""`powertune report`: render a results file again; needs no AWS."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import options as common


def report(
    file: Annotated[str, typer.Argument(help="Results file of a run.")],
    strategy: common.Strategy = None,
    prices: common.Prices = None,
    format_: common.Format = "table",
    output: common.Output = None,
) -> None:
    """Show what a run has measured, from its results file."""
    from powertune import results
    from powertune.cli import rendering
    from powertune.cli.sources import load_prices
    from powertune.config import parse_strategy

    style = rendering.Style.parse(format_, output)
    rendering.show_run(
        results.load(Path(file)), load_prices(Path(prices) if prices else None), parse_strategy(strategy), style
    )
