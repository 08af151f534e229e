"""Whether a run has an answer: the recommendation, or what went wrong instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis.conclusion import Question
from powertune.analysis.constraints import excesses, limits
from powertune.analysis.judged_run import Outcome
from powertune.analysis.model import ProfileStatus, Recommendation, Searched
from powertune.analysis.profiles import Observed
from powertune.analysis.recommendation import candidates, recommend
from powertune.analysis.searched import unfinished
from powertune.model import FUNCTION_FAILS, Configuration, Goal, TuningRun

_BOTH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A recommendation, or why there is none; see `Analysis`."""

    outcome: Outcome
    recommendation: Recommendation | None = None
    explanation: str | None = None
    nearest: Configuration | None = None


def decide(run: TuningRun, observed: tuple[Observed, ...], found: Searched | None, question: Question) -> Verdict:
    """The answer of a run.

    Args:
        observed: every configuration, with the constraints that it does not meet and its place on the front.
        found: what the search of the run says, if there was one.
    """
    able = candidates(observed)
    eligible = tuple(o for o in able if not o.profile.unmet)
    if able and not eligible:
        return _impossible(able, question)
    broken_off = None if found is None else unfinished(run, found, observed, question.currency)
    if broken_off is not None:
        return Verdict(outcome=Outcome.UNFINISHED, explanation=broken_off)
    if not eligible:
        return _nothing_to_choose(run, observed)
    return Verdict(outcome=Outcome.RECOMMENDED, recommendation=recommend(eligible, question, found))


def _impossible(able: Sequence[Observed], question: Question) -> Verdict:
    nearest = _nearest(able, question.goal, question.currency).profile
    constraints, unmet = limits(question.goal, question.currency), ", ".join(nearest.unmet)
    return Verdict(
        outcome=Outcome.IMPOSSIBLE,
        explanation=f"no configuration meets {constraints}; nearest is {nearest.configuration}, with {unmet}",
        nearest=nearest.configuration,
    )


def _nothing_to_choose(run: TuningRun, observed: Sequence[Observed]) -> Verdict:
    statuses = [o.profile.status for o in observed]
    if ProfileStatus.INFEASIBLE in statuses and ProfileStatus.OK not in statuses:
        failures = "; ".join(_failure(o) for o in observed if o.profile.status is ProfileStatus.INFEASIBLE)
        explanation = f"the function failed at every size that was measured: {failures}"
        if run.stopped == FUNCTION_FAILS:
            words = next((each.message for each in run.advisories if each.code == "function-error"), failures)
            explanation = f"{words.rstrip('.')}. {_everywhere(run, statuses.count(ProfileStatus.INFEASIBLE))}"
        return Verdict(outcome=Outcome.FAILED, explanation=explanation)
    each = ", and one of each payload" if len(run.design.payloads) > 1 else ""
    what = "cold starts" if run.design.only_cold_starts else "warm invocations"
    explanation = f"no size has two {what} with a report{each}, so nothing can be compared"
    return Verdict(outcome=Outcome.INCONCLUSIVE, explanation=explanation)


def _everywhere(run: TuningRun, tried: int) -> str:
    """That the function failed wherever it was invoked, and why that was not everywhere."""
    asked = len(run.design.configurations)  # none where a search chooses
    if tried == 1:
        so = "No memory size cures that"
    elif tried == asked:
        so = f"It failed the same way at {'both' if tried == _BOTH else f'all {tried}'} sizes"
    else:
        so = f"It failed the same way at {tried} sizes"
    return so if tried == asked else f"{so}, so no other was invoked"


def _nearest(able: Sequence[Observed], goal: Goal, currency: str) -> Observed:
    """The configuration whose worst excess is the smallest."""

    def worst(o: Observed) -> tuple[float, Configuration]:
        return max(e.factor for e in excesses(o.profile, goal, currency)), o.profile.configuration

    return min(able, key=worst)


def _failure(o: Observed) -> str:
    reason = o.profile.reason or ""
    error = f" ({o.error})" if o.error and o.error not in reason else ""
    return f"{o.profile.configuration} {reason}{error}"
