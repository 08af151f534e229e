"""`powertune prices`: show the prices that are used, and read them anew from the AWS Price List."""

from contextlib import suppress
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
    format_: common.TableOrJson = None,
    output: common.File = None,
    _verbose: common.Verbose = False,
) -> None:
    """Show Lambda's prices per region, or refresh them from the AWS Price List (pricing:GetProducts)."""
    from powertune.cli.console import say
    from powertune.cli.outputs import name_outputs, refuse_overwriting
    from powertune.cli.rendering import show
    from powertune.cli.sources import load_prices
    from powertune.errors import UsageError
    from powertune.report import PRICES

    if action not in ("show", "refresh"):
        raise UsageError(f"unknown action {action!r}", hint="powertune prices, or powertune prices refresh")
    outputs = name_outputs(format_, [output] if output else (), (), PRICES.formats)
    refuse_overwriting([wanted.path for wanted in outputs], [prices_file])
    if action == "refresh":
        path = _refresh(region, profile)
        say(f"saved {path}")
    table = load_prices(Path(prices_file) if prices_file else None)
    show(PRICES, table.only(region) if region else table, outputs, quiet=True)


def _refresh(region: str | None, profile: str | None) -> Path:
    """Read the Price List into the user's cache, for one region or for all that are known.

    Raises:
        AccessDenied, IdentityError, Unavailable: as AWS says.
        UsageError: the Price List knows no such region, or the cache cannot be written.
    """
    from powertune import files
    from powertune.aws.connection import connect
    from powertune.aws.identity import ConnectionOptions
    from powertune.aws.price_list import PatientPricing, endpoint_region, read_price_list
    from powertune.cli.sources import cached_prices, price_cache

    regions = (region,) if region else _regions_of_one_identity()
    with connect(ConnectionOptions(region=endpoint_region(regions[0]), profile=profile)) as connection:
        table = read_price_list(PatientPricing(aws=connection.aws()), regions)
    path, cached = price_cache(), cached_prices()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write((table if cached is None else cached.merged(table)).to_json().encode(), path)
    return path


def _regions_of_one_identity() -> tuple[str, ...]:
    """All regions but those in China, which have an AWS, and identities, of their own."""
    from powertune.prices import PriceTable

    return tuple(p.region for p in PriceTable.bundled().regions if not p.region.startswith("cn-"))
