"""What a goal minimizes, in one place."""

import pytest

from powertune.model import Goal, Strategy


@pytest.mark.parametrize(
    ("goal", "cost_weight", "tolerance"),
    [
        (Goal(strategy=Strategy.COST), 1.0, None),
        (Goal(strategy=Strategy.SPEED), 0.0, None),
        (Goal(strategy=Strategy.BALANCED, balanced_weight=0.3), 0.3, None),
        (Goal(strategy=Strategy.TOLERANCE, cost_tolerance=0.1), 0.0, 0.1),
    ],
)
def test_a_strategy_is_a_weight_of_the_cost_and_a_tolerance(
    goal: Goal, cost_weight: float, tolerance: float | None
) -> None:
    assert goal.cost_weight == cost_weight
    assert goal.tolerance == tolerance
    assert goal.ignores_cost is (goal.strategy is Strategy.SPEED)
    assert goal.ignores_duration is (goal.strategy is Strategy.COST)
