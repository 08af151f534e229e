"""What a run is going to do and may cost, decided before anything is touched. Pure."""

from dataclasses import dataclass

from powertune.config import RunOptions
from powertune.errors import FunctionRefused
from powertune.model import Advisory, Configuration, Design, FunctionState, Workload
from powertune.prices import RegionPrices
from powertune.search.grid import Grid

#: Sizes to try when none are asked for: the powers of two up to a full vCPU, a full vCPU, and the old maximum.
DEFAULT_MEMORY_MB = (128, 256, 512, 1024, 1769, 3008)
#: SnapStart keeps, and bills, the snapshot of every published version for at least three hours.
SNAPSHOT_MINIMUM_S = 3 * 3600
#: What publishing one size takes on AWS, about: update, wait until updated, publish, create the alias.
PUBLISH_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the run may take. `worst_usd` lets every invocation run into its timeout; the others assume that the
    function keeps the average duration of its last two weeks, and are None when that is not known."""

    invocations: int
    worst_usd: float
    typical_usd: float | None
    typical_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run needs to know, as data. `--dry-run` prints it and stops."""

    run_id: str
    function: FunctionState
    design: Design
    workload: Workload
    prices: RegionPrices
    max_spend: float
    sleep_s: float
    estimate: Estimate
    advisories: tuple[Advisory, ...] = ()

    @property
    def search(self) -> Grid:
        """The search that the design names."""
        return Grid(
            configurations=self.design.configurations,
            invocations=self.design.invocations,
            lanes=self.design.lanes,
        )

    def worst_cost(self, configuration: Configuration) -> float:
        """What one invocation can cost at most, in the region's currency: one that runs into its timeout.

        A cold start's init phase is billed too, and is ended after 10 seconds.
        """
        longest_ms = 1000 * (self.function.timeout_s + 10)
        return self.prices.invocation_cost(configuration, longest_ms, self.function.ephemeral_storage_mb)


def make_plan(
    options: RunOptions,
    function: FunctionState,
    prices: RegionPrices,
    *,
    run_id: str,
    account_concurrency: int,
    average_ms: float | None,
) -> Plan:
    """Decide sizes, lanes and concurrency for this function in this account, and estimate the expense.

    `account_concurrency` is what the account has unreserved; `average_ms` the recent mean duration, if known.

    Raises:
        FunctionRefused: the function has no concurrency left to be invoked with.
    """
    concurrency, advisories = _concurrency(options, function, account_concurrency)
    sizes = options.memory or tuple(sorted({*DEFAULT_MEMORY_MB, function.memory_mb}))
    design = Design(
        configurations=tuple(Configuration(memory_mb=mb, architecture=function.architecture) for mb in sizes),
        invocations=options.invocations,
        lanes=min(options.lanes, options.invocations, concurrency),
        concurrency=concurrency,
        seed=options.seed,
        telemetry=options.telemetry,
        payloads=len(options.workload.payloads),
    )
    return Plan(
        run_id=run_id,
        function=function,
        design=design,
        workload=options.workload,
        prices=prices,
        max_spend=options.max_spend,
        sleep_s=options.sleep_ms / 1000,
        estimate=_estimate(design, function, prices, average_ms),
        advisories=advisories,
    )


def _concurrency(
    options: RunOptions, function: FunctionState, account_concurrency: int
) -> tuple[int, tuple[Advisory, ...]]:
    reserved = function.reserved_concurrency
    available = account_concurrency if reserved is None else reserved
    if available < 1:
        raise FunctionRefused(
            f"{function.name} has a concurrency of {available}: it cannot be invoked",
            hint="raise or remove its reserved concurrency",
        )
    concurrency = min(options.concurrency, available)
    if concurrency >= min(options.concurrency, options.lanes * 2):
        return concurrency, ()
    advisory = Advisory(
        code="concurrency-bound",
        message=f"only {available} concurrent invocations are available, so at most {concurrency} run at a time",
        next_step="ask AWS for a higher concurrency quota, or expect the run to take longer",
    )
    return concurrency, (advisory,)


def _estimate(design: Design, function: FunctionState, prices: RegionPrices, average_ms: float | None) -> Estimate:
    each = design.invocations + design.lanes
    count = each * len(design.configurations)

    def total(duration_ms: dict[Configuration, float]) -> float:
        invocations = sum(
            each * prices.invocation_cost(c, duration_ms[c], function.ephemeral_storage_mb) for c in duration_ms
        )
        return invocations + _snapshots(design, function, prices)

    worst = total(dict.fromkeys(design.configurations, 1000.0 * function.timeout_s))
    if average_ms is None:
        return Estimate(invocations=count, worst_usd=worst, typical_usd=None, typical_s=None)
    # Half the memory is half the CPU: a smaller size takes at most that much longer, a larger one no longer.
    typical = {
        c: min(1000.0 * function.timeout_s, average_ms * max(1.0, function.memory_mb / c.memory_mb))
        for c in design.configurations
    }
    publishing = PUBLISH_S * len(design.configurations)
    at_once = min(design.concurrency, design.lanes * len(design.configurations))
    waiting = max(max(typical.values()) * each / design.lanes, sum(typical.values()) * each / at_once) / 1000
    return Estimate(invocations=count, worst_usd=worst, typical_usd=total(typical), typical_s=publishing + waiting)


def _snapshots(design: Design, function: FunctionState, prices: RegionPrices) -> float:
    """The price of keeping the SnapStart snapshots of the published versions for their minimum time."""
    if not function.snapstart or function.runtime.startswith("java") or prices.snapstart_cache is None:
        return 0.0
    gigabytes = sum(c.memory_mb for c in design.configurations) / 1024
    return gigabytes * SNAPSHOT_MINIMUM_S * prices.snapstart_cache
