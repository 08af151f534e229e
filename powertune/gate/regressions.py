"""Each metric of a candidate against its baseline's."""

import math
from collections.abc import Iterator
from functools import partial

from powertune.analysis.estimates import Estimate, total
from powertune.analysis.staying import SHORTEST_MS
from powertune.errors import UsageError
from powertune.gate.bounds import MOST_TO_DECIDE, Bounds, decide, growth_of_log, log_bounds, scaled
from powertune.gate.confidence import Tails
from powertune.gate.error_checks import plan_compared_errors
from powertune.gate.figure_text import amount_text, change_text
from powertune.gate.gated_metrics import METRICS, PER_MILLION_UNIT
from powertune.gate.model import Check, CheckKind, Figure, GateVerdict, Level, Tolerances
from powertune.gate.observing import ObservedSide
from powertune.gate.planned import CheckPlan, ObservedCase, PlannedCheck
from powertune.units import PER_MILLION, format_share

#: With fewer cold starts on a side, their init phases say next to nothing of a tolerance of 10 %.
LEAST_COLD_STARTS = 5
_SAMPLED = ("duration", "cost", "init")
#: A package that grows by less does so because code was written: it starts no slower.
_LEAST_GROWTH_MB = 0.1


def plan_regressions(seen: ObservedCase, tolerances: Tolerances) -> CheckPlan:
    """The checks of a case against its baseline: none without one, except that no invocation may fail.

    Raises:
        UsageError: a metric that a person has named was not measured.
    """
    if seen.baseline is None:
        return CheckPlan(checks=())
    checks, notes = [plan_compared_errors(seen)], []
    for metric in () if seen.candidate.measurement.failed_always else METRICS:
        tolerance = tolerances.of(metric)
        if tolerance is None:
            continue
        if missing := _missing(seen, metric):
            if metric in tolerances.asked:
                raise UsageError(f"{metric} of {seen} cannot be compared: {missing}", hint=f"leave out {metric}")
            notes.append(f"{metric} of {seen} is not judged: {missing}")
            continue
        sampled = metric in _SAMPLED
        check = partial(_compared if sampled else _strict, seen, metric, tolerance, asked=metric in tolerances.asked)
        checks.append(PlannedCheck(function=seen.function, sampled=sampled, answer=check))
    return CheckPlan(checks=tuple(checks), notes=tuple(notes))


def _missing(seen: ObservedCase, metric: str) -> str | None:
    """Why a metric cannot be compared, if it cannot. That a sample is small is no reason while more may come."""
    assert seen.baseline is not None
    for side in (seen.candidate, seen.baseline):
        if metric == "max_memory" and side.max_memory_mb is None:
            return f"no memory use was reported for {side.label}"
        if metric == "package_size" and side.package_mb is None:
            return f"the package size of {side.label} is not known"
        if metric == "init" and side.init.count < LEAST_COLD_STARTS and seen.look.is_last:
            return f"{side.label} has {side.init.count} cold starts, and it takes {LEAST_COLD_STARTS}"
    return None


def _compared(seen: ObservedCase, metric: str, tolerance: float, tails: Tails, *, asked: bool) -> Check:
    """A metric that varies, by the interval of the ratio."""
    assert seen.baseline is not None
    sides = (seen.candidate, seen.baseline)
    mine, theirs = (_log(side, metric) for side in sides)
    figure, baseline = (_figure(side, metric, each, tails) for side, each in zip(sides, (mine, theirs), strict=True))
    log = None if mine is None or theirs is None else total([mine, theirs.times(-1)])
    bounds = log_bounds(log, tails)
    ratio = to_decide = None
    reason = "too few samples to compare"
    verdict = decide(bounds, 1 + tolerance)
    if log is not None and figure is not None and baseline is not None:
        ratio = Figure(value=math.exp(log.mean), interval=bounds, samples=min(figure.samples, baseline.samples))
        reason = _reason(ratio, metric, tolerance, verdict)
    if log is not None and bounds is not None and verdict is GateVerdict.INCONCLUSIVE:
        made = seen.candidate.made_for(metric)
        to_decide = _to_decide(log, bounds, 1 + tolerance, made)
    return Check(
        kind=CheckKind.REGRESSION,
        function=seen.function,
        configuration=seen.case.configuration,
        metric=metric,
        rule=rule_text(metric, tolerance),
        unit=_unit(seen.candidate, metric),
        limit=tolerance,
        level=_level(seen, metric, verdict, asked=asked),
        verdict=verdict,
        reason=reason,
        figure=figure,
        baseline=baseline,
        ratio=ratio,
        invocations_to_decide=to_decide,
    )


