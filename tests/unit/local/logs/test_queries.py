"""Logs Insights queries of the embedded AWS: how they end, and how many are kept. Lines that lose their log group."""

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto.logs.models import logs_backends

from powertune.local.logs.insights_query import Result
from powertune.local.logs.queries import Queries, Query, Request
from powertune.local.runtime.outputs import Line
from powertune.local.sink import MotoSink

QUERY = "fields @message"


def request() -> Request:
    return Request(groups=(), query=QUERY, start=0, end=1, limit=None)


def test_a_query_that_was_stopped_before_it_began_stays_cancelled() -> None:
    query = Query(query=QUERY, names=())
    assert query.stop()
    query.run(request(), ())
    assert (query.status, query.stop()) == ("Cancelled", False)
    assert query.ended_ms is not None


def test_either_the_query_or_who_stops_it_ends_it() -> None:
    """Whoever loses the race is told so: `stop` answers False exactly for queries that are complete."""
    for _ in range(200):
        query = Query(query=QUERY, names=())
        thread = threading.Thread(target=query.run, args=(request(), ()))
        thread.start()
        stopped = query.stop()
        thread.join()
        assert query.status == ("Cancelled" if stopped else "Complete")


def test_the_results_that_are_kept_are_bounded() -> None:
    queries, rows = Queries(), (Result(()),) * 400_000
    started = []
    for _ in range(4):
        query = queries.start(request())
        assert query is not None
        for thread in threading.enumerate():
            if thread.name == "insights":
                thread.join()
        query.results = rows
        started.append(query)
    known = queries.list()
    assert [queries.get(each.query_id) is not None for each in started] == [False, True, True, True]
    assert known == tuple(reversed(started[1:]))


class Deleting(tuple[Line, ...]):
    """Lines whose log group is deleted while they are looked at."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Line]:
        backend: Any = logs_backends["123456789012"]["eu-west-3"]
        backend.delete_log_group("/aws/lambda/gone")
        backend.ensure_log_group = lambda _: None
        return super().__iter__()


def test_lines_without_a_log_group_are_lost_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    backend: Any = logs_backends["123456789012"]["eu-west-3"]
    backend.ensure_log_group("/aws/lambda/gone")
    try:
        with caplog.at_level(logging.WARNING):
            MotoSink().put_logs(
                "123456789012", "eu-west-3", "/aws/lambda/gone", "s", Deleting((Line(at_ms=1, text="x"),))
            )
    finally:
        del logs_backends["123456789012"]
    assert "lines of /aws/lambda/gone lost" in caplog.text
