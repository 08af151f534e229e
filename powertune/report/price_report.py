"""A price table for programs: the price file that --prices reads."""

from powertune.prices import PriceTable


def render_prices_json(table: PriceTable) -> bytes:
    """The price file."""
    return table.to_json().encode()
