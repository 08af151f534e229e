"""The answer once a configuration is picked: a change that is proven to help, or to stay with the current one."""

import math
from dataclasses import replace

from powertune.analysis.comparison import SAME, Comparison, Difference
from powertune.analysis.conclusion import Gain, Pick, Question, alike, conclude, figures, make_saving, ratio_words
from powertune.analysis.constraints import limits
from powertune.analysis.effort import effort_of, effort_words, growth_to_be_below
from powertune.analysis.model import NOTHING, Effort, Move, ProfileStatus, Recommendation
from powertune.analysis.profiles import Observed
from powertune.model import Configuration, Goal, Strategy

#: Below, the jitter of Lambda and its rounding up to whole milliseconds are as large as what sizes could differ by.
SHORTEST_MS = 2.0
TOO_SHORT = (
    f"invocations take less than {SHORTEST_MS:g} ms, where rounding to whole milliseconds and jitter decide, so no "
    "change is advised"
)

#: What the best candidate would have to be.
BETTER = {
    Strategy.COST: "cost less",
    Strategy.SPEED: "be faster, or to cost less",
    Strategy.BALANCED: "have a better balance of cost and duration, or to cost less",
    Strategy.TOLERANCE: "cost less, or to be faster within the cost tolerance",
}


def settle(pick: Pick, gain: Gain, question: Question) -> Recommendation:
    """The picked configuration if it is proven to be better than the current one; else the current one.

    A change takes work, and may surprise. Whoever is told to make one has to gain by it. There is nothing to stay
    with where the current configuration does not work, may not meet the constraints, or is not known.
    """
    if _is_lower(gain.score):
        # What is proven to be worse cannot be one that may be as good, although more is asked of those.
        pick = replace(pick, equivalent=tuple(c for c in pick.equivalent if c != question.current))
    if _is_too_short(pick.chosen, question.now) and _may_stay(question):
        return _stay(pick, question, (f"{question.current} is the current configuration", TOO_SHORT))
    stays = pick.chosen.profile.configuration == question.current
    if stays or is_proven(gain, question.goal) or not _may_stay(question):
        return conclude(pick, gain, question)
    assert gain.cost is not None
    assert gain.duration is not None
    move = Move(
        configuration=pick.chosen.profile.configuration,
        cost_ratio=gain.cost,
        duration_ratio=gain.duration,
        decision=effort_to_decide(gain, pick.chosen, question),
    )
    equal = {move.configuration, *pick.equivalent} - {question.current} if question.current in pick.equivalent else ()
    return _stay(pick, question, _reasons(pick, move, question), equivalent=tuple(sorted(equal)), unproven=move)


def instead(second: Pick, gain: Gain, rival: Move, question: Question) -> Recommendation:
    """A change that is proven to help, where the one to the best candidate is not.

    Args:
        second: what was picked of those that are proven.
    """
    why = (
        "it is the best of those that are proven to be better than the current configuration "
        f"({figures(second.chosen, question.currency)})"
    )
    concluded = conclude(replace(second, why=why), gain, question)
    cost, duration = ratio_words(rival.cost_ratio), ratio_words(rival.duration_ratio)
    about = (
        f"{rival.configuration} looks better still, but {unproven_words(question.goal.strategy)}: "
        f"it has {cost} the cost and {duration} the duration of the current configuration"
    )
    reasons = (*concluded.reasons, about, decision_words(rival, question.currency))
    return replace(concluded, reasons=reasons, rival=rival)


def _stay(
    pick: Pick,
    question: Question,
    reasons: tuple[str, ...],
    *,
    equivalent: tuple[Configuration, ...] = (),
    unproven: Move | None = None,
) -> Recommendation:
    """The current configuration: for want of a proven change or, without `unproven`, as none is advised at all."""
    traffic = question.invocations_per_month
    return Recommendation(
        configuration=question.current,
        strategy=question.goal.strategy,
        best=pick.best,
        equivalent=equivalent,
        cost_ratio=SAME,
        duration_ratio=SAME,
        saving=None if traffic is None else make_saving(0.0, (0.0, 0.0), question),
        saved_per_million=NOTHING,
        saved_ms=NOTHING,
        reasons=reasons,
        unproven=unproven,
        too_short=unproven is None,
    )


def _is_too_short(chosen: Observed, now: Observed | None) -> bool:
    """Whether neither the pick nor the current configuration takes long enough for a difference to be real."""
    durations = [chosen.log_duration, None if now is None else now.log_duration]
    return all(log is None or log.mean < math.log(SHORTEST_MS) for log in durations)


def is_proven(gain: Gain, goal: Goal) -> bool:
    """Whether a change is better in what the goal wants, or cheaper and no worse in it, by whole intervals.

    With a tolerance, it is better if it is cheaper; or if it is faster, and its cost exceeds the tolerance by no more
    than the speed is worth (see `Goal.most_cost_ratio`), by the unfavorable ends of both intervals. If it were enough
    that no excess is proven, few invocations would pass a change that costs much more.
    """
    if goal.tolerance is None:
        alike = gain.score is not None and gain.score.verdict is Difference.INDISTINGUISHABLE
        return _is_lower(gain.score) or (alike and _is_lower(gain.cost))
    if _is_lower(gain.cost):
        return True
    cost, duration = (None if each is None else each.interval for each in (gain.cost, gain.duration))
    if cost is None or duration is None or not _is_lower(gain.duration):
        return False
    return cost[1] <= goal.most_cost_ratio(duration[1])


def _may_stay(question: Question) -> bool:
    now = question.now
    if now is None or now.costing is None:
        return False
    if now.profile.status is ProfileStatus.UNMEASURED:
        # A search knows of a size that it did not measure what it costs, but not whether it meets constraints.
        return now.believed_ms is not None and not limits(question.goal, question.currency)
    return now.profile.status is ProfileStatus.OK and now.durations.size >= 1 and not now.profile.unmet


def _is_lower(comparison: Comparison | None) -> bool:
    return comparison is not None and comparison.verdict is Difference.LOWER


def effort_to_decide(gain: Gain, chosen: Observed, question: Question) -> Effort | None:
    """What would decide it, by the rule of `is_proven`."""
    if question.now is None:
        return None
    growth = growth_to_be_below(gain.score)
    if question.goal.tolerance is not None and gain.duration is not None and gain.duration.interval is not None:
        bound = question.goal.most_cost_ratio(gain.duration.interval[1])
        faster = max(growth_to_be_below(gain.duration), growth_to_be_below(gain.cost, bound))
        growth = min(growth_to_be_below(gain.cost), faster)
    return effort_of(growth, chosen, question.now, question.curve_invocations)


def _reasons(pick: Pick, move: Move, question: Question) -> tuple[str, ...]:
    cost, duration = ratio_words(move.cost_ratio), ratio_words(move.duration_ratio)
    return (
        f"{question.current} is the current configuration; the best candidate, {move.configuration}, "
        f"{unproven_words(question.goal.strategy)}",
        f"{move.configuration}: {pick.why}",
        *alike(pick),
        f"it has {cost} the cost and {duration} the duration of the current configuration",
        decision_words(move, question.currency),
    )


def unproven_words(strategy: Strategy) -> str:
    """What is missing for a change."""
    return f"is not proven to {BETTER[strategy]}"


def decision_words(move: Move, currency: str) -> str:
    """What would decide whether to change, in a clause."""
    if move.decision is None:
        return "powertune cannot tell how many more invocations would settle it"
    return f"{effort_words(move.decision, currency)} would decide it"
