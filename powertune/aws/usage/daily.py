"""How a function was used, day by day: what it costs before and after a change follows from that."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from powertune.autopilot.verification import DAY_S, DayOfUse
from powertune.aws.client import Aws
from powertune.aws.usage.metrics import LambdaMetric, read_series

_METRICS = {"invocations": ("Invocations", "Sum"), "duration": ("Duration", "Sum"), "median": ("Duration", "p50")}


def read_days(aws: Aws, name: str, start: float, end: float) -> tuple[DayOfUse, ...]:
    """The whole days of UTC from `start` to `end`, both midnights in seconds since the epoch; those with data.

    Metrics are those of the function's name: of all its versions and aliases together.

    Raises:
        AccessDenied, Unavailable, UsageError: CloudWatch does not say, or not everything.
    """
    metrics = {
        key: LambdaMetric(name=metric, statistic=statistic, dimensions=(("FunctionName", name),))
        for key, (metric, statistic) in _METRICS.items()
    }
    found: dict[float, dict[str, float]] = defaultdict(dict)
    first, last = datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)
    for key, points in read_series(aws, metrics, start=first, end=last, period=timedelta(days=1)).items():
        for at, value in points:
            found[at.timestamp() // DAY_S * DAY_S][key] = value
    return tuple(_day(at, values) for at, values in sorted(found.items()))


def _day(at: float, values: dict[str, float]) -> DayOfUse:
    return DayOfUse(
        began_at=at,
        invocations=round(values.get("invocations", 0.0)),
        duration_sum_ms=values.get("duration", 0.0),
        p50_ms=values.get("median"),
    )
