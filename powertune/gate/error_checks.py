"""Whether a candidate fails more often than its baseline, or at all."""

import math
from dataclasses import replace
from functools import partial

from powertune.analysis.exact_tests import larger_share, upper_limit
from powertune.gate.bounds import growth_of_share
from powertune.gate.confidence import Tails
from powertune.gate.gated_metrics import SHARE
from powertune.gate.model import Check, CheckKind, Figure, GateVerdict, Level
from powertune.gate.observing import ObservedSide
from powertune.gate.planned import ObservedCase, PlannedCheck

#: A candidate may fail more often than its baseline by this share of invocations. A smaller one takes thousands of
#: invocations to prove or to rule out; a budget for errors sets another limit.
MORE_ERRORS = 0.01
_ERRORS_RULE = f"errors<=baseline+{100 * MORE_ERRORS:g}%"


def plan_no_errors(seen: ObservedCase) -> PlannedCheck:
    """The check that no invocation fails, of a case without a baseline."""
    return PlannedCheck(function=seen.function, sampled=False, answer=lambda _: _no_errors(seen))


def plan_compared_errors(seen: ObservedCase) -> PlannedCheck:
    """The check that a candidate fails no more often than its baseline."""
    assert seen.baseline is not None
    return PlannedCheck(
        function=seen.function,
        # Where nothing has failed, there is nothing to be wrong about.
        sampled=seen.candidate.failures[0] + seen.baseline.failures[0] > 0,
        answer=partial(_compared_errors, seen, seen.baseline),
    )


def _compared_errors(seen: ObservedCase, baseline: ObservedSide, tails: Tails) -> Check:
    """The candidate must not fail more often than the baseline, beyond what chance explains.

    Failed if Fisher's exact test says so. Passed if it failed no more often, or if the upper end of its share is at
    most `MORE_ERRORS` above the baseline's share. In between, more samples decide: an error that both sides have once
    in a thousand invocations must not fail a build. A candidate that never succeeds fails, however few invocations
    show it: it was matched with a baseline that does.
    """
    mine, theirs = seen.candidate.failures, baseline.failures
    limit = theirs[0] / theirs[1] + MORE_ERRORS if theirs[1] else MORE_ERRORS
    more = mine[0] * theirs[1] > theirs[0] * mine[1]
    to_decide = None
    if seen.candidate.measurement.failed_always or (more and larger_share(*mine, *theirs) <= tails.low):
        verdict = GateVerdict.FAILED
    elif not more or upper_limit(*mine, 1 - tails.high) <= limit:
        verdict = GateVerdict.PASSED
    else:
        verdict = GateVerdict.INCONCLUSIVE
        growth = growth_of_share(*mine, limit, tails)
        to_decide = None if math.isinf(growth) else math.ceil((growth - 1) * mine[1])
    said = f"{_failed_words(mine)}, and {theirs[0]:,} of {theirs[1]:,} of the baseline"
    check = _errors_check(seen, CheckKind.REGRESSION, _ERRORS_RULE, verdict=verdict, reason=said)
    return replace(check, limit=MORE_ERRORS, invocations_to_decide=to_decide)


def _no_errors(seen: ObservedCase) -> Check:
    mine = seen.candidate.failures
    verdict = GateVerdict.FAILED if mine[0] else GateVerdict.PASSED
    return _errors_check(seen, CheckKind.BUDGET, "errors=0%", verdict=verdict, reason=_failed_words(mine))


def _errors_check(seen: ObservedCase, kind: CheckKind, rule: str, *, verdict: GateVerdict, reason: str) -> Check:
    cause = seen.candidate.measurement.infeasible
    if verdict is GateVerdict.FAILED and cause is not None:
        reason = f"{reason}; it {cause}"
    return Check(
        kind=kind,
        function=seen.function,
        configuration=seen.case.configuration,
        metric="errors",
        rule=rule,
        unit=SHARE,
        limit=0.0,
        level=Level.ERROR,
        verdict=verdict,
        reason=reason,
        figure=errors_figure(seen.candidate),
        baseline=None if seen.baseline is None else errors_figure(seen.baseline),
    )


def errors_figure(side: ObservedSide) -> Figure:
    """The share of invocations that failed, in percent."""
    failed, of = side.failures
    return Figure(value=100 * failed / of if of else 0.0, interval=None, samples=of)


def _failed_words(failures: tuple[int, int]) -> str:
    failed, of = failures
    return f"{failed:,} of {of:,} invocations failed"
