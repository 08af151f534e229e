"""What a run is going to do and may cost, decided before anything is touched. Pure."""

import hashlib
from dataclasses import dataclass, replace

from powertune.config import INVOCATIONS, MOST_INVOCATIONS, RunOptions
from powertune.config.from_file import FromFile
from powertune.errors import FunctionRefused, UsageError
from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    Exploration,
    FunctionRef,
    FunctionState,
    Hint,
    PayloadShare,
    Traffic,
    Workload,
)
from powertune.prices import RegionPrices
from powertune.search import Search
from powertune.search.grid import Grid
from powertune.tariff import make_tariff
from powertune.units import MB_PER_VCPU, format_usd
from powertune.workload import min_invocations

#: Sizes to try when none are asked for: the powers of two up to a full vCPU, a full vCPU, and the old maximum.
DEFAULT_MEMORY_MB = (128, 256, 512, 1024, 1769, 3008)
LANES = 4
#: Fewer warm invocations at a time would not show how noisy a size is.
_FEWEST = 2
#: What a search usually takes: so many invocations of so many of the usual sizes, from the smallest on.
_SEARCHED_SIZES, _SEARCHED_INVOCATIONS = 5, 5
#: SnapStart keeps, and bills, the snapshot of every published version for at least three hours.
SNAPSHOT_MINIMUM_S = 3 * 3600
#: Lambda ends an init phase after so long, and bills it.
INIT_LIMIT_S = 10
#: What publishing one size takes on AWS, about: update, wait until updated, publish, create the alias.
PUBLISH_S = 3.0
#: What making a temporary copy takes on AWS, about: download, create, wait until active.
COPY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What the run may take. `worst_usd` lets every invocation run into its timeout, until the budget ends a search;
    the others assume that the function keeps the average duration of its last two weeks, and are None when that is
    not known. What a search takes is a guess."""

    invocations: int
    worst_usd: float
    typical_usd: float | None
    typical_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything a run needs to know, as data. `--dry-run` prints it and stops.

    `from_file` is what a configuration file has decided of it.
    """

    run_id: str
    function: FunctionState
    design: Design
    workload: Workload
    prices: RegionPrices
    max_spend: float
    sleep_s: float
    estimate: Estimate
    advisories: tuple[Advisory, ...] = ()
    traffic: Traffic | None = None
    image_uris: tuple[tuple[Architecture, str], ...] = ()
    from_file: FromFile | None = None

    @property
    def copies(self) -> tuple[Architecture, ...]:
        """The architectures that are measured on a temporary copy of the function, one copy each."""
        return _copies(self.design, self.function)

    @property
    def touches_original(self) -> bool:
        """Whether the function itself is published, and so needs a lock and a journal."""
        return not self.design.isolate and any(
            architecture is self.function.architecture for architecture in self.design.architectures
        )

    def image_uri(self, architecture: Architecture) -> str | None:
        """The container image to measure instead of the function's own; None if none was given."""
        return dict(self.image_uris).get(architecture)

    @property
    def search(self) -> Search:
        """The search that the design names."""
        if self.design.exploration is not None:
            from powertune.search.adaptive import Adaptive

            return Adaptive(
                exploration=self.design.exploration,
                prices=self.prices,
                ephemeral_storage_mb=self.function.ephemeral_storage_mb,
                seed=self.design.seed,
            )
        return Grid(
            configurations=self.design.configurations,
            invocations=self.design.invocations,
            lanes=self.design.lanes,
        )

    def worst_cost(self, configuration: Configuration) -> float:
        """What one invocation can cost at most, in the region's currency: one that runs into its timeout.

        A cold start's init phase is billed too, and is ended after 10 seconds.
        """
        return _worst_cost(configuration, self.function, self.prices)

    def publish_cost(self, configuration: Configuration) -> float:
        """What publishing a version costs: nothing, but for a SnapStart snapshot, kept for a minimum time."""
        return _snapshot_cost(configuration, self.function, self.prices)


