"""A price table for the terminal."""

import io

from powertune.cli.tables.screen import Screen
from powertune.model import Architecture
from powertune.prices import PriceTable, RegionPrices
from powertune.units import PER_MILLION

#: What the figures of each column are.
_UNITS = {
    "currency": "",
    "x86_64": "per 1M GB-s",
    "arm64": "per 1M GB-s",
    "requests": "per 1M",
    "storage": "per 1M GB-s",
}


def render_prices_table(table: PriceTable, _screen: Screen) -> bytes:
    """A line for each region, of the same width on every screen: figures are not wrapped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False)
    grid.add_column("region")
    for name, unit in _UNITS.items():
        grid.add_column(f"{name}\n{unit}".strip(), justify="right")
    for prices in table.regions:
        grid.add_row(*map(Text, _row(prices)))
    buffer = io.StringIO()
    console = Console(file=buffer, width=100, highlight=False)
    console.print(grid)
    console.print("GB-seconds are those of the first volume tier; storage is ephemeral storage beyond 512 MB")
    console.print(Text(f"as of {table.as_of}: {table.source}"))
    return buffer.getvalue().encode()


def _row(prices: RegionPrices) -> tuple[str, ...]:
    return (
        prices.region,
        prices.currency,
        f"{prices.gb_second(Architecture.X86_64) * PER_MILLION:.4f}",
        f"{prices.gb_second(Architecture.ARM64) * PER_MILLION:.4f}",
        f"{prices.request * PER_MILLION:.2f}",
        f"{prices.ephemeral_gb_second(Architecture.X86_64) * PER_MILLION:.4f}",
    )
