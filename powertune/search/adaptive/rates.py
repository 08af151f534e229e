"""What a billed millisecond and a request cost for each configuration of one function."""

from dataclasses import dataclass

from powertune.model import Configuration
from powertune.region_prices import RegionPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The prices of a region for a function with this much ephemeral storage, in the region's currency.

    `pays_for_snapshots`: restoring a SnapStart snapshot is charged beside the billed duration.
    """

    prices: RegionPrices
    ephemeral_storage_mb: int = 512
    pays_for_snapshots: bool = False

    @property
    def request(self) -> float:
        """Per invocation."""
        return self.prices.request

    def per_ms(self, configuration: Configuration) -> float:
        """Per billed millisecond."""
        return self.prices.rate_per_ms(configuration, self.ephemeral_storage_mb)

    def restore_ms(self, configuration: Configuration) -> float:
        """How many billed milliseconds cost as much as restoring a SnapStart snapshot once."""
        cost = self.prices.restore_cost(configuration.memory_mb) if self.pays_for_snapshots else 0.0
        return cost / self.per_ms(configuration)
