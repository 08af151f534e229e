"""What the adaptive search knows at one moment: samples, their noise, which sizes work, and earlier data."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from statistics import fmean

from powertune.failure_costs import FailureCosts
from powertune.model import Configuration, Exploration, Measurement, Population
from powertune.search.adaptive.curves import Seen
from powertune.search.adaptive.feasibility import Feasibility
from powertune.search.adaptive.first_sizes import FEWEST_SIZES
from powertune.search.adaptive.noise import NOISE, NOISE_WEIGHT, Noise, has_jumps
from powertune.search.adaptive.outliers import Outliers
from powertune.search.adaptive.rates import Rates
from powertune.search.adaptive.samples import LEAST_MS, Sample
from powertune.search.adaptive.tails import LimitedTails


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """The measurements and hints of a search.

    `samples` are those of the configurations that work, `counts` the number of their warm invocations, and `seen` the
    same for `curves.believe`, with what was known before the run. `outliers` raise a mean above that of the
    samples, and `tails` lead from there to the statistic that the goal limits. `failures` are what invocations that
    fail add to the cost of the others. `efficiency` is how much of what one payload would tell is left where there
    are several: see `Sample.effective_count`.
    """

    measured: Mapping[Configuration, Measurement]
    exploration: Exploration
    samples: Mapping[Configuration, Sample]
    counts: Mapping[Configuration, int]
    noise: Noise
    feasibility: Feasibility
    seen: tuple[Seen, ...]
    outliers: Outliers
    tails: LimitedTails
    failures: FailureCosts
    efficiency: float

    @classmethod
    def of(cls, measured: Mapping[Configuration, Measurement], exploration: Exploration) -> "Evidence":
        """What was measured, in the light of what is searched for."""
        # Speed is a matter of duration, cost one of billed duration, in whole milliseconds.
        column = "duration_ms" if exploration.goal.ignores_cost else "billed_ms"
        found = ((c, Sample.of(measured[c], column, exploration.weights)) for c in sorted(measured))
        raw = {c: sample for c, sample in found if sample is not None}
        jumps = has_jumps(raw.values())
        cut = raw if jumps else {c: sample.without_outliers() for c, sample in raw.items()}
        noise = Noise.of(cut.values(), jumps=jumps)
        if not jumps:
            cut = {c: sample.without_lies(noise.within) for c, sample in cut.items()}
        feasibility = Feasibility.of(measured, exploration, cut)
        samples = {c: sample for c, sample in cut.items() if c in feasibility.works}
        outliers = Outliers.of(raw, samples, jumps=jumps)
        return cls(
            measured=measured,
            exploration=exploration,
            samples=samples,
            counts={c: sample.count for c, sample in samples.items()},
            noise=noise,
            feasibility=feasibility,
            seen=(*_seen(samples, noise), *_known_before(exploration)),
            outliers=outliers,
            tails=LimitedTails.of(raw, samples, noise, outliers, exploration.goal.max_duration),
            failures=FailureCosts.of(measured.values()),
            efficiency=_efficiency(samples.values()),
        )

    @property
    def informed(self) -> bool:
        """Whether the shape of the curve was known before the run."""
        return len({hint.configuration for hint in self.exploration.hints}) >= FEWEST_SIZES

    @property
    def explored(self) -> int:
        """How many invocations were made to explore, cold starts and failures included.

        Those are taken to be the ones in the first lane of a size: most others confirm, prove or race.
        """
        return sum(m.invocations.column("lane").count(0) for m in self.measured.values())

    def freedom(self, configuration: Configuration) -> int:
        """The degrees of freedom of the noise of a configuration; of all, for one that was not measured."""
        return NOISE_WEIGHT + self.counts.get(configuration, sum(self.counts.values()))

    def start_cost(self, configuration: Configuration, rates: Rates) -> float:
        """What a cold start of a measured configuration costs, in warm invocations."""
        invocations = self.measured[configuration].invocations
        cold, warm = (
            [ms for ms in invocations.select(population, "billed_ms") if ms]
            for population in (Population.COLD, Population.WARM)
        )
        return (fmean(cold) + rates.restore_ms(configuration)) / fmean(warm) if cold and warm else math.inf

    def attempts(self, configuration: Configuration) -> int:
        """How often a measured configuration was invoked, whatever came of it."""
        return len(self.measured[configuration].invocations)

    def lanes_tried(self, configuration: Configuration) -> int:
        """The number of lanes of a measured configuration, with or without a warm invocation in each."""
        return len(set(self.measured[configuration].invocations.column("lane")))


def _efficiency(samples: Collection[Sample]) -> float:
    count = sum(sample.count for sample in samples)
    return sum(sample.effective_count for sample in samples) / count if count else 1.0


def _seen(samples: Mapping[Configuration, Sample], noise: Noise) -> list[Seen]:
    return [
        Seen(
            configuration=configuration,
            log_ms=math.log(sample.mean),
            variance=noise.within / sample.effective_count + noise.between / sample.environments + sample.doubt,
        )
        for configuration, sample in samples.items()
    ]


def _known_before(exploration: Exploration) -> list[Seen]:
    return [
        Seen(
            configuration=hint.configuration,
            log_ms=math.log(max(hint.duration_ms, LEAST_MS)),
            variance=NOISE**2,
            origin=hint.origin,
        )
        for hint in exploration.hints
    ]
