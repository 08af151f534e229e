"""One budget for all places: those that have nothing to ask leave theirs to the others, and it is never exceeded."""

import pytest

from powertune.engine.scanning.logs_budget import LogsBudget


def test_what_empty_places_leave_goes_to_the_one_that_asks() -> None:
    budget = LogsBudget(1.0, slots=1)
    for _ in range(16):
        budget.give_back(budget.reserve(), 0.0)
    assert budget.reserve() == pytest.approx(1.0)


def test_places_side_by_side_share_it_and_never_spend_more() -> None:
    budget = LogsBudget(1.0, slots=4)
    shares = [budget.reserve() for _ in range(4)]
    assert shares == pytest.approx([0.25] * 4)
    budget.give_back(shares[0], 0.25)
    assert budget.reserve() == pytest.approx(0.0)
    budget.give_back(shares[1], 0.05)
    assert budget.reserve() == pytest.approx(0.2)
