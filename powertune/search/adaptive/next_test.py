"""The next test of a configuration: how many invocations, in how many environments, and what they show."""

import math
from dataclasses import dataclass

from powertune.model import Configuration, Exploration, Trial
from powertune.search.adaptive.evidence import Evidence

#: Answers are measured in at least this many environments.
FEWEST_LANES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NextTest:
    """What could be invoked next of one configuration.

    `noise` is the variance of what that shows of its mean, in log duration, as if it were an observation of its own.
    """

    trial: Trial
    noise: float

    @classmethod
    def of(cls, configuration: Configuration, evidence: Evidence) -> "NextTest":
        """A new configuration starts in one environment. A measured one is invoked again in those that it has.

        That shows nothing of other environments. Where those differ, it soon shows hardly anything.
        """
        sample, noise, batch = evidence.samples.get(configuration), evidence.noise, evidence.exploration.batch
        if sample is None:
            trial = Trial(configuration=configuration, invocations=batch + 1, lanes=1)
            return cls(trial=trial, noise=noise.within / evidence.efficiency / batch + noise.between)
        lanes = evidence.lanes_tried(configuration)
        wanted = whole(max(batch, lanes), evidence.exploration)
        invocations = max(1, min(wanted, evidence.exploration.most - sample.count))
        alike = noise.within / sample.effective_count
        apart = noise.between / sample.environments
        before, after = alike + apart + sample.doubt, alike * sample.count / (sample.count + invocations) + apart
        trial = Trial(configuration=configuration, invocations=invocations, lanes=lanes)
        return cls(trial=trial, noise=before * after / (before - after))


def most_lanes(exploration: Exploration) -> int:
    """In how many lanes a size may be invoked: as many as were asked for, if they were."""
    return min(exploration.lanes or exploration.most_lanes, exploration.most_lanes)


def whole(invocations: int, exploration: Exploration) -> int:
    """At least so many, with each payload in its share."""
    cycle = exploration.batch if len(exploration.weights) > 1 else 1
    return math.ceil(invocations / cycle) * cycle
