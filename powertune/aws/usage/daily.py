"""How a function was used, day by day: what it costs before and after a change follows from that."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from powertune.autopilot.verification import DAY_S, DayOfUse
from powertune.aws.client import Aws
from powertune.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

_METRICS = {"invocations": ("Invocations", "Sum"), "duration": ("Duration", "Sum"), "median": ("Duration", "p50")}
_PAGES = 10


def read_days(aws: Aws, name: str, start: float, end: float) -> tuple[DayOfUse, ...]:
    """The whole days of UTC from `start` to `end`, both midnights in seconds since the epoch; those with data.

    Metrics are those of the function's name: of all its versions and aliases together.

    Raises:
        AccessDenied, Unavailable, UsageError: CloudWatch does not say, or not everything.
    """
    found: dict[float, dict[str, float]] = defaultdict(dict)
    queries = [_query(key, name, *metric) for key, metric in _METRICS.items()]
    token: str | None = None
    for _ in range(_PAGES):
        more: dict[str, Any] = {"NextToken": token} if token else {}
        page = aws.call(
            aws.clients.cloudwatch.get_metric_data,
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(end, UTC),
            **more,
        )
        token = page.get("NextToken")
        for result in page["MetricDataResults"]:
            # PartialData is fine as long as a token leads to the rest.
            if result["StatusCode"] != "Complete" and not (result["StatusCode"] == "PartialData" and token):
                raise Unavailable(f"cloudwatch:GetMetricData answered {result['StatusCode']}", hint="try again later")
            for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                found[at.timestamp() // DAY_S * DAY_S][result["Id"]] = value
        if not token:
            return tuple(_day(at, values) for at, values in sorted(found.items()))
    raise Unavailable("cloudwatch:GetMetricData did not finish: it kept returning pages", hint="try again later")


def _day(at: float, values: dict[str, float]) -> DayOfUse:
    return DayOfUse(
        began_at=at,
        invocations=round(values.get("invocations", 0.0)),
        duration_sum_ms=values.get("duration", 0.0),
        p50_ms=values.get("median"),
    )


def _query(key: str, name: str, metric: str, statistic: str) -> "MetricDataQueryTypeDef":
    named: Any = {
        "Namespace": "AWS/Lambda",
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
    }
    return {"Id": key, "MetricStat": {"Metric": named, "Period": DAY_S, "Stat": statistic}}
