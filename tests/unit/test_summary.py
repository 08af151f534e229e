import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import samples

from powertune.analysis.quantiles import student_t
from powertune.analysis.summary import LARGEST_BOOTSTRAP, Summary, mean_interval, summarize

SEED = (512, 0, 0)


def finite(summary: Summary) -> bool:
    figures = (summary.mean, summary.median, summary.p95, summary.p99, *(summary.interval or ()))
    return all(math.isfinite(figure) for figure in figures)


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
    assert summarize([7.0], seed=SEED) == Summary(n=1, mean=7.0, median=7.0, p95=7.0, p99=7.0, interval=None)


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
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))
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


@given(samples, st.floats(1e-12, 1e3), st.floats(0, 10))
def test_a_summary_follows_a_change_of_unit(values: list[float], rate: float, offset: float) -> None:
    direct = summarize([rate * value + offset for value in values], seed=SEED)
    derived = summarize(values, seed=SEED).transformed(rate, offset)
    assert derived.n == direct.n
    assert derived.mean == pytest.approx(direct.mean)
    assert derived.p95 == pytest.approx(direct.p95)
    assert (derived.interval is None) == (direct.interval is None)


def test_the_interval_of_a_transformed_sample_is_the_transformed_interval() -> None:
    values = np.random.default_rng(5).lognormal(3, 0.5, 40)
    derived = summarize(values, seed=SEED).transformed(0.25, 2.0).interval
    assert derived == pytest.approx(summarize(0.25 * values + 2.0, seed=SEED).interval)


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


@given(st.floats(2.001, 200), st.floats(0.95, 0.99999))
def test_students_quantile_has_the_asked_probability_below_it(freedom: float, probability: float) -> None:
    # Beyond the quantile lies the tail, integrated over u = 1/t, in which it is smooth and finite.
    u = np.linspace(0, 1 / student_t(probability, freedom), 20_001)[1:]
    density = (1 + u**-2 / freedom) ** (-(freedom + 1) / 2) / u**2
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    tail = scale * float(np.trapezoid(density, u))
    assert tail == pytest.approx(1 - probability, rel=0.02)
