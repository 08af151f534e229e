"""How a function is used when nobody tunes it: its invocations, its cold starts, its provisioned concurrency."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.aws.logs.filtering import REPORT_PATTERNS
from powertune.aws.logs.report_line import ReportLine, parse_reports
from powertune.errors import AccessDenied, NotFound, PowertuneError, Unavailable, UsageError
from powertune.model import DAYS_PER_MONTH, Advisory, FunctionRef, FunctionState, Traffic, Usage

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

#: What counts as the traffic of today.
_WINDOW = timedelta(days=DAYS_PER_MONTH)
#: Looking back further tells a function that is seldom invoked from one that is new.
_LOOK_BACK = 2 * _WINDOW
_PERIOD = timedelta(hours=1)
#: Two months of hours are one page.
_METRIC_PAGES = 10

#: Where to look for reports, newest first: one day in slices, as hours of a day differ, then the days before it.
_SLICES = (*[timedelta(hours=4)] * 6, *[timedelta(days=1)] * 6)
_MOST_REPORTS = 1_000
_REPORTS_PER_SLICE = 170
_PAGES_PER_SLICE = 3
#: The log of one environment: `2026/09/20/[12]0123...`, or `2026/09/20/name[12]0123...` in a group of one's choice.
_STREAM = re.compile(r"\d{4}/\d\d/\d\d/(?P<name>[^\[\]]*)\[(?P<version>[^\[\]]+)\]")

#: What keeps a question about traffic from being answered; none of it keeps a function from being tuned.
_UNANSWERED = (AccessDenied, NotFound, Unavailable, UsageError)


def read_traffic(
    aws: Aws, state: FunctionState, *, now: float, executed_version: str = "$LATEST", usage: Usage | None = None
) -> tuple[Traffic | None, tuple[Advisory, ...]]:
    """The traffic of the last 30 days, and how often it starts cold, as far as it can be read and is not given.

    The invocations are those of the alias or version that is tuned; without one, all of the function, which then
    include those by which earlier runs have measured it. A function that is younger than 30 days has been in use
    since its first hour with an invocation, and for a day at least.

    The cold share is that of some 1,000 successful reports of one version in CloudWatch Logs, from all hours of the
    last day, and from the week before while they are few. Where the logs cannot be read, there is no share.

    The embedded AWS has no traffic, and is not asked. Never fails for what AWS does not answer.

    Args:
        now: seconds since the epoch.
        executed_version: the version whose reports are looked at; runs log other versions to the same group.
        usage: what is given is not looked up.

    Returns:
        The traffic, None if nothing could or had to be read (`days` is 0 if only the share was), and advisories.
    """
    usage = usage or Usage()
    if state.platform is not None:
        return None, ()
    invocations, days = 0, 0.0
    advisories: tuple[Advisory, ...] = ()
    if usage.invocations_per_month is None:
        try:
            invocations, days = _invocations(aws, state, datetime.fromtimestamp(now, UTC))
        except _UNANSWERED as error:
            advisories = (_unknown(state, error),)
    seen = Traffic(invocations=invocations, days=days)
    if usage.cold_share is None:
        with suppress(*_UNANSWERED):
            seen = _reported(seen, _reports(aws, state, executed_version, now))
    return (seen if days or seen.reports else None), advisories


def read_provisioned_concurrency(aws: Aws, ref: FunctionRef) -> tuple[int, tuple[Advisory, ...]]:
    """How many environments are kept ready for the alias or version that is tuned; only these can have any.

    It is what is configured at this moment, and billed: a schedule may change it over the day. Where it may not be
    read it counts as none, and an advisory says so.
    """
    if ref.qualifier in (None, "$LATEST"):
        return 0, ()
    try:
        answer = aws.call(
            aws.clients.control.get_provisioned_concurrency_config,
            FunctionName=ref.unqualified,
            Qualifier=ref.qualifier,
        )
    except NotFound:
        return 0, ()
    except _UNANSWERED as error:
        advisory = Advisory(
            code="provisioned-concurrency-unknown",
            message=f"costs are those without provisioned concurrency, as {ref}'s is not known: {error.message}",
            next_step="allow lambda:GetProvisionedConcurrencyConfig",
        )
        return 0, (advisory,)
    return int(answer["RequestedProvisionedConcurrentExecutions"]), ()


def _unknown(state: FunctionState, error: PowertuneError) -> Advisory:
    return Advisory(
        code="traffic-unknown",
        message=f"how often {state.name} is invoked is not known: {error.message}",
        next_step="pass --invocations-per-month, or allow cloudwatch:GetMetricData",
    )


def _invocations(aws: Aws, state: FunctionState, now: datetime) -> tuple[int, float]:
    """Invocations in this many days, up to the last full hour."""
    end = now.replace(minute=0, second=0, microsecond=0)
    counts = dict(_hours(aws, state, end))
    start = end - _WINDOW
    total = sum(count for hour, count in counts.items() if hour >= start)
    used_since = max(start, min(counts, default=start))
    return round(total), max(1.0, (end - used_since) / timedelta(days=1))


def _hours(aws: Aws, state: FunctionState, end: datetime) -> Iterator[tuple[datetime, float]]:
    """When each hour with invocations began, and how many it had.

    Raises:
        AccessDenied, Unavailable, UsageError: CloudWatch does not say, or not everything.
    """
    query = _query(state)
    token: str | None = None
    for _ in range(_METRIC_PAGES):
        more: dict[str, Any] = {"NextToken": token} if token else {}
        page = aws.call(
            aws.clients.cloudwatch.get_metric_data,
            MetricDataQueries=[query],
            StartTime=end - _LOOK_BACK,
            EndTime=end,
            ScanBy="TimestampAscending",
            **more,
        )
        token = page.get("NextToken")
        for result in page["MetricDataResults"]:
            # PartialData is fine as long as a token leads to the rest.
            if result["StatusCode"] != "Complete" and not (result["StatusCode"] == "PartialData" and token):
                raise Unavailable(f"cloudwatch:GetMetricData answered {result['StatusCode']}", hint="try again later")
            yield from zip(result["Timestamps"], result["Values"], strict=True)
        if not token:
            return
    raise Unavailable("cloudwatch:GetMetricData did not finish: it kept returning pages", hint="try again later")


def _query(state: FunctionState) -> "MetricDataQueryTypeDef":
    dimensions = [{"Name": "FunctionName", "Value": state.name}]
    if state.qualifier is not None:
        # This sums up all versions that a weighted alias leads to.
        dimensions.append({"Name": "Resource", "Value": f"{state.name}:{state.qualifier}"})
    metric: Any = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    return {
        "Id": "invocations",
        "MetricStat": {"Metric": metric, "Period": int(_PERIOD.total_seconds()), "Stat": "Sum"},
    }


def _reported(traffic: Traffic, reports: Sequence[ReportLine]) -> Traffic:
    cold = sum(report.init_ms is not None or report.restore_ms is not None for report in reports)
    used = [report.max_memory_used_mb for report in reports if report.max_memory_used_mb is not None]
    return replace(traffic, reports=len(reports), cold_starts=cold, max_memory_used_mb=max(used, default=None))


def _reports(aws: Aws, state: FunctionState, version: str, now: float) -> list[ReportLine]:
    """The newest reports of a version.

    Failures are left out: where a function logs warnings only, theirs are the only reports, and nothing like the rest
    of the traffic.
    """
    found: list[ReportLine] = []
    end = now
    for length in _SLICES:
        start = end - length.total_seconds()
        for text in _slice(aws, state, version, start, end):
            found.extend(report for report in parse_reports(text).values() if report.status is None)
        if len(found) >= _MOST_REPORTS:
            break
        end = start
    return found


def _slice(aws: Aws, state: FunctionState, version: str, start: float, end: float) -> Iterator[str]:
    """Log events that hold reports of one version, from a slice of time: its first ones, if there are many.

    Raises:
        AccessDenied, NotFound, Unavailable, UsageError: the log group cannot be read.
    """
    token: str | None = None
    found = 0
    for _ in range(_PAGES_PER_SLICE):
        more: dict[str, Any] = {"nextToken": token} if token else {}
        page = aws.call(
            aws.clients.logs.filter_log_events,
            logGroupName=state.log_group,
            filterPattern=REPORT_PATTERNS.get(state.log_format, REPORT_PATTERNS["Text"]),
            startTime=int(start * 1000),
            endTime=int(end * 1000) - 1,
            limit=_REPORTS_PER_SLICE,
            **more,
        )
        for event in page.get("events", ()):
            if _is_of(event.get("logStreamName", ""), state.name, version):
                found += 1
                yield event.get("message", "")
        token = page.get("nextToken")
        if not token or found >= _REPORTS_PER_SLICE:
            return


def _is_of(stream: str, name: str, version: str) -> bool:
    match = _STREAM.match(stream)
    return match is not None and match["version"] == version and match["name"] in ("", name)
