import math

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import ArrayLike
from strategies import samples

from powertune.analysis.comparison import Comparison, Difference, compare, log_mean
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate, constant, total


def compare_means(candidate: ArrayLike, baseline: ArrayLike) -> Comparison:
    return compare(log_mean(candidate), log_mean(baseline))


@pytest.mark.long
@given(samples, samples)
def test_the_interval_holds_the_ratio_and_the_verdict_says_what_it_says(
    candidate: list[float], baseline: list[float]
) -> None:
    comparison = compare_means(candidate, baseline)
    assert comparison.ratio is not None
    assert math.isfinite(comparison.ratio)
    if min(len(candidate), len(baseline)) < 2:
        assert comparison.interval is None
        assert comparison.verdict is Difference.INCONCLUSIVE
        return
    assert comparison.interval is not None
    low, high = comparison.interval
    assert 0 < low <= comparison.ratio <= high < math.inf
    assert comparison.verdict is not Difference.INCONCLUSIVE
    if comparison.verdict is Difference.LOWER:
        assert high < 1
    elif comparison.verdict is Difference.HIGHER:
        assert low > 1
    else:
        assert low - 1e-9 <= 1 <= high + 1e-9


@pytest.mark.long
@given(samples, samples)
def test_the_other_way_round_is_the_reciprocal(candidate: list[float], baseline: list[float]) -> None:
    there, back = compare_means(candidate, baseline), compare_means(baseline, candidate)
    opposite = {Difference.LOWER: Difference.HIGHER, Difference.HIGHER: Difference.LOWER}
    assert back.verdict is opposite.get(there.verdict, there.verdict)
    assert there.ratio is not None
    assert back.ratio == pytest.approx(1 / there.ratio)


@pytest.mark.long
@given(samples)
def test_a_sample_cannot_be_told_apart_from_itself(values: list[float]) -> None:
    expected = Difference.INDISTINGUISHABLE if len(values) > 1 else Difference.INCONCLUSIVE
    assert compare_means(values, values[::-1]).verdict is expected


def test_a_clear_difference_is_seen_and_a_stricter_level_is_wider() -> None:
    generator = np.random.default_rng(1)
    slow, fast = generator.normal(100, 5, 30), generator.normal(80, 5, 30)
    usual, strict = (compare(log_mean(fast), log_mean(slow), level=level) for level in (0.95, 0.999))
    assert usual.verdict is strict.verdict is Difference.LOWER
    assert usual.ratio == pytest.approx(0.8, rel=0.03)
    assert usual.interval is not None
    assert strict.interval is not None
    assert strict.interval[0] < usual.interval[0] < usual.interval[1] < strict.interval[1]


def test_samples_without_spread_differ_when_they_differ() -> None:
    assert compare_means([99, 99], [100, 100]).interval == pytest.approx((0.99, 0.99))
    assert compare_means([99, 99], [100, 100]).verdict is Difference.LOWER
    assert compare_means([0.1] * 3, [0.1] * 7).verdict is Difference.INDISTINGUISHABLE


@pytest.mark.parametrize(("candidate", "baseline"), [([0.0, 0.0], [1.0, 2.0]), ([1.0, 2.0], [0.0]), ([], [1.0])])
def test_nothing_to_divide_by_is_inconclusive(candidate: list[float], baseline: list[float]) -> None:
    comparison = compare_means(candidate, baseline)
    assert comparison == compare_means(candidate, baseline)
    assert (comparison.ratio, comparison.interval) == (None, None)
    assert comparison.verdict is Difference.INCONCLUSIVE


@pytest.mark.parametrize("n", [5, 20])
def test_noise_is_taken_for_a_difference_no_more_often_than_it_says(n: int) -> None:
    generator = np.random.default_rng(2)
    differences = sum(
        compare_means(generator.lognormal(3, 0.4, n), generator.lognormal(3, 0.4, n)).verdict
        is not Difference.INDISTINGUISHABLE
        for _ in range(400)
    )
    assert differences <= 0.075 * 400


@pytest.mark.long
@pytest.mark.parametrize(("lanes", "between"), [(1, 0.0), (4, 0.0), (4, 0.03), (10, 0.0), (10, 0.03)])
def test_twins_are_told_apart_no_more_often_than_that_with_lanes(lanes: int, between: float) -> None:
    generator = np.random.default_rng([lanes, int(100 * between)])
    environments = Environments.known((np.arange(20) % lanes).tolist())

    def draw() -> Estimate | None:
        return log_mean(
            generator.lognormal(0, between, lanes)[environments.labels] * generator.lognormal(3, 0.08, 20),
            environments,
        )

    differences = sum(compare(draw(), draw()).verdict is not Difference.INDISTINGUISHABLE for _ in range(2000))
    # Three standard errors of a share of 5 % are 1.5 %.
    assert differences <= 0.065 * 2000


def test_one_lucky_environment_is_no_proof() -> None:
    generator = np.random.default_rng(6)
    lane = np.arange(20) % 2
    environments = Environments.known(lane.tolist())
    fast_one = np.array([1.0, 0.8])[lane] * generator.lognormal(3, 0.01, 20)
    usual = generator.lognormal(3, 0.01, 20)
    assert compare_means(fast_one, usual).verdict is Difference.LOWER
    assert (
        compare(log_mean(fast_one, environments), log_mean(usual, environments)).verdict
        is Difference.INDISTINGUISHABLE
    )


def test_the_sum_of_estimates_adds_their_errors() -> None:
    one, two = Estimate(mean=1.0, variance=4.0, freedom=3), Estimate(mean=2.0, variance=4.0, freedom=3)
    both = total([one, two])
    assert (both.mean, both.variance) == (3.0, 8.0)
    assert both.freedom == pytest.approx(6)
    assert total([one, constant(5.0)]).freedom == pytest.approx(3)
    assert total([one, Estimate(mean=1.0, variance=None)]).interval() is None
    assert total([constant(1.0), constant(2.0)]).interval() == (3.0, 3.0)
    assert one.times(-3).variance == 36.0
