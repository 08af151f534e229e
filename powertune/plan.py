"""What a run is going to do and may cost, decided before anything is touched. Pure."""

import hashlib
from dataclasses import dataclass, replace

from powertune.config import INVOCATIONS, RunOptions
from powertune.config.from_file import FromFile
from powertune.errors import FunctionRefused, UsageError
from powertune.estimate import (
    DEFAULT_MEMORY_MB,
    RunEstimate,
    check_affordable,
    estimate,
    publishing_waits,
    restore_cost,
    searched,
    snapshot_cost,
    worst_cost,
)
from powertune.exploring import bounded_by_cores, explore, extremes
from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    Exploration,
    FunctionRef,
    FunctionState,
    GridDesign,
    Hint,
    PayloadShare,
    Production,
    Traffic,
    Workload,
)
from powertune.placement import (
    Placement,
    Share,
    architectures_of,
    check_code_storage,
    copied,
    in_place,
    place,
    placement_advisories,
    share,
    share_advisories,
)
from powertune.region_prices import RegionPrices
from powertune.search import Search
from powertune.search.policies import make_search
from powertune.tariff import make_tariff
from powertune.units import plural
from powertune.workload import min_invocations

LANES = 4
#: Nobody else uses the function, and nothing is known of the account's code storage.
_ALONE = Production()


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
    estimate: RunEstimate
    placement: Placement
    share: Share
    advisories: tuple[Advisory, ...] = ()
    traffic: Traffic | None = None
    image_uris: tuple[tuple[Architecture, str], ...] = ()
    from_file: FromFile | None = None

    @property
    def copies(self) -> tuple[Architecture, ...]:
        """The architectures that are measured on a temporary copy of the function, one copy each."""
        return copied(self.design, self.function)

    @property
    def touches_original(self) -> bool:
        """Whether the function itself is published, and so needs a lock and a journal."""
        return in_place(self.design.isolate, self.function, self.design.architectures)

    @property
    def longest_round_s(self) -> float:
        """How long a round of invocations may take, in seconds.

        Processors are taken not to need longer than the function may.
        """
        processors = sum(each is not None for each in (self.design.pre_processor, self.design.post_processor))
        return (1.0 + processors) * self.function.timeout_s

    def image_uri(self, architecture: Architecture) -> str | None:
        """The container image to measure instead of the function's own; None if none was given."""
        return dict(self.image_uris).get(architecture)

    @property
    def search(self) -> Search:
        """The search that the design names."""
        return make_search(self.design, self.prices, self.function)

    def worst_cost(self, configuration: Configuration) -> float:
        """What one invocation can cost at most, in the region's currency: one that runs into its timeout.

        A cold start's init phase is billed too, and is ended after 10 seconds.
        """
        return worst_cost(configuration, self.function, self.prices)

    def publish_cost(self, configuration: Configuration) -> float:
        """What publishing a version costs: nothing, but for a SnapStart snapshot, kept for a minimum time."""
        return snapshot_cost(configuration, self.function, self.prices)

    def restore_cost(self, configuration: Configuration) -> float:
        """What restoring a SnapStart snapshot costs, beside the billed duration."""
        return restore_cost(configuration, self.function, self.prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorKnowledge:
    """What is known beforehand of the function's use and of its account.

    `account_concurrency` is what the account has unreserved; `average_ms` the recent mean duration, None if unknown;
    `traffic` and `hints` what else is known of the function; `production` what others use.
    """

    account_concurrency: int
    average_ms: float | None
    traffic: Traffic | None = None
    hints: tuple[Hint, ...] = ()
    production: Production = _ALONE


def make_plan(
    options: RunOptions, function: FunctionState, prices: RegionPrices, known: PriorKnowledge, *, run_id: str
) -> Plan:
    """Decide where to measure, sizes, lanes and concurrency for this function in this account, and what it takes.

    Raises:
        FunctionRefused: the function has no concurrency left to be invoked with, cannot run on an architecture, or
            its versions do not fit into the account's code storage; or it would be measured itself although it logs
            no reports.
        UsageError: the budget cannot pay for a single invocation, or a price is not known.
    """
    architectures = architectures_of(options, function)
    placement = place(options, function, known.production, architectures)
    original = in_place(placement.isolate, function, architectures)
    copies = placement.isolate or architectures != (function.architecture,)
    part = share(options, function, known.production, known.account_concurrency, original=original, copies=copies)
    search = _search(options, function, architectures, known, part, in_place=original)
    search = _cold(search, options, part)
    design = _design(options, search, prices, part.concurrency, isolate=placement.isolate)
    _check(design, function, prices, options.max_spend)
    return Plan(
        run_id=run_id,
        function=function,
        design=design,
        workload=options.workload,
        prices=prices,
        max_spend=options.max_spend,
        sleep_s=options.sleep_ms / 1000,
        estimate=_estimate(design, function, prices, known, options.max_spend),
        placement=placement,
        share=part,
        traffic=known.traffic,
        advisories=(
            *placement_advisories(placement, function, in_place=original),
            *share_advisories(part, options, options.environments or LANES),
            *_storage_advisories(design, function, known.production),
            *bounded_by_cores(search, function.cores, options),
        ),
        image_uris=_image_uris(options, function),
    )


def _search(
    options: RunOptions,
    function: FunctionState,
    architectures: tuple[Architecture, ...],
    known: PriorKnowledge,
    part: Share,
    *,
    in_place: bool,
) -> GridDesign | Exploration:
    """A grid of sizes, or a search that takes no more lanes than its part of the account."""
    if not options.adaptive:
        return _grid(options, function, architectures)
    exploration = explore(options, function, architectures, known.traffic, known.hints)
    each_s, together_s = publishing_waits(function, in_place=in_place)
    return replace(
        exploration,
        most_lanes=min(exploration.most_lanes, part.concurrency),
        publishing_s=each_s,
        publishing_batch_s=together_s,
    )


def _cold(search: GridDesign | Exploration, options: RunOptions, part: Share) -> GridDesign | Exploration:
    """As many cold starts as there may be invocations at one time: a later one might find an environment free.

    Raises:
        UsageError: there may not be as many as were asked for, or not two.
    """
    if not options.only_cold_starts or isinstance(search, Exploration):
        return search
    most, invocations = part.concurrency, search.invocations
    if options.invocations is None:
        invocations = min(invocations, most)
    least = max(2, min_invocations(options.workload), invocations)
    if most < least:
        raise UsageError(
            f"{plural(least, 'cold start')} of a size take as many invocations at one time, and this "
            f"run may have {most}",
            hint=f"take fewer --invocations, raise --concurrency, or raise the limit of the {part.pool}",
        )
    return replace(search, invocations=invocations)


def _check(design: Design, function: FunctionState, prices: RegionPrices, max_spend: float) -> None:
    """Refuse what would be found out only after something was changed."""
    _check_reports(design, function)
    for configuration in extremes(design):
        make_tariff(configuration, function, prices)  # what has no price cannot be judged
    check_affordable(extremes(design), function, prices, max_spend)


def _estimate(
    design: Design, function: FunctionState, prices: RegionPrices, known: PriorKnowledge, max_spend: float
) -> RunEstimate:
    return estimate(
        design,
        function,
        prices,
        average_ms=known.average_ms,
        max_spend=max_spend,
        copies=copied(design, function),
    )


def _design(
    options: RunOptions, search: GridDesign | Exploration, prices: RegionPrices, concurrency: int, *, isolate: bool
) -> Design:
    invocations = search.invocations if isinstance(search, GridDesign) else search.most
    # Results files keep the old names of two options, `lanes` and `telemetry`.
    return Design(
        search=search,
        lanes=invocations
        if options.only_cold_starts
        else min(options.environments or LANES, invocations, concurrency),
        concurrency=concurrency,
        seed=options.seed,
        telemetry=options.report_source,
        payloads=payload_shares(options.workload),
        sleep_ms=options.sleep_ms,
        max_spend=options.max_spend,
        pre_processor=_name(options.pre_processor),
        post_processor=_name(options.post_processor),
        isolate=isolate,
        usage=options.usage,
        prices_as_of=prices.as_of,
        allowed_errors=options.allowed_errors,
        only_cold_starts=options.only_cold_starts,
    )


def payload_shares(workload: Workload) -> tuple[PayloadShare, ...]:
    """What is kept of the events of a workload."""
    return tuple(
        PayloadShare(sha256=hashlib.sha256(payload.body).hexdigest(), weight=payload.weight)
        for payload in workload.payloads
    )


def _storage_advisories(design: Design, function: FunctionState, production: Production) -> tuple[Advisory, ...]:
    """See whether the versions of a grid, or those that a search probably publishes, can be stored."""
    match design.search:
        case GridDesign(configurations=configurations):
            guessed = False
        case Exploration() as exploration:
            configurations, guessed = searched(exploration), True
    return check_code_storage(
        function,
        production,
        versions=len(configurations),
        copies=len(copied(design, function)),
        guessed=guessed,
    )


def _check_reports(design: Design, function: FunctionState) -> None:
    """Refuse to measure the function itself where it would report nothing; a copy is made to report."""
    if function.drops_reports and not design.isolate and function.architecture in design.architectures:
        raise FunctionRefused(
            f"{function.name} logs with SystemLogLevel {function.system_log_level}, which drops the reports of "
            "invocations that succeed",
            hint="measure a temporary copy, which logs them, with --isolate, or set SystemLogLevel to INFO",
        )


def _grid(options: RunOptions, function: FunctionState, architectures: tuple[Architecture, ...]) -> GridDesign:
    sizes = options.memory or tuple(sorted({*DEFAULT_MEMORY_MB, function.memory_mb}))
    configurations = tuple(Configuration(memory_mb=mb, architecture=each) for mb in sizes for each in architectures)
    return GridDesign(
        configurations=configurations, invocations=options.invocations or INVOCATIONS, goal=options.goal
    )


def _image_uris(options: RunOptions, function: FunctionState) -> tuple[tuple[Architecture, str], ...]:
    """The images of the other architecture; the function's own is what it has."""
    given = {Architecture.ARM64: options.image_uri_arm64, Architecture.X86_64: options.image_uri_x86_64}
    given.pop(function.architecture)
    return tuple((architecture, uri) for architecture, uri in given.items() if uri is not None)


def _name(processor: FunctionRef | None) -> str | None:
    return None if processor is None else str(processor)
