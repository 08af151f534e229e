"""Reports in CloudWatch Logs, found by request id, many at a time, in the log streams of the run's own versions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.logs.report_line import ReportLine, parse_reports
from powertune.aws.logs.streams import LogOrigin, stream_prefixes
from powertune.errors import NotFound

#: Log events arrive some seconds after the invocation; how long to wait before looking again.
WAITS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
REPORT_PATTERNS = {"Text": '"REPORT RequestId:"', "JSON": '{ $.type = "platform.report" }'}
#: How much this machine's clock may differ from AWS's as a rule, and before AWS refuses to be talked to.
_MARGIN_S, _WIDE_MARGIN_S = 30.0, 360.0
#: A page holds up to 10,000 events, but may be empty although there are more.
_MOST_PAGES = 50

#: Request ids and when the invocations started, in seconds since the epoch, by where they ran.
Lookup = Mapping[LogOrigin, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a run's reports are. `opened_at` is when the run began, in seconds since the epoch."""

    log_group: str
    log_format: str
    opened_at: float

    @property
    def pattern(self) -> str:
        """The filter pattern that selects reports."""
        return REPORT_PATTERNS.get(self.log_format, REPORT_PATTERNS["Text"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One log event and the log stream that holds it."""

    stream: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _EventPage:
    lines: tuple[LogLine, ...]
    token: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A report, and the execution environment that wrote it: the name of its log stream."""

    report: ReportLine
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """A stretch of time, in seconds since the epoch."""

    since: float
    until: float

    def widened(self, seconds: float) -> "TimeSpan":
        """The same with a margin on both sides."""
        return TimeSpan(since=self.since - seconds, until=self.until + seconds)


def find_reports(
    aws: Aws, source: Source, wanted: Lookup, *, now: Callable[[], float], waits: Sequence[float]
) -> Iterator[Found]:
    """The reports of these invocations, as far as the log group holds them, as they are found.

    One query for each version and date, whatever the number of invocations; it ends when all are found, and only
    what is still missing is looked for again. The last of several looks is thorough: it takes this machine's clock
    to be wrong, and the environments to be older than the run.

    Args:
        now: the time, in seconds since the epoch.
        waits: how many seconds to wait before each look.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the log group cannot be read.
    """
    missing = {origin: dict(ids) for origin, ids in wanted.items() if ids}
    for number, wait in enumerate(waits):
        if wait:
            aws.sleep(wait)
        last = number == len(waits) - 1
        try:
            for origin, ids in missing.items():
                for found in _look(aws, source, origin, ids, now(), thorough=last and number > 0):
                    if ids.pop(found.report.request_id, None) is not None:
                        yield found
                    if not ids:
                        break
        except NotFound:
            if last:  # until then, Lambda may just be creating the group
                raise
        missing = {origin: ids for origin, ids in missing.items() if ids}
        if not missing:
            return


def _look(
    aws: Aws, source: Source, origin: LogOrigin, missing: Mapping[str, float], now: float, *, thorough: bool
) -> Iterator[Found]:
    """Reports of a version, those that are wanted among them. `missing` is what the caller has not got until now."""
    margin = _WIDE_MARGIN_S if thorough else _MARGIN_S
    span = TimeSpan(since=min(missing.values()), until=now).widened(margin)
    first = source.opened_at - margin
    for prefix in stream_prefixes(origin, source.log_group, first=first, last=span.until, thorough=thorough):
        for page in _pages(aws, source, span, prefix=prefix):
            yield from _reports(page)


def _reports(page: _EventPage) -> Iterator[Found]:
    for line in page.lines:
        yield from reports_of(line)


def reports_of(line: LogLine) -> Iterator[Found]:
    """The reports in one log event: one, as a rule."""
    for report in parse_reports(line.message).values():
        yield Found(report=report, environment=line.stream)


def count_reports(aws: Aws, source: Source, span: TimeSpan, *, prefix: str | None, most_pages: int) -> int:
    """How many reports there are, up to a few pages of them; of all streams, or of those with the prefix.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the log group cannot be read.
    """
    pages = _pages(aws, source, span, prefix=prefix, most_pages=most_pages)
    return sum(1 for page in pages for _ in _reports(page))


def _pages(
    aws: Aws,
    source: Source,
    span: TimeSpan,
    *,
    prefix: str | None,
    most_pages: int = _MOST_PAGES,
) -> Iterator[_EventPage]:
    """Log events that the source's pattern selects, page by page as they are needed."""
    more: dict[str, Any] = {} if prefix is None else {"logStreamNamePrefix": prefix}
    for _ in range(most_pages):
        answer = aws.call(
            aws.clients.logs.filter_log_events,
            logGroupName=source.log_group,
            filterPattern=source.pattern,
            startTime=int(span.since * 1000),
            endTime=int(span.until * 1000),
            **more,
        )
        lines = tuple(
            LogLine(stream=event.get("logStreamName", ""), message=event.get("message", ""))
            for event in answer.get("events", ())
        )
        token = answer.get("nextToken")
        yield _EventPage(lines=lines, token=token)
        if not token:
            return
        more["nextToken"] = token
