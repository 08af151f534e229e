"""What a function is charged for under its own terms: volume tiers, discounts, provisioned concurrency, SnapStart."""

from dataclasses import dataclass

from powertune.errors import UsageError
from powertune.model import DAYS_PER_MONTH, Configuration, FunctionState
from powertune.region_prices import EPHEMERAL_STORAGE_FREE_MB, ArchitecturePrices, RegionPrices

SECONDS_PER_MONTH = DAYS_PER_MONTH * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What one configuration is charged under given terms, in the region's currency.

    An invocation costs `per_ms * billed_ms + per_request`, and `per_cold_start` more when it starts cold;
    `per_month` is paid whatever runs, for 30 days.
    """

    per_ms: float
    per_request: float
    per_cold_start: float = 0.0
    per_month: float = 0.0


def make_tariff(
    configuration: Configuration,
    function: FunctionState,
    prices: RegionPrices,
    *,
    savings_plan: float = 0.0,
    gb_seconds_per_month: float = 0.0,
) -> Tariff:
    """The tariff of a configuration of this function. A GB is 1,024 MB. Source: the AWS Lambda pricing page.

    - Volume: on demand, the price of a GB-second is the average over `gb_seconds_per_month`, the tiers taken one
      after the other, apart for each architecture. AWS adds up all functions of an account or organization in a
      region; of those only this one is known, so that a large account pays a little less than this says.
    - `savings_plan` is the share by which a Compute Savings Plan lowers duration and provisioned concurrency.
      Requests, ephemeral storage and SnapStart are never discounted.
    - Ephemeral storage is charged beyond 512 MB, for the billed duration.
    - Provisioned concurrency is charged per GB-second from when it is configured, whether used or not, and its
      invocations by a duration price of their own, which has no tiers. All invocations are taken to be served by it:
      none spills over to on-demand environments, and none starts cold.
    - SnapStart charges each restore by the memory size, and keeping the snapshot of a published version for as long
      as it exists: one version is taken to be kept. On Java runtimes, and where the region has no price, it is free.

    The free tier of an account is left out: it is a fixed amount of money, whatever the configuration.

    Args:
        savings_plan: from 0 to less than 1.
        gb_seconds_per_month: what this function uses in a month; 0 stays in the first tier.

    Raises:
        UsageError: a price that these terms take is not known for the region.
    """
    of = prices.of(configuration.architecture)
    memory_gb = configuration.memory_mb / 1024
    storage_gb = max(0, function.ephemeral_storage_mb - EPHEMERAL_STORAGE_FREE_MB) / 1024
    kept = 1 - savings_plan
    if function.provisioned_concurrency:
        configured, duration = _provisioned(of, configuration, prices.region)
        per_cold_start = 0.0
        per_month = function.provisioned_concurrency * memory_gb * configured * kept * SECONDS_PER_MONTH
    else:
        duration = average_gb_second(of.gb_second, gb_seconds_per_month)
        restore, cache = _snapstart(function, prices)
        per_cold_start = memory_gb * restore
        per_month = memory_gb * cache * SECONDS_PER_MONTH
    per_second = memory_gb * (duration * kept) + storage_gb * of.ephemeral_gb_second
    return Tariff(
        per_ms=per_second / 1000,
        per_request=prices.request,
        per_cold_start=per_cold_start,
        per_month=per_month,
    )


def average_gb_second(tiers: tuple[tuple[int | None, float], ...], volume: float) -> float:
    """The mean price of a GB-second if `volume` of them are used in a month, the tiers taken one after the other."""
    first_end, first_price = tiers[0]
    if first_end is None or volume <= first_end:
        return first_price
    paid, start = 0.0, 0
    for end, price in tiers:
        if end is None or volume <= end:
            return (paid + (volume - start) * price) / volume
        paid += (end - start) * price
        start = end
    raise AssertionError("the last tier has no upper end")


def _provisioned(of: ArchitecturePrices, configuration: Configuration, region: str) -> tuple[float, float]:
    """Prices of a GB-second of provisioned concurrency: configured, and running."""
    configured, duration = of.provisioned_concurrency_gb_second, of.provisioned_duration_gb_second
    if configured is None or duration is None:
        raise UsageError(
            f"no {configuration.architecture} price of provisioned concurrency is known for region {region}",
            hint=f"fetch the prices of {region} with `powertune prices refresh`, or give them with --prices FILE",
        )
    return configured, duration


def _snapstart(function: FunctionState, prices: RegionPrices) -> tuple[float, float]:
    """Prices of a restored GB, and of a GB-second of a cached snapshot."""
    if not function.pays_for_snapshots:
        return 0.0, 0.0
    return prices.snapstart_restore or 0.0, prices.snapstart_cache or 0.0
