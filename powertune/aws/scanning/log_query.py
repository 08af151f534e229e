"""A Logs Insights query whose rows are figures: started, waited for, and read with what it scanned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from powertune.aws.client import Aws
from powertune.aws.logs.insights import query_pages
from powertune.aws.scanning.metric_data import DAY_S, MetricSpan
from powertune.scan.evidence import FunctionLogGroup

#: How many log groups one query reads (CloudWatch Logs quotas).
MOST_GROUPS = 50
_MOST_ROWS = 10_000
#: Queries of many GB take minutes. They are asked for up to this many times, 8 seconds apart.
_LONG_POLLS = 100
#: What compression leaves of logs (CloudWatch pricing, examples).
_COMPRESSED = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQueryAnswer:
    """The fields of each row, and how many bytes the query scanned, which is what it is billed by."""

    rows: tuple[Mapping[str, str], ...]
    scanned_bytes: int


def query_logs(aws: Aws, groups: Sequence[str], text: str, span: MetricSpan) -> LogQueryAnswer:
    """What a query of at most 50 log groups of one class finds in a span of time.

    Raises:
        AccessDenied, NotFound, UsageError: the groups cannot be queried.
        Unavailable: the query failed, or took more than a quarter of an hour.
    """
    started = aws.call(
        aws.clients.logs.start_query,
        logGroupNames=list(groups),
        startTime=span.start,
        endTime=span.end,
        queryString=text,
        limit=_MOST_ROWS,
    )
    pages = tuple(query_pages(aws, started["queryId"], long_polls=_LONG_POLLS))
    rows = (row for page in pages for row in page.get("results", ()))
    return LogQueryAnswer(
        rows=tuple({cell.get("field", ""): cell.get("value", "") for cell in row} for row in rows),
        scanned_bytes=round(max(float(page.get("statistics", {}).get("bytesScanned", 0.0)) for page in pages)),
    )


def kept_days(group: FunctionLogGroup, span: MetricSpan) -> float:
    """How many days of events a log group holds: those since it was created, or those that it retains."""
    age_days = (span.end - group.created_at) / DAY_S
    return max(1.0, age_days if group.retention_days is None else min(age_days, group.retention_days))


def scan_bytes(group: FunctionLogGroup, span: MetricSpan) -> float:
    """What a query of the span scans: what was written to the log group meanwhile.

    Where that is not known, or CloudWatch knows of nothing, it is the span's share of what is stored, as if as much
    were written every day. What is stored is compressed, and what is scanned is not.
    """
    if group.ingested_bytes:
        return group.ingested_bytes
    return group.stored_bytes / _COMPRESSED * min(1.0, span.days / kept_days(group, span))
