"""What a run may take: invocations, money, and time. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from powertune.errors import UsageError
from powertune.model import Architecture, Configuration, Design, Exploration, FunctionState, GridDesign
from powertune.region_prices import RegionPrices
from powertune.search.precision import invocations_for
from powertune.units import format_usd, plain

#: Sizes to try when none are asked for: the powers of two up to a full vCPU, a full vCPU, and the old maximum.
DEFAULT_MEMORY_MB = (128, 256, 512, 1024, 1769, 3008)
#: What a search usually takes: this many of the usual sizes, from the smallest on, and invocations of each, which it
#: chooses in this many batches.
_SEARCHED_SIZES, _SEARCHED_INVOCATIONS, _SEARCHED_BATCHES = 5, 10, 3
#: With a precision: how many finalists race, and by how much their durations usually vary (coefficient of variation).
_FINALISTS, _USUAL_NOISE = 3, 0.08
#: SnapStart keeps, and bills, the snapshot of every published version for at least three hours.
SNAPSHOT_MINIMUM_S = 3 * 3600
#: Lambda ends an init phase after this time, and bills it.
INIT_LIMIT_S = 10

# What the control plane takes, about; see docs/explanation/aws-facts.md.
#: Publishing one size in place: set it, wait, publish, put the original size back, create the alias.
PUBLISH_S = 6.0
#: The same where Lambda sets up the network of a VPC again at each update.
PUBLISH_IN_VPC_S = 60.0
#: Taking SnapStart snapshots: the versions of one batch become ready side by side.
SNAPSHOT_S = 150.0
#: Making a temporary copy: download, create, wait until it is active. A VPC comes on top.
COPY_S = 10.0
#: The share of it that putting the original size back takes, once for all sizes that are published together.
PUT_BACK = 1 / 3
#: Publishing one size on the embedded AWS.
PUBLISH_EMBEDDED_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEstimate:
    """What the run may take. `worst_usd` lets every invocation run into its timeout, until the budget ends a search;
    the others assume that the function keeps the average duration of its last two weeks, and are None when that is
    not known. `publishing_s` is the part of the time that publishing takes, which is known in any case. What a search
    takes is a guess."""

    invocations: int
    worst_usd: float
    typical_usd: float | None
    typical_s: float | None
    publishing_s: float = 0.0


def estimate(
    design: Design,
    function: FunctionState,
    prices: RegionPrices,
    *,
    average_ms: float | None,
    max_spend: float,
    copies: tuple[Architecture, ...],
) -> RunEstimate:
    """Guess what a run takes. `average_ms` is the recent mean duration, if known; costs are in the region's currency.

    Args:
        copies: the architectures that are measured on a temporary copy.
    """
    match design.search:
        case GridDesign(configurations=configurations, invocations=invocations):
            # Cold starts need no warming up, and are not made again.
            warming = 0 if design.only_cold_starts else design.lanes
            each, at_once = invocations + warming, design.lanes
            # Environments that keep starting cold are replaced, up to twice the samples.
            most = invocations if design.only_cold_starts else 2 * invocations + design.lanes
            worst = most * sum(worst_cost(c, function, prices) for c in configurations)
            worst += sum(snapshot_cost(c, function, prices) for c in configurations)
        case Exploration() as exploration:
            configurations, at_once, worst = searched(exploration), 1, max_spend
            each = _SEARCHED_INVOCATIONS + math.ceil(_beside(exploration) / len(configurations))
    count = each * len(configurations)

    publishing_usd = sum(snapshot_cost(c, function, prices) for c in configurations)
    publishing_s = _publishing_s(design, function, len(configurations), len(copies))
    if average_ms is None or design.only_cold_starts:  # an average is mostly of warm ones, which take less
        return RunEstimate(
            invocations=count, worst_usd=worst, typical_usd=None, typical_s=None, publishing_s=publishing_s
        )
    typical = _typical_ms(configurations, function, average_ms)
    typical_usd = publishing_usd + each * sum(
        prices.invocation_cost(c, typical[c], function.ephemeral_storage_mb) for c in typical
    )
    parallel = min(design.concurrency, at_once * len(configurations))
    waiting_s = max(max(typical.values()) * each / at_once, sum(typical.values()) * each / parallel) / 1000
    return RunEstimate(
        invocations=count,
        worst_usd=worst,
        typical_usd=typical_usd,
        typical_s=publishing_s + waiting_s,
        publishing_s=publishing_s,
    )


def _beside(exploration: Exploration) -> int:
    """How many invocations a limit on a percentile and a precision take, beyond what a search takes without."""
    limit, precision, most = exploration.goal.max_duration, exploration.precision, exploration.most
    checking = 0 if limit is None else min(most, limit.statistic.fewest)
    racing = 0 if precision is None else _FINALISTS * min(most, invocations_for(precision, _USUAL_NOISE))
    return checking + racing


def searched(exploration: Exploration) -> tuple[Configuration, ...]:
    """The sizes that a search may well measure: it chooses them as it goes."""
    low, high = exploration.smallest_mb, exploration.largest_mb
    sizes = [size for size in DEFAULT_MEMORY_MB if low <= size <= high][:_SEARCHED_SIZES] or [low]
    return tuple(Configuration(memory_mb=mb, architecture=each) for mb in sizes for each in exploration.architectures)


def worst_cost(configuration: Configuration, function: FunctionState, prices: RegionPrices) -> float:
    """What one invocation can cost at most: one that runs into its timeout, after an init phase of 10 seconds."""
    longest_ms = 1000 * (function.timeout_s + INIT_LIMIT_S)
    restored = restore_cost(configuration, function, prices)
    return prices.invocation_cost(configuration, longest_ms, function.ephemeral_storage_mb) + restored


def restore_cost(configuration: Configuration, function: FunctionState, prices: RegionPrices) -> float:
    """The price of restoring a SnapStart snapshot once, beside the billed duration; Java's are free."""
    return prices.restore_cost(configuration.memory_mb) if function.pays_for_snapshots else 0.0


