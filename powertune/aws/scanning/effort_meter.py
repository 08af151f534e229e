"""Counts what reading a place asks AWS, and what AWS charges for it."""

from collections import Counter
from dataclasses import dataclass, field

from powertune.aws.logs.insights import USD_PER_GB
from powertune.region_prices import RegionPrices
from powertune.scan.coverage import ScanEffort

#: What GetMetricData costs per metric in the most expensive regions; 0.00001 in most (CloudWatch pricing).
USD_PER_METRIC = 0.000014
#: The smaller of the two meanings of a GB, so that no query costs more than was expected.
_GB = 1e9


@dataclass(slots=True)
class EffortMeter:
    """What has been asked so far. Calls are counted each time that they are sent, so retries count as well."""

    usd_per_metric: float = USD_PER_METRIC
    usd_per_gb: float = USD_PER_GB
    calls: Counter[str] = field(default_factory=Counter)
    metrics: int = 0
    scanned_bytes: int = 0
    #: The operation that was sent last.
    last: str = ""

    @classmethod
    def priced(cls, prices: RegionPrices | None) -> "EffortMeter":
        """A meter with a region's prices; with the highest of any region where they are not known in US dollars."""
        known = None if prices is None or prices.currency != "USD" else prices.observability
        return cls(
            usd_per_metric=USD_PER_METRIC if known is None else known.get_metric_data or USD_PER_METRIC,
            usd_per_gb=USD_PER_GB if known is None else known.logs_insights_gb or USD_PER_GB,
        )

    def count(self, operation: str) -> None:
        """Count a call."""
        self.calls[operation] += 1
        self.last = operation

    def scan_usd(self, size_bytes: float) -> float:
        """What a query costs that scans so much."""
        return size_bytes / _GB * self.usd_per_gb

    @property
    def queries_usd(self) -> float:
        """What has been spent on queries of logs, which is all that is limited."""
        return self.scan_usd(self.scanned_bytes)

    @property
    def usd(self) -> float:
        """What has been spent."""
        return self.metrics * self.usd_per_metric + self.queries_usd

    @property
    def effort(self) -> ScanEffort:
        """All of it."""
        return ScanEffort(
            calls=tuple(sorted(self.calls.items())),
            metrics=self.metrics,
            scanned_bytes=self.scanned_bytes,
            usd=self.usd,
        )
