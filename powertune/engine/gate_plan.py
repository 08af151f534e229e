"""What a gate is going to measure: functions as they are, looked at before anything is invoked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from powertune.as_is import plan_as_is
from powertune.aws.client import Aws
from powertune.aws.identity import about_end
from powertune.aws.pinned import LATEST, Pin, PinnedTarget
from powertune.aws.preflight import preflight_as_is
from powertune.config import RunOptions
from powertune.engine.access import Access
from powertune.engine.direct import LONGEST_TIMEOUT_S, by_file, check_processors
from powertune.errors import UsageError
from powertune.model import Advisory, FunctionRef
from powertune.plan import Plan
from powertune.prices import PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFunction:
    """A function to measure as it is. `label` is what a person calls it; None for its name and version."""

    ref: FunctionRef
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePair:
    """A candidate to measure, and the baseline to measure beside it; None if there is none, or it is in a file."""

    candidate: LiveFunction
    baseline: LiveFunction | None = None

    @property
    def sides(self) -> tuple[LiveFunction, ...]:
        """What is measured, the baseline first."""
        return (self.candidate,) if self.baseline is None else (self.baseline, self.candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSide:
    """A function that was looked at: what is going to be invoked, and with how much concurrency.

    `before` is what to say before measuring, and of no use in a report of it.
    """

    name: str
    group: str
    label: str
    plan: Plan
    pin: Pin
    before: tuple[Advisory, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedGate:
    """What a gate is going to measure. `pairs` are the names of candidates and baselines, which `sides` describe."""

    sides: tuple[PlannedSide, ...]
    pairs: tuple[tuple[str, str | None], ...]

    def side(self, name: str) -> PlannedSide:
        """The side of a name."""
        return next(each for each in self.sides if each.name == name)


def plan_gate(
    access: Access, pairs: Sequence[LivePair], options: RunOptions, prices: PriceTable, *, run_id: str, now: float
) -> PlannedGate:
    """Look at the functions, and see that they can be compared. Changes nothing.

    Args:
        run_id: how the ids of the runs begin.
        now: seconds since the epoch.

    Raises:
        NotFound, FunctionRefused, FunctionBusy: as `preflight_as_is`.
        UsageError: candidate and baseline are of different sizes, so that they are no measurement of the code.
    """
    sides: list[PlannedSide] = []
    named: list[tuple[str, str | None]] = []
    beside = sum(len(pair.sides) for pair in pairs)
    aws = access.aws(rate=options.rate)
    for number, pair in enumerate(pairs):
        found: list[PlannedSide] = []
        for live in pair.sides:
            plan, pin = _planned(
                aws, live, options, prices, run_id=f"{run_id}{len(sides) + len(found)}", now=now, beside=beside
            )
            found.append(
                PlannedSide(
                    name=f"{'candidate' if live is pair.candidate else 'baseline'} {number}",
                    group=str(number),
                    label=live.label or _label(live.ref, pin),
                    plan=plan,
                    pin=pin,
                    before=about_end(access.ends_at, plan.estimate.typical_s, now),
                )
            )
        _check_same_size(found)
        sides.extend(found)
        named.append((found[-1].name, found[0].name if pair.baseline is not None else None))
    return PlannedGate(sides=tuple(sides), pairs=tuple(named))


def _planned(
    aws: Aws, live: LiveFunction, options: RunOptions, prices: PriceTable, *, run_id: str, now: float, beside: int
) -> tuple[Plan, Pin]:
    """The plan of one function, and the version that its name means now."""
    read, pin = preflight_as_is(aws, live.ref, now=now, usage=options.usage)
    told = by_file(options, read.state)
    check_processors(aws, options, told)
    region = prices.region(read.state.region)
    plan = plan_as_is(options, read.state, region, read.known, run_id=run_id, beside=beside)
    return replace(plan, advisories=(*plan.advisories, *read.advisories), from_file=told), pin


def _check_same_size(sides: Sequence[PlannedSide]) -> None:
    first, last = sides[0], sides[-1]
    mine, theirs = last.plan.function.current, first.plan.function.current
    if mine != theirs:
        raise UsageError(
            f"the candidate {last.label} has {mine}, and the baseline {first.label} has {theirs}: what differs is "
            "not the code alone",
            hint="compare at the same size, or judge the candidate by budgets alone",
        )


def target_of(access: Access, side: PlannedSide, options: RunOptions, *, clock: Callable[[], float]) -> PinnedTarget:
    """What is invoked of a side."""
    processors = (options.pre_processor, options.post_processor)
    aws = access.aws(
        function_timeout_s=side.plan.function.timeout_s if processors == (None, None) else LONGEST_TIMEOUT_S,
        concurrency=side.plan.design.concurrency,
        rate=options.rate,
    )
    return PinnedTarget(aws, side.plan, side.pin, processors=processors, clock=clock)


def _label(ref: FunctionRef, pin: Pin) -> str:
    """`orders:prod (version 7)`, `orders:7`, `orders`."""
    name = ref.name if ref.qualifier in (None, LATEST) else f"{ref.name}:{ref.qualifier}"
    return name if pin.version in (LATEST, ref.qualifier) else f"{name} (version {pin.version})"
