"""The table of prices says what its figures are."""

import pytest

from powertune.cli.tables.prices import render_prices_table
from powertune.cli.tables.screen import Screen
from powertune.prices import PriceTable


def test_every_column_of_figures_has_its_unit() -> None:
    lines = render_prices_table(PriceTable.bundled().only("eu-west-1"), Screen()).decode().splitlines()
    assert lines[0].split() == ["x86_64", "arm64", "requests", "storage"]
    assert " ".join(lines[1].split()) == "region currency per 1M GB-s per 1M GB-s per 1M per 1M GB-s"
    assert lines[2].split() == ["eu-west-1", "USD", "16.6667", "13.3334", "0.20", "0.0340"]


@pytest.mark.parametrize("width", [70, 120])
def test_notes_take_the_width_of_the_terminal(width: int) -> None:
    lines = render_prices_table(PriceTable.bundled().only("eu-west-1"), Screen(width=width)).decode().splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    notes = " ".join(lines[3:])
    assert notes.startswith("GB-seconds are those of the first volume tier;")
    assert PriceTable.bundled().source in notes
