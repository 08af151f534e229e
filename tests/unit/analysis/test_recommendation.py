import re
from collections.abc import Sequence

import numpy as np
import pytest
from factories import make_analysis, make_configuration, make_function, make_invocation, make_measurement, make_prices
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis import Difference, Outcome, Recommendation
from powertune.model import Measurement, Status, Strategy, Usage
from powertune.report.wording import headline

#: Without a fee per request, half the duration at twice the memory costs the same.
PRICES = make_prices(request=0.0)
STRATEGIES = list(Strategy)


def sample(mean: float, n: int = 40, *, spread: float = 0.03, seed: int = 1) -> list[float]:
    """Durations whose mean is exact, around which they spread as warm invocations do."""
    values = np.random.default_rng(seed).lognormal(0, spread, n)
    return [float(value) for value in mean * values / values.mean()]


def sizes(**durations: float) -> list[Measurement]:
    """A measurement for each `m<MB>=mean`."""
    return [
        make_measurement(memory_mb=int(name[1:]), durations=sample(mean, seed=index), lanes=10)
        for index, (name, mean) in enumerate(durations.items())
    ]


def recommended(measurements: Sequence[Measurement], strategy: Strategy, current_mb: int = 512) -> Recommendation:
    function = make_function(memory_mb=current_mb)
    recommendation = make_analysis(*measurements, strategy=strategy, prices=PRICES, function=function).recommendation
    assert recommendation is not None
    return recommendation


#: Costs 128: 1.0, 512: 1.2, 1024: 2.0, 2048: 4.0 (times the same constant).
CURVE = {"m128": 8000.0, "m512": 2400.0, "m1024": 2000.0, "m2048": 1600.0}


@pytest.mark.parametrize(
    ("strategy", "winner"),
    [(Strategy.COST, 128), (Strategy.SPEED, 2048), (Strategy.BALANCED, 512), (Strategy.TOLERANCE, 128)],
)
def test_each_strategy_finds_its_winner(strategy: Strategy, winner: int) -> None:
    recommendation = recommended(sizes(**CURVE), strategy)
    assert recommendation.configuration == make_configuration(winner)
    assert recommendation.strategy is strategy
    assert recommendation.equivalent == ()


def test_the_ratios_compare_with_the_current_configuration() -> None:
    recommendation = recommended(sizes(**CURVE), Strategy.SPEED, current_mb=512)
    assert recommendation.duration_ratio is not None
    assert recommendation.cost_ratio is not None
    assert recommendation.duration_ratio.ratio == pytest.approx(1600 / 2400)
    assert recommendation.duration_ratio.verdict is Difference.LOWER
    assert recommendation.cost_ratio.ratio == pytest.approx(4 * 1600 / 2400, rel=1e-3)
    assert recommendation.cost_ratio.verdict is Difference.HIGHER
    assert "0.67x" in recommendation.reasons[-1]
    assert "512 MB x86_64" in recommendation.reasons[-1]


def test_the_cheaper_of_what_cannot_be_told_apart_wins() -> None:
    measurements = sizes(m512=2000.0, m1024=1000.0, m2048=995.0)
    fastest = recommended(measurements, Strategy.SPEED)
    assert fastest.configuration == make_configuration(1024)
    assert fastest.equivalent == (make_configuration(2048),)
    assert "cheapest of those that cannot be told apart from 2048 MB x86_64" in fastest.reasons[0]


def test_for_cost_the_lowest_mean_stays_and_the_equivalent_are_named() -> None:
    cheapest = recommended(sizes(m512=2000.0, m1024=1001.0, m2048=800.0), Strategy.COST)
    assert cheapest.configuration == make_configuration(512)
    assert cheapest.equivalent == (make_configuration(1024),)
    assert any("1024 MB x86_64 cannot be told apart" in reason for reason in cheapest.reasons)


def test_an_equivalent_configuration_is_no_reason_for_a_change() -> None:
    recommendation = recommended(sizes(m512=2000.0, m1024=1001.0), Strategy.COST, current_mb=1024)
    assert recommendation.configuration == make_configuration(1024)
    assert recommendation.best == make_configuration(512)
    assert recommendation.equivalent == (make_configuration(512),)
    assert recommendation.reasons[0] == (
        "1024 MB x86_64 is the current configuration; the best candidate, 512 MB x86_64, is not proven to cost less"
    )


