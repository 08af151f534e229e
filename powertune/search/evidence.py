"""What a search makes of its measurements: what works, how long it takes, how noisy that is, what is ruled out."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from powertune.model import (
    Architecture,
    Configuration,
    Exploration,
    Goal,
    Measurement,
    Population,
    Statistic,
    Status,
    Strategy,
)
from powertune.quantiles import NORMAL
from powertune.search.curves import Array, Seen

#: Sizes to begin with, from the smallest on: powers of two, a full vCPU, the old maximum, and where cores are added.
LADDER_MB = (128, 256, 512, 1024, 1769, 3008, 5308, 8846)
#: So many sizes of an architecture have to work before its curve is guessed at; fewer where something is known of it.
FEWEST_SIZES = 3
#: The next size to try above one that fails is larger by at least this factor.
STEP = 1.1
#: What new accounts may use at most.
CAPPED_MB = 3008
#: A size is taken for too small if more of its memory is used than this; from the other on, memory is scarce.
FULL, PRESSED = 0.97, 0.85
#: What is known of noise beforehand: 8 %, and 2 % between environments, as sure as so many observations.
NOISE, NOISE_WEIGHT = 0.08, 3
LANE_NOISE, LANE_NOISE_WEIGHT = 0.02, 6
#: Warm durations beyond this multiple of the median are taken for outliers, and count as that much.
WINSOR = 1.45
#: A duration so many times that of its kind is a jump; so many of them, and such a share, are no outliers any more.
JUMP, FEWEST_JUMPS, MANY_JUMPS = 1.8, 3, 0.08
#: Outliers usually raise a mean by 2.5 %, which a handful of invocations does not show.
OUTLIERS, OUTLIERS_WEIGHT = 1.025, 50
#: Shorter durations are not told apart.
_LEAST_MS = 1e-3
_Z = {Statistic.P50: 0.0, Statistic.P95: NORMAL.inv_cdf(0.95), Statistic.P99: NORMAL.inv_cdf(0.99)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The durations or billed durations (ms) of a configuration's warm invocations, with the environment of each.

    They come in groups, one for each payload, with its share of the traffic; no two payloads need be alike.
    """

    groups: tuple[Array, ...]
    weights: tuple[float, ...]
    served: tuple[NDArray[np.int64], ...]
    """A number for each environment; for each lane, where environments are not known."""
    known: bool
    """Whether all environments are known."""

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(group.size for group in self.groups)

    @property
    def environments(self) -> int:
        """How many execution environments they come from; how many lanes, where those are not known."""
        return len({number for numbers in self.served for number in numbers.tolist()})

    @property
    def mean(self) -> float:
        """The mean, each payload in its share."""
        total = sum(weight * float(group.mean()) for weight, group in zip(self.weights, self.groups, strict=True))
        return total / sum(self.weights)

    def without_outliers(self) -> "Sample":
        """The same with outliers cut down, payload by payload."""
        return replace(self, groups=tuple(map(_winsorized, self.groups)))


