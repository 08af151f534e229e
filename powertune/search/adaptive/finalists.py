"""Which measured configurations may win: the choice, and what comes close to it."""

import math
from collections.abc import Iterable

from powertune.model import Configuration
from powertune.search.adaptive.choice import Choice

#: The best size of another architecture is a finalist if it is better than the choice with this probability.
CHANCE = 0.1
#: A new size this close to a measured one (in log memory) would show the same as more invocations of that one.
NEARBY = 0.06


def finalists(choice: Choice) -> frozenset[Configuration]:
    """The choice, and the best size of each other architecture if that may be better."""
    posterior = choice.posterior
    found = {choice.configuration}
    for architecture in posterior.evidence.exploration.architectures:
        own = [i for i in choice.able.tolist() if posterior.candidates[i].architecture is architecture]
        if not own:
            continue
        best = min(own, key=lambda i: float(posterior.scores[:, i].mean()))
        better = posterior.scores[:, best] < posterior.scores[:, choice.index]
        if better.mean() >= CHANCE:
            found.add(posterior.candidates[best])
    return frozenset(found)


def nearest(measured: Iterable[Configuration], candidate: Configuration) -> Configuration:
    """The measured configuration nearest to a candidate, if it is close enough to show the same; or the candidate."""
    near = (
        (distance, c)
        for c in measured
        if c.architecture is candidate.architecture
        and (distance := abs(math.log(c.memory_mb / candidate.memory_mb))) < NEARBY
    )
    return min(near, default=(0.0, candidate))[1]
