"""The store: ranges, bounds, and the time that reading takes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.metrics import publish
from powertune.local.metrics.model import MetricKey, Sample
from powertune.local.metrics.store import MetricStore

NOW = 1_800_000_000 // 3600 * 3600

KEY = MetricKey("Space", "Metric")


@pytest.mark.long
@given(
    st.lists(st.tuples(st.integers(0, 300), st.floats(-10, 10)), min_size=1), st.integers(0, 300), st.integers(0, 300)
)
def test_the_store_reads_what_lies_in_a_range(points: list[tuple[int, float]], one: int, other: int) -> None:
    store, (start, end) = MetricStore(), sorted((one, other))
    store.add((KEY, Sample.single(NOW + at, value)) for at, value in points)
    columns = store.read(KEY, NOW + start, NOW + end)
    assert columns is not None
    assert columns.at.tolist() == sorted(columns.at.tolist())
    found = Counter[tuple[int, float]]()
    for at, value, count in zip(columns.at.tolist(), columns.low.tolist(), columns.count.tolist(), strict=True):
        found[at - NOW, value] += int(count)
    assert found == Counter(point for point in points if start <= point[0] < end)


def test_memory_is_bounded_and_the_newest_stays() -> None:
    store = MetricStore(capacity=1000)
    for number in range(20_000):
        store.add([(MetricKey("Space", f"M{number % 5}"), Sample.single(NOW + number // 10, float(number)))])
        assert store._size <= 1000
    columns = store.read(MetricKey("Space", "M4"), NOW, NOW + 10_000)
    assert columns is not None
    assert columns.at[-1] == NOW + 1999
    store.add((KEY, Sample.single(NOW, float(number))) for number in range(5000))
    store.add((MetricKey("Space", f"New{number}"), Sample.single(NOW, 1.0)) for number in range(500))
    assert store._size <= 1000
    assert (store.metrics(since=0)[-1][1]).name == "New499"


def test_each_metric_is_listed_once_however_many_values_it_has() -> None:
    store = MetricStore()
    store.add(
        (MetricKey("A", f"M{number}"), Sample.single(NOW, float(value))) for value in range(3) for number in range(9)
    )
    store.add([(MetricKey("B", "M"), Sample.single(NOW, 1.0))])
    assert [key.name for _, key in store.metrics(since=0, namespace="A")] == [f"M{number}" for number in range(9)]
    assert [number for number, _ in store.metrics(since=0, after=7)] == [8, 9, 10]
    assert store.metrics(since=NOW + 1) == []


def test_high_resolution_is_kept_where_asked_for() -> None:
    def seconds(resolution: int) -> list[int]:
        data: list[publish.Datum] = [
            {"MetricName": "M", "Value": 1.0, "Timestamp": NOW + second, "StorageResolution": resolution}
            for second in (3, 17, 42)
        ]
        return [sample.at - NOW for _, sample in publish.parse("S", data, NOW + 60)]

    assert seconds(1) == [3, 17, 42]
    assert seconds(60) == [0, 0, 0]


def test_reading_takes_time_in_proportion_to_what_is_read() -> None:
    """Columns hold the range and nothing else, whatever else the metric has."""
    store = MetricStore()
    store.add((KEY, Sample.single(NOW + number, float(number))) for number in range(50_000))
    columns = store.read(KEY, NOW + 100, NOW + 110)
    assert columns is not None
    assert all(len(column) == 10 for column in (columns.at, columns.count, columns.total, columns.low, columns.unit))
    assert np.array_equal(columns.low, np.arange(100.0, 110.0))
