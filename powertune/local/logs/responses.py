"""The CloudWatch Logs API, where moto's is thin: events, groups, streams, queries, and patterns.

Not supported: cross-account observability, data protection, transformers, field indexes, scheduled queries, saved
query definitions, SQL and PPL, anomaly detectors, and metrics from metric filters.
"""

import json
from collections.abc import Iterable
from typing import Any

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.responses import LogsResponse

from powertune.local.logs.backend import CLASSES, EmbeddedLogs, filtered_event, parsed_pattern, time_span
from powertune.local.logs.errors import MalformedQuery, TooManyQueries, invalid, whole
from powertune.local.logs.insights_fields import Origin, record
from powertune.local.logs.insights_query import Result
from powertune.local.logs.insights_reader import MalformedQueryError
from powertune.local.logs.insights_values import text
from powertune.local.logs.models import Group
from powertune.local.logs.pace import Pace
from powertune.local.logs.pages import MOST_EVENTS
from powertune.local.logs.patterns import extracted_values
from powertune.local.logs.queries import Query, Request, pointed, pointer

_PAGE = 50
_MOST_NAMES = 100
_MOST_GROUPS = 50
_MOST_QUERY_CHARACTERS = 10_000


class EmbeddedLogsResponse(LogsResponse):
    """Requests to answers."""

    @property
    def _logs(self) -> EmbeddedLogs:
        backend = self.logs_backend
        assert isinstance(backend, EmbeddedLogs)
        return backend

    def _group(self, operation: str) -> Group:
        group = self._logs.group(self._get_param("logGroupName"), self._get_param("logGroupIdentifier"))
        return self._logs.readable(group, operation)

    def _times(self) -> tuple[int | None, int | None]:
        return whole(self._get_param("startTime"), "startTime"), whole(self._get_param("endTime"), "endTime")

    def filter_log_events(self) -> str:
        """FilterLogEvents: both times included, all streams in order of time."""
        names, prefix = self._get_param("logStreamNames"), self._get_param("logStreamNamePrefix")
        if names and prefix:
            raise InvalidParameterException("Only one of logStreamNames or logStreamNamePrefix can be specified.")
        if names is not None and not 1 <= len(names) <= _MOST_NAMES:
            raise invalid("logStreamNames", names, f"Member must have length between 1 and {_MOST_NAMES}")
        limit = whole(self._get_param("limit"), "limit", least=1, most=MOST_EVENTS)
        group = self._group("FilterLogEvents")
        if names and (missing := [name for name in names if name not in group.streams]):
            raise ResourceNotFoundException(f"The specified log stream does not exist: {missing[0]}")
        wanted = frozenset(names or ())
        streams = group.selected(lambda name: name in wanted if wanted else name.startswith(prefix or ""))
        page = self._logs.search_events(
            group,
            streams,
            self._get_param("filterPattern"),
            time_span(*self._times(), limit, inclusive=True),
            self._get_param("nextToken"),
            from_head=self._get_param("startFromHead", True),
        )
        events = _rendered(filtered_event(event, stream) for event, stream in page.events)
        return _answer(events=events, searchedLogStreams="[]", nextToken=page.forward)

    def get_log_events(self) -> str:
        """GetLogEvents: the start included, the end not."""
        limit = whole(self._get_param("limit"), "limit", least=1, most=MOST_EVENTS)
        page = self._logs.read_events(
            self._group("GetLogEvents"),
            self._get_param("logStreamName"),
            time_span(*self._times(), limit, inclusive=False),
            self._get_param("nextToken"),
            from_head=self._get_param("startFromHead", False),
        )
        events = _rendered(
            {"timestamp": event[0], "message": event[3], "ingestionTime": event[1]} for event, _ in page.events
        )
        return _answer(events=events, nextForwardToken=page.forward, nextBackwardToken=page.backward)

    def create_log_group(self) -> str:
        """CreateLogGroup, with a class."""
        self._logs.create_log_group(
            self._get_param("logGroupName"),
            self._get_param("tags"),
            kmsKeyId=self._get_param("kmsKeyId"),
            logGroupClass=self._get_param("logGroupClass"),
        )
        return ""

    def describe_log_groups(self) -> str:
        """DescribeLogGroups: by prefix, part of the name, class or identifier, in order of name."""
        limit = whole(self._get_param("limit"), "limit", least=1, most=_PAGE) or _PAGE
        prefix, part = self._get_param("logGroupNamePrefix"), self._get_param("logGroupNamePattern")
        if prefix and part:
            raise InvalidParameterException(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        wanted_class, identifiers = self._get_param("logGroupClass"), self._get_param("logGroupIdentifiers")
        if wanted_class not in (None, *CLASSES):
            raise invalid(
                "logGroupClass", wanted_class, f"Member must satisfy enum value set: [{', '.join(CLASSES)}]"
            )
        after = self._get_param("nextToken") or ""
        named = {self._logs.group(None, each) for each in identifiers or ()}
        chosen = sorted(
            (
                group
                for group in named or self._logs.all_groups()
                if group.name.startswith(prefix or "")
                and (part or "") in group.name
                and wanted_class in (None, group.log_class)
                and group.name > after
            ),
            key=lambda group: group.name,
        )
        page = chosen[:limit]
        token = page[-1].name if len(chosen) > limit else None
        return _answer(logGroups=_rendered(self._described(group) for group in page), nextToken=token)

    def _described(self, group: Group) -> dict[str, Any]:
        filters = self._logs.filters.get_matching_filters(log_group_name=group.name)
        return {**group.to_describe_dict(), "metricFilterCount": len(filters)}

    def describe_log_streams(self) -> str:
        """As moto, for a limit in range and a token that it has given."""
        whole(self._get_param("limit"), "limit", least=1, most=_PAGE)
        token, group = self._get_param("nextToken"), self._get_param("logGroupName")
        if token and group:
            named, _, stream = token.partition("@")
            if named != group or stream not in self._logs.group(group).streams:
                raise InvalidParameterException("The specified nextToken is invalid.")
        answer: str = super().describe_log_streams()
        return answer

    def start_query(self) -> str:
        """StartQuery."""
        language = self._get_param("queryLanguage") or "CWLI"
        if language != "CWLI":
            raise InvalidParameterException(f"The embedded AWS does not know the query language {language}.")
        start, end = self._times()
        if start is None or end is None or end < start:
            raise InvalidParameterException("The end of the time range is before its start, or one is missing.")
        query = self._get_param("queryString") or ""
        if len(query) > _MOST_QUERY_CHARACTERS:
            raise invalid("queryString", query[:40], f"Member must have length at most {_MOST_QUERY_CHARACTERS}")
        limit = whole(self._get_param("limit"), "limit", least=1, most=100_000)
        request = Request(groups=self._queried(), query=query, start=start, end=end, limit=limit)
        try:
            started = self._logs.insights.start(request)
        except MalformedQueryError as error:
            raise MalformedQuery(error) from None
        if started is None:
            raise TooManyQueries
        return json.dumps({"queryId": started.query_id})

    def _queried(self) -> tuple[Group, ...]:
        one, names = self._get_param("logGroupName"), self._get_param("logGroupNames")
        identifiers = self._get_param("logGroupIdentifiers")
        if sum(bool(each) for each in (one, names, identifiers)) != 1:
            raise InvalidParameterException(
                "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is needed."
            )
        if len(names or identifiers or ()) > _MOST_GROUPS:
            raise InvalidParameterException(f"A query can have at most {_MOST_GROUPS} log groups.")
        found = {
            group.name: group
            for group in (
                *(self._logs.group(name) for name in ([one] if one else names or ())),
                *(self._logs.group(None, each) for each in identifiers or ()),
            )
        }
        for group in found.values():
            if group.log_class == "DELIVERY":
                self._logs.readable(group, "StartQuery")
        return tuple(found.values())

    def _query(self) -> Query:
        query = self._logs.insights.get(self._get_param("queryId"))
        if query is None:
            raise ResourceNotFoundException("The specified query does not exist.")
        return query

    def get_query_results(self) -> str:
        """GetQueryResults, in pages."""
        query = self._query()
        most = whole(self._get_param("maxItems"), "maxItems", most=MOST_EVENTS) or MOST_EVENTS
        token = self._get_param("nextToken") or "0"
        if not token.isdigit() or len(token) > 9:
            raise InvalidParameterException("The specified nextToken is invalid.")
        status, results, at = query.status, query.results, int(token)
        return _answer(
            queryLanguage='"CWLI"',
            results=_rendered(_cells(result) for result in results[at : at + most]),
            statistics=json.dumps(query.statistics()),
            status=json.dumps(status),
            nextToken=str(at + most) if at + most < len(results) else None,
        )

    def stop_query(self) -> str:
        """StopQuery."""
        query = self._query()
        if not query.stop():
            raise InvalidParameterException(
                f"Query {query.query_id} is not in Running state or Scheduled state. Its status is {query.status}."
            )
        return json.dumps({"success": True})

    def describe_queries(self) -> str:
        """DescribeQueries, the latest first, in pages."""
        name, status = self._get_param("logGroupName"), self._get_param("status")
        most = whole(self._get_param("maxResults"), "maxResults", least=1, most=1000) or 1000
        queries = [
            query
            for query in self._logs.insights.list()
            if (not name or name in query.names) and (not status or status == query.status)
        ]
        at = 0
        if (token := self._get_param("nextToken")) is not None:
            # Later queries come to stand before those that were told.
            at = next((place for place, query in enumerate(queries, 1) if query.query_id == token), 0)
            if not at:
                raise InvalidParameterException("The specified nextToken is invalid.")
        page, rest = queries[at : at + most], queries[at + most :]
        described = _rendered(query.describe() for query in page)
        return _answer(queries=described, nextToken=page[-1].query_id if rest else None)

    def get_log_record(self) -> str:
        """GetLogRecord: all fields of the event that a `@ptr` names."""
        named = pointed(self._get_param("logRecordPointer") or "")
        known = named is not None and named[0] in self._logs.groups
        stream = self._logs.group(named[0]).stream(named[1]) if named and known else None
        if named is None or stream is None:
            raise InvalidParameterException("The specified log record pointer is invalid.")
        at, ingested, number = named[2]
        origin = Origin(f"{stream.account_id}:{named[0]}", stream.log_stream_name)
        for event in stream.timeline.between((at, ingested, number), (at, ingested, number + 1)):
            return json.dumps({"logRecord": {name: text(value) for name, value in record(origin, event).items()}})
        raise ResourceNotFoundException("The specified log record does not exist.")

    def test_metric_filter(self) -> str:
        """TestMetricFilter."""
        selects = parsed_pattern(self._get_param("filterPattern"))
        messages = self._get_param("logEventMessages") or []
        if not 1 <= len(messages) <= 50:
            raise invalid("logEventMessages", len(messages), "Member must have length between 1 and 50")
        matches = [
            {"eventNumber": number, "eventMessage": message, "extractedValues": extracted_values(selects, message)}
            for number, message in enumerate(messages, start=1)
            if selects(message)
        ]
        return json.dumps({"matches": matches})


def _cells(result: Result) -> list[dict[str, str]]:
    cells = [{"field": name, "value": value} for name, value in result.cells]
    if result.origin and result.event:
        cells.append({"field": "@ptr", "value": pointer(result.origin, result.event)})
    return cells


def _rendered(items: Iterable[object]) -> str:
    """A JSON list. Rendered at once, a large one would keep the interpreter from all others for milliseconds."""
    return "[" + ",".join(Pace().over(json.dumps(item) for item in items)) + "]"


def _answer(*, nextToken: str | None = None, **parts: str | None) -> str:  # noqa: N803 - AWS's word
    """An object of parts that are JSON already, and of tokens."""
    tokens = {"nextToken": nextToken, **{name: parts.pop(name) for name in tuple(parts) if name.endswith("Token")}}
    members = [f'"{name}":{value}' for name, value in parts.items()]
    members += [f'"{name}":{json.dumps(value)}' for name, value in tokens.items() if value is not None]
    return "{" + ",".join(members) + "}"