def snapshot_cost(configuration: Configuration, function: FunctionState, prices: RegionPrices) -> float:
    """The price of keeping the SnapStart snapshot of a published version for its minimum time; Java's are free."""
    if not function.pays_for_snapshots or prices.snapstart_cache is None:
        return 0.0
    return configuration.memory_mb / 1024 * SNAPSHOT_MINIMUM_S * prices.snapstart_cache


def execution_price(prices: RegionPrices, transitions: int) -> float | None:
    """What an execution of the state machine costs by itself, in the region's currency: each transition is charged.

    None where the price of the region is not known. Source: the pricing page of AWS Step Functions, Standard
    workflows; the free tier of an account is left out.
    """
    return None if prices.state_transition is None else prices.state_transition * transitions


def check_affordable(
    configurations: tuple[Configuration, ...], function: FunctionState, prices: RegionPrices, max_spend: float
) -> None:
    """Refuse a budget that could not pay for a single invocation, before anything is published for nothing.

    Raises:
        UsageError: it cannot.
    """
    least = min(worst_cost(c, function, prices) + snapshot_cost(c, function, prices) for c in configurations)
    if least > max_spend:
        raise UsageError(
            f"--max-spend {plain(max_spend)} may not pay for one invocation: with its timeout of "
            f"{function.timeout_s} s, one can cost {format_usd(least, prices.currency)}",
            hint=f"--max-spend {plain(float(f'{least * 10:.2g}'))} leaves room for ten",
        )


def _typical_ms(
    configurations: tuple[Configuration, ...], function: FunctionState, average_ms: float
) -> Mapping[Configuration, float]:
    """Half the memory is half the CPU: a smaller size takes at most that much longer, a larger one no longer."""
    return {
        c: min(1000.0 * function.timeout_s, average_ms * max(1.0, function.memory_mb / c.memory_mb))
        for c in configurations
    }


def publishing_waits(function: FunctionState, *, in_place: bool) -> tuple[float, float]:
    """How long people wait for a size to be published, and once for all that are published together, in seconds.

    The embedded AWS publishes in no time to speak of.
    """
    if function.platform is not None:
        return 0.0, 0.0
    both = PUBLISH_IN_VPC_S if function.vpc else PUBLISH_S
    back = PUT_BACK * both
    return both - back, (back if in_place else 0.0) + (SNAPSHOT_S if function.snapstart else 0.0)


def _publishing_s(design: Design, function: FunctionState, sizes: int, copies: int) -> float:
    """What the control plane takes: sizes are set one after the other, and snapshots taken side by side."""
    if function.platform is not None:
        return PUBLISH_EMBEDDED_S * (sizes + copies)
    each = PUBLISH_IN_VPC_S if function.vpc else PUBLISH_S
    copying = (COPY_S + (PUBLISH_IN_VPC_S if function.vpc else 0.0)) * copies
    batches = _SEARCHED_BATCHES if isinstance(design.search, Exploration) else 1
    return each * sizes + copying + (SNAPSHOT_S * batches if function.snapstart else 0.0)
