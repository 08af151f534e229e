"""Several tests at once, where publishing a size takes longer than to measure it: what joins the best one."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from powertune.model import Configuration
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.choice import Choice
from powertune.search.adaptive.finalists import NEARBY

#: What an invocation takes beside the function's own duration, in ms.
ROUND_TRIP_MS = 100.0
#: The wait for a size counts as at most this many invocations.
MOST_MEANWHILE = 5.0
#: The most tests of a batch, and the least that a test of a published size promises for its cost, as a share of what
#: the first test does: it takes hardly any time, but it costs money.
MOST_TOGETHER, LEAST_SHARE = 4, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """More invocations of one configuration.

    `worth` is what they promise, in the unit of the scores, and `value` that for their cost. `new` says whether the
    configuration has to be published.
    """

    configuration: Configuration
    worth: float
    value: float
    new: bool


#: The tests that could be made after a choice, from the one of most value on.
Tests = Callable[[Choice], Iterable[Test]]


def invocations_meanwhile(choice: Choice) -> float:
    """How many invocations of the choice, one after the other, take as long as publishing one more size.

    That is what the wait for it counts as, beside its price. Beyond a bound, the search would never try a new size.
    """
    return min(MOST_MEANWHILE, _made_meanwhile(choice))


def _made_meanwhile(choice: Choice) -> float:
    exploration = choice.posterior.evidence.exploration
    duration_ms = float(np.exp(choice.posterior.log_ms[:, choice.index].mean()))
    waited_ms = 1000 * (exploration.publishing_s + exploration.publishing_batch_s)
    return waited_ms / (ROUND_TRIP_MS + duration_ms)


def together(choice: Choice, first: Test, tests: Tests, noise: Array) -> tuple[Configuration, ...]:
    """What to measure in one batch, where publishing takes longer than to measure: `first`, and what joins it.

    Each is chosen as if those before it had shown exactly what is believed of them (the kriging believer of
    Ginsbourger, Le Riche & Carraro, "Kriging is well-suited to parallelize optimization", 2010).

    Args:
        noise: the variance of what a test of each candidate shows, in log duration.
    """
    picked = [first]
    if _made_meanwhile(choice) >= choice.posterior.evidence.exploration.batch:
        while len(picked) < MOST_TOGETHER:
            choice = believing(choice, picked[-1].configuration, noise)
            joining = next((test for test in tests(choice) if _joins(test, picked, choice)), None)
            if joining is None:
                break
            picked.append(joining)
    return tuple(test.configuration for test in picked)


def believing(choice: Choice, configuration: Configuration, noise: Array) -> Choice:
    """The choice after a test of a candidate that has shown exactly what is believed of it.

    Args:
        noise: the variance of what a test of each candidate shows, in log duration.
    """
    posterior = choice.posterior
    index = posterior.candidates.index(configuration)
    log_ms = as_expected(posterior.log_ms, index, float(noise[index]))
    costs = posterior.objective.costs(log_ms)
    scores = posterior.objective.scores(log_ms, costs)
    able = np.union1d(choice.able, [index])
    best = posterior.objective.best(scores, costs, able.tolist())
    return Choice.at(replace(posterior, log_ms=log_ms, costs=costs, scores=scores), best, able)


def as_expected(log_ms: Array, index: int, noise: float) -> Array:
    """Curves after an observation of one candidate that equals their mean there: closer to each other.

    All means stay. The deviations shrink as those of an ensemble whose observations are not perturbed (Whitaker &
    Hamill, "Ensemble data assimilation without perturbed observations", Monthly Weather Review 130, 2002).

    Args:
        log_ms: of shape (curves, candidates).
        noise: the variance of the observation; above 0.
    """
    means = log_ms.mean(axis=0)
    deviations = log_ms - means
    own = deviations[:, index]
    variance = float(own.var())
    gains = deviations.T @ own / len(own) / (variance + noise)
    share = 1 / (1 + math.sqrt(noise / (variance + noise)))
    after: Array = means + deviations - share * np.outer(own, gains)
    return after


def _joins(test: Test, picked: Sequence[Test], choice: Choice) -> bool:
    """Whether one more test is worth what it adds to a batch: money, and time if it has to be published.

    Sizes of one function are published one after the other, and a second one is chosen better after the first was
    seen. So a new one joins only where most of the wait comes once a batch, and if the batch then learns more in the
    time that it takes.
    """
    first, exploration = picked[0], choice.posterior.evidence.exploration
    if any(_is_near(test.configuration, other.configuration) for other in picked):
        return False
    if not test.new:
        return test.value > LEAST_SHARE * first.value
    each_s, once_s = exploration.publishing_s, exploration.publishing_batch_s
    return first.new and once_s > each_s and test.worth * (each_s + once_s) > first.worth * each_s


def _is_near(one: Configuration, other: Configuration) -> bool:
    """Whether one would show the same as the other."""
    return one.architecture is other.architecture and abs(math.log(one.memory_mb / other.memory_mb)) < NEARBY
