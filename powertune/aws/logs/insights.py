"""Reports read with CloudWatch Logs Insights, which also reads log groups that FilterLogEvents does not; it costs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.logs.filtering import Found, LogLine, Lookup, Source, TimeSpan, reports_of
from powertune.aws.logs.streams import stream_prefixes
from powertune.errors import NotFound, Unavailable, UsageError
from powertune.units import format_usd

#: The highest price of scanning a GB (sa-east-1, 2025-09); most regions charge 0.005 USD.
USD_PER_GB = 0.009
#: What a query may cost at most. A run asks a few times.
MOST_USD = 0.01
_GB = 1e9
_MARGIN_S = 360.0
#: How long to wait for a query's answer: a minute and a half in all.
_POLLS_S = (0.5, 1.0, 2.0, 4.0)
_LONG_POLL_S, _LONG_POLLS = 8.0, 10
_MOST_ROWS = 10_000
#: What a report has in its text, in either format.
_WORDS = {"Text": "REPORT RequestId:", "JSON": "platform.report"}
#: A class of log groups that Logs Insights cannot query.
_DELIVERY = "DELIVERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsAnswer:
    """What a query found, and how many bytes it scanned, which is what it is billed by."""

    found: tuple[Found, ...]
    scanned_bytes: float

    @property
    def most_usd(self) -> float:
        """What it cost, at the highest price of any region."""
        return self.scanned_bytes / _GB * USD_PER_GB


def query_reports(aws: Aws, source: Source, wanted: Lookup, *, now: Callable[[], float]) -> InsightsAnswer:
    """The reports of these invocations, by one query over the minutes in which they ran, if it is sure to be cheap.

    The bound is what the whole group stores: the query scans the part of it that was written in those minutes.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the group cannot be queried, or might be too expensive to.
    """
    _check_price(aws, source)
    ids = {request_id for each in wanted.values() for request_id in each}
    since = min(at for each in wanted.values() for at in each.values())
    span = TimeSpan(since=since, until=now()).widened(_MARGIN_S)
    started = aws.call(
        aws.clients.logs.start_query,
        logGroupName=source.log_group,
        startTime=int(span.since),
        endTime=int(span.until),
        queryString=_query(source, wanted, span),
        limit=_MOST_ROWS,
    )
    pages = tuple(query_pages(aws, started["queryId"]))
    found = (each for page in pages for line in _lines(page) for each in reports_of(line))
    return InsightsAnswer(
        found=tuple(each for each in found if each.report.request_id in ids),
        scanned_bytes=max(float(page.get("statistics", {}).get("bytesScanned", 0.0)) for page in pages),
    )


def _check_price(aws: Aws, source: Source) -> None:
    # The groups that a name is the beginning of are listed in order, and it is the first of them.
    page = aws.call(aws.clients.logs.describe_log_groups, logGroupNamePrefix=source.log_group, limit=1)
    group = next((each for each in page.get("logGroups", ()) if each.get("logGroupName") == source.log_group), None)
    if group is None:
        raise NotFound(f"log group {source.log_group} does not exist", hint="check the function's LoggingConfig")
    if group.get("logGroupClass") == _DELIVERY:
        raise UsageError(f"log group {source.log_group} is of the class Delivery, which cannot be queried")
    most = group.get("storedBytes", 0) / _GB * USD_PER_GB
    if most > MOST_USD:
        raise UsageError(
            f"a Logs Insights query of log group {source.log_group} could cost up to {format_usd(most)}, and more "
            f"than {format_usd(MOST_USD)} is not spent on it"
        )


def _query(source: Source, wanted: Lookup, span: TimeSpan) -> str:
    """The query, in Logs Insights QL. `like` with a text in quotes looks for that text anywhere, as it stands."""
    prefixes = chain.from_iterable(
        stream_prefixes(origin, source.log_group, first=source.opened_at - _MARGIN_S, last=span.until)
        for origin in wanted
    )
    streams = " or ".join(f'@logStream like "{prefix}"' for prefix in dict.fromkeys(prefixes))
    words = _WORDS.get(source.log_format, _WORDS["Text"])
    return f'fields @logStream, @message | filter @message like "{words}" and ({streams})'


def query_pages(aws: Aws, query_id: str, *, long_polls: int = _LONG_POLLS) -> Iterator[Any]:
    """The pages of a query's result, once it has ended.

    Args:
        long_polls: how many times 8 seconds to wait for its end, after some seconds of shorter waits.

    Raises:
        Unavailable: the query failed, or did not end.
    """
    page = _ended(aws, query_id, long_polls)
    yield page
    while page.get("nextToken"):
        page = aws.call(aws.clients.logs.get_query_results, queryId=query_id, nextToken=page["nextToken"])
        yield page


def _lines(page: Any) -> Iterator[LogLine]:
    for row in page.get("results", ()):
        cells = {cell.get("field", ""): cell.get("value", "") for cell in row}
        yield LogLine(stream=cells.get("@logStream", ""), message=cells.get("@message", ""))


def _ended(aws: Aws, query_id: str, long_polls: int) -> Any:
    for wait in chain(_POLLS_S, repeat(_LONG_POLL_S, long_polls)):
        aws.sleep(wait)
        page = aws.call(aws.clients.logs.get_query_results, queryId=query_id)
        status = page.get("status")
        if status == "Complete":
            return page
        if status not in ("Scheduled", "Running", "Unknown"):
            raise Unavailable(f"the Logs Insights query ended as {status}", hint="try again later")
    raise Unavailable("the Logs Insights query did not finish in time", hint="try again later")
