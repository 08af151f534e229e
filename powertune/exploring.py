"""What a search explores: sizes, batches, and how sure it gets. Pure."""

from powertune.config import MOST_INVOCATIONS, RunOptions
from powertune.errors import UsageError
from powertune.model import (
    Advisory,
    Architecture,
    Configuration,
    Design,
    Exploration,
    FunctionState,
    GridDesign,
    Hint,
    Traffic,
)
from powertune.search.precision import environments_for, invocations_for
from powertune.units import MB_PER_VCPU
from powertune.workload import min_invocations

#: Fewer warm invocations at a time would not show how noisy a size is.
_FEWEST = 2
#: A coefficient of variation that most functions stay below.
_NOISY = 0.18
#: How many environments a size is measured in at most; and for any precision that somebody may ask for.
_ENVIRONMENTS, _MOST_ENVIRONMENTS = 16, 100


def explore(
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
        policy=options.policy,
        smallest_mb=options.min_memory,
        largest_mb=largest,
        architectures=tuple(sorted(architectures, key=lambda each: each is not function.architecture)),
        goal=options.goal,
        precision=options.precision,
        invocations_per_month=monthly,
        lanes=options.environments,
        weights=tuple(payload.weight for payload in options.workload.payloads),
        batch=max(_FEWEST, min_invocations(options.workload)),
        most=options.invocations or _most_invocations(options.precision),
        most_lanes=_most_environments(options.precision),
        current=function.current if wanted else None,
        memory_used_mb=None if traffic is None else traffic.max_memory_used_mb,
        hints=hints,
    )


def _most_invocations(precision: float | None) -> int:
    """Of one size: as many as a precision takes where durations are noisy."""
    return MOST_INVOCATIONS if precision is None else max(MOST_INVOCATIONS, invocations_for(precision, _NOISY))


def _most_environments(precision: float | None) -> int:
    """Of one size, as far as its concurrency allows."""
    if precision is None:
        return _ENVIRONMENTS
    return min(_MOST_ENVIRONMENTS, max(_ENVIRONMENTS, environments_for(precision)))


def extremes(design: Design) -> tuple[Configuration, ...]:
    """The configurations of a grid; of a search those with the smallest size."""
    match design.search:
        case GridDesign(configurations=configurations):
            return configurations
        case Exploration(smallest_mb=smallest):
            return tuple(Configuration(memory_mb=smallest, architecture=each) for each in design.architectures)


def bounded_by_cores(
    search: GridDesign | Exploration, cores: float | None, options: RunOptions
) -> tuple[Advisory, ...]:
    """Say so if the CPU of this machine, on the embedded AWS, bounds a search."""
    if isinstance(search, GridDesign) or cores is None or search.largest_mb >= options.max_memory:
        return ()
    advisory = Advisory(
        code="bounded-by-cores",
        message=f"sizes are searched up to {search.largest_mb:,} MB, which is all the CPU of this machine "
        f"({cores:g} cores)",
        next_step="measure on AWS, or on a larger machine, for larger sizes",
    )
    return (advisory,)
