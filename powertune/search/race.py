"""The finalists against each other: who may still be better, at an error rate that bears looking often."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from powertune.model import Configuration, Goal, Strategy
from powertune.quantiles import NORMAL
from powertune.search.evidence import Evidence

#: All comparisons hold together, at every look, but for this probability.
ERROR = 0.05
#: A confidence sequence is narrowest after so many invocations of each finalist.
_NARROWEST_AT = 30


def rivals_left(
    evidence: Evidence,
    leader: Configuration,
    rates: Mapping[Configuration, float],
    request: float,
    goal: Goal,
    precision: float,
) -> tuple[Configuration, ...]:
    """Which rivals may still be better than the leader by more than `precision`.

    The log of the ratio of two means has an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy &
    Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52, 2024,
    theorem 2.2), so that it may be looked at after every round, and stopping at the first one that pleases does no
    harm; rivals share the error (Bonferroni). Environments are few and differ; that is added as for a fixed number.

    What is compared is the cost; the duration if that is all that matters; or their weighted product. Where the cost
    has a tolerance, the leader must be within it and `precision` together.
    """
    able = (c for c in evidence.samples if evidence.admits(c) and _meets(evidence, c, rates[c], request, goal))
    rivals = [c for c in able if c != leader]
    margin = math.log1p(precision)
    if goal.strategy is Strategy.TOLERANCE:
        margin += math.log1p(goal.cost_tolerance)
    own = _level(evidence, leader, rates[leader], request, goal)
    left = []
    for rival in rivals:
        other = _level(evidence, rival, rates[rival], request, goal)
        if other.log - own.log - _reach(own, other, evidence.lane_noise, ERROR / len(rivals)) < -margin:
            left.append(rival)
    return tuple(left)


def _meets(evidence: Evidence, configuration: Configuration, rate: float, request: float, goal: Goal) -> bool:
    """Whether a rival keeps the limits of the goal, as far as its mean tells: one that does not is none."""
    mean = evidence.samples[configuration].mean
    too_slow = goal.max_duration is not None and mean * math.exp(evidence.tail(goal)) > goal.max_duration.at_most_ms
    too_dear = goal.max_cost is not None and mean * rate + request > goal.max_cost
    return not too_slow and not too_dear


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """The log of a mean, the variance of one observation of it, how many there are, and over how many lanes."""

    log: float
    variance: float
    count: int
    lanes: int
    slope: float


def _level(evidence: Evidence, configuration: Configuration, rate: float, request: float, goal: Goal) -> _Level:
    weight = {Strategy.SPEED: 0.0, Strategy.BALANCED: goal.balanced_weight}.get(goal.strategy, 1.0)
    sample = evidence.samples[configuration]
    cost = sample.mean * rate + request
    # How much of a change of the duration, in the log, is one of what is compared.
    slope = weight * sample.mean * rate / cost + 1 - weight
    return _Level(
        log=weight * math.log(cost) + (1 - weight) * math.log(sample.mean),
        variance=slope**2 * evidence.noise,
        count=sample.count,
        lanes=sample.environments,
        slope=slope,
    )


def _reach(one: _Level, other: _Level, lane_noise: float, error: float) -> float:
    """Half the width of the confidence sequence of a difference, with what environments add to it."""
    count = min(one.count, other.count)
    variance = one.variance * count / one.count + other.variance * count / other.count
    tightness = (-2 * math.log(error) + math.log(-2 * math.log(error)) + 1) / _NARROWEST_AT
    grown = count * tightness + 1
    squared = variance * 2 * grown / (count**2 * tightness) * math.log(math.sqrt(grown) / error)
    between = lane_noise * (one.slope**2 / one.lanes + other.slope**2 / other.lanes)
    return math.sqrt(squared + NORMAL.inv_cdf(1 - error / 2) ** 2 * between)


def lanes_for(precision: float, lane_noise: float, least: int, most: int) -> int:
    """Over how many environments finalists are spread, so that these leave half of the precision to chance."""
    needed = 8 * lane_noise * (NORMAL.inv_cdf(0.975) / precision) ** 2
    return min(most, max(least, math.ceil(needed)))
