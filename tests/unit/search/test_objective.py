"""What a goal makes of durations and costs."""

from dataclasses import replace

import numpy as np
import pytest
from factories import make_configuration, make_prices

from powertune.model import Goal, Limit, Statistic, Strategy
from powertune.search.adaptive.objective import Objective
from powertune.search.adaptive.rates import Rates

RATES = Rates(prices=make_prices())
CANDIDATES = tuple(make_configuration(mb) for mb in (128, 512, 2048))
#: One curve: the second size has the lowest product of cost and duration.
LOG_MS = np.log([[1200.0, 400.0, 310.0]])


def objective(**goal: object) -> Objective:
    return Objective.of(Goal(**goal), CANDIDATES, RATES)  # type: ignore[arg-type]


def order(of: Objective) -> list[int]:
    indices: list[int] = np.argsort(of.scores(LOG_MS, of.costs(LOG_MS))[0]).tolist()
    return indices


def test_costs_are_those_of_the_price_list() -> None:
    found = objective(strategy=Strategy.COST).costs(LOG_MS)[0]
    expected = [RATES.prices.invocation_cost(c, ms) for c, ms in zip(CANDIDATES, (1200, 400, 310), strict=True)]
    assert found == pytest.approx(expected)
    # Speed is about durations, and what is billed for them is rounded up to whole milliseconds.
    assert (objective(strategy=Strategy.SPEED).costs(LOG_MS)[0] > found).all()


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ({"strategy": Strategy.COST}, [0, 1, 2]),
        ({"strategy": Strategy.SPEED}, [2, 1, 0]),
        ({"strategy": Strategy.BALANCED}, [1, 0, 2]),
        ({"strategy": Strategy.BALANCED, "balanced_weight": 0.0}, [2, 1, 0]),
        ({"strategy": Strategy.BALANCED, "balanced_weight": 1.0}, [0, 1, 2]),
        ({"strategy": Strategy.TOLERANCE, "cost_tolerance": 0.05}, [0, 1, 2]),
        ({"strategy": Strategy.TOLERANCE, "cost_tolerance": 0.5}, [1, 0, 2]),
    ],
)
def test_the_strategy_orders_the_candidates(goal: dict[str, object], expected: list[int]) -> None:
    assert order(objective(**goal)) == expected


def test_a_limit_outweighs_the_strategy_and_the_tail_counts() -> None:
    limit = Limit(statistic=Statistic.P95, at_most_ms=500)
    assert order(objective(strategy=Strategy.COST, max_duration=limit))[0] == 1
    tailed = replace(Objective.of(Goal(strategy=Strategy.COST, max_duration=limit), CANDIDATES, RATES), tails=0.4)
    assert order(tailed)[0] == 2
    # 400 ms of 512 MB cost 3.5 USD per million.
    assert order(objective(strategy=Strategy.SPEED, max_cost=3.6e-6))[0] == 1


@pytest.mark.parametrize(("strategy", "best"), [(Strategy.SPEED, 0), (Strategy.BALANCED, 0), (Strategy.COST, 1)])
def test_a_small_difference_in_speed_is_not_worth_paying_for(strategy: Strategy, best: int) -> None:
    scores, costs = np.array([[0.02, 0.0]]), np.array([[1.0, 2.0]])
    assert objective(strategy=strategy).best(scores, costs, [0, 1]) == best


def test_the_metric_has_neither_limits_nor_a_tolerance() -> None:
    found = objective(strategy=Strategy.TOLERANCE, max_cost=1e-12)
    assert (found.metric(LOG_MS, found.costs(LOG_MS)) == LOG_MS).all()
    free = objective(strategy=Strategy.SPEED)
    # Durations alone, even if nothing costs anything.
    assert (free.metric(LOG_MS, np.zeros_like(LOG_MS)) == LOG_MS).all()
