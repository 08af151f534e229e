"""Which configuration to use, among those that can be told apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis.comparison import SAME, Comparison, Difference, compare, log_mean
from powertune.analysis.estimates import LEVEL, Estimate, total
from powertune.analysis.nouns import Profile, ProfileStatus, Recommendation, Saving
from powertune.analysis.pricing import Costing
from powertune.analysis.profiles import Observed
from powertune.model import DAYS_PER_MONTH, Configuration, Goal, Strategy
from powertune.units import format_ms, format_ratio, format_usd

LOWEST = {
    Strategy.COST: "mean cost",
    Strategy.SPEED: "mean duration",
    Strategy.BALANCED: "weighted product of mean cost and mean duration",
    Strategy.TOLERANCE: "mean duration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a recommendation answers: the goal, what to compare with, the traffic, and what measuring cost."""

    goal: Goal
    current: Configuration
    currency: str
    invocations_per_month: float | None
    spent: float | None


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


def recommend(able: Sequence[Observed], observed: Sequence[Observed], question: Question) -> Recommendation:
    """The best configuration for the goal.

    The best is the one with the lowest mean of what the strategy asks for; with a tolerance, among those whose mean
    cost is within it. Every other candidate is compared with it, at `family_level`; those whose interval holds 1 are
    equivalent to it. Except for cost itself, the cheapest of them wins, as nobody should pay for noise.

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
    if goal.strategy is not Strategy.COST:
        chosen = min((o for o in (best, *equal) if o.profile.pareto), key=_cheapness)
    equivalent = tuple(sorted(o.profile.configuration for o in (best, *equal) if o is not chosen))
    baseline = next((o for o in observed if o.profile.configuration == question.current), None)
    claim = _claim_level(len(able))
    cost_ratio, duration_ratio = _against(chosen, baseline, claim)
    return Recommendation(
        configuration=chosen.profile.configuration,
        strategy=goal.strategy,
        best=best.profile.configuration,
        equivalent=equivalent,
        cost_ratio=cost_ratio,
        duration_ratio=duration_ratio,
        saving=_saving(chosen, baseline, question, claim),
        reasons=(
            _why(chosen, best, admitted, question),
            *_alike(equivalent, len(able)),
            change_words(chosen, baseline, question, cost_ratio, duration_ratio),
            *no_gain(question.current, equivalent),
        ),
    )


def _claim_level(count: int) -> float:
    """The confidence of the comparison with the current configuration.

    Whichever of the others looked best was picked by the same data: the comparison is held as if each of them were
    compared with the current one (Bonferroni), or luck would be sold as a saving.
    """
    return 1 - (1 - LEVEL) / max(1, count - 1)


def _within_tolerance(able: Sequence[Observed], goal: Goal) -> list[Observed]:
    if goal.strategy is not Strategy.TOLERANCE:
        return list(able)
    most = (1 + goal.cost_tolerance) * min(_means(o)[0] for o in able)
    return [o for o in able if _means(o)[0] <= most]


def _means(o: Observed) -> tuple[float, float]:
    cost, duration = o.profile.cost, o.profile.duration
    assert cost is not None
    assert duration is not None
    return cost.mean, duration.mean


def _score(o: Observed, goal: Goal) -> float:
    cost, duration = _means(o)
    if goal.strategy is Strategy.BALANCED:
        # A weight of 0 leaves its factor out, even where that is 0.
        weights = ((goal.balanced_weight, cost), (1 - goal.balanced_weight, duration))
        return sum(weight * _log(value) for weight, value in weights if weight)
    return cost if goal.strategy is Strategy.COST else duration


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf


def _cheapness(o: Observed) -> tuple[float, float, Configuration]:
    return (*_means(o), o.profile.configuration)


def _metric(o: Observed, goal: Goal) -> Estimate | None:
    """The log of what the strategy wants to be low."""
    if goal.strategy is Strategy.COST:
        return _costing(o).log
    if goal.strategy is Strategy.BALANCED:
        return _costing(o).log_balance(o.durations, goal.balanced_weight)
    return log_mean(o.durations, o.environments)


def _costing(o: Observed) -> Costing:
    assert o.costing is not None
    return o.costing


def _same(comparison: Comparison) -> bool:
    return comparison.verdict in (Difference.INDISTINGUISHABLE, Difference.INCONCLUSIVE)


def _works(baseline: Observed | None) -> bool:
    return baseline is not None and baseline.profile.status is ProfileStatus.OK


def _against(
    chosen: Observed, baseline: Observed | None, level: float
) -> tuple[Comparison | None, Comparison | None]:
    """Cost and duration against the current configuration, where that works and was measured."""
    if baseline is None or not _works(baseline):
        return None, None
    if baseline is chosen:
        return SAME, SAME
    cost = compare(_costing(chosen).log, _costing(baseline).log, level=level)
    durations = (log_mean(o.durations, o.environments) for o in (chosen, baseline))
    return cost, compare(*durations, level=level)


def _saving(chosen: Observed, baseline: Observed | None, question: Question, level: float) -> Saving | None:
    """What the change saves in a month: the difference of two mean costs, times the traffic."""
    traffic = question.invocations_per_month
    if traffic is None or baseline is None or not _works(baseline):
        return None
    if baseline is chosen:
        return Saving(per_month=0.0, interval=(0.0, 0.0), payback_days=None)
    difference = total([_costing(baseline).estimate, _costing(chosen).estimate.times(-1)]).times(traffic)
    interval = difference.interval(level)
    payback = None
    if interval is not None and interval[0] > 0 and question.spent is not None:
        payback = question.spent / interval[0] * DAYS_PER_MONTH
    return Saving(per_month=difference.mean, interval=interval, payback_days=payback)


def _why(chosen: Observed, best: Observed, admitted: Sequence[Observed], question: Question) -> str:
    strategy, currency = question.goal.strategy, question.currency
    cost, duration = _means(best)
    figures = f"{format_usd(1e6 * cost, currency)} per million invocations, {format_ms(duration)} each"
    count = len(admitted)
    within = ""
    if strategy is Strategy.TOLERANCE:
        cheapest = min(admitted, key=_cheapness).profile.configuration
        within = f" that cost at most {100 * question.goal.cost_tolerance:.3g} % more than the cheapest, {cheapest}"
    if count == 1:
        return f"the only configuration{within or ' that can be judged'}: {figures}"
    if chosen is best:
        return f"the lowest {LOWEST[strategy]} of {count} configurations{within}: {figures}"
    return (
        f"the cheapest of those that cannot be told apart from {best.profile.configuration}, which has the lowest "
        f"{LOWEST[strategy]} of {count} configurations{within} ({figures})"
    )


def _alike(equivalent: tuple[Configuration, ...], count: int) -> tuple[str, ...]:
    if not equivalent:
        return ()
    names = ", ".join(map(str, equivalent))
    return (f"{names} cannot be told apart from the best (at 95 % over all {math.comb(count, 2)} pairs)",)


def change_words(
    chosen: Observed,
    baseline: Observed | None,
    question: Question,
    cost: Comparison | None,
    duration: Comparison | None,
) -> str:
    """What the change from the current configuration brings."""
    current = question.current
    if chosen is baseline:
        return f"it is the current configuration, {current}"
    if cost is None or duration is None:
        return f"no gain is claimed: the current configuration, {current}, {_state(baseline)}"
    return f"{_ratio(cost)} the cost and {_ratio(duration)} the duration of the current configuration, {current}"


def _state(baseline: Observed | None) -> str:
    profile: Profile | None = None if baseline is None else baseline.profile
    if profile is None or profile.status is ProfileStatus.UNMEASURED:
        return "was not measured"
    return f"does not work ({profile.reason})"


def _ratio(comparison: Comparison) -> str:
    if comparison.ratio is None:
        return "an unknown ratio to"
    if comparison.interval is None:
        return f"{format_ratio(comparison.ratio)} (no interval)"
    low, high = comparison.interval
    doubt = ": no proven difference" if comparison.verdict is Difference.INDISTINGUISHABLE else ""
    return f"{format_ratio(comparison.ratio)} ({low:.2f} to {high:.2f}{doubt})"


def no_gain(current: Configuration, equivalent: tuple[Configuration, ...]) -> tuple[str, ...]:
    """The sentence for a current configuration that is as good."""
    if current not in equivalent:
        return ()
    return ("the current configuration is among the equivalent ones: a change is not proven to help",)
