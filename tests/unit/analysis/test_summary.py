import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import samples

from powertune.analysis.environments import Environments
from powertune.analysis.summary import LARGEST_BOOTSTRAP, Summary, mean_interval, outlying, summarize
from powertune.quantiles import student_t

SEED = (512, 0, 0)


def finite(summary: Summary) -> bool:
    figures = (summary.mean, summary.median, summary.p95, summary.p99, *(summary.interval or ()))
    return all(math.isfinite(figure) for figure in figures)


@pytest.mark.long
@given(samples)
def test_the_interval_holds_the_mean_and_nothing_is_nan(values: list[float]) -> None:
    summary = summarize(values, seed=SEED)
    assert finite(summary)
    assert summary.n == len(values)
    assert min(values) <= summary.mean <= max(values)
    assert summary.mean == pytest.approx(statistics.fmean(values))
    assert summary.median == pytest.approx(statistics.median(values))
    assert summary.median <= summary.p95 <= summary.p99 <= max(values)
    if len(values) == 1:
        assert summary.interval is None
    else:
        assert summary.interval is not None
        low, high = summary.interval
        assert 0 <= low <= summary.mean <= high


@pytest.mark.long
@given(samples.flatmap(lambda values: st.tuples(st.just(values), st.permutations(values))))
def test_the_order_of_observation_does_not_matter(pair: tuple[list[float], list[float]]) -> None:
    values, shuffled = pair
    assert summarize(values, seed=SEED) == summarize(shuffled, seed=SEED)


@pytest.mark.parametrize("n", [2, 5, 9, 10, 200, LARGEST_BOOTSTRAP + 1])
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 12345.6])
def test_equal_values_have_an_interval_without_width(n: int, value: float) -> None:
    summary = summarize([value] * n, seed=SEED)
    assert summary.interval == (value, value)
    assert summary.mean == summary.median == summary.p99 == value


def test_one_value_has_no_interval() -> None:
    summary = summarize([7.0], seed=SEED)
    assert (summary.n, summary.mean, summary.median, summary.p95, summary.p99) == (1, 7.0, 7.0, 7.0, 7.0)
    assert summary.interval is None
    assert summary.deviation is None
    assert (summary.units, summary.outliers) == (1, 0)


def test_an_empty_sample_has_no_summary() -> None:
    with pytest.raises(ValueError, match="empty"):
        summarize([], seed=SEED)


def test_few_values_get_students_interval() -> None:
    low, high = summarize([9.0, 10.0, 11.0], seed=SEED).interval or (0, 0)
    assert (low, high) == pytest.approx((10 - 4.3027 / math.sqrt(3), 10 + 4.3027 / math.sqrt(3)), rel=1e-4)
    # A duration is never negative.
    assert (summarize([1.0, 100.0], seed=SEED).interval or (1, 0))[0] == 0.0


def test_many_values_get_the_normal_interval_to_which_the_bootstrap_converges() -> None:
    generator = np.random.default_rng(7)
    values = generator.lognormal(3, 0.5, LARGEST_BOOTSTRAP + 1)
    low, high = summarize(values, seed=SEED).interval or (0, 0)
    reach = 1.959964 * values.std(ddof=1) / math.sqrt(values.size)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach), rel=1e-5)
    bootstrap = summarize(values[:-1], seed=SEED).interval or (0, 0)
    assert bootstrap == pytest.approx((low, high), rel=0.005)


def test_a_lone_outlier_widens_the_interval_upwards_and_does_not_explode_it() -> None:
    summary = summarize([10.0] * 19 + [30.0], seed=SEED)
    assert summary.interval is not None
    low, high = summary.interval
    assert high - summary.mean > summary.mean - low
    assert high < 20
    # So skewed that the formula passes its pole: the interval reaches as far as the resamples do.
    assert finite(summarize([1e-6] * 9 + [1e9], seed=SEED))


def test_the_same_seed_gives_the_same_interval_and_another_seed_nearly() -> None:
    values = np.random.default_rng(3).lognormal(3, 0.5, 50)
    first = summarize(values, seed=(1,)).interval
    assert first == summarize(values, seed=(1,)).interval
    second = summarize(values, seed=(2,)).interval
    assert first is not None
    assert second is not None
    assert first != second
    assert first == pytest.approx(second, rel=0.03)


@pytest.mark.long
@pytest.mark.parametrize(("sigma", "n"), [(0.2, 5), (0.5, 10), (0.5, 20)])
def test_the_interval_covers_the_true_mean_as_often_as_it_says(sigma: float, n: int) -> None:
    generator = np.random.default_rng(11)
    truth = math.exp(sigma**2 / 2)
    held = 0
    for trial in range(300):
        interval = mean_interval(np.sort(generator.lognormal(0, sigma, n)), seed=(trial,))
        assert interval is not None
        held += interval[0] <= truth <= interval[1]
    assert held >= 0.9 * 300


def lanes_of(values: list[float], count: int) -> list[int]:
    return [index % count for index in range(len(values))]


