"""Which configuration to use, among those that can be told apart."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, takewhile

from powertune.analysis.comparison import SAME, Comparison, Difference, compare
from powertune.analysis.conclusion import (
    Gain,
    Pick,
    Question,
    cheapness,
    equals,
    figures,
    make_saving,
    means,
    within_tolerance,
)
from powertune.analysis.effort import what_would_tell
from powertune.analysis.estimates import LEVEL, Estimate, total
from powertune.analysis.model import NOTHING, Amount, ProfileStatus, Recommendation, Saving, Searched
from powertune.analysis.profiles import Observed
from powertune.analysis.searched import better_searched, pick_searched
from powertune.analysis.staying import instead, is_proven, settle
from powertune.model import Goal, Strategy
from powertune.units import PER_MILLION

LOWEST = {
    Strategy.COST: "mean cost",
    Strategy.SPEED: "mean duration",
    Strategy.BALANCED: "weighted product of mean cost and mean duration",
    Strategy.TOLERANCE: "mean duration",
}


def candidates(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """Those that can be judged: feasible, with at least two warm invocations, and not ruled out by a search."""
    return tuple(
        o
        for o in observed
        if o.profile.status is ProfileStatus.OK and o.durations.size >= 2 and o.profile.ruled_out is None
    )


def family_level(count: int) -> float:
    """The confidence of each comparison among `count` configurations, so that all of them hold with 95 %.

    Many comparisons are made, and the best was picked by the same data, so any pair might have been compared: each
    is held at 1 - 0.05 / (number of pairs) (Bonferroni over all pairs; Hochberg & Tamhane, Multiple Comparison
    Procedures, 1987, ch. 2), so that with 95 % none of the differences that are claimed is noise.
    """
    return 1 - (1 - LEVEL) / max(1, math.comb(count, 2))


def recommend(able: Sequence[Observed], question: Question, found: Searched | None = None) -> Recommendation:
    """The best configuration for the goal; unless it is proven to be better than the current one, that stays.

    Args:
        able: at least one candidate that meets the constraints, with its place on the front.
        found: what a search says of them; None for a grid.
    """
    pick, claim = _picked(able, question, found), _claim_level(len(able))
    settled = settle(pick, _gain(pick.chosen, question, claim), question)
    if settled.unproven is not None:
        better = _better(pick, able, question) if found is None else better_searched(found, able, question)
        proven = [o for o in better if is_proven(_gain(o, question, claim), question.goal)]
        if not proven:
            return settled
        second = _picked(proven, question, found)
        return instead(second, _gain(second.chosen, question, claim), settled.unproven, question)
    if settled.configuration != pick.chosen.profile.configuration or settled.too_short:
        return settled
    level = family_level(len(able)) if found is None else LEVEL
    equal = [o for o in able if o.profile.configuration in settled.equivalent]
    telling = what_would_tell(pick.chosen, equal, question.goal.cost_weight, level, question.curve_invocations)
    return replace(settled, distinction=telling)


def _picked(able: Sequence[Observed], question: Question, found: Searched | None) -> Pick:
    return _pick(able, question) if found is None else pick_searched(found, able, question)


def _pick(able: Sequence[Observed], question: Question) -> Pick:
    """The best by what was measured.

    That is the one with the lowest mean of what the strategy asks for; with a tolerance, among those whose cost is
    not proven to exceed it. Every other candidate is compared with it, at `family_level`; those whose interval holds
    1 are equivalent to it. Except for cost itself, the cheapest of them wins, as nobody should pay for noise.
    """
    goal = question.goal
    weight, pairs = goal.cost_weight, math.comb(len(able), 2)
    admitted = within_tolerance(able, goal)
    best = min(admitted, key=lambda o: (_score(o, goal), *cheapness(o)))
    equal = equals(best, admitted, weight, family_level(len(able)))
    chosen = best
    if not goal.ignores_duration:
        # Of those that are proven to help, none may be on the front of all.
        chosen = min((o for o in (best, *equal) if o.profile.pareto), key=cheapness, default=best)
    equivalent = tuple(sorted(o.profile.configuration for o in (best, *equal) if o is not chosen))
    return Pick(
        chosen=chosen,
        best=best.profile.configuration,
        equivalent=equivalent,
        why=_why(chosen, best, admitted, question),
        certainty=f"at 95 % over all {pairs} pairs" if pairs > 1 else "at 95 %",
    )


def _better(pick: Pick, able: Sequence[Observed], question: Question) -> list[Observed]:
    """What meets the goal better than the current configuration by what was measured, and less well than the pick."""
    admitted = within_tolerance(able, question.goal)
    ranked = sorted(admitted, key=lambda o: (_score(o, question.goal), *cheapness(o)))
    after = list(dropwhile(lambda o: o is not pick.chosen, ranked))[1:]
    return list(takewhile(lambda o: o.profile.configuration != question.current, after))


def _claim_level(count: int) -> float:
    """The confidence of the comparison with the current configuration.

    Whichever of the others looked best was picked by the same data: the comparison is held as if each of them were
    compared with the current one (Bonferroni), or luck would be sold as a saving.
    """
    return 1 - (1 - LEVEL) / max(1, count - 1)


def _score(o: Observed, goal: Goal) -> float:
    cost, duration = means(o)
    weight = goal.cost_weight
    if weight in (0.0, 1.0):
        return cost if weight else duration
    return weight * _log(cost) + (1 - weight) * _log(duration)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _gain(chosen: Observed, question: Question, level: float) -> Gain:
    """What a change from the current configuration brings, where that works and is known."""
    now, weight = question.now, question.goal.cost_weight
    if now is None or now.profile.status is ProfileStatus.INFEASIBLE or now.costing is None:
        return Gain()
    if now.profile.configuration == chosen.profile.configuration:
        return Gain(
            cost=SAME,
            duration=SAME,
            score=SAME,
            saving=_saving(NOTHING, question),
            saved_per_million=NOTHING,
            saved_ms=NOTHING,
        )
    cost = compare(chosen.log_cost, now.log_cost, level=level)
    duration = compare(chosen.log_duration, now.log_duration, level=level)
    per_million = _saved(now.cost_estimate, chosen.cost_estimate, cost, PER_MILLION, level)
    return Gain(
        cost=cost,
        duration=duration,
        score=compare(chosen.log_metric(weight), now.log_metric(weight), level=level),
        saving=_saving(per_million, question),
        saved_per_million=per_million,
        saved_ms=_saved(now.duration_estimate, chosen.duration_estimate, duration, 1.0, level),
    )


def _saved(
    before: Estimate | None, after: Estimate | None, ratio: Comparison, factor: float, level: float
) -> Amount | None:
    """The difference of two means, times a factor; None where one of them is not known.

    The interval of their ratio is symmetric in the logarithm, and that of the difference is not. So that they do not
    contradict each other about which is larger, the ratio decides that.
    """
    if before is None or after is None:
        return None
    difference = total([before, after.times(-1)]).times(factor)
    interval = difference.interval(level)
    if interval is None or ratio.interval is None:
        return Amount(value=difference.mean, interval=None)
    low, high = interval
    least, most = (factor * before.mean * (1 - end) for end in reversed(ratio.interval))
    if ratio.verdict is Difference.LOWER and low <= 0:
        low = least
    elif ratio.verdict is Difference.HIGHER and high >= 0:
        high = most
    elif ratio.verdict is Difference.INDISTINGUISHABLE:
        low, high = min(low, least), max(high, most)
    return Amount(value=difference.mean, interval=(low, high))


def _saving(per_million: Amount | None, question: Question) -> Saving | None:
    """What the change saves in a month; None where that is not known, or the traffic is not."""
    traffic = question.successes_per_month
    if traffic is None or per_million is None:
        return None
    scale = traffic / PER_MILLION
    interval = per_million.interval
    return make_saving(
        scale * per_million.value,
        None if interval is None else (scale * interval[0], scale * interval[1]),
        question,
    )


def _why(chosen: Observed, best: Observed, admitted: Sequence[Observed], question: Question) -> str:
    strategy, count = question.goal.strategy, len(admitted)
    measured = figures(best, question.currency)
    within = ""
    if (tolerance := question.goal.tolerance) is not None:
        cheapest = min(admitted, key=cheapness).profile.configuration
        within = f" whose cost is within {100 * tolerance:.3g} % of the cheapest, {cheapest}, allowing for noise"
    if count == 1:
        return f"the only configuration{within or ' that can be judged'}: {measured}"
    if chosen is best:
        return f"the lowest {LOWEST[strategy]} of {count} configurations{within}: {measured}"
    return (
        f"the cheapest of those that cannot be told apart from {best.profile.configuration}, which has the lowest "
        f"{LOWEST[strategy]} of {count} configurations{within} ({measured})"
    )
