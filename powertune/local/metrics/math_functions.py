"""The functions of metric math.

Their meaning follows the User Guide, "Functions supported for metric math". Standard deviations are those of a
population, which the guide leaves open.

Not here: ANOMALY_DETECTION_BAND, INSIGHT_RULE_METRIC, SERVICE_QUOTA, LAMBDA and DB_PERF_INSIGHTS, and dates in other
time zones than UTC.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from powertune.local.metrics.math_parser import BadExpression
from powertune.local.metrics.math_values import (
    Array,
    Floats,
    Times,
    TimeSeries,
    Value,
    Word,
    each,
    stacked,
    wrong_type,
)


class Scope(Protocol):
    """What a function may ask the request for."""

    @property
    def period(self) -> int:
        """The distance of points in a time series made of a number, in seconds."""
        ...

    def times(self, period: int) -> Times:
        """The beginnings of all periods of the request."""
        ...

    def metrics(self, containing: str) -> Array:
        """The metrics of the request whose Ids contain a text."""
        ...

    def search(self, text: str, statistic: str, period: int | None) -> Array:
        """What SEARCH finds."""
        ...


Arguments = Sequence[Value]
Function = Callable[[Scope, Arguments], Value]


def call(name: str, scope: Scope, arguments: Arguments) -> Value:
    """The value of a function.

    Raises:
        BadExpression: there is no such function, or it does not take these arguments.
    """
    if name not in _FUNCTIONS:
        raise BadExpression(f"Function '{name}' not found")
    least, most, function = _FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        raise BadExpression(f"Function '{name}' does not take {len(arguments)} argument(s)")
    return function(scope, arguments)


def _total(name: str, of_series: Callable[[Floats], float], of_rows: Callable[[Floats], Floats]) -> Function:
    """A number for a time series; for an array, a time series of the figures at each moment."""

    def function(scope: Scope, arguments: Arguments) -> Value:
        value = arguments[0]
        if isinstance(value, TimeSeries):
            return float(of_series(value.values)) if len(value.values) else math.nan
        if not isinstance(value, tuple):
            raise wrong_type(name, value)
        if not value:
            return TimeSeries.empty(scope.period)
        times, rows = stacked(value)
        lossy = any(series.lossy for series in value)
        series = TimeSeries(times=times, values=np.empty(0), period=value[0].period, lossy=lossy)
        return series.with_values(np.asarray(of_rows(rows), np.float64), times)

    return function


def _mapped(name: str, change: Callable[[TimeSeries], TimeSeries]) -> Function:
    return lambda _, arguments: each(arguments[0], change, name)


def _pointwise(name: str, change: Callable[[Floats], Floats]) -> Function:
    def function(series: TimeSeries) -> TimeSeries:
        with np.errstate(all="ignore"):
            return series.with_values(np.asarray(change(series.values), np.float64))

    return _mapped(name, function)


def _stepwise(name: str, change: Callable[[Floats, Floats], Floats]) -> Function:
    """From the differences of values and times to those of the preceding points."""

    def function(series: TimeSeries) -> TimeSeries:
        values = change(np.diff(series.values), np.diff(series.times).astype(np.float64))
        return series.with_values(values, series.times[1:])

    return _mapped(name, function)


def _calendar(name: str, of: Callable[[datetime], float]) -> Function:
    def function(scope: Scope, arguments: Arguments) -> Value:
        def dates(series: TimeSeries) -> TimeSeries:
            times = scope.times(series.period)
            values = [of(datetime.fromtimestamp(time, UTC)) for time in times.tolist()]
            return series.with_values(np.array(values, np.float64), times)

        return each(arguments[0], dates, name)

    return function


def _array(name: str, value: Value) -> Array:
    if not isinstance(value, tuple):
        raise wrong_type(name, value)
    return value


def _number(name: str, value: Value) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise wrong_type(name, value)
    return value


def _metrics(scope: Scope, arguments: Arguments) -> Value:
    text = arguments[0] if arguments else ""
    if not isinstance(text, str):
        raise wrong_type("METRICS", text)
    return scope.metrics(text)


def _search(scope: Scope, arguments: Arguments) -> Value:
    text, statistic = arguments[:2]
    if not isinstance(text, str) or not isinstance(statistic, str):
        raise wrong_type("SEARCH", text, statistic)
    period = int(_number("SEARCH", arguments[2])) if len(arguments) > 2 else None
    return scope.search(text, statistic, period)


def _period(_: Scope, arguments: Arguments) -> Value:
    value = arguments[0]
    if not isinstance(value, TimeSeries) or value.origin is None:
        raise wrong_type("PERIOD", value)
    return float(value.period)


def _time_series(scope: Scope, arguments: Arguments) -> Value:
    value = arguments[0]
    if not isinstance(value, float):
        raise wrong_type("TIME_SERIES", value)
    times = scope.times(scope.period)
    return TimeSeries.empty(scope.period).with_values(np.full(len(times), value), times)


def _fill(scope: Scope, arguments: Arguments) -> Value:
    value, filler = arguments

    def filled(series: TimeSeries) -> TimeSeries:
        times = np.union1d(scope.times(series.period), series.times)
        return series.with_values(_filled(series, filler, times), times)

    # What is still missing is no number, and not lost either.
    return each(each(value, filled, "FILL"), lambda series: replace(series, lossy=False), "FILL")


def _filled(series: TimeSeries, filler: Value, times: Times) -> Floats:
    known = series.at(times, np.nan)
    if isinstance(filler, float | TimeSeries):
        other = filler.at(times, np.nan) if isinstance(filler, TimeSeries) else np.full(len(times), filler)
        return np.where(np.isnan(known), other, known)
    if not isinstance(filler, Word) or filler.value not in ("REPEAT", "LINEAR"):
        raise wrong_type("FILL", series, filler)
    if not len(series.times):
        return known
    if filler.value == "LINEAR":
        return np.interp(times, series.times, series.values, left=np.nan, right=np.nan)
    last = np.searchsorted(series.times, times, side="right") - 1
    return np.where(last >= 0, series.values[last], np.nan)


def _if(scope: Scope, arguments: Arguments) -> Value:
    condition, then = arguments[:2]
    otherwise = arguments[2] if len(arguments) > 2 else None
    for value in (then, otherwise):
        if not isinstance(value, float | TimeSeries | None):
            raise wrong_type("IF", *arguments)
    if isinstance(condition, float):
        return then if condition else otherwise if otherwise is not None else TimeSeries.empty(scope.period)
    if not isinstance(condition, TimeSeries):
        raise wrong_type("IF", *arguments)
    times = condition.times
    chosen = np.where(condition.values != 0, _points(then, times, 0.0), _points(otherwise, times, np.nan))
    return replace(condition.with_values(chosen), lossy=condition.lossy)


def _points(value: Value | None, times: Times, missing: float) -> Floats:
    if isinstance(value, TimeSeries):
        return value.at(times, missing)
    return np.full(len(times), value if isinstance(value, float) else np.nan)


def _sort(_: Scope, arguments: Arguments) -> Value:
    array = _array("SORT", arguments[0])
    by, order = arguments[1:3]
    if not isinstance(by, Word) or not isinstance(order, Word) or by.value not in _SORTED_BY:
        raise wrong_type("SORT", *arguments)
    if order.value not in ("ASC", "DESC"):
        raise wrong_type("SORT", *arguments)
    figure, sign = _SORTED_BY[by.value], -1 if order.value == "DESC" else 1
    ordered = sorted(array, key=lambda series: (not len(series.values), sign * _figure(figure, series)))
    return tuple(ordered[: int(_number("SORT", arguments[3]))] if len(arguments) > 3 else ordered)


def _figure(figure: Callable[[Floats], float], series: TimeSeries) -> float:
    return float(figure(series.values)) if len(series.values) else 0.0


def _slice(_: Scope, arguments: Arguments) -> Value:
    array = _array("SLICE", arguments[0])
    ends = [max(int(_number("SLICE", value)), 0) for value in arguments[1:]]
    return array[slice(*ends)] if len(ends) > 1 else array[ends[0] :]


def _end(name: str, place: int) -> Function:
    def function(scope: Scope, arguments: Arguments) -> Value:
        array = _array(name, arguments[0])
        return array[place] if array else TimeSeries.empty(scope.period)

    return function


_SORTED_BY: dict[str, Callable[[Floats], float]] = {"AVG": np.mean, "MIN": np.min, "MAX": np.max, "SUM": np.sum}

_FUNCTIONS: dict[str, tuple[int, int, Function]] = {
    "METRICS": (0, 1, _metrics),
    "SEARCH": (2, 3, _search),
    "SUM": (1, 1, _total("SUM", np.sum, lambda rows: np.nansum(rows, axis=0))),
    # Missing values count as 0 in the average of an array, and nowhere else.
    "AVG": (1, 1, _total("AVG", np.mean, lambda rows: np.nansum(rows, axis=0) / len(rows))),
    "MIN": (1, 1, _total("MIN", np.min, lambda rows: np.nanmin(rows, axis=0))),
    "MAX": (1, 1, _total("MAX", np.max, lambda rows: np.nanmax(rows, axis=0))),
    "STDDEV": (1, 1, _total("STDDEV", np.std, lambda rows: np.nanstd(rows, axis=0))),
    "DATAPOINT_COUNT": (1, 1, _total("DATAPOINT_COUNT", len, lambda rows: np.sum(~np.isnan(rows), axis=0))),
    "METRIC_COUNT": (1, 1, lambda _, arguments: float(len(_array("METRIC_COUNT", arguments[0])))),
    "ABS": (1, 1, _pointwise("ABS", np.abs)),
    "CEIL": (1, 1, _pointwise("CEIL", np.ceil)),
    "FLOOR": (1, 1, _pointwise("FLOOR", np.floor)),
    "LOG": (1, 1, _pointwise("LOG", np.log)),
    "LOG10": (1, 1, _pointwise("LOG10", np.log10)),
    "RUNNING_SUM": (1, 1, _pointwise("RUNNING_SUM", np.cumsum)),
    "DIFF": (1, 1, _stepwise("DIFF", lambda values, _: values)),
    "DIFF_TIME": (1, 1, _stepwise("DIFF_TIME", lambda _, seconds: seconds)),
    "RATE": (1, 1, _stepwise("RATE", lambda values, seconds: values / seconds)),
    "PERIOD": (1, 1, _period),
    "TIME_SERIES": (1, 1, _time_series),
    "FILL": (2, 2, _fill),
    "IF": (2, 3, _if),
    "SORT": (3, 4, _sort),
    "SLICE": (2, 3, _slice),
    "FIRST": (1, 1, _end("FIRST", 0)),
    "LAST": (1, 1, _end("LAST", -1)),
    "REMOVE_EMPTY": (
        1, 1, lambda _, arguments: tuple(each for each in _array("REMOVE_EMPTY", arguments[0]) if len(each.values)),
    ),
    "MINUTE": (1, 1, _calendar("MINUTE", lambda moment: moment.minute)),
    "HOUR": (1, 1, _calendar("HOUR", lambda moment: moment.hour)),
    "DAY": (1, 1, _calendar("DAY", lambda moment: moment.isoweekday())),
    "DATE": (1, 1, _calendar("DATE", lambda moment: moment.day)),
    "MONTH": (1, 1, _calendar("MONTH", lambda moment: moment.month)),
    "YEAR": (1, 1, _calendar("YEAR", lambda moment: moment.year)),
    "EPOCH": (1, 1, _calendar("EPOCH", lambda moment: moment.timestamp())),
}  # fmt: skip