def make_plan(
    options: RunOptions,
    function: FunctionState,
    prices: RegionPrices,
    *,
    run_id: str,
    account_concurrency: int,
    average_ms: float | None,
    traffic: Traffic | None = None,
    hints: tuple[Hint, ...] = (),
) -> Plan:
    """Decide sizes, lanes and concurrency for this function in this account, and estimate the expense.

    `account_concurrency` is what the account has unreserved; `average_ms` the recent mean duration, if known;
    `traffic` and `hints` what else is known of the function beforehand.

    Raises:
        FunctionRefused: the function has no concurrency left to be invoked with, or cannot run on an architecture.
        UsageError: the budget cannot pay for a single invocation, or a price is not known.
    """
    concurrency, advisories = _concurrency(options, function, account_concurrency)
    architectures = _architectures(options, function)
    adaptive = options.adaptive
    exploration = _exploration(options, function, architectures, traffic, hints) if adaptive else None
    if exploration is not None:
        exploration = replace(exploration, most_lanes=min(exploration.most_lanes, concurrency))
    invocations = options.invocations or (MOST_INVOCATIONS if adaptive else INVOCATIONS)
    design = Design(
        configurations=() if adaptive else _grid(options, function, architectures),
        invocations=invocations,
        lanes=min(options.lanes or LANES, invocations, concurrency),
        search="adaptive" if adaptive else "grid",
        exploration=exploration,
        concurrency=concurrency,
        seed=options.seed,
        telemetry=options.telemetry,
        payloads=tuple(
            PayloadShare(sha256=hashlib.sha256(payload.body).hexdigest(), weight=payload.weight)
            for payload in options.workload.payloads
        ),
        sleep_ms=options.sleep_ms,
        max_spend=options.max_spend,
        pre_processor=_name(options.pre_processor),
        post_processor=_name(options.post_processor),
        isolate=options.isolate,
    )
    for configuration in _extremes(design):
        make_tariff(configuration, function, prices)  # before it is measured, as what has no price cannot be judged
    _check_affordable(design, function, prices, options.max_spend)
    if exploration is not None and function.cores is not None and exploration.largest_mb < options.max_memory:
        advisories = (*advisories, _bounded_by_cores(exploration, function.cores))
    return Plan(
        run_id=run_id,
        function=function,
        design=design,
        workload=options.workload,
        prices=prices,
        max_spend=options.max_spend,
        sleep_s=options.sleep_ms / 1000,
        estimate=_estimate(design, function, prices, average_ms, options.max_spend),
        traffic=traffic,
        advisories=advisories,
        image_uris=_image_uris(options, function),
    )


def _architectures(options: RunOptions, function: FunctionState) -> tuple[Architecture, ...]:
    """What to measure on; the embedded AWS has one processor, and emulating another would measure nothing."""
    wanted = tuple(sorted(set(options.architectures or (function.architecture,))))
    other = next((architecture for architecture in wanted if architecture is not function.architecture), None)
    if other is not None and function.platform is not None:
        raise FunctionRefused(
            f"the embedded AWS runs functions on this machine's own processor, {function.architecture}, so {other} "
            "cannot be measured on it",
            hint="leave --arch out here, and measure both architectures on AWS",
        )
    return wanted


def _grid(
    options: RunOptions, function: FunctionState, architectures: tuple[Architecture, ...]
) -> tuple[Configuration, ...]:
    sizes = options.memory or tuple(sorted({*DEFAULT_MEMORY_MB, function.memory_mb}))
    return tuple(Configuration(memory_mb=mb, architecture=each) for mb in sizes for each in architectures)


def _exploration(
    options: RunOptions,
    function: FunctionState,
    architectures: tuple[Architecture, ...],
    traffic: Traffic | None,
    hints: tuple[Hint, ...],
) -> Exploration:
    """What to search, beginning with the function's own architecture.

    Raises:
        UsageError: this machine cannot give so much CPU, on the embedded AWS.
    """
    largest = options.max_memory
    if function.cores is not None:
        # Beyond its cores, this machine would show that more memory does not help, where Lambda gives more CPU.
        largest = min(largest, max(MB_PER_VCPU, int(function.cores * MB_PER_VCPU)))
    if options.min_memory > largest:
        raise UsageError(
            f"--min-memory {options.min_memory} is more than this machine can give: {largest} MB is all its CPU",
            hint="measure such sizes on AWS, or name them with --memory",
        )
    monthly = options.usage.invocations_per_month
    if monthly is None and traffic is not None:
        monthly = traffic.invocations_per_month
    wanted = options.min_memory <= function.memory_mb <= largest and function.architecture in architectures
    return Exploration(
        smallest_mb=options.min_memory,
        largest_mb=largest,
        architectures=tuple(sorted(architectures, key=lambda each: each is not function.architecture)),
        goal=options.goal,
        precision=options.precision,
        invocations_per_month=monthly,
        lanes=options.lanes,
        weights=tuple(payload.weight for payload in options.workload.payloads),
        batch=max(_FEWEST, min_invocations(options.workload)),
        most=options.invocations or MOST_INVOCATIONS,
        current=function.current if wanted else None,
        memory_used_mb=None if traffic is None else traffic.max_memory_used_mb,
        hints=hints,
    )


def _bounded_by_cores(exploration: Exploration, cores: float) -> Advisory:
    return Advisory(
        code="bounded-by-cores",
        message=f"sizes are searched up to {exploration.largest_mb:,} MB, which is all the CPU of this machine "
        f"({cores:g} cores)",
        next_step="measure on AWS, or on a larger machine, for larger sizes",
    )


