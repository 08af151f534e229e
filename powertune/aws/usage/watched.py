"""What a watch reads of AWS: functions as they are configured, how production uses them, and the concurrency."""

from datetime import UTC, datetime, timedelta

from powertune.aws.client import Aws
from powertune.aws.function_kind import check_kind
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.usage.metrics import LambdaMetric, read_series
from powertune.model import Architecture, Configuration, FunctionRef
from powertune.watch import ProductionUse, UsedDay, WatchedFunction

#: Two weeks hold every day of the week twice.
_DAYS = 14
_DAY = timedelta(days=1)


def read_watched(aws: Aws, ref: FunctionRef) -> WatchedFunction:
    """A function, or the version that an alias leads to.

    Raises:
        FunctionRefused: it is of a kind that is not charged by its duration.
        NotFound: no such function, version or alias.
    """
    function = LambdaFunction(aws, ref)
    latest = function.read()
    qualifier = None if ref.qualifier == "$LATEST" else ref.qualifier
    there = latest if qualifier is None else function.read(qualifier)
    configuration = there.configuration
    check_kind(configuration, ref.name)
    return WatchedFunction(
        name=configuration["FunctionName"],
        qualifier=qualifier,
        arn=latest.arn,
        region=aws.region,
        configuration=Configuration(
            memory_mb=there.memory_mb, architecture=Architecture(configuration.get("Architectures", ["x86_64"])[0])
        ),
        timeout_s=int(configuration.get("Timeout", 3)),
        ephemeral_storage_mb=int(configuration.get("EphemeralStorage", {}).get("Size", 512)),
        reserved_concurrency=latest.reserved_concurrency,
        code_sha256=there.code_sha256,
    )


def read_use(aws: Aws, function: WatchedFunction, *, now: float) -> ProductionUse:
    """How a function was used in the last two weeks of whole days, by its own metrics.

    Args:
        now: seconds since the epoch.

    Raises:
        AccessDenied, UsageError, Unavailable: CloudWatch does not say.
    """
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    metrics = {
        key: LambdaMetric(name=name, statistic=statistic, dimensions=function.dimensions)
        for key, name, statistic in (
            ("invocations", "Invocations", "Sum"),
            ("duration", "Duration", "Sum"),
            ("p95", "Duration", "p95"),
        )
    }
    series = read_series(aws, metrics, start=midnight - _DAYS * _DAY, end=midnight, period=_DAY)
    duration, p95 = dict(series["duration"]), dict(series["p95"])
    counts = [(day, count) for day, count in sorted(series["invocations"]) if count >= 1]
    return ProductionUse(
        days=_DAYS,
        used=tuple(
            UsedDay(invocations=round(count), duration_sum_ms=duration.get(day, 0.0), p95_ms=p95.get(day))
            for day, count in counts
        ),
        in_use_days=(midnight - counts[0][0]).days if counts else 0,
    )


def read_unreserved_concurrency(aws: Aws) -> int:
    """How many concurrent executions functions without reserved concurrency share in this region."""
    settings = aws.call(aws.clients.control.get_account_settings)
    return int(settings["AccountLimit"]["UnreservedConcurrentExecutions"])
