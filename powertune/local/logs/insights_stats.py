"""The `stats` command: groups of rows, and what is counted in each.

Percentiles are exact, by nearest rank, and distinct values are counted exactly: Logs Insights estimates both when
there are many. `stddev` is that of a sample.
"""

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from powertune.local.logs.insights_commands import Call, Expression, Field, Literal, Stats
from powertune.local.logs.insights_expression import Compute, compiled
from powertune.local.logs.insights_expression_syntax import AGGREGATES
from powertune.local.logs.insights_fields import Row
from powertune.local.logs.insights_values import Time, Value, compare, number, text
from powertune.local.logs.pace import Pace


class _Accumulator(ABC):
    """Counts one function in one group. `at` is the time of the event in ms."""

    @abstractmethod
    def add(self, value: Value, at: int) -> None:
        """Count one row."""

    @abstractmethod
    def result(self) -> Value:
        """What was counted."""


class _Count(_Accumulator):
    def __init__(self) -> None:
        self._count = 0

    def add(self, value: Value, at: int) -> None:  # noqa: ARG002
        self._count += value is not None

    def result(self) -> Value:
        return self._count


class _Distinct(_Accumulator):
    def __init__(self) -> None:
        self._seen: set[str] = set()

    def add(self, value: Value, at: int) -> None:  # noqa: ARG002
        if value is not None:
            self._seen.add(text(value))

    def result(self) -> Value:
        return len(self._seen)


class _Extreme(_Accumulator):
    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._best: Value = None

    def add(self, value: Value, at: int) -> None:  # noqa: ARG002
        order = compare(value, self._best)
        if self._best is None or (order is not None and order * self._sign > 0):
            self._best = value

    def result(self) -> Value:
        return self._best


class _Edge(_Accumulator):
    """The value of the earliest event that has one, or of the latest."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._at: int | None = None
        self._value: Value = None

    def add(self, value: Value, at: int) -> None:
        if value is not None and (self._at is None or (at - self._at) * self._sign > 0):
            self._at, self._value = at, value

    def result(self) -> Value:
        return self._value


class _Numbers(_Accumulator):
    def __init__(self, conclude: Callable[["array[float]"], float]) -> None:
        self._conclude = conclude
        self._numbers = array("d")

    def add(self, value: Value, at: int) -> None:  # noqa: ARG002
        found = number(value)
        if found is not None:
            try:
                self._numbers.append(found)
            except OverflowError:
                return

    def result(self) -> Value:
        return self._conclude(self._numbers) if self._numbers else None


def _mean(numbers: "array[float]") -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: "array[float]") -> float:
    import numpy as np

    return float(np.std(np.frombuffer(numbers), ddof=1)) if len(numbers) > 1 else 0.0


def _percentile(percent: float) -> Callable[["array[float]"], float]:
    def conclude(numbers: "array[float]") -> float:
        # numpy, because it gives the interpreter to other threads while it sorts.
        import numpy as np

        rank = math.ceil(percent / 100 * len(numbers))
        return float(np.sort(np.frombuffer(numbers))[min(max(rank, 1), len(numbers)) - 1])

    return conclude


_MAKERS: dict[str, Callable[[], _Accumulator]] = {
    "count": _Count,
    "count_distinct": _Distinct,
    "max": lambda: _Extreme(1),
    "min": lambda: _Extreme(-1),
    "earliest": lambda: _Edge(-1),
    "latest": lambda: _Edge(1),
    "sum": lambda: _Numbers(math.fsum),
    "avg": lambda: _Numbers(_mean),
    "stddev": lambda: _Numbers(_deviation),
    "median": lambda: _Numbers(_percentile(50)),
}


@dataclass(frozen=True, slots=True)
class _Slot:
    """One aggregate function of the command: the hidden field that holds its result, and how to count."""

    name: str
    argument: Compute
    make: Callable[[], _Accumulator]


class Aggregation:
    """A `stats` command, ready to count."""

    def __init__(self, stats: Stats) -> None:
        self._by = tuple((item.name, compiled(item.expression)) for item in stats.by)
        self._slots: list[_Slot] = []
        self._items = tuple((item.name, compiled(self._without_aggregates(item.expression))) for item in stats.items)

    @property
    def names(self) -> tuple[str, ...]:
        """The fields of the result, in order."""
        return (*(name for name, _ in self._by), *(name for name, _ in self._items))

    def rows(self, rows: Iterable[Row], pace: Pace) -> Iterator[Row]:
        """One row for each group, in the order in which the groups first appear."""
        groups: dict[tuple[Value, ...], tuple[tuple[Value, ...], list[_Accumulator]]] = {}
        for row in pace.over(rows):
            values = tuple(compute(row) for _, compute in self._by)
            key = tuple(value if isinstance(value, Time) else text(value) for value in values)
            if key not in groups:
                groups[key] = (values, [slot.make() for slot in self._slots])
            at = row.event[0] if row.event else 0
            for slot, accumulator in zip(self._slots, groups[key][1], strict=True):
                accumulator.add(slot.argument(row), at)
        if not groups and not self._by:
            groups[()] = ((), [slot.make() for slot in self._slots])
        for values, accumulators in pace.over(groups.values()):
            yield self._result(values, accumulators)

    def _result(self, values: tuple[Value, ...], accumulators: list[_Accumulator]) -> Row:
        made: dict[str, Value] = {name: value for (name, _), value in zip(self._by, values, strict=True)}
        hidden = {slot.name: each.result() for slot, each in zip(self._slots, accumulators, strict=True)}
        row = Row(None, None, {**made, **hidden})
        for name, compute in self._items:
            # An earlier result may be named in a later one: `a - b as difference`.
            row.made[name] = compute(row)
        return Row(None, None, {name: row.made.get(name) for name in self.names})

    def _without_aggregates(self, expression: Expression) -> Expression:
        if not isinstance(expression, Call):
            return expression
        if expression.name not in AGGREGATES:
            return Call(expression.name, tuple(self._without_aggregates(each) for each in expression.arguments))
        name = f"\0{len(self._slots)}"
        self._slots.append(_slot(name, expression))
        return Field(name)


def _slot(name: str, call: Call) -> _Slot:
    argument = compiled(call.arguments[0]) if call.arguments else lambda _: 1
    if call.name not in ("pct", "percentile"):
        return _Slot(name, argument, _MAKERS[call.name])
    wanted = call.arguments[1]
    assert isinstance(wanted, Literal)
    conclude = _percentile(float(number(wanted.value) or 0))
    return _Slot(name, argument, lambda: _Numbers(conclude))