def _extremes(design: Design) -> tuple[Configuration, ...]:
    """The configurations of a grid; of a search those with the smallest size."""
    if design.exploration is None:
        return design.configurations
    smallest = design.exploration.smallest_mb
    return tuple(Configuration(memory_mb=smallest, architecture=each) for each in design.architectures)


def _image_uris(options: RunOptions, function: FunctionState) -> tuple[tuple[Architecture, str], ...]:
    """The images of the other architecture; the function's own is what it has."""
    given = {Architecture.ARM64: options.image_uri_arm64, Architecture.X86_64: options.image_uri_x86_64}
    given.pop(function.architecture)
    return tuple((architecture, uri) for architecture, uri in given.items() if uri is not None)


def _copies(design: Design, function: FunctionState) -> tuple[Architecture, ...]:
    return tuple(each for each in design.architectures if design.isolate or each is not function.architecture)


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
    if concurrency >= min(options.concurrency, 2 * (options.lanes or LANES)):
        return concurrency, ()
    advisory = Advisory(
        code="concurrency-bound",
        message=f"only {available} concurrent invocations are available, so at most {concurrency} run at a time",
        next_step="ask AWS for a higher concurrency quota, or expect the run to take longer",
    )
    return concurrency, (advisory,)


def _estimate(
    design: Design, function: FunctionState, prices: RegionPrices, average_ms: float | None, max_spend: float
) -> Estimate:
    configurations, each, at_once = design.configurations, design.invocations + design.lanes, design.lanes
    if design.exploration is not None:
        configurations, each, at_once = _searched(design.exploration), _SEARCHED_INVOCATIONS, 1
    count = each * len(configurations)

    publishing_usd = sum(_snapshot_cost(c, function, prices) for c in configurations)
    # Environments that keep starting cold are replaced, up to twice the samples.
    most = 2 * design.invocations + design.lanes
    worst = publishing_usd + most * sum(_worst_cost(c, function, prices) for c in configurations)
    if design.exploration is not None:
        worst = max_spend
    if average_ms is None:
        return Estimate(invocations=count, worst_usd=worst, typical_usd=None, typical_s=None)
    # Half the memory is half the CPU: a smaller size takes at most that much longer, a larger one no longer.
    typical = {
        c: min(1000.0 * function.timeout_s, average_ms * max(1.0, function.memory_mb / c.memory_mb))
        for c in configurations
    }
    typical_usd = publishing_usd + each * sum(
        prices.invocation_cost(c, typical[c], function.ephemeral_storage_mb) for c in typical
    )
    publishing_s = PUBLISH_S * len(configurations) + COPY_S * len(_copies(design, function))
    parallel = min(design.concurrency, at_once * len(configurations))
    waiting_s = max(max(typical.values()) * each / at_once, sum(typical.values()) * each / parallel) / 1000
    return Estimate(invocations=count, worst_usd=worst, typical_usd=typical_usd, typical_s=publishing_s + waiting_s)


def _searched(exploration: Exploration) -> tuple[Configuration, ...]:
    """The sizes that a search may well measure: it chooses them as it goes."""
    low, high = exploration.smallest_mb, exploration.largest_mb
    sizes = [size for size in DEFAULT_MEMORY_MB if low <= size <= high][:_SEARCHED_SIZES] or [low]
    return tuple(Configuration(memory_mb=mb, architecture=each) for mb in sizes for each in exploration.architectures)


def _worst_cost(configuration: Configuration, function: FunctionState, prices: RegionPrices) -> float:
    longest_ms = 1000 * (function.timeout_s + INIT_LIMIT_S)
    return prices.invocation_cost(configuration, longest_ms, function.ephemeral_storage_mb)


def _snapshot_cost(configuration: Configuration, function: FunctionState, prices: RegionPrices) -> float:
    """The price of keeping the SnapStart snapshot of a published version for its minimum time; Java's are free."""
    if not function.pays_for_snapshots or prices.snapstart_cache is None:
        return 0.0
    return configuration.memory_mb / 1024 * SNAPSHOT_MINIMUM_S * prices.snapstart_cache


def _check_affordable(design: Design, function: FunctionState, prices: RegionPrices, max_spend: float) -> None:
    """Refuse a budget that could not pay for a single invocation, before anything is published for nothing."""
    least = min(_worst_cost(c, function, prices) + _snapshot_cost(c, function, prices) for c in _extremes(design))
    if least > max_spend:
        raise UsageError(
            f"--max-spend {max_spend:g} may not pay for one invocation: with its timeout of {function.timeout_s} s, "
            f"one can cost {format_usd(least, prices.currency)}",
            hint=f"--max-spend {least * 10:.2g} leaves room for ten",
        )


def _name(processor: FunctionRef | None) -> str | None:
    return None if processor is None else str(processor)
