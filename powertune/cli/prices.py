"""`powertune prices`: show the prices that are used, and read them anew from the AWS Price List."""

from pathlib import Path
from typing import Annotated

import typer

from powertune.cli import options as common


def prices(
    action: Annotated[
        str, typer.Argument(help="show, or refresh: read the AWS Price List into your cache.")
    ] = "show",
    region: common.Region = None,
    prices_file: Annotated[str | None, typer.Option("--prices", help="Price file to show.")] = None,
    profile: common.Profile = None,
    format_: common.TableOrJson = "table",
    output: common.File = None,
    _verbose: common.Verbose = False,
) -> None:
    """Show Lambda's prices per region, or refresh them from the AWS Price List (pricing:GetProducts)."""
    from powertune.cli import price_display
    from powertune.cli.console import say
    from powertune.cli.outputs import refuse_overwriting, write_output
    from powertune.cli.sources import load_prices
    from powertune.errors import UsageError

    if action not in ("show", "refresh"):
        raise UsageError(f"unknown action {action!r}", hint="powertune prices, or powertune prices refresh")
    if format_ not in ("table", "json"):
        raise UsageError(f"unknown format {format_!r}", hint="one of table, json")
    refuse_overwriting([Path(output) if output else None], [prices_file])
    if action == "refresh":
        path = price_display.refresh(region, profile)
        say(f"saved {path}")
    table = load_prices(Path(prices_file) if prices_file else None)
    write_output(price_display.render(table, region, format_), output)