def test_the_current_configuration_compares_with_itself_exactly() -> None:
    recommendation = recommended(sizes(**CURVE), Strategy.BALANCED, current_mb=512)
    assert recommendation.configuration == make_configuration(512)
    assert recommendation.cost_ratio is not None
    assert recommendation.cost_ratio.interval == (1.0, 1.0)
    assert "it is the current configuration" in recommendation.reasons[-1]


@given(extreme=st.sampled_from([(129, 30_000.0), (10_240, 1500.0), (10_240, 9000.0), (200, 1e5)]))
def test_adding_an_extreme_size_does_not_move_the_balanced_winner(extreme: tuple[int, float]) -> None:
    memory_mb, mean = extreme
    more = make_measurement(memory_mb=memory_mb, durations=sample(mean, seed=99))
    recommendation = recommended([*sizes(**CURVE), more], Strategy.BALANCED)
    assert recommendation.configuration == make_configuration(512)


@pytest.mark.long
def test_many_comparisons_are_corrected_for() -> None:
    # Sizes of equal speed, of which the luckiest is picked: at 95 % each, several would look slower than that one.
    outcomes = []
    for trial in range(40):
        measurements = [
            make_measurement(
                memory_mb=128 + index,
                durations=list(np.random.default_rng([trial, index]).lognormal(3, 0.2, 20)),
            )
            for index in range(25)
        ]
        recommendation = recommended(measurements, Strategy.SPEED, current_mb=128)
        outcomes.append(len(recommendation.equivalent) == 24 and recommendation.configuration.memory_mb < 160)
    assert sum(outcomes) >= 0.9 * 40


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_does_not_work_is_never_recommended(strategy: Strategy) -> None:
    killed = make_measurement(
        memory_mb=128,
        durations=sample(1.0),
        others=[make_invocation(status=Status.OUT_OF_MEMORY, error_type="Runtime.OutOfMemory")],
    )
    late = make_measurement(memory_mb=256, durations=sample(1.0), others=[make_invocation(status=Status.TIMEOUT)])
    refused = make_measurement(memory_mb=10_240, durations=sample(1.0), unmeasured="this account may not")
    single = make_measurement(memory_mb=300, durations=[1.0])
    recommendation = recommended([killed, late, refused, single, *sizes(m512=100.0)], strategy, current_mb=128)
    assert recommendation.configuration == make_configuration(512)
    assert recommendation.equivalent == ()
    assert recommendation.cost_ratio is None
    assert recommendation.duration_ratio is None
    assert "the only configuration" in recommendation.reasons[0]
    assert "no gain is claimed" in recommendation.reasons[1]
    assert "ran out of memory" in recommendation.reasons[1]


def test_no_gain_is_claimed_over_a_configuration_that_was_not_measured() -> None:
    recommendation = recommended(sizes(**CURVE), Strategy.COST, current_mb=3008)
    assert recommendation.cost_ratio is None
    assert "3008 MB x86_64, was not measured" in recommendation.reasons[-1]
    single = make_measurement(memory_mb=3008, durations=[1.0])
    recommendation = recommended([*sizes(**CURVE), single], Strategy.COST, current_mb=3008)
    assert recommendation.configuration == make_configuration(3008)
    assert recommendation.unproven is not None
    assert recommendation.unproven.duration_ratio.interval is None
    assert any("(no interval)" in reason for reason in recommendation.reasons)


def test_free_invocations_cannot_be_told_apart_by_cost() -> None:
    free = make_prices(gb_second=0.0, request=0.0)
    measurements = sizes(m512=200.0, m1024=100.0)
    recommendation = make_analysis(*measurements, prices=free).recommendation
    assert recommendation is not None
    assert recommendation.configuration == make_configuration(512)
    assert recommendation.unproven is not None
    assert recommendation.unproven.configuration == make_configuration(1024)
    assert recommendation.unproven.cost_ratio.ratio is None
    assert any("an unknown ratio to the cost" in reason for reason in recommendation.reasons)


