"""What CloudWatch knows of the invocations of one version by an alias: how many, how many failed, and how long.

Lambda sends its metrics of an alias with the dimension ExecutedVersion, "to compare error rates for two versions of a
function that are both targets of a weighted alias" (Lambda Developer Guide, "Working with Lambda function metrics").
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from powertune.aws.client import Aws
from powertune.aws.usage.metrics import read_queries
from powertune.units import plain

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

#: Lambda sends metrics by the minute. Counts are added up from minutes, so it does not matter where a period begins.
MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMetrics:
    """One version in a span of time. `p95_ms` is the mean of the 95th percentiles of periods as long as the span,
    weighted by their invocations: there are two where CloudWatch begins its periods elsewhere. None without any."""

    version: str
    invocations: int
    errors: int
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class AliasMetrics:
    """The metrics of one alias, by executed version."""

    aws: Aws
    function: str
    alias: str

    def of(self, versions: Sequence[str], start: float, end: float) -> tuple[VersionMetrics, ...]:
        """Versions in a span of time.

        Args:
            start, end: seconds since the epoch; they are widened to whole minutes.

        Raises:
            AccessDenied, UsageError: CloudWatch does not say.
            Unavailable: it does not say now, or not everything.
        """
        first, last = _minutes(start, end)
        queries: list[MetricDataQueryTypeDef] = []
        for number, version in enumerate(versions):
            queries += [
                self._query(f"invocations{number}", version, "Invocations", "Sum", MINUTE_S),
                self._query(f"errors{number}", version, "Errors", "Sum", MINUTE_S),
                self._query(f"count{number}", version, "Duration", "SampleCount", last - first),
                self._query(f"p95{number}", version, "Duration", "p95", last - first),
            ]
        found = self._read(queries, first, last)
        return tuple(
            VersionMetrics(
                version=version,
                invocations=round(math.fsum(found[f"invocations{number}"].values())),
                errors=round(math.fsum(found[f"errors{number}"].values())),
                p95_ms=_weighted(found[f"p95{number}"], found[f"count{number}"]),
            )
            for number, version in enumerate(versions)
        )

    def slower_than(self, limit_ms: float, versions: Sequence[str], start: float, end: float) -> tuple[int, ...]:
        """How many invocations of each version took longer than this (the statistic TC, a trimmed count).

        Args:
            start, end: as for `of`.

        Raises:
            AccessDenied, UsageError, Unavailable: as for `of`.
        """
        first, last = _minutes(start, end)
        stat = f"TC({plain(limit_ms)}:)"
        queries = [
            self._query(f"slow{number}", version, "Duration", stat, MINUTE_S)
            for number, version in enumerate(versions)
        ]
        found = self._read(queries, first, last)
        return tuple(round(math.fsum(found[f"slow{number}"].values())) for number in range(len(versions)))

    def _query(self, name: str, version: str, metric: str, stat: str, period_s: int) -> "MetricDataQueryTypeDef":
        dimensions = {
            "FunctionName": self.function,
            "Resource": f"{self.function}:{self.alias}",
            "ExecutedVersion": version,
        }
        wanted: Any = {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        }
        return {"Id": name, "MetricStat": {"Metric": wanted, "Period": period_s, "Stat": stat}}

    def _read(
        self, queries: "Sequence[MetricDataQueryTypeDef]", first: int, last: int
    ) -> Mapping[str, dict[float, float]]:
        """The values of each query, by their times."""
        begin, end = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
        found = read_queries(self.aws, queries, start=begin, end=end)
        return {key: {moment.timestamp(): value for moment, value in points} for key, points in found.items()}


def _minutes(start: float, end: float) -> tuple[int, int]:
    first = math.floor(start / MINUTE_S) * MINUTE_S
    return first, max(first + MINUTE_S, math.ceil(end / MINUTE_S) * MINUTE_S)


def _weighted(values: Mapping[float, float], counts: Mapping[float, float]) -> float | None:
    known = [(value, counts[at]) for at, value in values.items() if counts.get(at)]
    total = math.fsum(count for _, count in known)
    return math.fsum(value * count for value, count in known) / total if total else None
