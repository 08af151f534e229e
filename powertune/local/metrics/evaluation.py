"""GetMetricData's queries, evaluated: every query becomes time series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import assert_never

import numpy as np

from powertune.local.metrics import math_functions, math_parser, periods, search, statistics
from powertune.local.metrics.math_parser import (
    BadExpression,
    Binary,
    Call,
    ListOf,
    Name,
    Negative,
    Node,
    Number,
    Text,
)
from powertune.local.metrics.math_values import (
    Array,
    Origin,
    Times,
    TimeSeries,
    Value,
    Word,
    binary,
    each,
    wrong_type,
)
from powertune.local.metrics.model import MetricKey
from powertune.local.metrics.periods import DAY, Window
from powertune.local.metrics.queries import MetricStat, Query, expression_error
from powertune.local.metrics.statistics import Groups
from powertune.local.metrics.store import MetricStore

MOST_METRICS = 500
SEARCHED_S = 14 * DAY
"""Metrics without data for as long are not found."""

_DEFAULT_PERIOD = 300
MOST_TIMES = 1_000_000
"""Longer than all data that are kept, at any period; FILL and the calendar's functions have a value for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a query gives. `several`: its expression gives an array, even if that holds one time series."""

    query: Query
    series: Array
    several: bool


@dataclass
class Request:
    """One request under evaluation, and the Scope of its expressions."""

    store: MetricStore
    queries: Sequence[Query]
    start: float
    end: float
    now: float
    exceeded: bool = False
    """More metrics were asked for than a request may read."""

    units: dict[MetricKey, tuple[str, ...]] = field(default_factory=dict)
    """The units of metrics that have several."""

    origins: list[Origin] = field(default_factory=list)
    """Every metric that was read, in order."""

    _values: dict[str, Value] = field(default_factory=dict)
    _read: set[MetricKey] = field(default_factory=set)

    def results(self) -> list[Result]:
        """The time series of every query whose data are asked for.

        Raises:
            Refused: an expression cannot be evaluated.
        """
        by_id = {query.id: query for query in self.queries}
        for query_id in self._order(by_id):
            self._values[query_id] = self._value(by_id[query_id])
        return [self._result(query) for query in self.queries if query.returned]

    @cached_property
    def period(self) -> int:
        """The longest period of the metrics in the request."""
        asked = [query.asks_for.period for query in self.queries if isinstance(query.asks_for, MetricStat)]
        return max(asked, default=_DEFAULT_PERIOD)

    def times(self, period: int) -> Times:
        """The beginnings of all periods.

        Raises:
            BadExpression: there are more than memory should hold.
        """
        wanted = self._window(period).times(period)
        if len(wanted) > MOST_TIMES:
            raise BadExpression(f"The time range has more than {MOST_TIMES} periods of {period} seconds")
        return np.array(wanted, np.int64)

    def metrics(self, containing: str) -> Array:
        """The metrics whose Ids contain a text."""
        return tuple(
            self._series(query.asks_for)
            for query in self.queries
            if isinstance(query.asks_for, MetricStat) and containing in query.id
        )

    def search(self, text: str, statistic: str, period: int | None) -> Array:
        """The metrics that an expression means, with one statistic."""
        try:
            found = search.parse(text)
        except search.BadSearch as error:
            raise BadExpression("Invalid syntax") from error
        stat = statistics.parse(statistic)
        if stat is None:
            raise BadExpression(f"'{statistic}' is not a valid statistic")
        distance = self.period if period is None else period
        if not periods.is_valid(distance):
            raise BadExpression(f"'{distance}' is not a valid period")
        keys = [key for _, key in self.store.metrics(since=int(self.now - SEARCHED_S)) if found(key)]
        allowed = [key for key in keys if self._may_read(key)]
        return tuple(self._series(MetricStat(key=key, statistic=stat, period=distance)) for key in allowed)

    def _may_read(self, key: MetricKey) -> bool:
        if key not in self._read and len(self._read) >= MOST_METRICS:
            self.exceeded = True
            return False
        self._read.add(key)
        return True

    def _order(self, by_id: Mapping[str, Query]) -> list[str]:
        """Expressions after what they refer to; metrics are read where they are used."""
        graph: dict[str, set[str]] = {}
        for query in self.queries:
            wanted = () if isinstance(query.asks_for, MetricStat) else math_parser.names(query.asks_for)
            graph[query.id] = set(wanted)
            for unknown in sorted(graph[query.id] - by_id.keys()):
                raise expression_error(query.id, BadExpression(f"Unknown identifier '{unknown}'"))
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise expression_error(error.args[1][0], BadExpression("The expression refers to itself")) from error

    def _value(self, query: Query) -> Value:
        if isinstance(query.asks_for, MetricStat):
            self._read.add(query.asks_for.key)
            return self._series(query.asks_for)
        scope = _Scope(self, query.period or self.period)
        try:
            return scope.evaluate(query.asks_for)
        except BadExpression as error:
            raise expression_error(query.id, error) from error

    def _result(self, query: Query) -> Result:
        value = self._values[query.id]
        if isinstance(value, TimeSeries):
            return Result(query=query, series=(value,), several=False)
        if isinstance(value, tuple):
            return Result(query=query, series=value, several=True)
        raise expression_error(query.id, BadExpression("The result must be a time series or an array of time series"))

    def named(self, query_id: str) -> Value:
        """The value of another query."""
        return self._values[query_id]

    def _series(self, wanted: MetricStat) -> TimeSeries:
        origin = Origin(key=wanted.key, statistic=wanted.statistic.name, period=wanted.period)
        self.origins.append(origin)
        window = self._window(wanted.period)
        empty = TimeSeries.empty(wanted.period, origin)
        if not periods.is_kept(wanted.period, self.start, self.now):
            return empty
        columns = self.store.read(wanted.key, window.start, window.end)
        if columns is None or not len(columns.at):
            return empty
        present = columns.units_present
        if wanted.unit is None and len(present) > 1:
            self.units[wanted.key] = present
        columns = columns.of_unit(wanted.unit or present[0])
        if not len(columns.at):
            return empty
        groups = Groups.cut(columns, window.start, wanted.period)
        known = ~np.isnan(values := wanted.statistic.of(groups))
        return empty.with_values(values[known], groups.times[known])

    def _window(self, period: int) -> Window:
        return Window.of(self.start, self.end, period=period, now=self.now)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A request, as one of its expressions sees it."""

    request: Request
    period: int

    def times(self, period: int) -> Times:
        return self.request.times(period)

    def metrics(self, containing: str) -> Array:
        return self.request.metrics(containing)

    def search(self, text: str, statistic: str, period: int | None) -> Array:
        return self.request.search(text, statistic, self.period if period is None else period)

    def evaluate(self, node: Node) -> Value:
        match node:
            case Number(value) | Text(value):
                return value
            case Name(name):
                return self.request.named(name) if name[0].islower() else Word(name)
            case ListOf(items):
                return self._array(items)
            case Negative(inner):
                positive = self.evaluate(inner)
                return -positive if isinstance(positive, float) else each(positive, _negated, "-")
            case Call(function, arguments):
                return math_functions.call(function, self, [self.evaluate(argument) for argument in arguments])
            case Binary():
                return self._binary(node)
        assert_never(node)

    def _binary(self, node: Binary) -> Value:
        """From left to right in a loop: a sum may have hundreds of terms."""
        pending = [node]
        while isinstance(left := pending[-1].left, Binary):
            pending.append(left)
        value = self.evaluate(left)
        while pending:
            step = pending.pop()
            value = binary(step.operator, value, self.evaluate(step.right))
        return value

    def _array(self, items: Sequence[Node]) -> Array:
        found: list[TimeSeries] = []
        for item in items:
            value = self.evaluate(item)
            if isinstance(value, TimeSeries):
                found.append(value)
            elif isinstance(value, tuple):
                found += value
            else:
                raise wrong_type("[]", value)
        return tuple(found)


def _negated(series: TimeSeries) -> TimeSeries:
    return series.with_values(-series.values)
