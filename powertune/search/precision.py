"""How precise an answer has to be, and whether a better one is worth its cost."""

import math

from powertune.model import Exploration

#: How much worse than the optimum the answer may be expected to be, if nothing else was asked for; and if there is
#: traffic to save on, so that a better answer pays for itself.
PRECISION, PRECISION_THAT_PAYS = 0.066, 0.01
#: Savings are counted over this time.
HORIZON_MONTHS = 12
#: After this many batches, the search explores no further; after more, if a higher precision is wanted.
MOST_BATCHES = 60
#: How many answers are measured often enough for a percentile that is limited: one may turn out to miss the limit.
_CHECKS = 2
#: The first batches, and those that confirm, and prove one of a few changes: each of these doubles the environments.
_BESIDE = 24
#: Batches in the median simulation: for a usual answer, where savings decide, and with a precision.
_FEW_BATCHES, _SAVING_BATCHES, _MANY_BATCHES = 4, 25, 25
#: Half the width of a confidence sequence, in standard errors, at the sample sizes of a race.
_REACH = 3.5
#: By how much environments usually differ, and the quantile of a 95 % interval: they may use up half of a precision.
_BETWEEN, _TWO_SIDED = 0.03, 1.96
#: The most that spreading finalists over several environments costs, cold starts included, in warm invocations.
_SPREADING_INVOCATIONS = 200


def precision_of(exploration: Exploration) -> float:
    """How much worse than the optimum the answer may be expected to be, as a share."""
    if exploration.precision is not None:
        return exploration.precision
    return PRECISION_THAT_PAYS if savings_decide(exploration) else PRECISION


def savings_decide(exploration: Exploration) -> bool:
    """Whether the expected saving decides how long to search: not for speed, as faster is not cheaper."""
    asked = exploration.goal.ignores_cost or exploration.precision is not None
    # Nothing can be saved on a function that is not used.
    return bool(exploration.invocations_per_month) and not asked


def explores_at_most(exploration: Exploration) -> int:
    """About how many invocations a search makes to explore, before it only confirms, proves and races."""
    patience = MOST_BATCHES * max(1.0, PRECISION / precision_of(exploration))
    limit = exploration.goal.max_duration
    checks = 0 if limit is None else _CHECKS * min(limit.statistic.fewest, exploration.most)
    return round(patience * (1 + exploration.batch)) + checks


def batches_at_most(exploration: Exploration) -> int:
    """About how many batches a search takes at most: to explore, to confirm and prove its answer, and to race."""
    exploring = math.ceil(explores_at_most(exploration) / exploration.batch)
    racing = 0 if exploration.precision is None else math.ceil(exploration.most / exploration.batch)
    return exploring + _BESIDE + racing


def batches_usually(exploration: Exploration) -> int:
    """About how many batches a search usually takes, by simulations of it on published curves."""
    if exploration.precision is not None:
        return _MANY_BATCHES
    monthly = exploration.invocations_per_month or 0.0
    worth = savings_decide(exploration) and PRECISION_THAT_PAYS * monthly * HORIZON_MONTHS > exploration.batch
    return _SAVING_BATCHES if worth else _FEW_BATCHES


def invocations_for(precision: float, noise: float) -> int:
    """About how many warm invocations a finalist needs, so that a difference of `precision` shows in a race.

    Args:
        noise: the coefficient of variation of durations within an environment.
    """
    return math.ceil(2 * (_REACH * noise / precision) ** 2)


def environments_for(precision: float) -> int:
    """In how many environments, if they differ as they usually do."""
    return math.ceil(8 * (_BETWEEN * _TWO_SIDED / precision) ** 2)


def pays(exploration: Exploration, gain: float, invocation_cost: float, price: float) -> bool:
    """Whether a batch is expected to save more within the horizon than it costs; True if savings do not decide.

    Args:
        gain: the share of the cost that it is expected to save.
        invocation_cost: what an invocation costs, in currency.
        price: what the batch costs, in currency.
    """
    if not savings_decide(exploration):
        return True
    monthly = exploration.invocations_per_month or 0.0
    return gain * invocation_cost * monthly * HORIZON_MONTHS > price


def spreads(exploration: Exploration) -> bool:
    """Whether several environments are worth their cold starts: for a precision asked for, or a large saving."""
    if not savings_decide(exploration):
        return exploration.precision is not None
    monthly = exploration.invocations_per_month or 0.0
    return PRECISION_THAT_PAYS * monthly * HORIZON_MONTHS > _SPREADING_INVOCATIONS
