"""The finalists against each other: which may still be better, at an error rate that allows looking every round."""

import math
from dataclasses import dataclass

from powertune.model import Configuration
from powertune.quantiles import NORMAL
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.rates import Rates

#: The probability that any comparison is wrong at any look.
ERROR = 0.05
#: The number of invocations of each finalist after which a confidence sequence is narrowest.
_NARROWEST_AT = 30


def rivals_left(
    evidence: Evidence, leader: Configuration, rates: Rates, precision: float
) -> tuple[Configuration, ...]:
    """Which rivals may still be better than the leader by more than `precision`.

    The log of the ratio of two means has an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy &
    Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52, 2024,
    theorem 2.2). It holds at every round, so stopping at the first favorable one does no harm. Rivals share the error
    (Bonferroni). Environments are few and differ; their part is added as for a fixed sample size.

    Costs are compared, or durations if only these matter, or their weighted product. With a tolerance, the leader's
    cost must be within the tolerance and `precision` together.
    """
    goal = evidence.exploration.goal
    rivals = [
        c for c in evidence.samples if c != leader and evidence.feasibility.admits(c) and _meets(evidence, c, rates)
    ]
    margin = math.log1p(precision)
    if goal.tolerance is not None:
        margin += math.log1p(goal.tolerance)
    own = _level(evidence, leader, rates)
    left = []
    for rival in rivals:
        other = _level(evidence, rival, rates)
        if other.log - own.log - _reach(own, other, evidence.noise.between, ERROR / len(rivals)) < -margin:
            left.append(rival)
    return tuple(left)


def lanes_for(precision: float, variance_between: float, least: int, most: int) -> int:
    """The number of environments per finalist, so that their differences use up half of the precision."""
    needed = 8 * variance_between * (NORMAL.inv_cdf(0.975) / precision) ** 2
    return min(most, max(least, math.ceil(needed)))


def _meets(evidence: Evidence, configuration: Configuration, rates: Rates) -> bool:
    """Whether a rival meets the limits of the goal, as far as its mean tells."""
    goal = evidence.exploration.goal
    mean = evidence.samples[configuration].mean
    tail = math.exp(evidence.tails.at(configuration).log_factor)
    too_slow = goal.max_duration is not None and mean * tail > goal.max_duration.at_most_ms
    cost = _cost(evidence, configuration, rates, mean * math.exp(evidence.outliers.log_factor))
    too_expensive = goal.max_cost is not None and cost > goal.max_cost
    return not too_slow and not too_expensive


def _cost(evidence: Evidence, configuration: Configuration, rates: Rates, mean_ms: float) -> float:
    """What an invocation that succeeds costs, with its part of what failures cost."""
    cost = mean_ms * rates.per_ms(configuration) + rates.request
    return cost * (1 + evidence.failures.at(configuration).share)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Level:
    """The log of a mean, the variance of one observation of it, and the numbers of observations and environments.

    `slope` is how much of a change of the duration, in the log, reaches what is compared.
    """

    log: float
    variance: float
    count: float
    environments: int
    slope: float


def _level(evidence: Evidence, configuration: Configuration, rates: Rates) -> _Level:
    goal = evidence.exploration.goal
    # With a tolerance, it is the cost that may still be out of bounds.
    weight = goal.cost_weight if goal.tolerance is None else 1.0
    sample = evidence.samples[configuration]
    rate = rates.per_ms(configuration)
    slope = weight * sample.mean * rate / (sample.mean * rate + rates.request) + 1 - weight
    cost = _cost(evidence, configuration, rates, sample.mean)
    return _Level(
        log=weight * math.log(cost) + (1 - weight) * math.log(sample.mean),
        variance=slope**2 * evidence.noise.within,
        count=sample.effective_count,
        environments=sample.environments,
        slope=slope,
    )


def _reach(one: _Level, other: _Level, variance_between: float, error: float) -> float:
    """Half the width of the confidence sequence of a difference, with the part of the environments."""
    count = min(one.count, other.count)
    variance = one.variance * count / one.count + other.variance * count / other.count
    tightness = (-2 * math.log(error) + math.log(-2 * math.log(error)) + 1) / _NARROWEST_AT
    grown = count * tightness + 1
    squared = variance * 2 * grown / (count**2 * tightness) * math.log(math.sqrt(grown) / error)
    between = variance_between * (one.slope**2 / one.environments + other.slope**2 / other.environments)
    return math.sqrt(squared + NORMAL.inv_cdf(1 - error / 2) ** 2 * between)
