"""Errors: what all checks, functions and looks may err together."""

import math

import pytest

from powertune.gate.confidence import DEFAULT_ERRORS, spent_at, tails
from powertune.gate.model import ONLY_LOOK, Look


@pytest.mark.parametrize("of", range(1, 12))
def test_all_looks_together_spend_what_there_is(of: int) -> None:
    spent = [spent_at(Look(number=number, of=of)) for number in range(1, of + 1)]
    assert math.fsum(spent) == 1
    assert spent == sorted(spent)


def test_the_only_look_of_the_only_check_has_all_errors() -> None:
    found = tails(DEFAULT_ERRORS, ONLY_LOOK, functions=1, checks=1)
    assert (found.low, found.high) == (0.01, 0.05)


def test_checks_share_the_errors_of_failing_but_not_those_of_passing() -> None:
    found = tails(DEFAULT_ERRORS, ONLY_LOOK, functions=1, checks=4)
    assert (found.low, found.high) == (0.0025, 0.05)


@pytest.mark.parametrize(("functions", "low"), [(1, 0.01), (5, 0.01), (20, 0.0025), (100, 0.0005)])
def test_a_suite_shares_its_errors_once_it_is_large(functions: int, low: float) -> None:
    assert tails(DEFAULT_ERRORS, ONLY_LOOK, functions=functions, checks=1).low == pytest.approx(low)


def test_a_look_has_its_part() -> None:
    found = tails(DEFAULT_ERRORS, Look(number=5, of=5), functions=1, checks=3)
    assert (found.low, found.high) == pytest.approx((0.01 / 3 / 2, 0.025))
