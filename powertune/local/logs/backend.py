"""Moto's CloudWatch Logs with what it lacks: order, prefixes, classes, expiry, patterns that select, queries."""

import threading
from itertools import pairwise
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.logs.exceptions import InvalidParameterException, LimitExceededException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from powertune.local.logs.errors import InvalidOperationError, invalid
from powertune.local.logs.models import OVERHEAD_BYTES, STANDARD, Group, Stream, drop_oldest
from powertune.local.logs.pace import Pace
from powertune.local.logs.pages import BadTokenError, Page, Span, read, search
from powertune.local.logs.pattern_values import BadPatternError
from powertune.local.logs.patterns import Matches, filter_pattern
from powertune.local.logs.queries import Queries
from powertune.local.logs.timeline import event_id, message_bytes
from powertune.local.system.processes import MIB

CLASSES = (STANDARD, "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS")
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
#: Classes whose events only Logs Insights reads, if anything does.
_UNREADABLE = ("INFREQUENT_ACCESS", "DELIVERY")
_FOREVER_MS = 2**62
#: How many times events are counted while as many are added as are held.
_LOOKS = 64
#: AWS's quota for a log group.
_MOST_FILTERS = 100
_ACCEPTED_MS = 14 * 86_400_000


def parsed_pattern(pattern: str | None) -> Matches:
    """The predicate of a filter pattern.

    Raises:
        InvalidParameterException: it is none.
    """
    try:
        return filter_pattern(pattern)
    except BadPatternError as error:
        raise InvalidParameterException(str(error)) from None


