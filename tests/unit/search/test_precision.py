"""How precise is precise enough."""

from dataclasses import replace

import pytest

from powertune.model import Architecture, Exploration, Goal, Strategy
from powertune.search.precision import (
    PRECISION,
    PRECISION_THAT_PAYS,
    environments_for,
    invocations_for,
    pays,
    precision_of,
    savings_decide,
    spreads,
)

PLAIN = Exploration(smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,))
BUSY = replace(PLAIN, invocations_per_month=1e6)
FAST = replace(BUSY, goal=Goal(strategy=Strategy.SPEED))


def test_precision_is_what_was_asked_for_or_depends_on_the_traffic() -> None:
    assert precision_of(PLAIN) == PRECISION
    assert precision_of(BUSY) == PRECISION_THAT_PAYS
    assert precision_of(replace(BUSY, precision=0.03)) == 0.03
    # What is faster is not cheaper.
    assert precision_of(FAST) == PRECISION


def test_a_function_that_is_not_used_has_nothing_to_save() -> None:
    assert precision_of(replace(PLAIN, invocations_per_month=0.0)) == PRECISION


def test_savings_decide_only_with_traffic_and_without_a_precision() -> None:
    assert [savings_decide(e) for e in (PLAIN, BUSY, FAST, replace(BUSY, precision=0.03))] == [
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(("gain", "worth"), [(0.02, True), (0.005, False)])
def test_a_batch_pays_if_a_year_of_savings_exceeds_its_price(gain: float, *, worth: bool) -> None:
    # 1 % of 12 million invocations at 1e-6 USD each is 0.12 USD.
    assert pays(BUSY, gain, invocation_cost=1e-6, price=0.12) is worth
    assert pays(PLAIN, gain, invocation_cost=1e-6, price=0.12)


def test_finalists_are_spread_for_a_precision_or_a_saving_that_pays_their_cold_starts() -> None:
    assert spreads(replace(PLAIN, precision=0.03))
    assert not spreads(PLAIN)
    assert spreads(BUSY)
    assert not spreads(replace(PLAIN, invocations_per_month=1000.0))


def test_a_precision_takes_invocations_by_its_square() -> None:
    assert invocations_for(0.03, 0.08) == pytest.approx(4 * invocations_for(0.06, 0.08), rel=0.03)
    assert invocations_for(0.03, 0.16) == pytest.approx(4 * invocations_for(0.03, 0.08), rel=0.03)
    assert environments_for(0.03) == pytest.approx(4 * environments_for(0.06), rel=0.1)
