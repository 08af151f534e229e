"""A Logs Insights query, executed: events to the rows of its result."""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from powertune.local.logs.insights_commands import (
    Command,
    Dedup,
    Display,
    Fields,
    Filter,
    Limit,
    Named,
    Parse,
    Sort,
    Stats,
)
from powertune.local.logs.insights_expression import compiled
from powertune.local.logs.insights_fields import Origin, Row
from powertune.local.logs.insights_stats import Aggregation
from powertune.local.logs.insights_values import sort_key, text, truth
from powertune.local.logs.pace import Pace
from powertune.local.logs.timeline import Event, message_bytes

DEFAULT_LIMIT = 10_000
_DEFAULT_FIELDS = ("@timestamp", "@message")
#: Python keeps the interpreter to itself while it sorts: this many rows at a time take little.
_SORTED_AT_ONCE = 200


class StoppedError(Exception):
    """The query was stopped while it ran."""


@dataclass(slots=True)
class Progress:
    """What a query has read until now."""

    scanned: int = 0
    matched: int = 0
    bytes_scanned: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A row of a result: fields and their values, and the event that it is, if it is one."""

    cells: tuple[tuple[str, str], ...]
    origin: Origin | None = None
    event: Event | None = None


@dataclass(slots=True)
class _Shown:
    """The fields of the result."""

    names: list[str] = field(default_factory=list)

    def add(self, names: Iterable[str]) -> None:
        self.names.extend(name for name in names if name not in self.names)


def execute(
    commands: tuple[Command, ...],
    events: Iterable[tuple[Origin, Event]],
    progress: Progress,
    pace: Pace,
    limit: int | None = None,
) -> list[Result]:
    """The rows of the result.

    Args:
        events: in order of time; the result has the latest first unless the query sorts or groups.
        limit: of the API, which counts where the query has none.

    Raises:
        StoppedError: `progress.stopped` was set meanwhile.
    """
    shown = _Shown()
    grouped = any(isinstance(command, Stats) for command in commands)
    rows: Iterable[Row] = _read(events, progress, pace)
    counted = False
    ordered = limited = False
    for command in commands:
        if not counted and isinstance(command, Stats | Sort | Dedup | Limit):
            rows, counted = _counted(rows, progress), True
        if isinstance(command, Limit) and not grouped and not ordered:
            rows, ordered = _latest(rows, command.count), True
        if isinstance(command, Dedup) and not grouped and not ordered:
            rows, ordered = _latest(rows, None), True
        rows = _step(command, rows, shown, pace)
        ordered = ordered or isinstance(command, Sort | Stats)
        limited = limited or isinstance(command, Limit)
    if not counted:
        rows = _counted(rows, progress)
    most = DEFAULT_LIMIT if limit is None else limit
    if not ordered:
        rows = _latest(rows, most)
    if not limited:
        rows = islice(rows, most)
    extra = [name for command in commands if isinstance(command, Parse) for name in command.names]
    chosen = any(isinstance(command, Fields | Display | Stats) for command in commands)
    names = tuple(shown.names) if chosen else tuple(dict.fromkeys((*_DEFAULT_FIELDS, *extra)))
    return [_result(row, names) for row in pace.over(rows)]


def _read(events: Iterable[tuple[Origin, Event]], progress: Progress, pace: Pace) -> Iterator[Row]:
    for origin, event in events:
        if progress.stopped:
            raise StoppedError
        progress.scanned += 1
        progress.bytes_scanned += message_bytes(event[3])
        yield Row(origin, event)
        pace.step()


def _counted(rows: Iterable[Row], progress: Progress) -> Iterator[Row]:
    for row in rows:
        progress.matched += 1
        yield row


def _latest(rows: Iterable[Row], most: int | None) -> Iterator[Row]:
    yield from reversed(deque(rows, maxlen=most))


def _step(command: Command, rows: Iterable[Row], shown: _Shown, pace: Pace) -> Iterable[Row]:
    match command:
        case Fields(items):
            shown.add(item.name for item in items)
            return _computed(rows, items)
        case Display(items):
            shown.names[:] = [item.name for item in items]
            return _computed(rows, items)
        case Filter(condition):
            holds = compiled(condition)
            return (row for row in rows if truth(holds(row)))
        case Parse():
            if shown.names:
                shown.add(command.names)
            return _parsed(rows, command)
        case Stats():
            aggregation = Aggregation(command)
            shown.names[:] = aggregation.names
            return aggregation.rows(rows, pace)
        case Sort(keys):
            return _sorted(rows, keys, pace)
        case Limit(count):
            return islice(rows, count)
        case Dedup(names):
            return _distinct(rows, names)


def _computed(rows: Iterable[Row], items: tuple[Named, ...]) -> Iterable[Row]:
    made = tuple((item.name, compiled(item.expression)) for item in items)

    def compute(row: Row) -> Row:
        for name, value in made:
            row.made[name] = value(row)
        return row

    return (compute(row) for row in rows)


def _parsed(rows: Iterable[Row], command: Parse) -> Iterator[Row]:
    source, names = compiled(command.source), command.names
    named = bool(command.pattern.names)
    for row in rows:
        value = source(row)
        match = None if value is None else command.pattern.search(text(value))
        if match is not None:
            values = [match[name] for name in names] if named else match.groups()
            row.made.update(zip(names, values, strict=True))
        yield row


def _sorted(rows: Iterable[Row], keys: tuple[tuple[str, bool], ...], pace: Pace) -> Iterable[Row]:
    """By the last key first: each sort keeps the order of what is equal."""
    for name, descending in reversed(keys):

        def key(row: Row, name: str = name) -> tuple[object, ...]:
            return sort_key(row.get(name))

        rows = list(_merged(rows, key, pace, descending=descending))
    return rows


def _merged(
    rows: Iterable[Row], key: Callable[[Row], tuple[object, ...]], pace: Pace, *, descending: bool
) -> Iterator[Row]:
    runs = []
    source = iter(rows)
    while run := list(islice(source, _SORTED_AT_ONCE)):
        runs.append(sorted(run, key=key, reverse=descending))
        pace.step()
    return pace.over(heapq.merge(*runs, key=key, reverse=descending))


def _distinct(rows: Iterable[Row], names: tuple[str, ...]) -> Iterator[Row]:
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        values = [row.get(name) for name in names]
        key = tuple(text(value) for value in values)
        if key not in seen and None not in values:
            seen.add(key)
            yield row


def _result(row: Row, names: tuple[str, ...]) -> Result:
    values = ((name, row.get(name)) for name in names)
    return Result(tuple((name, text(value)) for name, value in values if value is not None), row.origin, row.event)
