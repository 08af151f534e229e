"""Exact tests of counts: whether one share is larger than another, or than what was allowed.

Fisher's exact test: R. A. Fisher, Statistical Methods for Research Workers, 5th ed. (1934), section 21.02. The
binomial test and the limits of a share: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), 404-413. None of them
assumes large counts, so a single failure is never taken for more than it is.
"""

import math
from collections.abc import Callable

import numpy as np

#: A part that is too small to change a sum.
_NOTHING = 1e-17
#: This many halvings bring a limit closer than any figure that is shown.
_HALVINGS = 60


def larger_share(hits: int, total: int, other_hits: int, other_total: int) -> float:
    """The p-value of Fisher's one-sided test that the share of hits is larger than the other one.

    Raises:
        ValueError: more hits than there are.
    """
    _check(hits, total)
    _check(other_hits, other_total)
    every, both = total + other_total, hits + other_hits
    whole = _log_choose(every, both)

    def log_chance(count: int) -> float:
        return _log_choose(total, count) + _log_choose(other_total, both - count) - whole

    return _at_least(hits, min(both, total), both * total / max(1, every), log_chance)


def share_above(hits: int, total: int, allowed: float) -> float:
    """The p-value of the one-sided binomial test that the share of hits is larger than what is allowed (0 to 1).

    Raises:
        ValueError: more hits than there are.
    """
    _check(hits, total)
    if allowed <= 0:
        return 1.0 if hits == 0 else 0.0
    if allowed >= 1:
        return 1.0
    yes, no = math.log(allowed), math.log1p(-allowed)

    def log_chance(count: int) -> float:
        return _log_choose(total, count) + count * yes + (total - count) * no

    return _at_least(hits, total, allowed * total, log_chance)


def at_most(successes: int, trials: int, probability: float) -> float:
    """The probability of at most this many successes: the binomial distribution, by a recursion in logarithms."""
    if successes < 0:
        return 0.0
    if successes >= trials or probability <= 0:
        return 1.0
    if probability >= 1:
        return 0.0
    counts = np.arange(1, successes + 1, dtype=np.float64)
    steps = np.log((trials - counts + 1) / counts) + math.log(probability) - math.log1p(-probability)
    logs = np.concatenate(([0.0], np.cumsum(steps))) + trials * math.log1p(-probability)
    return min(1.0, float(np.exp(logs).sum()))


def upper_limit(hits: int, total: int, level: float = 0.95) -> float:
    """The largest share that `hits` are still compatible with (Clopper and Pearson, one-sided).

    Args:
        level: the confidence, 0 to 1.

    Raises:
        ValueError: more hits than there are.
    """
    _check(hits, total)
    if hits == total:
        return 1.0
    low, high = hits / total, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(hits, total, middle) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def _at_least(hits: int, most: int, mean: float, log_chance: Callable[[int], float]) -> float:
    """The chance of at least this many hits. Above the mean, chances only fall: what adds nothing is left out."""
    found = 0.0
    for count in range(hits, most + 1):
        chance = math.exp(log_chance(count))
        if count > mean and chance <= _NOTHING * found:
            break
        found += chance
    return min(1.0, found)


def _check(hits: int, total: int) -> None:
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} of {total} is no share")


def _log_choose(total: int, count: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
