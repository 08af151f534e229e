"""A price table for the terminal."""

import io
import itertools
import textwrap

from powertune.cli.tables.screen import Screen
from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.units import PER_MILLION

#: What the figures of each column are.
_UNITS = {
    "currency": "",
    "x86_64": "per 1M GB-s",
    "arm64": "per 1M GB-s",
    "requests": "per 1M",
    "storage": "per 1M GB-s",
}


_WIDEST = 100


def render_prices_table(table: PriceTable, screen: Screen) -> bytes:
    """A line for each region, of the same width on every screen: figures are not wrapped, notes are."""
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
    Console(file=buffer, width=_WIDEST, highlight=False).print(grid)
    notes = (
        "GB-seconds are those of the first volume tier; storage is ephemeral storage beyond 512 MB",
        f"as of {table.as_of}: {table.source}",
    )
    wrapped = (textwrap.wrap(note, screen.width, break_on_hyphens=False) for note in notes)
    lines = [*buffer.getvalue().splitlines(), *itertools.chain.from_iterable(wrapped)]
    return "".join(f"{line.rstrip()}\n" for line in lines).encode()


def _row(prices: RegionPrices) -> tuple[str, ...]:
    return (
        prices.region,
        prices.currency,
        f"{prices.gb_second(Architecture.X86_64) * PER_MILLION:.4f}",
        f"{prices.gb_second(Architecture.ARM64) * PER_MILLION:.4f}",
        f"{prices.request * PER_MILLION:.2f}",
        f"{prices.ephemeral_gb_second(Architecture.X86_64) * PER_MILLION:.4f}",
    )