class Evidence:
    """The measurements as a search sees them.

    Attributes:
        samples: of the configurations that work.
        counts: how many warm invocations each of them has.
        noise, lane_noise: the variance of log durations within an environment, and between environments.
        seen: the same for `curves.believe`, and what was known before the run.
        outlier_factor: by how much outliers raise a mean above what the belief is about.
    """

    def __init__(self, measured: Mapping[Configuration, Measurement], exploration: Exploration) -> None:
        self._measured = measured
        self._exploration = exploration
        # What is fast is a matter of duration, what is cheap one of billed duration: whole milliseconds.
        column = "duration_ms" if exploration.goal.strategy is Strategy.SPEED else "billed_ms"
        raw = {c: sample for c in sorted(measured) if (sample := self._warm(measured[c], column)) is not None}
        # What jumps often is no outlier: a function that does one of two things is paid for both.
        self._wild = _jumps(raw.values())
        samples = raw if self._wild else {c: sample.without_outliers() for c, sample in raw.items()}
        self.noise = _wild_variance(samples.values()) if self._wild else _noise_variance(samples.values())
        self.lane_noise = _lane_variance(samples.values(), self.noise)
        self._fills = False
        self.samples = self._working(samples)
        if samples and not self.samples:
            # What fills its memory at every size, as some runtimes do, is not short of it.
            self._fills = True
            self.samples = self._working(samples)
        self.counts = {c: sample.count for c, sample in self.samples.items()}
        self.seen = (*self._seen(), *self._known_before())
        raised = sum(raw[c].mean / sample.mean * sample.count for c, sample in self.samples.items())
        count = sum(self.counts.values())
        usual = 1.0 if self._wild else OUTLIERS
        self.outlier_factor = (OUTLIERS_WEIGHT * usual + raised) / (OUTLIERS_WEIGHT + count)

    def freedom(self, configuration: Configuration) -> int:
        """How many degrees of freedom what is known of a configuration's own noise has."""
        return NOISE_WEIGHT + self.counts[configuration]

    @property
    def informed(self) -> bool:
        """Whether the shape of the curve was known before the run."""
        return len({hint.configuration for hint in self._exploration.hints}) >= FEWEST_SIZES

    @property
    def invocations(self) -> int:
        """How many invocations there were, cold ones and failures included."""
        return sum(len(m.invocations) for m in self._measured.values())

    def bounds(self, architecture: Architecture) -> tuple[int, int]:
        """The sizes that may work: above those that fail, and below those that cannot be published.

        A size that fails is short of memory, and not by one MB; one that is refused is more than the account may use.
        """
        low = max(self._exploration.smallest_mb, math.ceil(STEP * self._floor(architecture)))
        used = self._exploration.memory_used_mb or 0
        low = max(low, math.ceil(used / FULL))
        if (headroom := self._exploration.goal.headroom) is not None:
            used = max([used, *(_memory_used(self._measured[c]) for c in self.samples)])
            low = max(low, math.ceil(headroom * used))
        return low, min([self._exploration.largest_mb, *map(_next_below, self._refused(beyond=True))])

    def _raises(self, architecture: Architecture) -> bool:
        """Whether the function raised errors of its own at all of the first sizes, and did nothing else."""
        failed = [m for c, m in self._measured.items() if c.architecture is architecture]
        statuses = {status for m in failed for status in m.invocations.column("status")}
        return len(failed) >= FEWEST_SIZES and statuses == {Status.ERROR}

    def _refused(self, *, beyond: bool) -> list[int]:
        """The sizes that could not be published: beyond all that work, or below one that does."""
        works = max((c.memory_mb for c, m in self._measured.items() if len(m.invocations)), default=0)
        refused = (c.memory_mb for c, m in self._measured.items() if m.unmeasured)
        return [size for size in refused if (size > works) is beyond]

    def admits(self, configuration: Configuration) -> bool:
        """Whether a configuration may be the answer."""
        if configuration.architecture not in self._exploration.architectures:
            return False
        low, high = self.bounds(configuration.architecture)
        return low <= configuration.memory_mb <= high

    def rungs(self) -> tuple[Configuration, ...]:
        """The rungs to measure next: until enough sizes of each architecture work to see the shape of the curve."""
        rungs: list[Configuration] = []
        for number, architecture in enumerate(self._exploration.architectures):
            wanted = FEWEST_SIZES - (number > 0 or self.informed)
            works = sum(c.architecture is architecture and self.admits(c) for c in self.samples)
            open_ = [c for c in self._ladder(architecture) if c not in self._measured]
            if self._raises(architecture):
                # More memory does not fix what the function raises itself: one look at the largest size is enough.
                largest = self.bounds(architecture)[1]
                open_ = [c for c in open_ if c.memory_mb == largest]
            rungs.extend(open_[: max(0, wanted - works)])
        return tuple(rungs)

    def _ladder(self, architecture: Architecture) -> list[Configuration]:
        """Rungs within the bounds. The current size takes the place of one near it, and so is measured for free."""
        low, high = self.bounds(architecture)
        sizes = {size for size in LADDER_MB if low <= size <= high}
        if low <= high and len(sizes) < FEWEST_SIZES:
            sizes |= {low, round(math.sqrt(low * high)), high}
        current = self._exploration.current
        if current is not None and current.architecture is architecture and low <= current.memory_mb <= high:
            near = {size for size in sizes if 1 / 1.25 < size / current.memory_mb < 1.25}
            sizes = sizes - near | ({current.memory_mb} if near else set())
        if self._raises(architecture):
            sizes.add(high)
        return [Configuration(memory_mb=size, architecture=architecture) for size in sorted(sizes)]

    def untried(self, configuration: Configuration) -> bool:
        """Whether a configuration that may work was not measured."""
        return configuration not in self._measured and self.admits(configuration)

    def lanes_tried(self, configuration: Configuration) -> int:
        """Over how many lanes a configuration was invoked, whether or not that gave a warm invocation in each."""
        return len(set(self._measured[configuration].invocations.column("lane")))

    @property
    def barren(self) -> frozenset[Configuration]:
        """What was measured without a warm invocation to show for it: it will hardly show one the next time."""
        return frozenset(self._measured.keys() - self.samples.keys())

    def pressed(self, configuration: Configuration) -> bool:
        """Whether memory is scarce at a size, so that a larger one may be faster than the CPU explains."""
        used = _memory_used(self._measured[configuration])
        return not self._fills and used > PRESSED * configuration.memory_mb

    def tail(self, goal: Goal) -> float:
        """The log of the ratio to the mean of what a goal limits, were durations lognormal with the noise seen."""
        statistic = Statistic.MEAN if goal.max_duration is None else goal.max_duration.statistic
        if statistic is Statistic.MEAN:
            return 0.0
        return _Z[statistic] * math.sqrt(self.noise) - self.noise / 2

    def _warm(self, measurement: Measurement, column: str) -> Sample | None:
        """The warm invocations of a configuration that works; None without any, or before each payload was sent."""
        if measurement.infeasible or measurement.unmeasured:
            return None
        select = measurement.invocations.select
        names = select(Population.WARM, "environment")
        told = None not in names
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        served = tuple(map(numbers.__getitem__, names)) if told else select(Population.WARM, "lane")
        columns = (select(Population.WARM, column), served, select(Population.WARM, "payload"))
        known = [
            (max(ms, _LEAST_MS), by, payload) for ms, by, payload in zip(*columns, strict=True) if ms is not None
        ]
        payloads = sorted({payload for _, _, payload in known})
        if not payloads or len(payloads) < len(self._exploration.weights):
            return None
        return Sample(
            groups=tuple(np.array([ms for ms, _, of in known if of == payload]) for payload in payloads),
            weights=self._exploration.weights,
            served=tuple(np.array([by for _, by, of in known if of == payload]) for payload in payloads),
            known=told,
        )

    def _working(self, samples: Mapping[Configuration, Sample]) -> dict[Configuration, Sample]:
        return {c: sample for c, sample in samples.items() if self._floor(c.architecture) < c.memory_mb}

    def _floor(self, architecture: Architecture) -> int:
        """The largest size at which the function cannot run: nor can it at any smaller one."""
        failed = (
            c.memory_mb
            for c, m in self._measured.items()
            if c.architecture is architecture and (m.infeasible or self._is_full(m))
        )
        return max([0, *failed, *self._refused(beyond=False)])

    def _is_full(self, measurement: Measurement) -> bool:
        return not self._fills and _memory_used(measurement) >= FULL * measurement.configuration.memory_mb

    def _seen(self) -> list[Seen]:
        return [
            Seen(
                configuration=configuration,
                log_ms=math.log(sample.mean),
                variance=self.noise / sample.count + self.lane_noise / sample.environments,
            )
            for configuration, sample in self.samples.items()
        ]

    def _known_before(self) -> list[Seen]:
        return [
            Seen(
                configuration=hint.configuration,
                log_ms=math.log(max(hint.duration_ms, _LEAST_MS)),
                variance=NOISE**2,
                origin=hint.origin,
            )
            for hint in self._exploration.hints
        ]


