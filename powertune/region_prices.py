"""What a GB-second and a request cost in one region, and so what an invocation costs."""

from dataclasses import dataclass, field

from powertune.errors import UsageError
from powertune.model import Architecture, Configuration

#: The fields of `ObservabilityPrices`, and their keys in a price file.
OBSERVABILITY_KEYS = ("get_metric_data", "logs_ingest_gb", "logs_storage_gb_month", "logs_insights_gb")
#: Every function has this much ephemeral storage for free.
EPHEMERAL_STORAGE_FREE_MB = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitecturePrices:
    """Prices of one architecture, in the region's currency.

    `gb_second` holds the volume tiers as (GB-seconds per month up to which it holds, price), ascending; the last
    tier has no upper end.
    """

    gb_second: tuple[tuple[int | None, float], ...]
    ephemeral_gb_second: float
    provisioned_concurrency_gb_second: float | None = None
    provisioned_duration_gb_second: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityPrices:
    """Prices of CloudWatch in one region, in its currency; None where a price is not known.

    `get_metric_data` is the price of a metric that GetMetricData is asked for. `logs_ingest_gb` is that of a GB of
    the STANDARD class in the first volume tier, `logs_storage_gb_month` of a GB of stored (compressed) logs, and
    `logs_insights_gb` of a GB that Logs Insights scans. A GB of logs is taken as 2**30 bytes: CloudWatch Logs calls
    1,048,576 bytes a MB in its quotas, but no page that was found says it of a GB. In decimal GB, logs would cost
    7 % more.
    """

    get_metric_data: float | None = None
    logs_ingest_gb: float | None = None
    logs_storage_gb_month: float | None = None
    logs_insights_gb: float | None = None

    def or_else(self, other: "ObservabilityPrices | None") -> "ObservabilityPrices":
        """These prices, and where one is not known, that of `other`."""
        if other is None:
            return self
        mine = ((name, getattr(self, name)) for name in OBSERVABILITY_KEYS)
        return ObservabilityPrices(**{name: getattr(other, name) if price is None else price for name, price in mine})


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPrices:
    """Prices of one region, in its currency (CNY in China, USD elsewhere).

    `request` is the price of one invocation; `snapstart_cache` of a GB-second of a kept snapshot; `snapstart_restore`
    of a GB restored; `state_transition` of a transition of a Standard workflow of Step Functions, None also where it
    is not known. None where AWS does not offer it. `observability` is None where nothing of it is known. `as_of` is
    the date (YYYY-MM-DD) on which Lambda's prices held; None where it is not known. It makes no difference to whether
    two of them are equal.
    """

    region: str
    currency: str
    request: float
    architectures: tuple[tuple[Architecture, ArchitecturePrices], ...]
    snapstart_cache: float | None = None
    snapstart_restore: float | None = None
    state_transition: float | None = None
    observability: ObservabilityPrices | None = None
    as_of: str | None = field(default=None, compare=False)

    def of(self, architecture: Architecture) -> ArchitecturePrices:
        """All prices of one architecture.

        Raises:
            UsageError: the table has none for it.
        """
        for known, prices in self.architectures:
            if known is architecture:
                return prices
        raise UsageError(
            f"no {architecture} prices are known for region {self.region}", hint=how_to_get_prices(self.region)
        )

    def gb_second(self, architecture: Architecture) -> float:
        """The price of a GB-second in the first volume tier, which only the largest accounts exceed."""
        return self.of(architecture).gb_second[0][1]

    def ephemeral_gb_second(self, architecture: Architecture) -> float:
        """The price of a GB-second of ephemeral storage above the free 512 MB."""
        return self.of(architecture).ephemeral_gb_second

    def rate_per_ms(
        self, configuration: Configuration, ephemeral_storage_mb: int = EPHEMERAL_STORAGE_FREE_MB
    ) -> float:
        """What a billed millisecond costs. A cost is `rate_per_ms * billed_ms + request`, for arrays too.

        A GB is 1,024 MB. Ephemeral storage is billed beyond 512 MB, for the billed duration.
        """
        prices = self.of(configuration.architecture)
        storage_gb = max(0, ephemeral_storage_mb - EPHEMERAL_STORAGE_FREE_MB) / 1024
        per_second = configuration.memory_mb / 1024 * prices.gb_second[0][1] + storage_gb * prices.ephemeral_gb_second
        return per_second / 1000

    def invocation_cost(
        self,
        configuration: Configuration,
        billed_ms: float,
        ephemeral_storage_mb: int = EPHEMERAL_STORAGE_FREE_MB,
    ) -> float:
        """What one invocation costs, the request included, on demand and before free tier and volume discounts.

        `billed_ms` is Lambda's Billed Duration as reported: it already includes init and restore. Source: the AWS
        Lambda pricing page.
        """
        return self.rate_per_ms(configuration, ephemeral_storage_mb) * billed_ms + self.request

    def restore_cost(self, memory_mb: int) -> float:
        """What restoring a SnapStart snapshot once costs, beside the billed duration, where that is charged."""
        return memory_mb / 1024 * (self.snapstart_restore or 0.0)


def how_to_get_prices(region: str) -> str:
    """The hint of an error about prices that are not known."""
    return f"fetch the prices of {region} with `powertune prices refresh`, or give them with --prices FILE"
