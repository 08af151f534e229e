"""When provisioned concurrency is cheaper than running on demand, from the prices of a region."""

from dataclasses import dataclass

from powertune.model import Architecture
from powertune.region_prices import RegionPrices
from powertune.scan.evidence import Provisioned
from powertune.scan.per_month import SECONDS_PER_MONTH, architecture_prices

#: What was configured since says nothing yet: it may be there for what happens after the weekend.
LEAST_OBSERVED_DAYS = 3


def long_enough(provisioned: Provisioned) -> bool:
    """Whether it has been there for as long as it takes to judge it."""
    return provisioned.observed_days is None or provisioned.observed_days >= LEAST_OBSERVED_DAYS


def is_idle(provisioned: Provisioned) -> bool:
    """Whether nothing has run on it; its peak says so of today as well."""
    return not (provisioned.utilization or provisioned.peak_utilization or provisioned.invocations)


def stands_idle(provisioned: Provisioned) -> bool:
    """Whether it is idle, and has been there for long enough to say so."""
    return is_idle(provisioned) and long_enough(provisioned)


def share_seen(provisioned: Provisioned, days: float) -> float:
    """The share of a window, in days, in which it is known to have been there, from 0 to 1."""
    return 1.0 if provisioned.observed_days is None else min(1.0, provisioned.observed_days / days)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisioningPrices:
    """Prices of a GB-second: configured, running on provisioned concurrency, and running on demand."""

    configured: float
    running: float
    on_demand: float

    @classmethod
    def of(cls, prices: RegionPrices | None, architecture: Architecture) -> "ProvisioningPrices | None":
        """The prices of a region; None where it does not offer provisioned concurrency, or they are not known."""
        of = architecture_prices(prices, architecture)
        if of is None or of.provisioned_concurrency_gb_second is None or of.provisioned_duration_gb_second is None:
            return None
        return cls(
            configured=of.provisioned_concurrency_gb_second,
            running=of.provisioned_duration_gb_second,
            on_demand=of.gb_second[0][1],
        )

    @property
    def break_even(self) -> float:
        """The utilization above which provisioned concurrency is cheaper; above 1 where it never is."""
        cheaper_by = self.on_demand - self.running
        return self.configured / cheaper_by if cheaper_by > 0 else float("inf")

    def idle_cost(self, environments: float, memory_mb: int) -> float:
        """What it costs per month to keep this many environments, whether used or not."""
        return environments * memory_mb / 1024 * SECONDS_PER_MONTH * self.configured

    def saving(self, environments: float, memory_mb: int, utilization: float) -> float:
        """What this many environments save per month, compared with running on demand; negative if they cost more."""
        gb_seconds = environments * memory_mb / 1024 * SECONDS_PER_MONTH
        return gb_seconds * (utilization * (self.on_demand - self.running) - self.configured)
