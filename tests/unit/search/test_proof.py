"""How much more it takes to prove that a change helps."""

import math

import numpy as np
import pytest
from factories import make_configuration

from powertune.model import Goal, Strategy
from powertune.search.adaptive.proof import Proof

COST, SPEED, TOLERANCE = (Goal(strategy=each) for each in (Strategy.COST, Strategy.SPEED, Strategy.TOLERANCE))


def growth(goal: Goal, cost: float, duration: float, *, doubt: float = 0.05) -> float:
    """For ratios with a standard deviation of `doubt` in their logarithms."""
    spread = doubt * np.array([-1.0, 1.0])
    return Proof(
        pair=(make_configuration(1024), make_configuration(512)),
        goal=goal,
        log_cost=math.log(cost) + spread,
        log_duration=math.log(duration) + spread,
        quantile=2.0,
    ).growth


def test_what_is_two_deviations_away_is_proven() -> None:
    assert growth(COST, math.exp(-0.1), 1.0) == pytest.approx(1.0)
    assert growth(COST, 0.5, 1.0) < 1
    # At half the distance, four times the invocations.
    assert growth(COST, math.exp(-0.1), 1.0, doubt=0.1) == pytest.approx(4.0)


@pytest.mark.parametrize(("goal", "cost", "duration"), [(COST, 0.97, 0.2), (SPEED, 0.2, 0.97), (COST, 1.5, 0.2)])
def test_small_gains_are_not_worth_a_proof(goal: Goal, cost: float, duration: float) -> None:
    assert growth(goal, cost, duration) == math.inf


def test_with_a_tolerance_either_way_to_help_counts() -> None:
    cheaper, faster = growth(TOLERANCE, 0.8, 2.0), growth(TOLERANCE, 1.0, 0.5)
    assert cheaper < 1
    assert math.isfinite(faster)
    assert growth(TOLERANCE, 0.8, 0.5) <= min(cheaper, faster)
    # Much faster, but no number of invocations makes the cost bearable.
    assert growth(TOLERANCE, 1.4, 0.5) == math.inf
    # The more speed, the more cost is borne.
    assert growth(TOLERANCE, 1.1, 0.1) < growth(TOLERANCE, 1.1, 0.3)
