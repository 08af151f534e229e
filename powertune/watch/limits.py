"""From evidence to limits: what each alarm of a function compares its metric with."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from powertune.config.watch_options import WatchOptions
from powertune.errors import UsageError
from powertune.region_prices import RegionPrices
from powertune.units import format_ms, format_usd
from powertune.watch.cost import day_cost
from powertune.watch.model import (
    ConcurrencyAlarm,
    CostAlarm,
    DurationAlarm,
    ErrorAlarm,
    FunctionWatch,
    ProductionUse,
    Watch,
    WatchedFunction,
)
from powertune.watch.percentile import LEAST, SampleP95
from powertune.watch.rhythms import (
    LEAST_FOR_ERRORS,
    LEAST_FOR_P95,
    per_period,
    rhythm_for,
    rhythm_words,
)

#: How much more than the busiest day of the last weeks a day may cost.
COST_FACTOR = 1.5
#: Of fewer reserved concurrent executions, one that runs takes them all, which is as it should be.
LEAST_RESERVED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvidence:
    """What a run measured of the configuration that a function has now; None where that is too little, or nothing."""

    run_id: str
    p95_ms: SampleP95 | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEvidence:
    """What is known of a function. `use` is None where CloudWatch did not say; `unknown` says why."""

    function: WatchedFunction
    run: RunEvidence | None = None
    use: ProductionUse | None = None
    unknown: str = ""
    notes: tuple[str, ...] = ()


def make_watch(
    known: Sequence[WatchEvidence], prices: RegionPrices, wanted: WatchOptions, *, unreserved_concurrency: int
) -> Watch:
    """Decide every limit.

    Args:
        known: the functions, all of one region.
        prices: of that region.
        unreserved_concurrency: what all functions without reserved concurrency share.

    Raises:
        UsageError: nothing tells a limit of one of them, and nobody has chosen it.
    """
    missing: list[tuple[str, str]] = []
    functions: list[FunctionWatch] = []
    for each in known:
        duration = _duration(each, wanted)
        cost = _cost(each, prices, wanted)
        if duration is None:
            missing.append(("--max-p95", f"p95 duration of {each.function.label} ({_why_no_p95(each)})"))
        if cost is None:
            missing.append(("--max-cost-per-day", f"cost per day of {each.function.label} ({_why_no_cost(each)})"))
        if duration is not None and cost is not None:
            functions.append(_function_watch(each, duration, cost, wanted))
    if missing:
        raise UsageError(
            f"no evidence for a limit on the {', nor on the '.join(what for _, what in missing)}", hint=_hint(missing)
        )
    shared = any(each.function.reserved_concurrency is None for each in functions)
    return Watch(
        functions=tuple(functions),
        prices=prices,
        unreserved=_concurrency(unreserved_concurrency, wanted) if shared else None,
    )


def _function_watch(
    known: WatchEvidence, duration: DurationAlarm, cost: CostAlarm, wanted: WatchOptions
) -> FunctionWatch:
    function = known.function
    per_day = _per_day(known)
    errors = ErrorAlarm(
        share=wanted.max_errors, least_invocations=LEAST_FOR_ERRORS, rhythm=rhythm_for(per_day, LEAST_FOR_ERRORS)
    )
    reserved = function.reserved_concurrency
    concurrency = None if reserved is None or reserved < LEAST_RESERVED else _concurrency(reserved, wanted)
    return FunctionWatch(
        function=function,
        duration=duration,
        errors=errors,
        cost=cost,
        concurrency=concurrency,
        notes=(*known.notes, *_exceeded(known, duration), *_notes(function, duration, errors, per_day)),
    )


def _duration(known: WatchEvidence, wanted: WatchOptions) -> DurationAlarm | None:
    """From what somebody chose, else from the run, else from production."""
    rhythm = rhythm_for(_per_day(known), LEAST_FOR_P95)
    chosen = wanted.max_p95_ms.of(known.function.label)
    if chosen is not None:
        return DurationAlarm(limit_ms=chosen, reference_ms=None, tuned=False, evidence="--max-p95", rhythm=rhythm)
    tuned = False
    if known.run is not None and (measured := known.run.p95_ms) is not None:
        limit_ms, reference_ms, tuned = measured.upper, measured.p95, True
        evidence = f"run {known.run.run_id}: p95 {format_ms(reference_ms)}, at most {format_ms(limit_ms)}"
        evidence += f" (95 %, n = {measured.n:,})"
    elif days := _significant(known.use):
        limit_ms, reference_ms = max(days), sorted(days)[len(days) // 2]
        evidence = (
            f"production: p95 {format_ms(reference_ms)}, at most {format_ms(limit_ms)} (a day's, of {len(days)})"
        )
    else:
        return None
    return DurationAlarm(
        limit_ms=_rounded_up(limit_ms * (1 + wanted.tolerance)),
        reference_ms=reference_ms,
        tuned=tuned,
        evidence=f"{evidence}, plus {wanted.tolerance:.0%}",
        rhythm=rhythm,
    )


def _significant(use: ProductionUse | None) -> list[float]:
    """The p95 of each day with enough invocations for one; of all days, where these have enough together."""
    if use is None or use.invocations < LEAST_FOR_P95:
        return []
    known = [day for day in use.used if day.p95_ms is not None and day.p95_ms > 0]
    busy = [day for day in known if day.invocations >= LEAST_FOR_P95]
    return [day.p95_ms for day in busy or known if day.p95_ms is not None]


def _cost(known: WatchEvidence, prices: RegionPrices, wanted: WatchOptions) -> CostAlarm | None:
    """From what somebody chose, else from the busiest day."""
    chosen = wanted.max_cost_per_day.of(known.function.label)
    if chosen is not None:
        return CostAlarm(limit=chosen, evidence="--max-cost-per-day")
    days = () if known.use is None else known.use.used
    highest = max((day_cost(day, known.function, prices) for day in days), default=0.0)
    if known.use is None or highest <= 0:
        return None
    spent = format_usd(highest, prices.currency)
    evidence = f"production: {spent} on the most expensive of {known.use.days} days, times {COST_FACTOR:g}"
    return CostAlarm(limit=_rounded_up(highest * COST_FACTOR), evidence=evidence)


def _concurrency(available: int, wanted: WatchOptions) -> ConcurrencyAlarm:
    # 100 times 0.29 is a little less than 29.
    return ConcurrencyAlarm(limit=math.floor(round(available * wanted.concurrency_share, 6)), available=available)


def _per_day(known: WatchEvidence) -> float | None:
    return None if known.use is None or not known.use.used else known.use.invocations_per_day


def _exceeded(known: WatchEvidence, duration: DurationAlarm) -> Iterator[str]:
    """That an alarm will go off at once: a run has no cold starts among its invocations, and its own events."""
    days = _significant(known.use)
    above = sum(day > duration.limit_ms for day in days)
    if 2 * above > len(days):
        yield (
            f"the p95 of {known.function.label} was above {format_ms(duration.limit_ms)} on {above} of {len(days)} "
            "days in production: unless it has been tuned since, this alarm will go off. Its events or its cold "
            "starts are not those that were measured: choose --max-p95"
        )


def _notes(
    function: WatchedFunction, duration: DurationAlarm, errors: ErrorAlarm, per_day: float | None
) -> list[str]:
    notes = []
    if duration.limit_ms >= function.timeout_s * 1000:
        notes.append(
            f"{function.label} ends after {function.timeout_s} s, so that its p95 cannot exceed "
            f"{format_ms(duration.limit_ms)}; timeouts are errors: lower --max-p95 or --tolerance"
        )
    if per_day is None:
        notes.append(
            f"how often {function.label} is invoked is not known: its alarms look at periods of an hour; "
            "run this again when it has been in use for a week"
        )
        return notes
    for what, least, rhythm in (
        ("p95 alarm", LEAST_FOR_P95, duration.rhythm),
        ("error alarm", errors.least_invocations, errors.rhythm),
    ):
        if per_period(per_day, rhythm) < least:
            notes.append(
                f"{function.label} has {per_period(per_day, rhythm):,.3g} invocations {rhythm_words(rhythm)}, "
                f"and its {what} needs {least}: it will hardly ever go off"
            )
    return notes


def _why_no_p95(known: WatchEvidence) -> str:
    if known.run is None:
        measured = "no results file"
    else:
        measured = f"run {known.run.run_id} has fewer than {LEAST} invocations at {known.function.configuration}"
    return f"{measured}; {_why_no_cost(known)}"


def _why_no_cost(known: WatchEvidence) -> str:
    if known.use is None:
        return known.unknown
    count = known.use.invocations
    return f"{'no' if not count else f'only {count:,}'} invocations in {known.use.days} days"


def _hint(missing: Sequence[tuple[str, str]]) -> str:
    examples = {
        "--max-p95": "--max-p95 300ms or measure with `powertune run --invocations 100`",
        "--max-cost-per-day": "--max-cost-per-day 5usd",
    }
    ways = dict.fromkeys(examples[option] for option, _ in missing)
    return f"choose it: {'; and '.join(ways)}; for one of several functions as NAME=VALUE"


def _rounded_up(value: float) -> float:
    """Three significant digits, not below the value."""
    digits = 2 - math.floor(math.log10(value))
    return float(f"{math.ceil(round(value * 10**digits, 6)) / 10**digits:.12g}")
