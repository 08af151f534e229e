"""Whether a configuration meets the constraints of a goal, and by how much it does not."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from powertune.analysis.estimates import LEVEL, Sample
from powertune.analysis.exact_tests import at_most
from powertune.analysis.model import Profile
from powertune.analysis.summary import Summary
from powertune.model import Goal, Statistic
from powertune.units import format_ms, format_usd

_STATISTICS: dict[Statistic, Callable[[Summary], float]] = {
    Statistic.MEAN: lambda summary: summary.mean,
    Statistic.P50: lambda summary: summary.median,
    Statistic.P95: lambda summary: summary.p95,
    Statistic.P99: lambda summary: summary.p99,
}


@dataclass(frozen=True, slots=True)
class Excess:
    """A constraint that is not met: by which factor the limit is exceeded, and in words."""

    factor: float
    words: str


def excesses(profile: Profile, goal: Goal, currency: str) -> tuple[Excess, ...]:
    """The constraints that a judged configuration does not meet, by its means and percentiles.

    Memory that is not known is taken to be too much.
    """
    found = (_duration(profile, goal), _cost(profile, goal, currency), _headroom(profile, goal))
    return tuple(excess for excess in found if excess is not None)


def limits(goal: Goal, currency: str) -> str:
    """The constraints of a goal in words; empty where there are none."""
    words = []
    if goal.max_duration is not None:
        words.append(f"{goal.max_duration.statistic} <= {format_ms(goal.max_duration.at_most_ms)}")
    if goal.max_cost is not None:
        words.append(f"cost <= {format_usd(1e6 * goal.max_cost, currency)} per million")
    if goal.headroom is not None:
        words.append(f"memory size >= {goal.headroom:g} x memory used")
    return ", ".join(words)


def undecided(profile: Profile, durations: Sample, goal: Goal) -> str | None:
    """Why it is doubtful whether a configuration meets a limit that its figures meet; None where it is not.

    For a mean, the limit is inside the interval. For a percentile, enough of the `durations` are above the limit
    that they could be with the true percentile above it: with k of n above, a quantile q is below the limit with
    confidence 95 % only if at most k of n are so with a probability of at most 5 %, when each is with 1 - q (the
    exact binomial bound; Hahn & Meeker, Statistical Intervals, 1991, ch. 5). That takes invocations for independent
    of each other, so differences between environments leave more doubt than is said.
    """
    limit = goal.max_duration
    if limit is not None and profile.duration is not None:
        if (share := limit.statistic.share) is None:
            if _inside(limit.at_most_ms, profile.duration.interval):
                return "the limit on the mean duration is inside its interval"
        else:
            above = int(np.count_nonzero(durations > limit.at_most_ms))
            if at_most(above, durations.size, 1 - share) > 1 - LEVEL:
                seen = f"{durations.size} invocations, {above} of them above the limit"
                return f"{seen}, do not prove the {limit.statistic}"
    if goal.max_cost is not None and profile.cost is not None and _inside(goal.max_cost, profile.cost.interval):
        return "the limit on the cost is inside its interval"
    return None


def _inside(value: float, interval: tuple[float, float] | None) -> bool:
    return interval is None or interval[0] < value < interval[1]


def _duration(profile: Profile, goal: Goal) -> Excess | None:
    limit = goal.max_duration
    if limit is None or profile.duration is None:
        return None
    value = _STATISTICS[limit.statistic](profile.duration)
    if value <= limit.at_most_ms:
        return None
    return Excess(value / limit.at_most_ms, f"{limit.statistic} {format_ms(value)} > {format_ms(limit.at_most_ms)}")


def _cost(profile: Profile, goal: Goal, currency: str) -> Excess | None:
    if goal.max_cost is None or profile.cost is None or profile.cost.mean <= goal.max_cost:
        return None
    cost, limit = (format_usd(1e6 * amount, currency) for amount in (profile.cost.mean, goal.max_cost))
    return Excess(profile.cost.mean / goal.max_cost, f"cost {cost} > {limit} per million")


def _headroom(profile: Profile, goal: Goal) -> Excess | None:
    if goal.headroom is None:
        return None
    used, size = profile.max_memory_used_mb, profile.configuration.memory_mb
    if used is None:
        return Excess(float("inf"), "memory used is not known")
    if size >= goal.headroom * used:
        return None
    return Excess(goal.headroom * used / size, f"less than {goal.headroom:g} x {used} MB used")
