"""Logs Insights queries that run behind the back of whoever started them."""

import base64
import binascii
import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from powertune.local.logs.insights_commands import Command
from powertune.local.logs.insights_fields import Origin
from powertune.local.logs.insights_query import Progress, Result, StoppedError, execute
from powertune.local.logs.insights_syntax import parse_query
from powertune.local.logs.models import Group, in_order
from powertune.local.logs.pace import Pace
from powertune.local.logs.timeline import Event

_log = logging.getLogger(__name__)

#: How many run at the same time; others are scheduled. AWS refuses to start the 101st.
_AT_ONCE = 2
MOST_QUERIES = 100
#: How many queries are known, and how many rows of results they have together; those of the oldest go first.
_KEPT, _KEPT_ROWS = 1000, 1_000_000
_running = threading.Semaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What StartQuery is asked. Times are in seconds since the epoch; the end is included, all of its second."""

    groups: tuple[Group, ...]
    query: str
    start: int
    end: int
    limit: int | None


@dataclass(slots=True, kw_only=True)
class Query:
    """A query, and what has become of it. It keeps no log groups: they may be deleted before it is forgotten."""

    query: str
    names: tuple[str, ...]
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    ended_ms: int | None = None
    status: str = "Scheduled"
    results: tuple[Result, ...] = ()
    progress: Progress = field(default_factory=Progress)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ("Scheduled", "Running")

    def run(self, request: Request, commands: tuple[Command, ...]) -> None:
        """Execute the query, whatever comes of it."""
        with _running:
            if not self._begin():
                return
            try:
                self.results = tuple(execute(commands, _events(request), self.progress, Pace(), request.limit))
            except StoppedError:
                return
            except Exception:
                # AWS says no more either; the reason is in the server's log.
                _log.exception("a Logs Insights query failed: %s", self.query)
                self._end("Failed")
                return
            self._end("Complete")

    def stop(self) -> bool:
        """End it, if it has not ended; whether it had not."""
        self.progress.stopped = True
        return self._end("Cancelled")

    def describe(self) -> dict[str, Any]:
        """What DescribeQueries says of it."""
        described = {
            "queryLanguage": "CWLI",
            "queryId": self.query_id,
            "queryString": self.query,
            "status": self.status,
            "createTime": self.created_ms,
            "logGroupName": self.names[0],
            "bytesScanned": float(self.progress.bytes_scanned),
        }
        return described if self.ended_ms is None else {**described, "queryDuration": self.ended_ms - self.created_ms}

    def statistics(self) -> dict[str, float]:
        """What GetQueryResults counts."""
        return {
            "recordsMatched": float(self.progress.matched),
            "recordsScanned": float(self.progress.scanned),
            "bytesScanned": float(self.progress.bytes_scanned),
            "estimatedRecordsSkipped": 0.0,
            "estimatedBytesSkipped": 0.0,
            "logGroupsScanned": float(len(self.names)),
            "resultCount": float(len(self.results)),
        }

    def _begin(self) -> bool:
        """Go on from Scheduled; False if it was stopped before."""
        with self._lock:
            if self.active:
                self.status = "Running"
            return self.active

    def _end(self, status: str) -> bool:
        """Whoever comes first, the query or who stops it, decides how it ended; False for the other one."""
        with self._lock:
            first = self.active
            if first:
                self.status, self.ended_ms = status, time.time_ns() // 1_000_000
            return first


def _events(request: Request) -> Iterator[tuple[Origin, Event]]:
    streams = [stream for group in request.groups for stream in group.selected(lambda _: True)]
    oldest = {group.name: group.oldest for group in request.groups}
    origins = {
        id(stream): Origin(f"{stream.account_id}:{stream.log_group.name}", stream.log_stream_name)
        for stream in streams
    }
    for event, stream in in_order(streams, (request.start * 1000, 0, 0), (request.end * 1000 + 1000, 0, 0)):
        if event[0] >= oldest[stream.log_group.name]:
            yield origins[id(stream)], event


class Queries:
    """The queries of an account in a region, the latest of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: dict[str, Query] = {}

    def start(self, request: Request) -> Query | None:
        """Start a query; None if there are too many.

        Raises:
            MalformedQueryError: the query is none.
        """
        commands = parse_query(request.query)
        query = Query(query=request.query, names=tuple(group.name for group in request.groups))
        with self._lock:
            if sum(each.active for each in self._queries.values()) >= MOST_QUERIES:
                return None
            self._queries[query.query_id] = query
            self._forget()
        threading.Thread(target=query.run, args=(request, commands), name="insights", daemon=True).start()
        return query

    def _forget(self) -> None:
        ended = [each for each in self._queries.values() if not each.active]
        rows = sum(len(each.results) for each in ended)
        for old in ended:
            if len(self._queries) <= _KEPT and rows <= _KEPT_ROWS:
                return
            rows -= len(old.results)
            del self._queries[old.query_id]

    def get(self, query_id: str) -> Query | None:
        """A query by its ID."""
        return self._queries.get(query_id)

    def list(self) -> tuple[Query, ...]:
        """All queries, the latest first."""
        with self._lock:
            return tuple(reversed(self._queries.values()))


def pointer(origin: Origin, event: Event) -> str:
    """The `@ptr` of an event."""
    return base64.b64encode(json.dumps([origin.log, origin.stream, *event[:3]]).encode()).decode()


def pointed(text: str) -> tuple[str, str, tuple[int, int, int]] | None:
    """The log group, the stream and the key of an event that a pointer names; None if it is no pointer."""
    try:
        log, stream, at, ingested, number = json.loads(base64.b64decode(text, validate=True))
        return str(log).partition(":")[2], str(stream), (int(at), int(ingested), int(number))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        return None
