"""Reports in CloudWatch Logs, found by request id, many at a time, in the log streams of the run's own versions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.log_streams import Origin, stream_prefixes
from powertune.aws.report_line import Report, parse_reports
from powertune.errors import NotFound

#: Log events arrive some seconds after the invocation; how long to wait before looking again.
WAITS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
REPORT_PATTERNS = {"Text": '"REPORT RequestId:"', "JSON": '{ $.type = "platform.report" }'}
#: How much this machine's clock may differ from AWS's as a rule, and before AWS refuses to be talked to.
_MARGIN_S, _WIDE_MARGIN_S = 30.0, 360.0
#: A page holds up to 10,000 events. A version that production uses, too, may fill more pages than are worth reading.
_MOST_PAGES = 50

#: Request ids and when the invocations started, in seconds since the epoch, by where they ran.
Lookup = Mapping[Origin, Mapping[str, float]]


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
class Line:
    """One log event and the log stream that holds it."""

    stream: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A report, and the execution environment that wrote it: the name of its log stream."""

    report: Report
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time, in seconds since the epoch."""

    since: float
    until: float

    def widened(self, seconds: float) -> "Span":
        """The same with a margin on both sides."""
        return Span(since=self.since - seconds, until=self.until + seconds)


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
                for found in _look(aws, source, origin, min(ids.values()), now(), thorough=last and number > 0):
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


def _look(aws: Aws, source: Source, origin: Origin, since: float, now: float, *, thorough: bool) -> Iterator[Found]:
    """The reports of a version since a time, whoever asked for the invocations."""
    margin = _WIDE_MARGIN_S if thorough else _MARGIN_S
    span = Span(since=since, until=now).widened(margin)
    first = source.opened_at - margin
    for prefix in stream_prefixes(origin, source.log_group, first=first, last=span.until, thorough=thorough):
        for line in read_reports(aws, source, span, prefix=prefix):
            yield from reports_of(line)


def reports_of(line: Line) -> Iterator[Found]:
    """The reports in one log event: one, as a rule."""
    for report in parse_reports(line.message).values():
        yield Found(report=report, environment=line.stream)


def read_reports(
    aws: Aws, source: Source, span: Span, *, prefix: str | None = None, most_pages: int = _MOST_PAGES
) -> Iterator[Line]:
    """Log events that hold reports, from the streams whose names begin with the prefix; page by page, as needed.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the log group cannot be read.
    """
    more: dict[str, Any] = {} if prefix is None else {"logStreamNamePrefix": prefix}
    for _ in range(most_pages):
        page = aws.call(
            aws.clients.logs.filter_log_events,
            logGroupName=source.log_group,
            filterPattern=source.pattern,
            startTime=int(span.since * 1000),
            endTime=int(span.until * 1000),
            **more,
        )
        for event in page.get("events", ()):
            line = Line(stream=event.get("logStreamName", ""), message=event.get("message", ""))
            if prefix is None or line.stream.startswith(prefix):
                yield line
        if not page.get("nextToken"):
            return
        more["nextToken"] = page["nextToken"]
