"""Thousands of CloudWatch metrics by as few calls of GetMetricData as AWS allows, each as it arrives."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from powertune.aws.scanning.inquiry import Inquiry
from powertune.errors import AccessDenied, IdentityError, Unavailable, UsageError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

#: What one call may ask for, and how many values it is answered with before there are pages (CloudWatch quotas).
_MOST_QUERIES = 500
_MOST_VALUES = 100_800
#: Up to this many statistics of one metric in one call are charged as one metric (CloudWatch pricing, GetMetricData).
_STATISTICS_PER_METRIC = 5
_MOST_PAGES = 50
#: How often queries are repeated that CloudWatch answers with an error of its own.
_ATTEMPTS = 3

DAY_S, HOUR_S = 86_400, 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpan:
    """The time that is looked at, in seconds since the epoch, in periods of `period_s` seconds.

    It begins with a day of UTC, so that the periods are days of UTC, whether CloudWatch counts them from the
    beginning or from the epoch.
    """

    start: int
    end: int
    period_s: int = DAY_S

    @classmethod
    def of(cls, days: int, now: float) -> "MetricSpan":
        """The last whole days: a part of a day would stand for the night, or for the busy hours."""
        midnight = int(now) // DAY_S * DAY_S
        return cls(start=midnight - days * DAY_S, end=midnight)

    def to(self, now: float, *, period_s: int = DAY_S) -> "MetricSpan":
        """The same, and of today what is over: up to the last whole hour."""
        return MetricSpan(start=self.start, end=int(now) // HOUR_S * HOUR_S, period_s=period_s)

    @property
    def days(self) -> float:
        """How long it is."""
        return (self.end - self.start) / DAY_S

    @property
    def periods(self) -> int:
        """How many values a query is answered with at most."""
        return math.ceil((self.end - self.start) / self.period_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMetric:
    """Statistics of one metric. `subject` is what it is read for: a function, a qualifier, a log group."""

    subject: str
    name: str
    statistics: tuple[str, ...]
    dimensions: tuple[tuple[str, str], ...]
    namespace: str = "AWS/Lambda"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValues:
    """What CloudWatch has of a metric: values by their time in seconds since the epoch, by statistic.

    `refusal` says why it has not answered; empty where it has, even if there are no values.
    """

    metric: ScanMetric
    values: Mapping[str, Mapping[float, float]]
    refusal: str = ""

    def before(self, end: float) -> "MetricValues":
        """The same without the values of this time and later."""
        values = {name: {at: each for at, each in one.items() if at < end} for name, one in self.values.items()}
        return replace(self, values=values)

    def total(self, statistic: str = "Sum") -> float:
        """The sum of the values."""
        return math.fsum(self.values[statistic].values())

    def largest(self, statistic: str = "Maximum") -> float | None:
        """The largest of the values; None without any."""
        return max(self.values[statistic].values(), default=None)


@dataclass(slots=True)
class _Arrived:
    """What has arrived for one query."""

    values: dict[float, float] = field(default_factory=dict)
    status: str = "InternalError"


def read_values(inquiry: Inquiry, metrics: Sequence[ScanMetric], span: MetricSpan) -> Iterator[MetricValues]:
    """The values of metrics, in the order in which they are answered.

    All statistics of a metric are in one call, so that they are charged as one metric. Queries that CloudWatch
    answers with an error of its own are repeated.

    Raises:
        AccessDenied, UsageError: CloudWatch does not say.
        Unavailable: it does not say now.
    """
    waiting, attempt = list(metrics), 0
    while waiting:
        again: list[ScanMetric] = []
        for batch in _batches(waiting, span):
            for values in _read(inquiry, batch, span):
                if values.refusal == "InternalError" and attempt < _ATTEMPTS - 1:
                    again.append(values.metric)
                else:
                    yield values
        if again:
            inquiry.aws.backoff.wait(attempt)
        waiting, attempt = again, attempt + 1


def answered(inquiry: Inquiry, what: str, metrics: Sequence[ScanMetric], span: MetricSpan) -> Iterator[MetricValues]:
    """As `read_values`, without those that were not answered: each leaves a gap, and so does a call that fails."""
    pending = set(metrics)
    refused: dict[str, list[str]] = {}
    try:
        for values in read_values(inquiry, metrics, span):
            pending.discard(values.metric)
            if values.refusal:
                refused.setdefault(values.refusal, []).append(values.metric.subject)
            else:
                yield values
    except IdentityError:
        raise
    except (AccessDenied, Unavailable, UsageError) as error:
        inquiry.note(
            what,
            error.message,
            sorted({metric.subject for metric in pending}),
            action=inquiry.denied_action(error),
        )
    for status, subjects in refused.items():
        action = "cloudwatch:GetMetricData" if status == "Forbidden" else ""
        inquiry.note(what, f"CloudWatch answered {status}", tuple(dict.fromkeys(subjects)), action=action)


def _batches(metrics: Sequence[ScanMetric], span: MetricSpan) -> Iterator[list[ScanMetric]]:
    """What goes into each call. Those with many statistics come first: they fill calls without a rest."""
    most = max(1, min(_MOST_QUERIES, _MOST_VALUES // max(1, span.periods)))
    batch: list[ScanMetric] = []
    size = 0
    for metric in sorted(metrics, key=lambda metric: -len(metric.statistics)):
        if size + len(metric.statistics) > most and batch:
            yield batch
            batch, size = [], 0
        batch.append(metric)
        size += len(metric.statistics)
    if batch:
        yield batch


def _read(inquiry: Inquiry, batch: Sequence[ScanMetric], span: MetricSpan) -> Iterator[MetricValues]:
    """One call and its further pages. The ids are numbers: no two names can collide, whatever is in them."""
    asked = [(metric, statistic) for metric in batch for statistic in metric.statistics]
    queries = [_query(f"q{number}", *each, span.period_s) for number, each in enumerate(asked)]
    answers = {query["Id"]: _Arrived() for query in queries}
    aws = inquiry.aws
    token: str | None = None
    for _ in range(_MOST_PAGES):
        more: dict[str, Any] = {"NextToken": token} if token else {}
        page = aws.call(
            aws.clients.cloudwatch.get_metric_data,
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(span.start, UTC),
            EndTime=datetime.fromtimestamp(span.end, UTC),
            ScanBy="TimestampAscending",
            **more,
        )
        inquiry.meter.metrics += sum(math.ceil(len(metric.statistics) / _STATISTICS_PER_METRIC) for metric in batch)
        for result in page["MetricDataResults"]:
            answer = answers[result["Id"]]
            answer.status = result.get("StatusCode", "Complete")
            times = (at.timestamp() for at in result["Timestamps"])
            answer.values.update(zip(times, result["Values"], strict=True))
        token = page.get("NextToken")
        if not token:
            break
    numbered = iter(answers.values())
    for metric in batch:
        yield _values(metric, {statistic: next(numbered) for statistic in metric.statistics})


def _values(metric: ScanMetric, answers: Mapping[str, _Arrived]) -> MetricValues:
    """What is left as PartialData after the last page is not all that there is, and so no answer."""
    refusals = [answer.status for answer in answers.values() if answer.status != "Complete"]
    values = {statistic: answer.values for statistic, answer in answers.items()}
    return MetricValues(metric=metric, values=values, refusal=refusals[0] if refusals else "")


def _query(key: str, metric: ScanMetric, statistic: str, period_s: int) -> "MetricDataQueryTypeDef":
    dimensions: Any = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions},
            "Period": period_s,
            "Stat": statistic,
        },
    }