def _level(seen: ObservedCase, metric: str, verdict: GateVerdict, *, asked: bool) -> Level:
    """What a person has not asked for can fail a build only where that means something.

    Cold starts are few, so a tolerance for init that nobody asked for must not make every gate inconclusive.
    Durations of a millisecond or two jitter by much of their length, and Lambda bills whole milliseconds, so it is
    the cost that says what a change of them is worth.
    """
    if asked:
        return Level.ERROR
    if metric == "init" and verdict is GateVerdict.INCONCLUSIVE:
        return Level.WARN
    if metric == "duration" and is_short(seen):
        return Level.WARN
    return Level.ERROR


def is_short(seen: ObservedCase) -> bool:
    """Whether both sides are so short that rounding to whole milliseconds decides what they cost."""
    sides = [side for side in (seen.candidate, seen.baseline) if side is not None]
    return all(0 < side.duration.mean < SHORTEST_MS for side in sides)


def _log(side: ObservedSide, metric: str) -> Estimate | None:
    match metric:
        case "duration":
            return side.duration.log
        case "init":
            return side.init.log
        case _:
            return None if side.costing is None else side.costing.log


def _figure(side: ObservedSide, metric: str, log: Estimate | None, tails: Tails) -> Figure | None:
    if log is None:
        return None
    scale = PER_MILLION if metric == "cost" else 1
    bounds = log_bounds(log, tails)
    sample = side.init if metric == "init" else side.duration
    return Figure(
        value=scale * math.exp(log.mean),
        interval=scaled(bounds, scale),
        samples=sample.count,
        environments=sample.from_environments,
    )


def _to_decide(log: Estimate, bounds: Bounds, limit: float, made: int) -> int | None:
    more = (growth_of_log(log, bounds, limit) - 1) * made
    return math.ceil(more) if 0 < more <= MOST_TO_DECIDE else None


def _strict(seen: ObservedCase, metric: str, tolerance: float, _tails: Tails, *, asked: bool) -> Check:
    """A metric that hardly varies, as it is."""
    assert seen.baseline is not None
    mine, theirs = (single_figure(side, metric) for side in (seen.candidate, seen.baseline))
    assert mine is not None
    assert theirs is not None
    ratio = Figure(value=mine.value / theirs.value, interval=None, samples=mine.samples) if theirs.value else None
    verdict = GateVerdict.FAILED if mine.value > theirs.value * (1 + tolerance) else GateVerdict.PASSED
    small = metric == "package_size" and mine.value - theirs.value < _LEAST_GROWTH_MB
    unit = METRICS[metric].unit
    sizes = f"{amount_text(mine.value, unit)}, the baseline {amount_text(theirs.value, unit)}"
    change = sizes if ratio is None else f"{change_text(ratio, metric)}: {sizes}"
    return Check(
        kind=CheckKind.REGRESSION,
        function=seen.function,
        configuration=seen.case.configuration,
        metric=metric,
        rule=rule_text(metric, tolerance),
        unit=unit,
        limit=tolerance,
        level=Level.WARN if small and not asked and verdict is GateVerdict.FAILED else Level.ERROR,
        verdict=verdict,
        reason=f"{change}; at most {format_share(tolerance)} more is allowed",
        figure=mine,
        baseline=theirs,
        ratio=ratio,
    )


def single_figure(side: ObservedSide, metric: str) -> Figure | None:
    """A metric that is one figure; None where it was not measured."""
    value = side.max_memory_mb if metric == "max_memory" else side.package_mb
    if value is None:
        return None
    samples = len(side.measurement.invocations) if metric == "max_memory" else 1
    return Figure(value=float(value), interval=None, samples=samples)


def rule_text(metric: str, tolerance: float) -> str:
    """`duration<=+5%`."""
    return f"{metric}<=+{100 * tolerance:.3g}%"


def _unit(side: ObservedSide, metric: str) -> str:
    return f"{side.currency}{PER_MILLION_UNIT}" if metric == "cost" else METRICS[metric].unit


def _reason(ratio: Figure, metric: str, tolerance: float, verdict: GateVerdict) -> str:
    words = METRICS[metric]
    change, most = change_text(ratio, metric), f"{format_share(tolerance)} {words.more}"
    if verdict is GateVerdict.INCONCLUSIVE:
        return f"{change}: the samples do not show whether it is at most {most}"
    return f"{change}; at most {most} is allowed"


def short_note(seen: ObservedCase) -> Iterator[str]:
    """What to know of durations of a millisecond or two."""
    if is_short(seen):
        yield (
            f"invocations of {seen} take less than {SHORTEST_MS:g} ms, and Lambda bills whole milliseconds: a change "
            "of the duration is a warning, unless --max-regression names duration"
        )
