"""What a billed millisecond and a request cost for each configuration of one function."""

from dataclasses import dataclass

from powertune.model import Configuration
from powertune.region_prices import RegionPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The prices of a region for a function with this much ephemeral storage, in the region's currency."""

    prices: RegionPrices
    ephemeral_storage_mb: int = 512

    @property
    def request(self) -> float:
        """Per invocation."""
        return self.prices.request

    def per_ms(self, configuration: Configuration) -> float:
        """Per billed millisecond."""
        return self.prices.rate_per_ms(configuration, self.ephemeral_storage_mb)