@pytest.mark.long
@given(samples, st.integers(2, 12))
def test_lanes_change_how_sure_a_mean_is_and_nothing_else(values: list[float], count: int) -> None:
    alone, together = (
        summarize(values, seed=SEED, environments=environments)
        for environments in (None, Environments.known(lanes_of(values, count)))
    )
    assert (together.mean, together.p95, together.deviation) == (alone.mean, alone.p95, alone.deviation)
    assert together.units == (min(count, len(values)) if len(values) > 1 else 1)
    assert finite(together)
    if together.interval is not None:
        assert 0 <= together.interval[0] <= together.mean <= together.interval[1]


@pytest.mark.long
@given(samples.flatmap(lambda values: st.tuples(st.just(values), st.permutations(range(len(values))))), st.data())
def test_neither_the_order_nor_the_names_of_lanes_matter(
    pair: tuple[list[float], list[int]], data: st.DataObject
) -> None:
    values, order = pair
    lanes = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    renamed = [7 - lanes[index] for index in order]
    assert summarize(values, seed=SEED, environments=Environments.known(lanes)) == summarize(
        [values[i] for i in order], seed=SEED, environments=Environments.known(renamed)
    )


def test_lanes_of_equal_size_give_the_t_interval_of_their_means() -> None:
    values = [9.0, 11.0, 12.0, 14.0, 19.0, 21.0, 7.0, 9.0]
    lanes = [0, 0, 1, 1, 2, 2, 3, 3]
    means = np.array([10.0, 13.0, 20.0, 8.0])
    reach = 3.18245 * means.std(ddof=1) / 2
    interval = summarize(values, seed=SEED, environments=Environments.known(lanes)).interval
    assert interval == pytest.approx((means.mean() - reach, means.mean() + reach), rel=1e-3)


def test_lanes_whose_means_agree_by_chance_are_no_certainty() -> None:
    summary = summarize([1.0, 2.0] * 8, seed=SEED, environments=Environments.known([0, 0, 1, 1, 2, 2, 3, 3] * 2))
    assert summary.interval is not None
    assert summary.interval[1] - summary.interval[0] > 0.3


def test_many_lanes_are_resampled_whole() -> None:
    generator = np.random.default_rng(4)
    lucky = np.repeat(generator.lognormal(3, 0.3, 20), 10)
    values = lucky * generator.lognormal(0, 0.01, 200)
    narrow, wide = (
        summarize(values, seed=SEED, environments=environments).interval
        for environments in (None, Environments.known(np.repeat(np.arange(20), 10).tolist()))
    )
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > 2.5 * (narrow[1] - narrow[0])


@pytest.mark.long
@pytest.mark.parametrize("within", [0.03, 0.08, 0.18])
@pytest.mark.parametrize("between", [0.0, 0.03])
def test_the_interval_of_four_environments_holds_as_often_as_it_says(within: float, between: float) -> None:
    generator = np.random.default_rng([int(100 * within), int(100 * between)])
    lanes = np.arange(20) % 4
    held = 0
    for trial in range(2000):
        environments = generator.lognormal(-(between**2) / 2, between, 4)[lanes]
        values = 100 * environments * generator.lognormal(-(within**2) / 2, within, 20)
        interval = mean_interval(values, seed=(trial,), environments=Environments.known(lanes.tolist()))
        assert interval is not None
        held += interval[0] <= 100 <= interval[1]
    assert 0.93 <= held / 2000 <= 0.97


def test_outliers_are_counted_and_kept() -> None:
    values = [100.0, 101.0, 99.0, 100.5, 99.5, 100.2, 99.8, 250.0]
    assert list(outlying(values)) == [False] * 7 + [True]
    summary = summarize(values, seed=SEED)
    assert summary.outliers == 1
    assert summary.mean == pytest.approx(statistics.fmean(values))
    # More than half are equal, so their median deviation is 0.
    assert list(outlying([5.0] * 9 + [6.0, 60.0])) == [False] * 10 + [True]
    assert not outlying([3.0] * 5).any()
    assert outlying([]).size == 0


@pytest.mark.parametrize(
    ("probability", "freedom", "quantile"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.30265),
        (0.975, 3, 3.18245),
        (0.975, 9, 2.26216),
        (0.975, 1e6, 1.95997),
        (0.995, 4, 4.60409),
        (0.9995, 3, 12.9240),
        (0.9995, 10, 4.58689),
        (0.975, 1.5, 12.7062),
    ],
)
def test_students_quantiles_are_those_of_the_tables(probability: float, freedom: float, quantile: float) -> None:
    assert student_t(probability, freedom) == pytest.approx(quantile, rel=2e-3)


@pytest.mark.long
@given(st.floats(2.001, 200), st.floats(0.95, 0.99999))
def test_students_quantile_has_the_asked_probability_below_it(freedom: float, probability: float) -> None:
    # Beyond the quantile lies the tail, integrated over u = 1/t, in which it is smooth and finite.
    u = np.linspace(0, 1 / student_t(probability, freedom), 20_001)[1:]
    density = (1 + u**-2 / freedom) ** (-(freedom + 1) / 2) / u**2
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    tail = scale * float(np.trapezoid(density, u))
    assert tail == pytest.approx(1 - probability, rel=0.02)
