"""Statistics of samples."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.metrics import statistics
from powertune.local.metrics.model import MetricKey, Sample
from powertune.local.metrics.statistics import Groups
from powertune.local.metrics.store import MetricStore

NOW = 1_800_000_000 // 3600 * 3600

KEY = MetricKey("Space", "Metric")


def filled(values: list[float], counts: list[float] | None = None, key: MetricKey = KEY) -> MetricStore:
    store = MetricStore()
    weights = counts or [1.0] * len(values)
    store.add((key, Sample.single(NOW, value, count=count)) for value, count in zip(values, weights, strict=True))
    return store


def figure(store: MetricStore, name: str) -> float:
    columns, statistic = store.read(KEY, NOW, NOW + 60), statistics.parse(name)
    assert columns is not None
    assert statistic is not None
    (value,) = statistic.of(Groups.cut(columns, NOW, 60)).tolist()
    return float(value)


NUMBERS = st.lists(st.floats(0, 1e6), min_size=1, max_size=50)


@given(NUMBERS, st.decimals(0, 100, places=2))
def test_a_percentile_is_a_nearest_rank(values: list[float], percent: Any) -> None:
    rank = max(1, math.ceil(percent * len(values) / 100))
    assert figure(filled(values), f"p{percent}") == sorted(values)[rank - 1]


@pytest.mark.long
@given(NUMBERS, st.integers(1, 100))
def test_trimming_ends_at_the_percentile(values: list[float], percent: int) -> None:
    store = filled(values)
    kept = sorted(values)[: math.ceil(percent * len(values) / 100)]
    assert figure(store, f"p{percent}") == kept[-1]
    assert figure(store, f"tc{percent}") == len(kept)
    assert figure(store, f"ts{percent}") == pytest.approx(sum(kept), rel=1e-9, abs=1e-6)
    assert figure(store, f"tm{percent}") == pytest.approx(sum(kept) / len(kept), rel=1e-9, abs=1e-6)
    edge = [min(value, kept[-1]) for value in values]
    assert figure(store, f"wm{percent}") == pytest.approx(sum(edge) / len(edge), rel=1e-9, abs=1e-6)


@given(NUMBERS, st.floats(0, 1e6))
def test_percentile_ranks_of_bins_add_up(values: list[float], bound: float) -> None:
    text = f"{bound:.10f}"
    store = filled(values)
    assert figure(store, f"PR(:{text})") + figure(store, f"PR({text}:)") == pytest.approx(100)
    assert figure(store, f"TC(:{text})") == sum(value <= float(text) for value in values)


@pytest.mark.long
@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), min_size=1, max_size=10))
def test_counts_are_repetitions(pairs: list[tuple[float, int]]) -> None:
    counted = filled([value for value, _ in pairs], [float(count) for _, count in pairs])
    repeated = filled([value for value, count in pairs for _ in range(count)])
    for name in ("SampleCount", "Minimum", "Maximum", "p37.5", "tc90"):
        assert figure(counted, name) == figure(repeated, name)
    assert figure(counted, "IQM") == pytest.approx(figure(repeated, "IQM"))


def test_which_statistics_there_are() -> None:
    good = "Sum Average SampleCount Minimum Maximum IQM p0 p100 p99.9999999999 tm1 wm98 tc90 ts5 TM(2%:98%) PR(1:5)"
    bad = "sum P95 p101 p-1 p TM(:) TM(5%:90) TM(90%:10%) PR(1%:5%) tm(1:2) p99.99999999999 TM(-1%:5%) None IQR"
    assert all(statistics.parse(name) for name in [*good.split(), "TS(80%:)"])
    assert not any(statistics.parse(name) for name in [*bad.split(), "WM(:101%)", ""])


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 100)), min_size=1, max_size=40))
def test_periods_are_computed_apart(points: list[tuple[int, float]]) -> None:
    store = MetricStore()
    store.add((KEY, Sample.single(NOW + at, value)) for at, value in points)
    columns, statistic = store.read(KEY, NOW, NOW + 240), statistics.parse("p90")
    assert columns is not None
    assert statistic is not None
    groups = Groups.cut(columns, NOW, 60)
    expected = {}
    for period in range(4):
        values = sorted(value for at, value in points if at // 60 == period)
        if values:
            expected[NOW + 60 * period] = values[math.ceil(0.9 * len(values)) - 1]
    assert dict(zip(groups.times.tolist(), statistic.of(groups).tolist(), strict=True)) == expected


def test_no_percentiles_of_negative_values_and_statistic_sets() -> None:
    assert math.isnan(figure(filled([-1.0, 2.0]), "p50"))
    store = MetricStore()
    store.add([(KEY, Sample(at=NOW, count=2, total=3, low=1, high=2))])
    assert math.isnan(figure(store, "p50"))
    assert figure(store, "Average") == 1.5
    store = MetricStore()
    store.add([(KEY, Sample(at=NOW, count=2, total=4, low=2, high=2))])
    assert figure(store, "p50") == 2
