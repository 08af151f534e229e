"""All published values of an account in a region, in memory that is bounded.

Each metric keeps its samples in arrays, ascending by time, so that a reader finds a range by bisection and takes time
in proportion to what it reads. Equal values of the same moment become one sample with a count.
"""

import itertools
import logging
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from powertune.local.metrics.model import MetricKey, Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)

CAPACITY = 2_000_000
"""Samples that are kept: at 41 bytes each, some 80 MB."""

_METRIC_COST = 40
"""A metric's own size, counted in samples."""

END_OF_TIME = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Samples of one metric: columns of equal length, ascending by time. `unit` indexes `units`."""

    at: "NDArray[np.int64]"
    count: "NDArray[np.float64]"
    total: "NDArray[np.float64]"
    low: "NDArray[np.float64]"
    high: "NDArray[np.float64]"
    unit: "NDArray[np.uint8]"
    units: tuple[str, ...]

    def of_unit(self, unit: str) -> "Columns":
        """The samples that were published with one unit."""
        if self.units == (unit,):
            return self
        which = self.unit == (self.units.index(unit) if unit in self.units else 255)
        return Columns(
            at=self.at[which],
            count=self.count[which],
            total=self.total[which],
            low=self.low[which],
            high=self.high[which],
            unit=self.unit[which],
            units=self.units,
        )

    @property
    def units_present(self) -> tuple[str, ...]:
        """The units that occur, sorted."""
        import numpy as np

        return tuple(sorted(self.units[number] for number in np.unique(self.unit)))


class Series:
    """The samples of one metric. Its store's lock guards it."""

    __slots__ = ("_at", "_count", "_high", "_low", "_total", "_unit", "_units", "key", "latest", "number")

    def __init__(self, key: MetricKey, number: int) -> None:
        self.key, self.number = key, number
        self.latest = 0
        self._at = array("q")
        self._count, self._total, self._low, self._high = array("d"), array("d"), array("d"), array("d")
        self._unit = array("B")
        self._units: list[str] = []

    def __len__(self) -> int:
        return len(self._at)

    def add(self, sample: Sample) -> bool:
        """Insert a sample; False if it was counted with an equal one."""
        self.latest = max(self.latest, sample.at)
        place = bisect_right(self._at, sample.at)
        unit = self._number(sample.unit)
        if self._counted(place - 1, sample, unit):
            return False
        for column, value in self._columns(sample, unit):
            column.insert(place, value)
        return True

    def read(self, start: int, end: int) -> Columns:
        """A copy of what lies in [start, end)."""
        import numpy as np

        low, high = bisect_left(self._at, start), bisect_left(self._at, end)
        numbers: list[NDArray[np.float64]] = [
            np.frombuffer(column[low:high].tobytes(), np.float64)
            for column in (self._count, self._total, self._low, self._high)
        ]
        return Columns(
            at=np.frombuffer(self._at[low:high].tobytes(), np.int64),
            count=numbers[0],
            total=numbers[1],
            low=numbers[2],
            high=numbers[3],
            unit=np.frombuffer(self._unit[low:high].tobytes(), np.uint8),
            units=tuple(self._units),
        )

    def forget(self, start: int, end: int) -> int:
        """Remove what lies in [start, end); returns how many samples that were."""
        low, high = bisect_left(self._at, start), bisect_left(self._at, end)
        for column in (self._at, self._count, self._total, self._low, self._high, self._unit):
            del column[low:high]
        return high - low

    def condense(self) -> None:
        """Make one statistic set of all samples of a moment and unit: percentiles are lost, the rest is kept."""
        import numpy as np

        old = self.read(0, END_OF_TIME)
        order = np.lexsort((old.unit, old.at))
        at, unit = old.at[order], old.unit[order]
        firsts = np.flatnonzero(np.r_[True, (np.diff(at) != 0) | (np.diff(unit) != 0)])
        self._at, self._unit = array("q", at[firsts].tobytes()), array("B", unit[firsts].tobytes())
        self._count = array("d", np.add.reduceat(old.count[order], firsts).tobytes())
        self._total = array("d", np.add.reduceat(old.total[order], firsts).tobytes())
        self._low = array("d", np.minimum.reduceat(old.low[order], firsts).tobytes())
        self._high = array("d", np.maximum.reduceat(old.high[order], firsts).tobytes())

    def _counted(self, place: int, sample: Sample, unit: int) -> bool:
        if place < 0 or self._at[place] != sample.at or self._unit[place] != unit:
            return False
        if not self._low[place] == self._high[place] == sample.low == sample.high:
            return False
        self._count[place] += sample.count
        self._total[place] += sample.total
        return True

    def _columns(self, sample: Sample, unit: int) -> Iterator[tuple["array[Any]", float]]:
        yield self._at, sample.at
        yield self._count, sample.count
        yield self._total, sample.total
        yield self._low, sample.low
        yield self._high, sample.high
        yield self._unit, unit

    def _number(self, unit: str) -> int:
        if unit not in self._units:
            self._units.append(unit)
        return self._units.index(unit)


