"""One budget for several functions: what each gets, and that all together never exceed it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.engine.many.purse import Purse


def test_those_that_may_be_measured_at_the_same_time_get_equal_parts() -> None:
    purse = Purse(1.0)
    assert [purse.lend(0.01, 1.0, among) for among in (4, 3, 2, 1)] == pytest.approx([0.25] * 4)
    assert purse.left == pytest.approx(0.0)
    assert purse.lend(0.01, 1.0, 1) is None


def test_what_was_not_spent_comes_back() -> None:
    purse = Purse(1.0)
    assert purse.lend(0.1, 1.0, 1) == 1.0
    purse.settle(1.0, 0.2)
    assert (purse.spent, purse.left) == (0.2, 0.8)
    assert purse.lend(0.1, 1.0, 1) == 0.8


def test_a_function_gets_at_least_what_it_needs_and_at_most_its_own_budget() -> None:
    purse = Purse(3.0)
    assert purse.lend(2.0, 5.0, 10) == 2.0
    assert purse.lend(0.1, 0.5, 1) == 0.5
    assert purse.lend(0.6, 1.0, 1) is None


@given(st.integers(0, 10_000))
def test_the_limit_holds_whoever_comes_and_goes(seed: int) -> None:
    dice, purse = random.Random(seed), Purse(1.0)
    lent: list[float] = []
    for _ in range(60):
        if lent and dice.random() < 0.5:
            ended = lent.pop(dice.randrange(len(lent)))
            purse.settle(ended, ended * dice.random())
        amount = purse.lend(dice.random() / 5, 1.0, dice.randint(1, 8))
        if amount is not None:
            lent.append(amount)
        assert purse.spent + sum(lent) <= 1.0 + 1e-9
