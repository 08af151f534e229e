"""Cases and rules to checks: each budget and each metric against its baseline, and what all of them say together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from powertune.analysis.run_comparison import basis_of
from powertune.errors import UsageError
from powertune.gate.budget_checks import plan_budget
from powertune.gate.confidence import tails
from powertune.gate.error_checks import plan_no_errors
from powertune.gate.model import ONLY_LOOK, Case, Judgement, Look
from powertune.gate.monthly import monthly_change
from powertune.gate.observing import observe_side
from powertune.gate.planned import CheckPlan, ObservedCase
from powertune.gate.regressions import plan_regressions, short_note
from powertune.gate.rules import GateBudget, Rules
from powertune.model import Population, TuningRun, Usage
from powertune.prices import PriceTable

#: A larger share of disturbed invocations is worth a note.
_MANY_DISTURBED = 0.1


def judge(cases: Sequence[Case], rules: Rules, prices: PriceTable, look: Look = ONLY_LOOK) -> Judgement:
    """Judge all cases by all rules.

    Raises:
        UsageError: there is nothing to check, a budget is about something that was not measured or in another
            currency, or prices are not known.
    """
    seen = [_observed(case, rules.usage, prices, look) for case in cases]
    plans = [_plan(each, rules) for each in seen]
    planned = [check for plan in plans for check in plan.checks]
    if not planned:
        raise UsageError(
            "there is nothing to check: no budget is for what was measured, and there is no baseline",
            hint="give a --budget such as 'p(95)<300ms', or a --baseline",
        )
    left_out = (note for plan in plans for note in plan.notes)
    functions = rules.functions or len({each.function for each in seen})
    sampled = Counter(check.function for check in planned if check.sampled)
    return Judgement(
        checks=tuple(
            check.answer(tails(rules.errors, look, functions=functions, checks=sampled[check.function]))
            for check in planned
        ),
        look=look,
        money=tuple(change for each in seen if (change := monthly_change(each)) is not None),
        notes=(
            *_same_code(cases),
            *_answers(cases),
            *_apart_on_one_machine(cases),
            *_disturbed(seen),
            *left_out,
            *_unused(seen, rules),
        ),
    )


def _observed(case: Case, usage: Usage, prices: PriceTable, look: Look) -> ObservedCase:
    runs = [gated.run for gated in (case.baseline, case.candidate) if gated is not None]
    usage = _one_basis(runs, usage)
    candidate = observe_side(case.candidate, case.configuration, prices, usage)
    if candidate is None:
        raise UsageError(
            f"{case.candidate.label} holds no measurement at {case.configuration}", hint="judge what was measured"
        )
    baseline = None if case.baseline is None else observe_side(case.baseline, case.configuration, prices, usage)
    return ObservedCase(case=case, candidate=candidate, baseline=baseline, look=look)


def _one_basis(runs: Sequence[TuningRun], usage: Usage) -> Usage:
    """Both sides are billed for the same traffic, or a change of it would look like a change of the function.

    What is not given comes from the baseline, then from the candidate. Cold starts count only if their share is
    known, and each side shows what one costs.
    """
    for run in runs:
        usage = basis_of(run, usage)
    shown = all(any(m.invocations.count(Population.COLD) for m in run.measurements) for run in runs)
    return usage if usage.cold_share and shown else replace(usage, cold_share=0.0)


def _plan(seen: ObservedCase, rules: Rules) -> CheckPlan:
    regressions = plan_regressions(seen, rules.tolerances)
    budgets = [each for each in rules.budgets if each.scope.holds_for(seen.function, seen.case.configuration)]
    if seen.candidate.measurement.failed_always:
        return _plan_failed(seen, regressions, budgets)
    checks = [*regressions.checks, *(plan_budget(seen, budget) for budget in budgets)]
    # Percentiles of the invocations that went well say nothing of those that did not.
    if seen.baseline is None and budgets and not any(budget.metric == "errors" for budget in budgets):
        checks.append(plan_no_errors(seen))
    return CheckPlan(checks=tuple(checks), notes=(*regressions.notes, *short_note(seen)))


def _plan_failed(seen: ObservedCase, regressions: CheckPlan, budgets: Sequence[GateBudget]) -> CheckPlan:
    """Of a candidate that never succeeds, only errors can be judged: there is no sample of anything else."""
    checks = [*regressions.checks, *(plan_budget(seen, budget) for budget in budgets if budget.metric == "errors")]
    if budgets and not checks:
        checks.append(plan_no_errors(seen))
    return CheckPlan(checks=tuple(checks), notes=(f"of {seen}, nothing but errors is judged: it never succeeded",))


def _same_code(cases: Sequence[Case]) -> tuple[str, ...]:
    """That a gate compares code with itself: an alias that nobody has moved passes, whatever is to be deployed."""
    pairs = {
        (case.candidate.label, case.baseline.label)
        for case in cases
        if case.baseline is not None
        and case.candidate.run.function.code_sha256 == case.baseline.run.function.code_sha256 != ""
    }
    return tuple(f"the code of {mine} is the same as that of {theirs}" for mine, theirs in sorted(pairs))


def _answers(cases: Sequence[Case]) -> tuple[str, ...]:
    """What counts as a success and is none for whoever asks: an HTTP error may well be the faster answer."""
    sides = [gated for case in cases for gated in (case.baseline, case.candidate) if gated is not None]
    told = (
        f"{gated.label}: {advisory.message}"
        for gated in sides
        for advisory in gated.run.advisories
        if advisory.code == "error-answer"
    )
    return tuple(dict.fromkeys(told))


def _apart_on_one_machine(cases: Sequence[Case]) -> tuple[str, ...]:
    """That durations of the embedded AWS were taken at different times, when the machine may not be the same."""
    pairs = {
        (case.candidate.label, case.baseline.label)
        for case in cases
        if case.baseline is not None and not case.side_by_side and case.candidate.run.function.platform is not None
    }
    return tuple(
        f"{mine} and {theirs} were measured on the embedded AWS at different times, so a difference may be that of "
        "the machine; --baseline-ref measures both side by side"
        for mine, theirs in sorted(pairs)
    )


def _disturbed(seen: Sequence[ObservedCase]) -> tuple[str, ...]:
    """That many invocations are not judged, because other programs were in their way."""
    sides = {
        side.label: side.disturbed for each in seen for side in (each.baseline, each.candidate) if side is not None
    }
    return tuple(
        f"other programs on this machine disturbed {count:,} of {of:,} invocations of {label}, which are not judged"
        for label, (count, of) in sides.items()
        if count > _MANY_DISTURBED * of
    )


def _unused(seen: Sequence[ObservedCase], rules: Rules) -> tuple[str, ...]:
    return tuple(
        f"budget {budget.text!r} is for nothing that was measured"
        for budget in rules.budgets
        if not any(budget.scope.holds_for(each.function, each.case.configuration) for each in seen)
    )
