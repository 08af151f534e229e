"""Which configuration to use, among those that can be told apart."""

import math
from collections.abc import Sequence

from powertune.analysis.comparison import SAME, Comparison, Difference, compare, log_mean
from powertune.analysis.conclusion import Gain, Pick, Question, figures, make_saving, means
from powertune.analysis.estimates import LEVEL, Estimate, total
from powertune.analysis.model import ProfileStatus, Recommendation, Saving
from powertune.analysis.pricing import Costing
from powertune.analysis.profiles import Observed
from powertune.analysis.staying import settle
from powertune.model import Configuration, Goal, Strategy

LOWEST = {
    Strategy.COST: "mean cost",
    Strategy.SPEED: "mean duration",
    Strategy.BALANCED: "weighted product of mean cost and mean duration",
    Strategy.TOLERANCE: "mean duration",
}


def candidates(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """Those that can be judged: feasible, with at least two warm invocations."""
    return tuple(o for o in observed if o.profile.status is ProfileStatus.OK and o.durations.size >= 2)


def family_level(count: int) -> float:
    """The confidence of each comparison among `count` configurations, so that all of them hold with 95 %.

    Many comparisons are made, and the best was picked by the same data, so any pair might have been compared: each
    is held at 1 - 0.05 / (number of pairs) (Bonferroni over all pairs; Hochberg & Tamhane, Multiple Comparison
    Procedures, 1987, ch. 2), so that with 95 % none of the differences that are claimed is noise.
    """
    return 1 - (1 - LEVEL) / max(1, math.comb(count, 2))


def recommend(able: Sequence[Observed], observed: tuple[Observed, ...], question: Question) -> Recommendation:
    """The best configuration for the goal.

    The best is the one with the lowest mean of what the strategy asks for; with a tolerance, among those whose cost
    is not proven to exceed it. Every other candidate is compared with it, at `family_level`; those whose interval
    holds 1 are equivalent to it. Except for cost itself, the cheapest of them wins, as nobody should pay for noise.
    Unless it is proven to be better than the current configuration, that stays.

    Args:
        able: at least one candidate that meets the constraints, with its place on the front.
        observed: everything that was measured, for the comparison with the current configuration.
    """
    goal = question.goal
    admitted = _within_tolerance(able, goal)
    best = min(admitted, key=lambda o: (_score(o, goal), *_cheapness(o)))
    level = family_level(len(able))
    reference = _metric(best, goal)
    equal = [o for o in admitted if o is not best and _same(compare(_metric(o, goal), reference, level=level))]
    chosen = best
    if not goal.ignores_duration:
        chosen = min((o for o in (best, *equal) if o.profile.pareto), key=_cheapness)
    equivalent = tuple(sorted(o.profile.configuration for o in (best, *equal) if o is not chosen))
    pick = Pick(
        chosen=chosen,
        best=best.profile.configuration,
        equivalent=equivalent,
        why=_why(chosen, best, admitted, question),
        certainty=f"at 95 % over all {math.comb(len(able), 2)} pairs",
    )
    baseline = question.baseline(observed)
    return settle(pick, _gain(chosen, baseline, question, _claim_level(len(able))), baseline, question)


def _claim_level(count: int) -> float:
    """The confidence of the comparison with the current configuration.

    Whichever of the others looked best was picked by the same data: the comparison is held as if each of them were
    compared with the current one (Bonferroni), or luck would be sold as a saving.
    """
    return 1 - (1 - LEVEL) / max(1, count - 1)


def _within_tolerance(able: Sequence[Observed], goal: Goal) -> list[Observed]:
    """All but those whose extra cost over the cheapest is proven to exceed the tolerance.

    A size is not ruled out by the luck of a few invocations: the whole interval of its extra cost must lie beyond the
    tolerance. Nor is it if a more expensive one stays in, whose interval is wider: else that could be recommended.
    """
    if goal.tolerance is None:
        return list(able)
    cheapest = min(able, key=_cheapness)
    most = max(means(o)[0] for o in able if _may_cost_at_most(1 + goal.tolerance, o, cheapest))
    return [o for o in able if means(o)[0] <= most]


def _may_cost_at_most(ratio: float, o: Observed, cheapest: Observed) -> bool:
    if means(o)[0] <= ratio * means(cheapest)[0]:
        return True
    interval = compare(_costing(o).log, _costing(cheapest).log).interval
    return interval is not None and interval[0] <= ratio


def _score(o: Observed, goal: Goal) -> float:
    cost, duration = means(o)
    weight = goal.cost_weight
    if weight in (0.0, 1.0):
        return cost if weight else duration
    return weight * _log(cost) + (1 - weight) * _log(duration)


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _cheapness(o: Observed) -> tuple[float, float, Configuration]:
    return (*means(o), o.profile.configuration)


def _metric(o: Observed, goal: Goal) -> Estimate | None:
    """The log of what the strategy wants to be low."""
    weight = goal.cost_weight
    if weight in (0.0, 1.0):
        return _costing(o).log if weight else log_mean(o.durations, o.environments)
    return _costing(o).log_balance(o.durations, weight)


def _costing(o: Observed) -> Costing:
    assert o.costing is not None
    return o.costing


def _same(comparison: Comparison) -> bool:
    return comparison.verdict in (Difference.INDISTINGUISHABLE, Difference.INCONCLUSIVE)


def _gain(chosen: Observed, baseline: Observed | None, question: Question, level: float) -> Gain:
    """What a change from the current configuration brings, where that works and was measured."""
    if baseline is None or baseline.profile.status is not ProfileStatus.OK:
        return Gain()
    durations = (log_mean(o.durations, o.environments) for o in (chosen, baseline))
    scores = (_metric(o, question.goal) for o in (chosen, baseline))
    same = chosen is baseline
    return Gain(
        cost=SAME if same else compare(_costing(chosen).log, _costing(baseline).log, level=level),
        duration=SAME if same else compare(*durations, level=level),
        score=SAME if same else compare(*scores, level=level),
        saving=_saving(chosen, baseline, question, level),
    )


def _saving(chosen: Observed, baseline: Observed, question: Question, level: float) -> Saving | None:
    """What the change saves in a month: the difference of two mean costs, times the traffic."""
    traffic = question.invocations_per_month
    if traffic is None:
        return None
    if chosen is baseline:
        return make_saving(0.0, (0.0, 0.0), question)
    difference = total([_costing(baseline).estimate, _costing(chosen).estimate.times(-1)]).times(traffic)
    return make_saving(difference.mean, difference.interval(level), question)


def _why(chosen: Observed, best: Observed, admitted: Sequence[Observed], question: Question) -> str:
    strategy, count = question.goal.strategy, len(admitted)
    measured = figures(best, question.currency)
    within = ""
    if (tolerance := question.goal.tolerance) is not None:
        cheapest = min(admitted, key=_cheapness).profile.configuration
        within = f" whose extra cost over the cheapest, {cheapest}, is not proven to exceed {100 * tolerance:.3g} %"
    if count == 1:
        return f"the only configuration{within or ' that can be judged'}: {measured}"
    if chosen is best:
        return f"the lowest {LOWEST[strategy]} of {count} configurations{within}: {measured}"
    return (
        f"the cheapest of those that cannot be told apart from {best.profile.configuration}, which has the lowest "
        f"{LOWEST[strategy]} of {count} configurations{within} ({measured})"
    )