_by_number = attrgetter("number")


class MetricStore:
    """The metrics of one account in one region. Threads may use it at the same time."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._lock = threading.Lock()
        self._capacity, self._size = capacity, 0
        self._numbers = itertools.count(1)
        self._series: dict[MetricKey, Series] = {}
        self._namespaces: dict[str, list[Series]] = {}

    def add(self, samples: Iterable[tuple[MetricKey, Sample]]) -> None:
        """Publish values; metrics that are new come to exist."""
        for key, sample in samples:
            # The lock is taken for each sample, so that readers never wait for a long list.
            with self._lock:
                series = self._of(key)
                self._size += series.add(sample)
                if self._size > self._capacity:
                    self._make_room()

    def set(self, key: MetricKey, sample: Sample) -> None:
        """Publish a value in place of those that the metric has at the same moment."""
        with self._lock:
            series = self._of(key)
            self._size -= series.forget(sample.at, sample.at + 1)
            self._size += series.add(sample)

    def clear(self, key: MetricKey, at: int) -> None:
        """Forget the values that a metric has at a moment."""
        with self._lock:
            if (series := self._series.get(key)) is not None:
                self._size -= series.forget(at, at + 1)

    def read(self, key: MetricKey, start: int, end: int) -> Columns | None:
        """The samples of a metric in [start, end), None if there is no such metric."""
        with self._lock:
            series = self._series.get(key)
            return None if series is None else series.read(start, end)

    def metrics(self, *, since: int, namespace: str | None = None, after: int = 0) -> list[tuple[int, MetricKey]]:
        """Metrics with data at or after a time, in the order in which they came to exist, each with its number.

        Those up to number `after` are left out, so that pages can be read while new metrics appear.
        """
        with self._lock:
            series = list(self._series.values()) if namespace is None else list(self._namespaces.get(namespace, ()))
        first = bisect_right(series, after, key=_by_number)
        return [(each.number, each.key) for each in series[first:] if each.latest >= since]

    def _of(self, key: MetricKey) -> Series:
        # Not `or`: a series without samples is false.
        series = self._series.get(key)
        return self._create(key) if series is None else series

    def _create(self, key: MetricKey) -> Series:
        series = self._series[key] = Series(key, next(self._numbers))
        self._namespaces.setdefault(key.namespace, []).append(series)
        self._size += _METRIC_COST
        return series

    def _make_room(self) -> None:
        """Forget the older half; then, only if that is not enough, single values; then the oldest metrics."""
        import numpy as np

        times = np.concatenate([each.read(0, END_OF_TIME).at for each in self._series.values()])
        cutoff = int(np.median(times))
        for series in self._series.values():
            series.forget(0, cutoff)
        self._keep([series for series in self._series.values() if len(series)])
        if self._size > self._capacity * 3 // 4:
            for series in self._series.values():
                series.condense()
            self._keep(list(self._series.values()))
        if self._size > self._capacity * 3 // 4:
            self._keep(list(self._series.values())[len(self._series) // 2 :])
        _log.warning("metrics fill the memory set aside for them: values before %d are forgotten", cutoff)

    def _keep(self, kept: list[Series]) -> None:
        self._series, self._namespaces = {series.key: series for series in kept}, {}
        for series in kept:
            self._namespaces.setdefault(series.key.namespace, []).append(series)
        self._size = sum(len(series) + _METRIC_COST for series in kept)
