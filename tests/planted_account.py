"""An account on the embedded AWS whose waste is known, because a test has put it there: functions with a past."""

import io
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from settled import settle

from powertune.local.embedded import EmbeddedAWS

ACCOUNT, REGION = "123456789012", "us-east-1"
DAY_S, HOUR_S = 86_400, 3_600
GIB = 2**30
#: Days with data, from today: the day may change between the planting and the scan.
_FIRST_DAY, _LAST_DAY = -17, 1
#: The day of what happened once, and of the lines in logs.
_ONE_DAY = -3


@dataclass(frozen=True, kw_only=True)
class PlantedLogs:
    """A log group. `lines` are REPORT lines, all of one day."""

    name: str = ""
    stored_gib: float = 0.0
    daily_gib: float = 0.0
    retention_days: int | None = 30
    lines: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class PlantedProvisioned:
    """Provisioned concurrency of the alias `live`; `utilization` of every hour, None where it never ran."""

    count: int
    utilization: float | None = None
    peak: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PlantedFunction:
    """A function that is used every day alike: `durations` are pairs of milliseconds and how often a day.

    `once` are durations of one single day besides, `once_errors` its errors. `optimizer_mb` is the memory that
    Compute Optimizer has seen, by default three quarters of it; 0 where it knows nothing. `insights` are the values
    of metrics of Lambda Insights, one a day. `code` is what the package holds: functions with the same are twins.
    """

    name: str
    durations: Sequence[tuple[float, int]] = ((100.0, 10_000),)
    once: Sequence[tuple[float, int]] = ()
    once_errors: int = 0
    errors: int = 0
    throttles: int = 0
    concurrency: int = 10
    memory_mb: int = 512
    architecture: str = "arm64"
    timeout_s: int = 10
    runtime: str = "python3.13"
    age_days: float = 200.0
    optimizer_mb: float | None = None
    insights: dict[str, float] = field(default_factory=dict)
    logs: PlantedLogs | None = None
    provisioned: PlantedProvisioned | None = None
    reserved: int | None = None
    versions: int = 0
    snapstart: bool = False
    ephemeral_mb: int = 512
    triggered: bool = False
    code: str = ""

    @property
    def arn(self) -> str:
        """Of $LATEST, without a qualifier."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    @property
    def log_group(self) -> str:
        """Where it writes to."""
        return (self.logs and self.logs.name) or f"/aws/lambda/{self.name}"


class PlantedAccount:
    """Functions of an embedded AWS that are as they are described."""

    def __init__(self, aws: EmbeddedAWS) -> None:
        self._aws = aws
        self._midnight = int(time.time()) // DAY_S * DAY_S

    def plant(self, functions: Sequence[PlantedFunction]) -> None:
        """Make the functions, and give them their past."""
        with ExitStack() as stack:
            clients = [
                stack.enter_context(closing(boto3.Session().client(name))) for name in ("lambda", "logs", "sqs")
            ]
            lambda_, logs, sqs = clients
            for each in functions:
                self._create(lambda_, each)
            groups = {each.log_group: each.logs for each in functions if each.logs is not None}
            for name, group in groups.items():
                self._write(logs, name, group)
            for each in functions:
                self._configure(lambda_, sqs, each)
        self._aws.plant(
            {
                "account": ACCOUNT,
                "region": REGION,
                "metrics": [
                    *(metric for each in functions for metric in self._metrics(each)),
                    *(self._ingestion(name, group.daily_gib) for name, group in groups.items()),
                ],
                "functions": {each.name: self._midnight - each.age_days * DAY_S for each in functions},
                "log_groups": {
                    name: {"created_at": self._midnight - 300 * DAY_S, "stored_bytes": group.stored_gib * GIB}
                    for name, group in groups.items()
                },
                "recommendations": [_recommendation(each) for each in functions if _is_known(each)],
            }
        )

    def ingest(self, log_group: str, daily_gib: float) -> None:
        """Another amount is written to a log group every day."""
        self._plant_metrics([self._ingestion(log_group, daily_gib)])

    def throttle(self, name: str, daily: int) -> None:
        """Requests to a function are throttled every day."""
        self._plant_metrics([self._of_function(name, "Throttles", [(float(daily), 1)])])

    def _plant_metrics(self, metrics: list[dict[str, Any]]) -> None:
        self._aws.plant({"account": ACCOUNT, "region": REGION, "metrics": metrics})

    def _create(self, client: Any, planted: PlantedFunction) -> None:
        own: dict[str, Any] = {"LoggingConfig": {"LogGroup": planted.log_group}} if planted.logs else {}
        if planted.snapstart:
            own["SnapStart"] = {"ApplyOn": "PublishedVersions"}
        client.create_function(
            FunctionName=planted.name,
            Runtime=planted.runtime,
            Role=self._aws.role_arn,
            Handler="app.handler",
            Code={"ZipFile": _package(planted.code or planted.name)},
            MemorySize=planted.memory_mb,
            Timeout=planted.timeout_s,
            Architectures=[planted.architecture],
            EphemeralStorage={"Size": planted.ephemeral_mb},
            **own,
        )

    def _configure(self, client: Any, sqs: Any, planted: PlantedFunction) -> None:
        name = planted.name
        settle(client, name)
        for number in range(planted.versions):
            # What is like the version before is not published again.
            client.update_function_configuration(FunctionName=name, Description=f"release {number}")
            settle(client, name)
            client.publish_version(FunctionName=name)
        if planted.provisioned is not None:
            client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
            client.put_provisioned_concurrency_config(
                FunctionName=name,
                Qualifier="live",
                ProvisionedConcurrentExecutions=planted.provisioned.count,
            )
        if planted.reserved is not None:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=planted.reserved)
        if planted.triggered:
            url = sqs.create_queue(QueueName=f"{name}-queue")["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)
            client.add_permission(
                FunctionName=name, StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
            )

    def _write(self, client: Any, name: str, group: PlantedLogs) -> None:
        client.create_log_group(logGroupName=name)
        if group.retention_days is not None:
            client.put_retention_policy(logGroupName=name, retentionInDays=group.retention_days)
        if group.lines:
            at = self._midnight + _ONE_DAY * DAY_S + HOUR_S
            stream = f"{datetime.fromtimestamp(at, UTC):%Y/%m/%d}/[$LATEST]{'0' * 32}"
            client.create_log_stream(logGroupName=name, logStreamName=stream)
            events = [{"timestamp": at * 1000, "message": line} for line in group.lines]
            client.put_log_events(logGroupName=name, logStreamName=stream, logEvents=events)

    def _metrics(self, planted: PlantedFunction) -> Iterator[dict[str, Any]]:
        daily = sum(count for _, count in planted.durations)
        if daily:
            once = sum(count for _, count in planted.once)
            yield self._of_function(planted.name, "Invocations", [(1.0, daily)], [(1.0, daily + once)])
            yield self._of_function(
                planted.name, "Duration", planted.durations, (*planted.durations, *planted.once), unit="Milliseconds"
            )
            usual, once_more = [(float(planted.errors), 1)], [(float(planted.errors + planted.once_errors), 1)]
            yield self._of_function(planted.name, "Errors", usual, once_more)
            yield self._of_function(planted.name, "ConcurrentExecutions", [(float(planted.concurrency), 1)])
        if daily or planted.throttles:
            yield self._of_function(planted.name, "Throttles", [(float(planted.throttles), 1)])
        for name, value in planted.insights.items():
            yield _metric("LambdaInsights", name, {"function_name": planted.name}, self._days([(value, daily)]))
        if planted.provisioned is not None and planted.provisioned.utilization is not None:
            yield from self._of_provisioned(planted, planted.provisioned, planted.provisioned.utilization, daily)

    def _of_provisioned(
        self, planted: PlantedFunction, provisioned: PlantedProvisioned, utilization: float, daily: int
    ) -> Iterator[dict[str, Any]]:
        """Every hour has two values, the peak and what makes the mean of both the utilization."""
        by_alias = {"FunctionName": planted.name, "Resource": f"{planted.name}:live"}
        low = 2 * utilization - provisioned.peak
        hours = [self._midnight + day * DAY_S + hour * HOUR_S for day in _every_day() for hour in range(24)]
        used = [(at, value, 1) for at in hours for value in (low, provisioned.peak)]
        yield _metric("AWS/Lambda", "ProvisionedConcurrencyUtilization", by_alias, used)
        for dimensions in (by_alias, {"FunctionName": planted.name}):
            yield _metric("AWS/Lambda", "ProvisionedConcurrencyInvocations", dimensions, self._days([(1.0, daily)]))

    def _of_function(
        self,
        name: str,
        metric: str,
        values: Sequence[tuple[float, int]],
        once: Sequence[tuple[float, int]] | None = None,
        *,
        unit: str = "Count",
    ) -> dict[str, Any]:
        return _metric("AWS/Lambda", metric, {"FunctionName": name}, self._days(values, once), unit)

    def _ingestion(self, log_group: str, daily_gib: float) -> dict[str, Any]:
        return _metric("AWS/Logs", "IncomingBytes", {"LogGroupName": log_group}, self._days([(daily_gib * GIB, 1)]))

    def _days(
        self, values: Iterable[tuple[float, int]], once: Iterable[tuple[float, int]] | None = None
    ) -> list[tuple[int, float, int]]:
        """Values of every day, and others of the one day, at an hour past midnight."""
        usual = list(values)
        special = usual if once is None else list(once)
        return [
            (self._midnight + day * DAY_S + HOUR_S, value, count)
            for day in _every_day()
            for value, count in (special if day == _ONE_DAY else usual)
        ]


def report_line(
    *, used_mb: int, size_mb: int = 1024, ms: float = 100.0, init_ms: float | None = None, ending: str = ""
) -> str:
    """A REPORT line as Lambda writes it."""
    init = "" if init_ms is None else f"\tInit Duration: {init_ms:.2f} ms"
    return (
        f"REPORT RequestId: 3f4d5c6e-0000-4000-8000-000000000000\tDuration: {ms:.2f} ms\tBilled Duration: "
        f"{ms + (init_ms or 0):.0f} ms\tMemory Size: {size_mb} MB\tMax Memory Used: {used_mb} MB{init}{ending}\t\n"
    )


def _every_day() -> range:
    return range(_FIRST_DAY, _LAST_DAY + 1)


def _metric(
    namespace: str, name: str, dimensions: dict[str, str], values: list[tuple[int, float, int]], unit: str = "None"
) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "dimensions": dimensions, "unit": unit, "values": values}


def _package(code: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), f"# {code}\n\ndef handler(event, context):\n    return event\n")
    return data.getvalue()


def _is_known(planted: PlantedFunction) -> bool:
    """Compute Optimizer says nothing of functions above 1,792 MB, nor of those that are hardly invoked."""
    return planted.optimizer_mb != 0 and bool(planted.durations) and planted.memory_mb <= 1_792


def _recommendation(planted: PlantedFunction) -> dict[str, Any]:
    """As the API writes it; without options, as of a function that is sized well."""
    used_mb = 0.75 * planted.memory_mb if planted.optimizer_mb is None else planted.optimizer_mb
    return {
        "functionArn": f"{planted.arn}:$LATEST",
        "functionVersion": "$LATEST",
        "accountId": ACCOUNT,
        "currentMemorySize": planted.memory_mb,
        "numberOfInvocations": 14 * sum(count for _, count in planted.durations),
        "utilizationMetrics": [{"name": "Memory", "statistic": "Maximum", "value": used_mb}],
        "lookbackPeriodInDays": 14.0,
        "finding": "Optimized",
        "memorySizeRecommendationOptions": [],
    }