class EmbeddedLogs(LogsBackend):
    """The log groups of an account in a region.

    Their events are held in memory, `most_bytes` in all; of more, the oldest are forgotten.
    """

    most_bytes = 512 * MIB

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.insights = Queries()
        self._bounding, self._unbounded = threading.Lock(), 0

    def __deepcopy__(self, memo: object) -> "EmbeddedLogs":
        # Moto copies functions to describe them, and they refer to their logs: all events would be copied.
        return self

    def group(self, name: str | None, identifier: str | None = None) -> Group:
        """A log group by its name, or by its name or ARN.

        Raises:
            InvalidParameterException: both are given, or none is.
            ResourceNotFoundException: there is no such group.
        """
        if (name is None) == (identifier is None):
            raise InvalidParameterException("Exactly one of logGroupName and logGroupIdentifier is needed.")
        wanted = name or identifier or ""
        if identifier is not None and wanted.startswith("arn:"):
            wanted = wanted.removesuffix(":*").split(":log-group:")[-1]
        group = self.groups.get(wanted)
        if group is None:
            raise ResourceNotFoundException()
        assert isinstance(group, Group)
        return group

    def all_groups(self) -> set[Group]:
        """All log groups, as they are now."""
        return {group for group in list(self.groups.values()) if isinstance(group, Group)}

    def readable(self, group: Group, operation: str) -> Group:
        """The group, if its class allows the operation.

        Raises:
            InvalidOperationError: it does not.
        """
        if group.log_class in _UNREADABLE:
            raise InvalidOperationError(
                f"The log group {group.name} is of log-group-class {group.log_class}. "
                f"{operation} is not supported for this log class."
            )
        return group

    def create_log_group(self, log_group_name: str, tags: dict[str, str], **kwargs: Any) -> Any:
        """As moto, and it has a class."""
        wanted = kwargs.get("logGroupClass") or kwargs.get("LogGroupClass") or STANDARD
        if wanted not in CLASSES:
            raise invalid("logGroupClass", wanted, f"Member must satisfy enum value set: [{', '.join(CLASSES)}]")
        return super().create_log_group(log_group_name, tags, **kwargs)

    def delete_log_group(self, log_group_name: str) -> None:
        """As moto, and its metric filters go with it."""
        super().delete_log_group(log_group_name)
        for each in self.filters.get_matching_filters(log_group_name=log_group_name):
            self.delete_metric_filter(each["filterName"], log_group_name)

    def put_log_events(
        self, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> tuple[str, dict[str, Any]]:
        """Add events; those of more than 14 days ago or two hours ahead, and expired ones, are rejected."""
        group = self.group(log_group_name)
        times = [event["timestamp"] for event in log_events]
        if any(earlier > later for earlier, later in pairwise(times)):
            raise InvalidParameterException(
                "Log events in a single PutLogEvents request must be in chronological order."
            )
        now = int(unix_time_millis(utcnow()))
        old = sum(at < now - _ACCEPTED_MS for at in times)
        expired = sum(at < group.oldest for at in times)
        kept = sum(at <= now + 7_200_000 for at in times)
        rejected: dict[str, Any] = {}
        if old:
            rejected["tooOldLogEventEndIndex"] = old
        if expired:
            rejected["expiredLogEventEndIndex"] = expired
        if kept < len(times):
            rejected["tooNewLogEventStartIndex"] = kept
        accepted = log_events[max(old, expired) : kept]
        token: str = group.put_log_events(log_stream_name, accepted)
        self._bound(sum(message_bytes(event["message"]) + OVERHEAD_BYTES for event in accepted))
        return token, rejected

    def _bound(self, added: int) -> None:
        """From time to time, as bytes are added, forget the oldest events beyond what is held."""
        with self._bounding:
            self._unbounded += added
            if self._unbounded < self.most_bytes // _LOOKS:
                return
            self._unbounded = 0
            drop_oldest([stream for group in self.all_groups() for stream in group.selected(bool)], self.most_bytes)

    def search_events(
        self,
        group: Group,
        streams: list[Stream],
        pattern: str | None,
        span: Span,
        token: str | None,
        *,
        from_head: bool,
    ) -> Page:
        """A page of FilterLogEvents.

        Raises:
            InvalidParameterException: the pattern or the token is none.
        """
        span = Span(start=max(span.start, group.oldest), end=span.end, limit=span.limit)
        try:
            return search(streams, span, parsed_pattern(pattern), token, Pace(), latest_first=not from_head)
        except BadTokenError as error:
            raise InvalidParameterException(str(error)) from None

    def read_events(self, group: Group, stream_name: str, span: Span, token: str | None, *, from_head: bool) -> Page:
        """A page of GetLogEvents.

        Raises:
            InvalidParameterException: the token is none.
            ResourceNotFoundException: there is no such stream.
        """
        stream = group.stream(stream_name)
        if stream is None:
            raise ResourceNotFoundException("The specified log stream does not exist.")
        span = Span(start=max(span.start, group.oldest), end=span.end, limit=span.limit)
        try:
            return read(stream, span, token, Pace(), from_head=from_head)
        except BadTokenError as error:
            raise InvalidParameterException(str(error)) from None

    def filter_log_events(
        self,
        log_group_name: str,
        log_stream_names: list[str],
        start_time: int | None,
        end_time: int | None,
        limit: int | None,
        next_token: str | None,
        filter_pattern: str,
        interleaved: bool,  # noqa: ARG002 - moto's signature
    ) -> tuple[list[dict[str, Any]], str | None, list[dict[str, Any]]]:
        """All events, in one page: what moto's own export to S3 reads."""
        group = self.group(log_group_name)
        streams = group.selected(lambda name: not log_stream_names or name in log_stream_names)
        span = time_span(start_time, end_time, limit, inclusive=True)
        found: list[dict[str, Any]] = []
        while True:
            page = self.search_events(group, streams, filter_pattern, span, next_token, from_head=True)
            found.extend(filtered_event(event, stream) for event, stream in page.events)
            next_token = page.forward
            if next_token is None or limit is not None:
                return found, next_token, []

    def put_retention_policy(self, log_group_name: str, retention_in_days: Any) -> None:
        """As moto, for the numbers of days that AWS offers."""
        if retention_in_days not in RETENTION_DAYS:
            offered = ", ".join(str(days) for days in RETENTION_DAYS)
            raise invalid("retentionInDays", retention_in_days, f"Member must satisfy enum value set: [{offered}]")
        super().put_retention_policy(log_group_name, retention_in_days)

    def put_metric_filter(self, filter_name: str, filter_pattern: str, log_group_name: str, *more: Any) -> None:
        """As moto, of a group that exists, with a pattern that is one; an older filter of the name is replaced."""
        self.readable(self.group(log_group_name), "PutMetricFilter")
        parsed_pattern(filter_pattern)
        self.delete_metric_filter(filter_name, log_group_name)
        if len(self.filters.get_matching_filters(log_group_name=log_group_name)) >= _MOST_FILTERS:
            raise LimitExceededException()
        super().put_metric_filter(filter_name, filter_pattern, log_group_name, *more)

    def put_subscription_filter(self, log_group_name: str, filter_name: str, filter_pattern: str, *more: Any) -> None:
        """As moto, with a pattern that is one."""
        self.readable(self.group(log_group_name), "PutSubscriptionFilter")
        parsed_pattern(filter_pattern)
        super().put_subscription_filter(log_group_name, filter_name, filter_pattern, *more)


def time_span(start: int | None, end: int | None, limit: int | None, *, inclusive: bool) -> Span:
    """What a request asks for; `inclusive` if the end belongs to it."""
    after = _FOREVER_MS if end is None else end + inclusive
    return Span(start=start or 0, end=min(after, _FOREVER_MS), limit=limit or 10_000)


def filtered_event(event: tuple[int, int, int, str], stream: Stream) -> dict[str, Any]:
    """An event as FilterLogEvents shows it."""
    return {
        "logStreamName": stream.log_stream_name,
        "timestamp": event[0],
        "message": event[3],
        "ingestionTime": event[1],
        "eventId": event_id(event),
    }
