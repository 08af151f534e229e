"""Logs Insights' language: a query is executed or refused, whatever its text; values, order and the timeline."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.local.logs.insights_commands import Command
from powertune.local.logs.insights_fields import Origin, discover
from powertune.local.logs.insights_query import Progress, Result, StoppedError, execute
from powertune.local.logs.insights_reader import MalformedQueryError
from powertune.local.logs.insights_syntax import parse_query
from powertune.local.logs.insights_values import java_double, sort_key, text
from powertune.local.logs.pace import Pace
from powertune.local.logs.timeline import FIRST, LAST, Event, Timeline, event_id

_ORIGIN = Origin("1:/g", "s")
_KEYWORDS = "fields filter parse stats sort limit dedup display like as by in and or not desc"
_SIGNS = "| , ( ) [ ] = != < =~ /x/ /(?<n>.)/ 'a*' + - * / ^ % #c"
_NAMES = "frommillis ceil abs 1e999 @message @timestamp x `y` 1 0 5m 1e300 bin count avg pct substr replace strlen if"
_WORDS = [word for words in (_KEYWORDS, _SIGNS, _NAMES) for word in words.split()]
_QUERIES = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(_WORDS), max_size=16).map(" ".join))
_MESSAGES = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(['{"x": 1}', '{"x": {"y": [true, null, 1e400]}}', "[" * 2000, '{"a":' * 2000]),
    ),
    max_size=6,
)


def events(*messages: str) -> Iterator[tuple[Origin, Event]]:
    return ((_ORIGIN, (1_700_000_000_000 + 1000 * n, 1, n, message)) for n, message in enumerate(messages))


def run(query: str, *messages: str) -> list[dict[str, str]]:
    return [dict(row.cells) for row in execute(parse_query(query), events(*messages), Progress(), Pace())]


def parsed(query: str) -> tuple[Command, ...] | MalformedQueryError:
    try:
        return parse_query(query)
    except MalformedQueryError as error:
        return error


@pytest.mark.long
@given(_QUERIES, _MESSAGES)
def test_a_query_is_executed_or_refused_with_the_place(query: str, messages: list[str]) -> None:
    commands = parsed(query)
    if isinstance(commands, MalformedQueryError):
        assert 0 <= commands.offset <= len(query)
    else:
        rows = execute(commands, events(*messages), Progress(), Pace())
        assert all(isinstance(row, Result) for row in rows)


@pytest.mark.long
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=50))
def test_statistics_are_those_of_the_numbers(numbers: list[int]) -> None:
    found = run(
        "stats sum(x) as s, min(x) as least, max(x) as most, count(x) as n, count_distinct(x) as d, median(x) as m",
        *(f'{{"x": {number}}}' for number in numbers),
    )
    ordered = sorted(numbers)
    assert found == [
        {
            "s": str(sum(numbers)),
            "least": str(min(numbers)),
            "most": str(max(numbers)),
            "n": str(len(numbers)),
            "d": str(len(set(numbers))),
            "m": str(ordered[(len(ordered) - 1) // 2]),
        }
    ]


@pytest.mark.long
@given(st.lists(st.one_of(st.integers(-50, 50).map(str), st.text("ab1", max_size=4)), max_size=600))
def test_sort_is_stable_and_in_natural_order(values: list[str]) -> None:
    rows = [(value, n) for n, value in enumerate(values)]
    messages = [f'{{"v": "{value}", "n": {n}}}' for value, n in rows]
    for order, reverse in (("asc", False), ("desc", True)):
        found = [(row["v"], int(row["n"])) for row in run(f"fields v, n | sort v {order}", *messages)]
        assert found == sorted(rows, key=lambda row: sort_key(row[0]), reverse=reverse)


def test_natural_order() -> None:
    ascending = ["!", "#", "*%04", "0#", "5A", "111A", "@", "@_", "A", "A9876fghj", "a12345hfh", "0", "01", "2"]
    assert sorted(ascending, key=sort_key) == ascending


def test_two_stats_and_a_filter_between() -> None:
    query = "stats count(*) as n by x | filter n > 1 | stats max(n) as most, count(*) as groups"
    assert run(query, *('{"x": 1}', '{"x": 1}', '{"x": 2}')) == [{"most": "2", "groups": "1"}]
    assert run("filter x = 5 | stats count(*) as n") == [{"n": "0"}]


@pytest.mark.parametrize(
    "expression",
    ["frommillis(x)", "tomillis(x)", "substr('text', 0 - x)", "ceil(x)", "datefloor(x, 1h)", "x * x", "x"],
)
def test_what_is_no_finite_number_fails_no_query(expression: str) -> None:
    big = "9" * 400
    for message in (f'{{"x": {big}}}', '{"x": "1e999"}', '{"x": -1e999}', '{"x": 1e300}'):
        assert len(run(f"fields {expression} as y | sort y", message)) == 1
    assert run("fields ceil(x) as y", f'{{"x": {big}}}') == [{}]


def test_a_stopped_query_ends() -> None:
    progress = Progress(stopped=True)
    with pytest.raises(StoppedError):
        execute(parse_query("fields @message"), events("a"), progress, Pace())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (15, "15.0"),
        (1394.6, "1394.6"),
        (1.28e8, "1.28E8"),
        (7.9e7, "7.9E7"),
        (1e7, "1.0E7"),
        (9_999_999, "9999999.0"),
    ],
)
def test_numbers_of_java(value: float, shown: str) -> None:
    assert java_double(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(128.0, "128"), (122.0703125, "122.0703"), (0.0000020833375, "0.0000020833"), (0.125, "0.125"), (True, "1")],
)
def test_computed_numbers(value: float, shown: str) -> None:
    assert text(value) == shown


def test_fields_of_a_line_of_a_function() -> None:
    request_id = "76269889-7d50-4d6d-a3f1-9b4f5322f47c"
    line = f'2023-12-05T22:14:43.862Z\t{request_id}\tINFO\t{{"@a": {{"b": "c"}}}} {{"second": 1}}'
    assert discover(line) == {"@requestId": request_id, "@@a.b": "c"}


@pytest.mark.long
@given(st.lists(st.lists(st.integers(0, 40), max_size=20), max_size=120), st.integers(0, 40), st.integers(0, 40))
def test_a_timeline_is_in_order_however_it_was_written(batches: list[list[int]], start: int, end: int) -> None:
    timeline = Timeline()
    written: list[Event] = []
    for batch in batches:
        added = [(at, 1, len(written) + n, "m") for n, at in enumerate(batch)]
        timeline.add(added)
        written += added
    ordered = sorted(written)
    assert list(timeline.between(FIRST, LAST)) == ordered
    assert len(timeline) == len(ordered)
    inside = [event for event in ordered if start <= event[0] < end]
    assert list(timeline.between((start, 0, 0), (end, 0, 0))) == inside
    assert list(timeline.between((start, 0, 0), (end, 0, 0), latest_first=True)) == inside[::-1]
    assert (timeline.first, timeline.last) == ((ordered[0], ordered[-1]) if ordered else (None, None))
    assert len({event_id(event) for event in ordered}) == len(ordered)
