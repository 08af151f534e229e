"""Figures of a gate in words."""

import pytest

from powertune.gate.figure_text import amount_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (312.4, "ms", "312 ms"),
        (2.1, "USD/1M", "$2.10 per million"),
        (0.0, "%", "0 %"),
        (112.0, "MB", "112 MB"),
        (3.14159, "MB", "3.14 MB"),
        # The package of a small function.
        (0.0003, "MB", "0.3 KB"),
        (0.05, "MB", "51.2 KB"),
        (0.0, "MB", "0 MB"),
    ],
)
def test_an_amount_is_in_the_unit_that_shows_it(value: float, unit: str, text: str) -> None:
    assert amount_text(value, unit) == text
