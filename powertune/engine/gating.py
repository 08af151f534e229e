"""A gate whose samples are taken while it is judged: functions as they are, side by side, look after look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from powertune.aws.pinned import PinnedTarget
from powertune.config import RunOptions
from powertune.engine.access import Access
from powertune.engine.gate_plan import PlannedGate, PlannedSide, target_of
from powertune.errors import FunctionFailed, Inconclusive
from powertune.gate.judging import judge
from powertune.gate.matching import match_cases
from powertune.gate.model import Case, GatedRun, Judgement
from powertune.gate.rules import Rules
from powertune.gate.sequence import GateLimits, Samples, Spent, first_samples, next_samples, why_no_more
from powertune.measure import Contender, SampleAmount, SideBySide, SideObserver
from powertune.measure.side_by_side import BUDGET, INFEASIBLE
from powertune.model import NO_REPORTS, Population, TuningRun
from powertune.prices import PriceTable

#: With fewer warm invocations of a side, there is nothing to judge.
_LEAST = 2
#: Why nothing more could be measured, in words.
_ENDED = {
    BUDGET: "the next invocation might exceed max-spend",
    INFEASIBLE: "a side has timed out, run out of memory, or failed too often",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTerms:
    """What a gate judges by, how much it may take, and with what it compares.

    `stored` are baselines that were measured before, by the names of their candidates.
    """

    rules: Rules
    limits: GateLimits
    prices: PriceTable
    stored: Mapping[str, GatedRun] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGate:
    """What became of it. `measured`: the samples were taken for it, and not read from files.

    `stopped` says why no more samples were taken of a gate that is inconclusive.
    """

    cases: tuple[Case, ...]
    judgement: Judgement
    measured: bool
    stopped: str | None = None


def judge_live(
    access: Access,
    gate: PlannedGate,
    options: RunOptions,
    terms: GateTerms,
    observer: SideObserver,
    *,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> JudgedGate:
    """Measure, and judge, until the gate is decided or a limit is reached.

    Every round is handed to `observer.saved`, also that which an interruption or a failure has ended.

    Raises:
        Changed: somebody has deployed to a function meanwhile, or deleted the version.
        FunctionFailed: the baseline does not run; or the candidate does not, and there is no baseline that does.
        Inconclusive: no invocation has a report.
        UsageError: as `judge`.
    """
    targets = {side.name: target_of(access, side, options, clock=clock) for side in gate.sides}
    contenders = [
        Contender(name=side.name, group=side.group, plan=side.plan, target=targets[side.name]) for side in gate.sides
    ]
    session = SideBySide(
        contenders, observer, max_spend=options.max_spend, seed=options.seed, clock=clock, sleep=sleep
    )
    reason = "interrupted"
    try:
        judged = _look_by_look(session, gate, terms, targets)
        reason = "complete"
    finally:
        session.close(reason)
    return judged


def _look_by_look(
    session: SideBySide, gate: PlannedGate, terms: GateTerms, targets: Mapping[str, PinnedTarget]
) -> JudgedGate:
    samples: Samples | None = first_samples(terms.limits, sides=len(gate.sides))
    environments = invocations = 0
    while samples is not None:
        environments += samples.environments
        invocations += samples.environments * samples.warm_invocations
        session.measure(
            {
                side.name: SampleAmount(
                    invocations=invocations, environments=min(environments, side.plan.design.concurrency)
                )
                for side in gate.sides
            }
        )
        for target in targets.values():
            target.check_unchanged()
        runs = session.runs("complete")
        check_runs(gate.sides, runs, _excused(gate, runs, terms.stored))
        cases = _cases(gate, runs, terms.stored)
        judgement = judge(cases, terms.rules, terms.prices, samples.look)
        spent = Spent(
            invocations=sum(len(each.invocations) for run in runs.values() for each in run.measurements),
            cost=session.spent,
        )
        samples = next_samples(judgement, cases, spent, terms.limits) if session.active else None
    stopped = why_no_more(judgement, cases, spent, terms.limits) if session.active else _why_ended(judgement, runs)
    return JudgedGate(cases=cases, judgement=judgement, measured=True, stopped=stopped)


def _cases(gate: PlannedGate, runs: Mapping[str, TuningRun], stored: Mapping[str, GatedRun]) -> tuple[Case, ...]:
    cases: list[Case] = []
    for candidate, baseline in gate.pairs:
        mine = _gated(gate.side(candidate), runs)
        if baseline is None:
            cases.extend(match_cases([mine], [stored[candidate]] if candidate in stored else ()))
        else:
            theirs = _gated(gate.side(baseline), runs)
            cases.extend(match_cases([mine], [theirs], allow_other_function=True, side_by_side=True))
    return tuple(cases)


def _gated(side: PlannedSide, runs: Mapping[str, TuningRun]) -> GatedRun:
    return GatedRun(run=runs[side.name], label=side.label, package_bytes=side.plan.function.package_bytes)


def check_runs(
    sides: Sequence[PlannedSide], runs: Mapping[str, TuningRun], excused: frozenset[str] = frozenset()
) -> None:
    """See that each side has run.

    Args:
        excused: sides that may have failed, because they can be judged all the same.

    Raises:
        FunctionFailed, Inconclusive: one has not; or it has no reports, or the budget ended it at once.
    """
    for side in sides:
        run = runs[side.name]
        if side.name not in excused:
            _check_feasible(side, run)
            _check_samples(side, run)
        if run.stopped == NO_REPORTS and not any(_has_report(each) for each in runs.values()):
            lost = next((each for each in run.advisories if each.code == "no-reports"), None)
            raise Inconclusive(
                f"{side.label}: {lost.message if lost else 'no invocation has a report'}",
                hint=lost.next_step if lost else "look at the function's log",
            )


def _excused(gate: PlannedGate, runs: Mapping[str, TuningRun], stored: Mapping[str, GatedRun]) -> frozenset[str]:
    """The sides that may have failed.

    A candidate that fails where its baseline works is a result: the gate fails, and its report says so. So is a side
    that fails now and then, if there are enough samples beside.
    """
    found = {name for name, run in runs.items() if _warm(run) >= _LEAST}
    for candidate, baseline in gate.pairs:
        known = stored.get(candidate)
        theirs = runs[baseline] if baseline is not None else known.run if known is not None else None
        if theirs is not None and _works(theirs) and any(each.infeasible for each in runs[candidate].measurements):
            found |= {candidate, *(() if baseline is None else (baseline,))}
    return frozenset(found)


def _works(run: TuningRun) -> bool:
    return any(each.invocations.succeeded and not each.infeasible for each in run.measurements)


def _warm(run: TuningRun) -> int:
    return sum(each.invocations.count(Population.WARM) for each in run.measurements)


def _check_feasible(side: PlannedSide, run: TuningRun) -> None:
    why = next((each.infeasible for each in run.measurements if each.infeasible), None)
    if why is None:
        return
    role = side.name.partition(" ")[0]
    said = next((f"; {each.message}" for each in run.advisories if each.code == "function-error"), "")
    alone = "; to judge the candidate without a baseline, give budgets only" if role == "baseline" else ""
    raise FunctionFailed(
        f"the {role} {side.label} {why}{said}", hint=f"look at its log, its payload and its timeout{alone}"
    )


def _check_samples(side: PlannedSide, run: TuningRun) -> None:
    """See that there is something to judge, unless nothing has a report.

    Raises:
        Inconclusive: the budget ended it at once, or the machine is too busy.
    """
    if _warm(run) >= _LEAST:
        return
    if run.stopped == BUDGET:
        raise Inconclusive(
            f"--max-spend ended the gate before {side.label} had {_LEAST} warm invocations",
            hint="raise --max-spend: each invocation is counted at the most that it can cost until it has ended",
        )
    waits = [waited for each in run.measurements for waited in each.invocations.column("waited_ms")]
    if disturbed := sum(map(bool, waits)):
        raise Inconclusive(
            f"other programs on this machine disturbed {disturbed} of {len(waits)} invocations of {side.label}",
            hint="gate when the machine is less busy, and run one gate at a time",
        )


def _has_report(run: TuningRun) -> bool:
    return any(value is not None for each in run.measurements for value in each.invocations.column("duration_ms"))


def _why_ended(judgement: Judgement, runs: Mapping[str, TuningRun]) -> str | None:
    """Why nothing more could be measured of a gate that is still open."""
    if not judgement.is_open:
        return None
    reason = next(run.stopped for run in runs.values())
    return _ENDED.get(reason, reason)
