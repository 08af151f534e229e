"""Strategies with a tolerance, a weight, and constraints."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from factories import make_analysis, make_configuration, make_function, make_measurement, make_prices
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis import Analysis, Outcome, limits
from powertune.errors import ExitCode, Inconclusive
from powertune.model import Goal, Limit, Measurement, Statistic, Strategy

PRICES = make_prices(request=0.0)


def sized(memory_mb: int, mean: float, *, n: int = 40, spread: float = 0.01, **more: Any) -> Measurement:
    noise = np.random.default_rng(memory_mb).lognormal(0, spread, n)
    return make_measurement(memory_mb=memory_mb, durations=list(mean * noise / noise.mean()), lanes=4, **more)


def judged(*measurements: Measurement, **goal: object) -> Analysis:
    return make_analysis(*measurements, prices=PRICES, goal=dataclasses.replace(Goal(), **goal))  # type: ignore[arg-type]


#: Costs, times the same constant: 128 MB: 1.0, 256 MB: 1.03, 512 MB: 1.2, 1024 MB: 1.6.
CURVE = (sized(128, 8000), sized(256, 4120), sized(512, 2400), sized(1024, 1600))


def test_by_default_the_fastest_within_five_percent_of_the_cheapest_wins() -> None:
    analysis = judged(*CURVE)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(256)
    assert analysis.recommendation.strategy is Strategy.TOLERANCE
    assert (
        "cost is within 5 % of the cheapest, 128 MB x86_64, allowing for noise" in analysis.recommendation.reasons[0]
    )


@pytest.mark.parametrize(("tolerance", "winner"), [(0.0, 128), (0.02, 128), (0.25, 512), (1.0, 1024)])
def test_the_tolerance_decides_how_much_speed_may_cost(tolerance: float, winner: int) -> None:
    analysis = judged(*CURVE, cost_tolerance=tolerance)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(winner)


@pytest.mark.parametrize(("spread", "winner"), [(0.3, 512), (0.01, 128)])
def test_a_size_is_left_out_only_if_its_extra_cost_is_proven(spread: float, winner: int) -> None:
    # 512 MB costs 1.08 times as much as 128 MB and takes 0.27 times as long.
    analysis = judged(sized(128, 800, spread=spread), sized(512, 216, spread=spread))
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(winner)


def test_an_extra_cost_without_an_interval_is_left_out() -> None:
    one = make_measurement(memory_mb=512, durations=[216.0, 216.0], lanes=1)
    analysis = judged(sized(128, 800), one)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(128)


def test_no_size_is_left_out_for_a_more_expensive_one_that_is_less_certain() -> None:
    # 1.00, 1.15 and 1.10 times the cost. That of 256 MB may be within the tolerance, so noisy is it.
    sizes = (sized(128, 8000, spread=0.001), sized(256, 4600, spread=0.5, n=20), sized(1024, 1100, spread=0.001))
    recommendation = judged(*sizes).recommendation
    assert recommendation is not None
    assert recommendation.configuration == make_configuration(1024)


def test_within_the_tolerance_nobody_pays_for_noise() -> None:
    analysis = judged(sized(128, 500, spread=0.1), sized(130, 499, spread=0.1))
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(128)
    assert analysis.recommendation.equivalent == (make_configuration(130),)


@pytest.mark.parametrize(("weight", "winner"), [(0.0, 1024), (0.3, 1024), (0.7, 512), (0.85, 256), (1.0, 128)])
def test_the_weight_moves_the_balance_from_speed_to_cost(weight: float, winner: int) -> None:
    analysis = judged(*CURVE, strategy=Strategy.BALANCED, balanced_weight=weight)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(winner)


def test_a_constraint_on_duration_rules_sizes_out() -> None:
    limit = Limit(statistic=Statistic.P95, at_most_ms=3000)
    analysis = judged(*CURVE, strategy=Strategy.COST, max_duration=limit)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(512)
    slow = analysis.profile(make_configuration(256))
    assert slow is not None
    assert slow.unmet[0].startswith("p95 4,")
    assert slow.unmet[0].endswith("> 3,000 ms")
    # Those that may not be chosen are not on the front, whatever they cost.
    assert not slow.pareto


def test_a_constraint_on_cost_rules_sizes_out() -> None:
    cheapest = min(p.cost.mean for p in judged(*CURVE).profiles if p.cost)
    analysis = judged(*CURVE, strategy=Strategy.SPEED, max_cost=1.1 * cheapest)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(256)
    assert "per million" in analysis.profiles[-1].unmet[0]


def test_headroom_asks_for_more_memory_than_is_used() -> None:
    used = [sized(mb, mean, max_memory_used_mb=120) for mb, mean in ((128, 800), (256, 790))]
    analysis = judged(*used, strategy=Strategy.COST, headroom=1.1)
    assert analysis.recommendation is not None
    assert analysis.recommendation.configuration == make_configuration(256)
    assert analysis.profiles[0].unmet == ("less than 1.1 x 120 MB used",)
    unknown = make_measurement(memory_mb=128, durations=[5.0, 6.0], max_memory_used_mb=None)
    assert judged(unknown, headroom=1.1).profiles[0].unmet == ("memory used is not known",)


def test_an_impossible_constraint_is_an_answer_that_shows_the_nearest() -> None:
    limit = Limit(statistic=Statistic.MEAN, at_most_ms=1500)
    analysis = judged(*CURVE, max_duration=limit, max_cost=1.0)
    assert analysis.outcome is Outcome.IMPOSSIBLE
    assert analysis.recommendation is None
    assert analysis.nearest == make_configuration(1024)
    assert isinstance(analysis.failure, Inconclusive)
    assert analysis.failure.exit_code is ExitCode.INCONCLUSIVE
    assert "nearest is 1024 MB x86_64, with mean 1,600 ms > 1,500 ms" in analysis.failure.message
    assert "mean <= 1,500 ms, cost <= $1,000,000.00 per million" in analysis.failure.message
    # Without a configuration that may be chosen, the front is that of all.
    assert any(profile.pareto for profile in analysis.profiles)


def test_a_limit_that_noise_could_cross_is_said_to_be_undecided() -> None:
    def codes(**goal: object) -> dict[str, str]:
        return {a.code: a.message for a in judged(sized(512, 100, n=24, spread=0.1), **goal).advisories}

    def limit(statistic: Statistic, at_most_ms: float) -> dict[str, str]:
        return codes(max_duration=Limit(statistic=statistic, at_most_ms=at_most_ms))

    assert "inside its interval" in limit(Statistic.MEAN, 101)["constraint-undecided"]
    # Of 24, none above the limit: the true p95 may be above it with a probability of 0.95^24 = 29 %.
    few = limit(Statistic.P95, 900)["constraint-undecided"]
    assert "24 invocations, 0 of them above the limit, do not prove the p95" in few
    assert "constraint-undecided" not in limit(Statistic.P50, 900)
    ordered = sorted(judged(sized(512, 100, n=24, spread=0.1)).run.measurements[0].invocations.column("duration_ms"))
    assert "constraint-undecided" in limit(Statistic.P50, ordered[14])
    cost = judged(sized(512, 100, n=24, spread=0.1)).profiles[0].cost
    assert cost is not None
    assert "limit on the cost" in codes(max_cost=1.001 * cost.mean)["constraint-undecided"]


def test_limits_are_named() -> None:
    goal = Goal(max_duration=Limit(statistic=Statistic.P99, at_most_ms=0.5), max_cost=5e-6, headroom=1.5)
    assert limits(goal, "CNY") == "p99 <= 0.500 ms, cost <= ¥5.00 per million, memory size >= 1.5 x memory used"
    assert limits(Goal(), "USD") == ""


goals = st.builds(
    Goal,
    strategy=st.sampled_from(Strategy),
    cost_tolerance=st.floats(0, 1),
    balanced_weight=st.floats(0, 1),
    max_duration=st.none()
    | st.builds(Limit, statistic=st.sampled_from(Statistic), at_most_ms=st.sampled_from([1.0, 50.0, 3000.0, 1e6])),
    max_cost=st.none() | st.sampled_from([1e-9, 1e-6, 1e-5, 1.0]),
    headroom=st.none() | st.sampled_from([1.0, 1.5, 4.0]),
)


@pytest.mark.long
@given(
    means=st.dictionaries(st.integers(128, 10_240), st.floats(0.5, 50_000), min_size=1, max_size=6),
    spread=st.sampled_from([0.01, 0.3]),
    goal=goals,
)
def test_a_recommendation_is_on_the_front_and_meets_its_constraints(
    means: dict[int, float], spread: float, goal: Goal
) -> None:
    measurements = [sized(mb, mean, n=12, spread=spread) for mb, mean in means.items()]
    analysis = make_analysis(*measurements, prices=PRICES, goal=goal, function=make_function(memory_mb=min(means)))
    profiles = {profile.configuration: profile for profile in analysis.profiles}
    for profile in analysis.profiles:
        assert (profile.dominated_by is None) or not profile.pareto
        if not profile.pareto and profile.dominated_by is None:
            assert profile.unmet
        if profile.dominated_by is not None:
            better = profiles[profile.dominated_by]
            assert better.cost is not None
            assert profile.cost is not None
            assert better.cost.mean <= profile.cost.mean
    if analysis.recommendation is None:
        assert analysis.outcome is Outcome.IMPOSSIBLE
        assert analysis.nearest in profiles
        assert all(profile.unmet for profile in analysis.profiles)
        return
    chosen = profiles[analysis.recommendation.configuration]
    # Without a proof in what the goal wants, the current size stays, although another is faster at no higher cost.
    kept = analysis.recommendation.unproven is not None or analysis.recommendation.too_short
    assert chosen.pareto or kept
    assert chosen.unmet == ()
    assert analysis.nearest is None
    used, size = chosen.max_memory_used_mb, chosen.configuration.memory_mb
    assert used is not None
    assert goal.headroom is None or size >= goal.headroom * used
    assert goal.max_cost is None or (chosen.cost is not None and chosen.cost.mean <= goal.max_cost)
