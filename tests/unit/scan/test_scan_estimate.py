"""What a scan will ask: pages of functions, calls for metrics, and their price."""

import pytest
from scanned import PLACE, PRICES

from powertune.scan.scan_estimate import PlaceEstimate, estimate_place


def test_a_thousand_functions_take_twenty_pages_and_seven_cents() -> None:
    found = estimate_place(PLACE, 1_000, PRICES)
    assert (found.listing_calls, found.metric_calls, found.metrics) == (20, 22, 7_000)
    assert found.usd == pytest.approx(0.07)


def test_an_empty_place_takes_one_call_and_an_unknown_one_says_nothing() -> None:
    assert estimate_place(PLACE, 0, None) == PlaceEstimate(place=PLACE, functions=0, listing_calls=1)
    assert estimate_place(PLACE, None, PRICES) == PlaceEstimate(place=PLACE, functions=None)