@pytest.mark.long
@given(
    means=st.dictionaries(st.integers(128, 10_240), st.floats(5, 50_000), min_size=1, max_size=6),
    strategy=st.sampled_from(STRATEGIES),
)
def test_a_recommendation_is_always_one_that_nothing_clearly_beats(
    means: dict[int, float], strategy: Strategy
) -> None:
    measurements = [make_measurement(memory_mb=mb, durations=sample(mean, 12, seed=mb)) for mb, mean in means.items()]
    analysis = make_analysis(*measurements, strategy=strategy, prices=PRICES)
    recommendation = analysis.recommendation
    assert analysis.outcome is Outcome.RECOMMENDED
    assert recommendation is not None
    assert recommendation.configuration not in recommendation.equivalent
    by_cost = {p.configuration: p.cost.mean for p in analysis.profiles if p.cost}
    if recommendation.unproven is not None:
        assert recommendation.configuration == analysis.current
    elif strategy is Strategy.COST:
        assert by_cost[recommendation.configuration] == min(by_cost.values())
    else:
        group = (recommendation.configuration, *recommendation.equivalent)
        assert by_cost[recommendation.configuration] == min(by_cost[c] for c in group)


def test_a_change_is_said_in_money_and_time() -> None:
    cheap, slow = [10.0, 10.2, 9.9, 10.1] * 10, [100.0, 101.0, 99.0, 100.5] * 10
    analysis = make_analysis(
        make_measurement(memory_mb=512, durations=slow, lanes=8),
        make_measurement(memory_mb=1024, durations=cheap, lanes=8),
    )
    found = analysis.recommendation
    assert found is not None
    assert found.saved_ms is not None
    assert found.saved_per_million is not None
    assert found.saved_ms.value == pytest.approx(90.1, abs=0.1)
    costs = {p.configuration.memory_mb: p.cost.mean for p in analysis.profiles if p.cost is not None}
    assert found.saved_per_million.value == pytest.approx(1e6 * (costs[512] - costs[1024]))
    for amount in (found.saved_ms, found.saved_per_million):
        assert amount.interval is not None
        assert amount.interval[0] < amount.value < amount.interval[1]
    words = headline(analysis)
    assert re.search(r"In a million invocations that saves \$0\.\d+ \[\$0\.\d+, \$0\.\d+\]\.", words)
    assert re.search(r"An invocation takes 90\.1 ms \[89\.\d, 9\d\.\d\] less\.", words)
    # With the traffic, the bill of a month says it.
    monthly = headline(make_analysis(*analysis.run.measurements, usage=Usage(invocations_per_month=1e6)))
    assert "In a million invocations" not in monthly
    assert "At today's traffic that saves" in monthly


def test_it_says_what_would_tell_the_answer_from_one_that_is_as_good() -> None:
    generator = np.random.default_rng(4)

    def noisy(memory_mb: int, mean: float) -> Measurement:
        return make_measurement(
            memory_mb=memory_mb, durations=list(generator.normal(mean, 0.15 * mean, 40)), lanes=10
        )

    analysis = make_analysis(noisy(512, 1000), noisy(1024, 520), noisy(2048, 265), strategy=Strategy.COST)
    found = analysis.recommendation
    assert found is not None
    assert found.equivalent
    telling = found.distinction
    assert telling is not None
    assert telling.configuration in found.equivalent
    assert 2 <= telling.effort.invocations <= 100_000
    assert telling.effort.cost > 0
    other = telling.configuration.memory_mb
    words = rf"To tell it from {other} MB would take about [\d,]+ more invocations of the two \(\$"
    assert re.search(words, headline(analysis))
    # With one size, there is nothing to tell it from.
    alone = make_analysis(noisy(512, 1000), strategy=Strategy.COST)
    assert alone.recommendation is not None
    assert alone.recommendation.distinction is None


@pytest.mark.parametrize("seed", range(40))
def test_the_saving_does_not_contradict_the_ratio(seed: int) -> None:
    generator = np.random.default_rng(seed)

    def noisy(memory_mb: int, mean: float) -> Measurement:
        return make_measurement(memory_mb=memory_mb, durations=list(mean * generator.lognormal(0, 0.25, 20)), lanes=4)

    measurements = (noisy(512, 1000), noisy(1024, 490))
    for traffic in (None, 1e6):
        found = make_analysis(*measurements, usage=Usage(invocations_per_month=traffic)).recommendation
        assert found is not None
        assert found.cost_ratio is not None
        assert found.saved_per_million is not None
        proven = found.cost_ratio.verdict in (Difference.LOWER, Difference.HIGHER)
        assert found.saved_per_million.is_proven is proven
        if found.saving is not None:
            assert found.saving.interval is not None
            assert (not found.saving.interval[0] <= 0 <= found.saving.interval[1]) is proven
