"""Which configuration to use, among those that can be told apart."""

import math
from collections.abc import Sequence

from powertune.analysis.comparison import (
    SAME,
    Comparison,
    Difference,
    LogEstimate,
    compare,
    compare_means,
    log_product,
)
from powertune.analysis.nouns import Goal, Profile, ProfileStatus, Recommendation, Strategy
from powertune.analysis.profiles import Observed
from powertune.analysis.summary import LEVEL
from powertune.model import Configuration
from powertune.units import format_ms, format_ratio, format_usd

_LOWEST = {
    Strategy.COST: "mean cost",
    Strategy.SPEED: "mean duration",
    Strategy.BALANCED: "product of mean cost and mean duration",
}


def candidates(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """Those that can be recommended: feasible, with at least two warm invocations."""
    return tuple(o for o in observed if o.profile.status is ProfileStatus.OK and o.durations.size >= 2)


def recommend(
    observed: Sequence[Observed], current: Configuration, goal: Goal, currency: str
) -> Recommendation | None:
    """The best configuration for the goal, or None where nothing can be recommended.

    The best is the one with the lowest mean of what the strategy asks for. Every other candidate is compared with
    it; those whose interval holds 1 are equivalent to it. For speed and balance the cheapest of them wins, as nobody
    should pay for noise.

    Many comparisons are made, and the best was picked by the same data, so any pair might have been compared: each
    is held at 1 - 0.05 / (number of pairs) (Bonferroni over all pairs; Hochberg & Tamhane, Multiple Comparison
    Procedures, 1987, ch. 2), so that with 95 % none of the differences that are claimed is noise.
    """
    able = candidates(observed)
    if not able:
        return None
    metrics = {o.profile.configuration: _metric(o, goal.strategy) for o in able}
    best = min(able, key=lambda o: (_score(o, goal.strategy), *_cheapness(o)))
    others = [o for o in able if o is not best]
    pairs = math.comb(len(able), 2)
    level = 1 - (1 - LEVEL) / max(1, pairs)
    reference = metrics[best.profile.configuration]
    equal = [o for o in others if _same(compare(metrics[o.profile.configuration], reference, level=level))]
    chosen = best if goal.strategy is Strategy.COST else min((best, *equal), key=_cheapness)
    equivalent = tuple(sorted(o.profile.configuration for o in (best, *equal) if o is not chosen))
    baseline = next((o for o in observed if o.profile.configuration == current), None)
    cost_ratio, duration_ratio = _against(chosen, baseline)
    return Recommendation(
        configuration=chosen.profile.configuration,
        strategy=goal.strategy,
        equivalent=equivalent,
        cost_ratio=cost_ratio,
        duration_ratio=duration_ratio,
        reasons=(
            _why(chosen, best, len(able), goal.strategy, currency),
            *_alike(equivalent, pairs),
            _change(chosen, current, baseline, cost_ratio, duration_ratio),
            *_no_gain(current, equivalent),
        ),
    )


def _means(o: Observed) -> tuple[float, float]:
    cost, duration = o.profile.cost, o.profile.duration
    assert cost is not None
    assert duration is not None
    return cost.mean, duration.mean


def _score(o: Observed, strategy: Strategy) -> float:
    cost, duration = _means(o)
    return {Strategy.COST: cost, Strategy.SPEED: duration, Strategy.BALANCED: cost * duration}[strategy]


def _cheapness(o: Observed) -> tuple[float, float, Configuration]:
    return (*_means(o), o.profile.configuration)


def _metric(o: Observed, strategy: Strategy) -> LogEstimate:
    samples = {
        Strategy.COST: (o.costs,),
        Strategy.SPEED: (o.durations,),
        Strategy.BALANCED: (o.costs, o.durations),
    }
    return log_product(*samples[strategy])


def _same(comparison: Comparison) -> bool:
    return comparison.verdict in (Difference.INDISTINGUISHABLE, Difference.INCONCLUSIVE)


def _against(chosen: Observed, baseline: Observed | None) -> tuple[Comparison | None, Comparison | None]:
    """Cost and duration against the current configuration, where that works and was measured."""
    if baseline is None or baseline.profile.status is not ProfileStatus.OK:
        return None, None
    if baseline is chosen:
        return SAME, SAME
    return compare_means(chosen.costs, baseline.costs), compare_means(chosen.durations, baseline.durations)


def _why(chosen: Observed, best: Observed, count: int, strategy: Strategy, currency: str) -> str:
    cost, duration = _means(best)
    figures = f"{format_usd(1e6 * cost, currency)} per million invocations, {format_ms(duration)} each"
    if count == 1:
        return f"the only configuration that can be judged: {figures}"
    if chosen is best:
        return f"the lowest {_LOWEST[strategy]} of {count} configurations: {figures}"
    return (
        f"the cheapest of those that cannot be told apart from {best.profile.configuration}, which has the lowest "
        f"{_LOWEST[strategy]} of {count} configurations ({figures})"
    )


def _alike(equivalent: tuple[Configuration, ...], pairs: int) -> tuple[str, ...]:
    if not equivalent:
        return ()
    names = ", ".join(map(str, equivalent))
    return (f"{names} cannot be told apart from the best (at 95 % over all {pairs} pairs)",)


def _change(
    chosen: Observed,
    current: Configuration,
    baseline: Observed | None,
    cost: Comparison | None,
    duration: Comparison | None,
) -> str:
    if chosen is baseline:
        return f"it is the current configuration, {current}"
    if baseline is None or cost is None or duration is None:
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


def _no_gain(current: Configuration, equivalent: tuple[Configuration, ...]) -> tuple[str, ...]:
    if current not in equivalent:
        return ()
    return ("the current configuration is among the equivalent ones: a change is not proven to help",)
