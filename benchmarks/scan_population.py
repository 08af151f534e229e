"""The functions of accounts that `benchmarks/scan.py` scans, and what AWS says of each of them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"
#: When the account is scanned.
NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
DAY_S = 86_400
#: What an invocation writes to its log group.
BYTES_PER_INVOCATION = 500
#: The sizes that people use, for accounts with few distinct ones.
USUAL_MB = (128, 256, 384, 512, 768, 1024, 1536, 2048, 3008, 4096)


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFunction:
    """A function of the account, which is a matter of its number alone. `daily` invocations take `mean_ms` each."""

    number: int
    memory_mb: int
    architecture: str
    daily: int
    mean_ms: float
    failing: bool
    throttled: bool
    versions: int
    used_mb: float

    @property
    def name(self) -> str:
        """Its name."""
        return f"service-{self.number:05}-handler"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


def bench_function(number: int, sizes_mb: Sequence[int] = USUAL_MB) -> BenchFunction:
    """The function of a number. 30 % are idle, 10 % fail, 2 % are throttled, and 5 % have published two versions."""
    dice = random.Random(number)
    idle = dice.random() < 0.3
    memory_mb = sizes_mb[number % len(sizes_mb)]
    return BenchFunction(
        number=number,
        memory_mb=memory_mb,
        architecture="x86_64" if dice.random() < 0.7 else "arm64",
        daily=0 if idle else round(10 ** dice.uniform(1, 5.5)),
        mean_ms=10 ** dice.uniform(0.5, 4),
        failing=not idle and dice.random() < 0.1,
        throttled=not idle and dice.random() < 0.02,
        versions=2 if dice.random() < 0.05 else 0,
        used_mb=memory_mb * dice.uniform(0.1, 1.0),
    )


def configuration(function: BenchFunction, version: str) -> dict[str, Any]:
    """What ListFunctions says, with as many environment variables as people have."""
    return {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{version}",
        "Version": version,
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/service",
        "MemorySize": function.memory_mb,
        "Architectures": [function.architecture],
        "Timeout": 30,
        "PackageType": "Zip",
        "CodeSize": 5_000_000,
        "CodeSha256": f"sha-{function.number}-{version}",
        "LastModified": "2026-06-01T10:00:00.000+0000",
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
        "Environment": {"Variables": {f"VARIABLE_{number}": "x" * 40 for number in range(10)}},
    }


def series(query: Mapping[str, Any], days: Sequence[datetime], sizes_mb: Sequence[int]) -> dict[str, Any]:
    """A value per day; a metric without events has none."""
    stat = query["MetricStat"]
    function = function_of(stat["Metric"]["Dimensions"][0]["Value"], sizes_mb)
    value = _VALUES[stat["Metric"]["MetricName"]](function, stat["Stat"])
    times = list(days) if value else []
    return {"Id": query["Id"], "StatusCode": "Complete", "Timestamps": times, "Values": [value] * len(times)}


def function_of(name: str, sizes_mb: Sequence[int]) -> BenchFunction:
    """The function of this name, or of this log group."""
    return bench_function(int(name.split("-")[1]), sizes_mb)


def _duration(function: BenchFunction, statistic: str) -> float:
    factors = {"Sum": function.daily, "p50": 0.9, "p95": 2.0, "p99": 3.0, "Maximum": 5.0}
    return float(function.mean_ms * factors[statistic]) if function.daily else 0.0


_VALUES: Mapping[str, Callable[[BenchFunction, str], float]] = {
    "Invocations": lambda function, _: float(function.daily),
    "Throttles": lambda function, _: 5.0 if function.throttled else 0.0,
    "Duration": _duration,
    "Errors": lambda function, _: function.daily * 0.05 if function.failing else 0.0,
    "ConcurrentExecutions": lambda function, _: 3.0 if function.daily else 0.0,
    "AsyncEventsReceived": lambda function, _: function.daily * 0.5,
    "IncomingBytes": lambda function, _: float(function.daily * BYTES_PER_INVOCATION),
    "ProvisionedConcurrencyInvocations": lambda _function, _: 0.0,
}


def log_group(function: BenchFunction) -> dict[str, Any]:
    return {
        "logGroupName": f"/aws/lambda/{function.name}",
        "storedBytes": function.daily * BYTES_PER_INVOCATION * 14 // 7,
        "retentionInDays": 14,
        "logGroupClass": "STANDARD",
        "creationTime": round((NOW.timestamp() - 200 * DAY_S) * 1000),
    }


def report_row(function: BenchFunction) -> list[dict[str, str]]:
    reports = function.daily * 14
    fields = {
        "@log": f"{ACCOUNT}:/aws/lambda/{function.name}",
        "streamOwner": "",
        "sizeMb": str(function.memory_mb),
        "outcome": "success",
        "errorType": "none",
        "reports": str(reports),
        "billedSum": str(reports * function.mean_ms),
        "usedMost": str(function.used_mb),
        "inits": str(reports // 100),
        "initSum": str(reports // 100 * 300),
        "restores": "0",
    }
    return [{"field": name, "value": value} for name, value in fields.items()]


def recommendation(function: BenchFunction) -> dict[str, Any]:
    return {
        "functionArn": f"{function.arn}:$LATEST",
        "currentMemorySize": function.memory_mb,
        "numberOfInvocations": function.daily * 14,
        "finding": "Optimized",
        "utilizationMetrics": [{"name": "Memory", "statistic": "Maximum", "value": function.used_mb}],
        "memorySizeRecommendationOptions": [],
    }
