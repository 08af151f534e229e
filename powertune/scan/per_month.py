"""What counts of a window come to in a month, and what an invocation, a millisecond or an environment costs then."""

from powertune.model import DAYS_PER_MONTH, Architecture
from powertune.region_prices import ArchitecturePrices, RegionPrices
from powertune.scan.evidence import Compute, FunctionEvidence

SECONDS_PER_MONTH = DAYS_PER_MONTH * 86_400


def per_month(amount: float, days: float) -> float:
    """What an amount of `days` days comes to in 30 days."""
    return amount / days * DAYS_PER_MONTH


def mean_invocation_cost(known: FunctionEvidence) -> float | None:
    """What an invocation costs on average, on demand; None where that is not known, or there are none."""
    if known.cost is None or known.usage is None or not known.usage.invocations:
        return None
    return known.cost.on_demand / per_month(known.usage.invocations, known.usage.counted_days)


def millisecond_price(known: FunctionEvidence, prices: RegionPrices | None) -> float | None:
    """What a billed millisecond costs on demand; None without prices, and where duration is not charged."""
    function = known.function
    if function.compute is Compute.MANAGED_INSTANCES or architecture_prices(prices, function.architecture) is None:
        return None
    assert prices is not None
    return prices.rate_per_ms(function.current, function.ephemeral_storage_mb)


def architecture_prices(prices: RegionPrices | None, architecture: Architecture) -> ArchitecturePrices | None:
    """The prices of an architecture; None where the table has none."""
    return None if prices is None else dict(prices.architectures).get(architecture)
