"""Several CloudWatch metrics with one question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

_PAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaMetric:
    """A metric of AWS/Lambda: its dimensions by name, none for the whole region.

    `statistic` is Sum, Maximum, or a percentile such as p95.
    """

    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()


def read_metrics(
    aws: Aws, metrics: Mapping[str, LambdaMetric], *, start: datetime, end: datetime, period: timedelta
) -> dict[str, list[float]]:
    """The values of each metric, by the id that it is asked for with; empty where there are none.

    Raises:
        AccessDenied, UsageError: CloudWatch does not say.
        Unavailable: it does not say now, or not everything.
    """
    series = read_series(aws, metrics, start=start, end=end, period=period)
    return {key: [value for _, value in points] for key, points in series.items()}


def read_series(
    aws: Aws, metrics: Mapping[str, LambdaMetric], *, start: datetime, end: datetime, period: timedelta
) -> dict[str, list[tuple[datetime, float]]]:
    """The same with the beginning of the period of each value.

    Raises:
        As `read_metrics`.
    """
    return read_queries(aws, [_query(key, metric, period) for key, metric in metrics.items()], start=start, end=end)


def read_queries(
    aws: Aws, queries: "Sequence[MetricDataQueryTypeDef]", *, start: datetime, end: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    """The same for queries that may each have a period of their own.

    Raises:
        As `read_metrics`.
    """
    points: dict[str, list[tuple[datetime, float]]] = {query["Id"]: [] for query in queries}
    token: str | None = None
    for _ in range(_PAGES):
        more: dict[str, Any] = {"NextToken": token} if token else {}
        page = aws.call(
            aws.clients.cloudwatch.get_metric_data, MetricDataQueries=queries, StartTime=start, EndTime=end, **more
        )
        token = page.get("NextToken")
        for result in page["MetricDataResults"]:
            # PartialData is fine as long as a token leads to the rest.
            if result["StatusCode"] != "Complete" and not (result["StatusCode"] == "PartialData" and token):
                raise Unavailable(f"cloudwatch:GetMetricData answered {result['StatusCode']}", hint="try again later")
            points[result["Id"]].extend(zip(result["Timestamps"], result["Values"], strict=True))
        if not token:
            return points
    raise Unavailable("cloudwatch:GetMetricData did not finish: it kept returning pages", hint="try again later")


def _query(key: str, metric: LambdaMetric, period: timedelta) -> "MetricDataQueryTypeDef":
    dimensions: Any = [{"Name": name, "Value": value} for name, value in metric.dimensions]
    return {
        "Id": key,
        "MetricStat": {
            "Metric": {"Namespace": "AWS/Lambda", "MetricName": metric.name, "Dimensions": dimensions},
            "Period": int(period.total_seconds()),
            "Stat": metric.statistic,
        },
    }
