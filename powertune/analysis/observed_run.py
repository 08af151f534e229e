"""What a run observed: its prices under its traffic, and every configuration judged by itself."""

from powertune.analysis.costing import Pricing, resolve_billing
from powertune.analysis.profiles import Beliefs, Observed, mean_cold_extra_ms, not_reached, observe
from powertune.failure_costs import FailureCosts
from powertune.model import TuningRun, Usage
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices


def observe_run(run: TuningRun, pricing: Pricing, beliefs: Beliefs | None = None) -> tuple[Observed, ...]:
    """Every configuration of a run judged by itself, in order; by what a search believes, if there was one."""
    weights = _weights(run)
    seen = {m.configuration: observe(m, pricing, weights, beliefs) for m in run.measurements}
    for configuration in run.design.configurations:
        if configuration not in seen:
            seen[configuration] = not_reached(configuration, f"not reached before the run stopped: {run.stopped}")
    return tuple(seen[configuration] for configuration in sorted(seen))


def price_run(run: TuningRun, prices: RegionPrices | PriceTable, usage: Usage) -> Pricing:
    """The prices of the region of a run, under the terms of its traffic.

    Raises:
        UsageError: the table has no prices for the region.
    """
    if isinstance(prices, PriceTable):
        prices = prices.region(run.function.region)
    weights = _weights(run)
    # Where none starts cold, it makes no difference what that would cost.
    counts = () if usage.cold_share == 0 else run.measurements
    extras = [extra for m in counts if (extra := mean_cold_extra_ms(m, weights)) is not None]
    return Pricing(
        function=run.function,
        prices=prices,
        billing=resolve_billing(run, usage, cold_seen=bool(extras)),
        borrowed_ms=max(extras, default=None),
        judged=run.design.judged,
        failures=FailureCosts.of(run.measurements),
    )


def _weights(run: TuningRun) -> dict[int, float]:
    """The weight of each payload; none in a results file that does not say."""
    return {payload: share.weight for payload, share in enumerate(run.design.payloads)}
