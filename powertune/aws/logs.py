"""Reports that did not come back with the answer, found in CloudWatch Logs by request id, many at a time."""

from collections.abc import Collection, Iterator
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.report_line import Report, parse_reports

#: Log events arrive some seconds after the invocation; how long to wait before looking again.
WAITS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
#: This machine's clock and AWS's may differ by five minutes before AWS refuses to be talked to.
_MARGIN_MS = 360_000
REPORT_PATTERNS = {"Text": '"REPORT RequestId:"', "JSON": '{ $.type = "platform.report" }'}


def find_reports(
    aws: Aws,
    *,
    log_group: str,
    log_format: str,
    request_ids: Collection[str],
    since: float,
    until: float,
    patient: bool,
) -> dict[str, Report]:
    """The reports of these invocations, as far as the log group holds them.

    One query reads the reports of the whole time span, whatever their number.

    Args:
        patient: look again, for half a minute, while some are missing.
        since, until: when the invocations started, in seconds since the epoch.

    Raises:
        AccessDenied, NotFound, Unavailable: the log group cannot be read.
    """
    wanted = set(request_ids)
    found: dict[str, Report] = {}
    for wait in WAITS_S if patient else WAITS_S[:1]:
        if wait:
            aws.sleep(wait)
        for text in _messages(aws, log_group, REPORT_PATTERNS[log_format], since, until):
            found.update({key: report for key, report in parse_reports(text).items() if key in wanted})
        if wanted <= found.keys():
            break
    return found


def _messages(aws: Aws, log_group: str, pattern: str, since: float, until: float) -> Iterator[str]:
    token: str | None = None
    while True:
        more: dict[str, Any] = {"nextToken": token} if token else {}
        page = aws.call(
            aws.clients.logs.filter_log_events,
            logGroupName=log_group,
            filterPattern=pattern,
            startTime=int(since * 1000) - _MARGIN_MS,
            endTime=int(until * 1000) + _MARGIN_MS,
            **more,
        )
        for event in page.get("events", ()):
            yield event.get("message", "")
        token = page.get("nextToken")
        if not token:
            return
