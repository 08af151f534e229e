"""What metric math computes with: numbers, time series and arrays of time series, and its operators.

Missing values of a time series count as 0 next to another one. A point whose result is no finite number is dropped
(User Guide, "Basic arithmetic functions").
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powertune.local.metrics.math_parser import BadExpression
from powertune.local.metrics.model import MetricKey

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The metric and the statistic that a time series shows."""

    key: MetricKey
    statistic: str
    period: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeSeries:
    """Values by time, ascending, in seconds since the epoch. `lossy`: points were dropped on the way."""

    times: Times
    values: Floats
    period: int
    origin: Origin | None = None
    lossy: bool = False

    @classmethod
    def empty(cls, period: int, origin: Origin | None = None) -> "TimeSeries":
        """One without points."""
        return cls(times=np.empty(0, np.int64), values=np.empty(0), period=period, origin=origin)

    def with_values(self, values: Floats, times: Times | None = None) -> "TimeSeries":
        """The same metric with other values, without those that are not finite."""
        moments = self.times if times is None else times
        finite = np.isfinite(values)
        if finite.all():
            return replace(self, times=moments, values=values)
        return replace(self, times=moments[finite], values=values[finite], lossy=True)

    def at(self, times: Times, missing: float) -> Floats:
        """The values at given times, ascending."""
        found = np.full(len(times), missing)
        which = np.isin(self.times, times, assume_unique=True)
        found[np.searchsorted(times, self.times[which])] = self.values[which]
        return found


@dataclass(frozen=True, slots=True)
class Word:
    """A word in capitals, such as DESC."""

    value: str


Array = tuple[TimeSeries, ...]
Value = float | TimeSeries | Array | Word | str
Operation = Callable[[Floats, Floats], Floats]

_KINDS: dict[type, str] = {float: "Scalar", TimeSeries: "TimeSeries", tuple: "Array[TimeSeries]"}


def kind(value: Value) -> str:
    """What messages call a value."""
    return _KINDS.get(type(value), "String")


def _truth(of: Callable[[Floats, Floats], NDArray[np.bool_]]) -> Operation:
    return lambda left, right: of(left, right).astype(np.float64)


OPERATIONS: dict[str, Operation] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "==": _truth(lambda a, b: a == b),
    "!=": _truth(lambda a, b: a != b),
    "<": _truth(lambda a, b: a < b),
    "<=": _truth(lambda a, b: a <= b),
    ">": _truth(lambda a, b: a > b),
    ">=": _truth(lambda a, b: a >= b),
    "AND": _truth(lambda a, b: (a != 0) & (b != 0)),
    "OR": _truth(lambda a, b: (a != 0) | (b != 0)),
}


def binary(operator: str, left: Value, right: Value) -> Value:
    """An operator between two values; an array meets a number or a time series one by one.

    Raises:
        BadExpression: it is not defined between these kinds.
    """
    operation = OPERATIONS[operator]
    if isinstance(left, tuple) and isinstance(right, float | TimeSeries):
        return tuple(_simple(operation, each, right) for each in left)
    if isinstance(right, tuple) and isinstance(left, float | TimeSeries):
        return tuple(_simple(operation, left, each, right=each) for each in right)
    if isinstance(left, float) and isinstance(right, float):
        with np.errstate(all="ignore"):
            return float(operation(np.array(left), np.array(right)))
    if isinstance(left, float | TimeSeries) and isinstance(right, float | TimeSeries):
        return _simple(operation, left, right)
    raise BadExpression(f"Unsupported operand type(s) for {operator}: '[{kind(left)}, {kind(right)}]'")


def _simple(
    operation: Operation, one: float | TimeSeries, other: float | TimeSeries, right: TimeSeries | None = None
) -> TimeSeries:
    """Between two values, one of them a time series at least; the result is labeled as `right`, or else the first."""
    owner = right or (one if isinstance(one, TimeSeries) else other)
    assert isinstance(owner, TimeSeries)
    if isinstance(one, TimeSeries) and isinstance(other, TimeSeries):
        times = one.times if np.array_equal(one.times, other.times) else np.union1d(one.times, other.times)
        first, second = one.at(times, 0.0), other.at(times, 0.0)
        owner = replace(owner, lossy=one.lossy or other.lossy)
    else:
        times = owner.times
        first, second = (each.values if isinstance(each, TimeSeries) else np.array(each) for each in (one, other))
    with np.errstate(all="ignore"):
        return owner.with_values(np.asarray(operation(first, second), np.float64), times)


def each(value: Value, change: Callable[[TimeSeries], TimeSeries], function: str) -> Value:
    """A change of a time series, or of every one in an array.

    Raises:
        BadExpression: the value is neither.
    """
    if isinstance(value, TimeSeries):
        return change(value)
    if isinstance(value, tuple):
        return tuple(change(series) for series in value)
    raise wrong_type(function, value)


def wrong_type(function: str, *values: Value) -> BadExpression:
    """A function does not take these kinds of values."""
    return BadExpression(f"Unsupported operand type(s) for {function}: '[{', '.join(map(kind, values))}]'")


def stacked(array: Array) -> tuple[Times, Floats]:
    """All times of an array, ascending, and a row of values per time series, NaN where one has none."""
    times = np.unique(np.concatenate([series.times for series in array]))
    return times, np.array([series.at(times, np.nan) for series in array])
