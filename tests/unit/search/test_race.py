"""Finalists against each other."""

from dataclasses import replace

import numpy as np
import pytest
from factories import make_measurement, make_prices

from powertune.model import Architecture, Exploration, Goal, Limit, Statistic, Strategy
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.race import lanes_for, rivals_left
from powertune.search.adaptive.rates import Rates

EXPLORATION = Exploration(
    smallest_mb=128, largest_mb=3008, architectures=(Architecture.X86_64,), goal=Goal(strategy=Strategy.SPEED)
)
RATES = Rates(prices=make_prices())


def left(goal: Goal, means: dict[int, float], precision: float = 0.01, count: int = 400) -> list[int]:
    """The sizes that may still beat the first one, each measured `count` times with a spread of 1 %."""
    values = np.linspace(0.99, 1.01, count)
    sizes = [make_measurement(memory_mb=mb, durations=list(mean * values), lanes=8) for mb, mean in means.items()]
    seen = Evidence.of({m.configuration: m for m in sizes}, replace(EXPLORATION, goal=goal))
    return [c.memory_mb for c in rivals_left(seen, sizes[0].configuration, RATES, precision)]


def test_a_rival_that_is_far_worse_is_out_and_one_that_is_better_stays() -> None:
    speed = Goal(strategy=Strategy.SPEED)
    assert left(speed, {512: 100.0, 1024: 150.0}) == []
    assert left(speed, {512: 150.0, 1024: 100.0}) == [1024]


def test_the_strategy_decides_what_is_compared() -> None:
    # Twice the memory for 1.5 times the speed: faster, and more expensive.
    means = {512: 150.0, 1024: 100.0}
    assert left(Goal(strategy=Strategy.COST), means) == []
    assert left(Goal(strategy=Strategy.BALANCED, balanced_weight=0.1), means) == [1024]
    assert left(Goal(strategy=Strategy.BALANCED, balanced_weight=0.9), means) == []


def test_a_tolerance_widens_the_margin_of_the_cost() -> None:
    means = {1024: 100.0, 512: 150.0}
    assert left(Goal(strategy=Strategy.COST), means) == [512]
    assert left(Goal(strategy=Strategy.TOLERANCE, cost_tolerance=0.05), means) == [512]
    assert left(Goal(strategy=Strategy.TOLERANCE, cost_tolerance=1.0), means) == []


def test_a_rival_that_misses_a_limit_is_none() -> None:
    limit = Limit(statistic=Statistic.MEAN, at_most_ms=120)
    means = {1024: 100.0, 512: 150.0}
    assert left(Goal(strategy=Strategy.COST), means) == [512]
    assert left(Goal(strategy=Strategy.COST, max_duration=limit), means) == []
    assert left(Goal(strategy=Strategy.SPEED, max_cost=1e-12), {512: 150.0, 1024: 100.0}) == []


def test_a_smaller_sample_leaves_more_rivals() -> None:
    means = {512: 100.0, 1024: 103.0}
    speed = Goal(strategy=Strategy.SPEED)
    assert left(speed, means, precision=0.02, count=8) == [1024]
    assert left(speed, means, precision=0.3) == []


@pytest.mark.parametrize(("precision", "lanes"), [(0.5, 3), (0.05, 5), (0.001, 16)])
def test_more_precision_takes_more_environments(precision: float, lanes: int) -> None:
    assert lanes_for(precision, 0.02**2, least=3, most=16) == lanes


def test_finalists_that_share_one_environment_are_not_told_apart_by_its_luck() -> None:
    values = np.linspace(0.99, 1.01, 40)

    def left(**more: object) -> int:
        sizes = [
            make_measurement(memory_mb=mb, durations=list(mean * values), lanes=8, **more)  # type: ignore[arg-type]
            for mb, mean in ((512, 100.0), (1024, 104.0))
        ]
        seen = Evidence.of({m.configuration: m for m in sizes}, EXPLORATION)
        return len(rivals_left(seen, sizes[0].configuration, RATES, 0.001))

    assert left() < left(environment="a") == 1
