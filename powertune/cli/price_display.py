"""A price table for the terminal, and the way in which it is refreshed."""

import io
from contextlib import suppress
from pathlib import Path

from powertune import files
from powertune.cli.sources import cached_prices, price_cache
from powertune.model import Architecture
from powertune.prices import PriceTable, RegionPrices

_PER_GB_SECOND = 1_000_000


def render(table: PriceTable, region: str | None, format_: str) -> bytes:
    """The prices of every region, or of one, as a table or as a price file.

    Raises:
        UsageError: the region's prices are not known.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = (table.region(region),) if region else table.regions
    if format_ == "json":
        return PriceTable(as_of=table.as_of, source=table.source, regions=shown).to_json().encode()
    grid = Table(box=None, pad_edge=False)
    grid.add_column("region")
    for name in ("currency", "x86_64", "arm64", "requests", "storage"):
        grid.add_column(name, justify="right")
    for prices in shown:
        grid.add_row(*map(Text, _row(prices)))
    buffer = io.StringIO()
    console = Console(file=buffer, width=100, highlight=False)
    console.print(grid)
    console.print(
        "per million GB-seconds (first volume tier), million requests, million GB-seconds of ephemeral storage"
    )
    console.print(Text(f"as of {table.as_of}: {table.source}"))
    return buffer.getvalue().encode()


def refresh(region: str | None, profile: str | None) -> Path:
    """Read the Price List into the user's cache, for one region or for all that are known.

    Raises:
        AccessDenied, IdentityError, Unavailable: as AWS says.
        UsageError: the Price List knows no such region, or the cache cannot be written.
    """
    from powertune.aws.client import Place, connect
    from powertune.aws.price_list import endpoint_region, read_price_list

    regions = (region,) if region else _regions_of_one_identity()
    with connect(Place(region=endpoint_region(regions[0]), profile=profile)) as connection:
        table = read_price_list(connection.pricing(), regions)
    path, cached = price_cache(), cached_prices()
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.write((table if cached is None else cached.merged(table)).to_json().encode(), path)
    return path


def _regions_of_one_identity() -> tuple[str, ...]:
    """All regions but those in China, which have an AWS, and identities, of their own."""
    return tuple(p.region for p in PriceTable.bundled().regions if not p.region.startswith("cn-"))


def _row(prices: RegionPrices) -> tuple[str, ...]:
    return (
        prices.region,
        prices.currency,
        f"{prices.gb_second(Architecture.X86_64) * _PER_GB_SECOND:.4f}",
        f"{prices.gb_second(Architecture.ARM64) * _PER_GB_SECOND:.4f}",
        f"{prices.request * _PER_GB_SECOND:.2f}",
        f"{prices.ephemeral_gb_second(Architecture.X86_64) * _PER_GB_SECOND:.4f}",
    )