def _next_below(refused_mb: int) -> int:
    """The next size to try below one that the account may not use: new accounts end at 3,008 MB."""
    return CAPPED_MB if refused_mb > CAPPED_MB else int(refused_mb / STEP)


def _memory_used(measurement: Measurement) -> int:
    return max((used for used in measurement.invocations.column("max_memory_used_mb") if used is not None), default=0)


def _winsorized(values: Array) -> Array:
    return np.minimum(values, WINSOR * float(np.median(values))) if values.size > 2 else values


def _groups(samples: Iterable[Sample]) -> list[Array]:
    """Values that are alike, but for noise: those of one configuration and payload, where there are two or more."""
    return [group for sample in samples for group in sample.groups if group.size > 1]


def _jumps(samples: Iterable[Sample]) -> bool:
    """Whether values are far above others of their kind more often than outliers are."""
    groups = _groups(samples)
    far = sum(int((group > JUMP * np.quantile(group, 0.5, method="lower")).sum()) for group in groups)
    return far >= FEWEST_JUMPS and far > MANY_JUMPS * sum(group.size for group in groups)


def _noise_variance(samples: Iterable[Sample]) -> float:
    """The variance of log durations within a configuration: what was seen, drawn towards what is usual."""
    logs = [np.log(group) for group in _groups(samples)]
    # Values differ from their own mean by less than from the true one.
    residuals = [(values - values.mean()) * math.sqrt(values.size / (values.size - 1)) for values in logs]
    count = sum(len(values) - 1 for values in residuals)
    if not count:
        return NOISE**2
    robust = 1.4826 * float(np.median(np.abs(np.concatenate(residuals))))
    return (NOISE_WEIGHT * NOISE**2 + count * robust**2) / (NOISE_WEIGHT + count)


def _wild_variance(samples: Iterable[Sample]) -> float:
    """The variance of a duration relative to its mean, where jumps are part of it."""
    groups = _groups(samples)
    squares = math.fsum(float(((group / group.mean() - 1) ** 2).sum()) for group in groups)
    freedom = sum(len(group) - 1 for group in groups)
    return squares / max(1, freedom)


def _lane_variance(samples: Iterable[Sample], noise: float) -> float:
    """The variance of log durations between environments: what was seen, drawn towards what is usual.

    Lanes whose environments are not known may share them, or be served by all of them in turn: that they are alike
    says nothing, and only that they differ does.
    """
    usual, weight = LANE_NOISE**2, float(LANE_NOISE_WEIGHT)
    total, freedom = weight * usual, weight
    for sample in samples:
        for group, served in zip(sample.groups, sample.served, strict=True):
            parts = [np.log(group[served == each]) for each in set(served.tolist())]
            if len(parts) > 1:
                between = float(np.var([values.mean() for values in parts], ddof=1))
                within = noise * float(np.mean([1 / values.size for values in parts]))
                total += (len(parts) - 1) * max(0.0 if sample.known else usual, between - within)
                freedom += len(parts) - 1
    return total / freedom
