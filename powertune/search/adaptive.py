"""Measures where it pays: a few sizes first, then whatever is expected to lower the cost of the answer most."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from powertune.model import Architecture, Configuration, Measurement, Population
from powertune.prices import RegionPrices
from powertune.quantiles import student_t
from powertune.search import Stop, Trial
from powertune.search.curves import Array, Belief, Seen, believe
from powertune.units import MB_PER_VCPU

#: Sizes to begin with, from the smallest on; the first three that work show the shape.
LADDER_MB = (128, 256, 512, 1024, MB_PER_VCPU, 3008, 5308, 8846)
FEWEST_SIZES = 3
#: Warm invocations of a size when it is first measured, and whenever more of it is wanted.
BATCH = 2
#: Sizes that are considered: so many, evenly spaced in the logarithm, and those that were measured.
CANDIDATES = 60
CURVES = 400
#: A new size this near to a measured one (in log memory) would tell the same as more of that one.
NEARBY = 0.06
#: How far around a size the curve is learnt by measuring there.
REACH = 0.25
#: The next size to try above one that fails is larger by at least this factor.
STEP = 1.1
#: What is known of noise beforehand: 8 %, as sure as six observations; and 2 % between environments.
NOISE, NOISE_WEIGHT, LANE_NOISE = 0.08, 6, 0.02
#: Warm durations beyond so many times the median are taken for outliers, and count as that much.
WINSOR = 1.45
#: Outliers usually raise a mean by 2.5 %, which a handful of invocations does not show; how much is not known well.
OUTLIERS, OUTLIERS_WEIGHT, OUTLIERS_DOUBT = 1.025, 50, 0.015
MOST_BATCHES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the search would recommend now: the measured configuration with the lowest expected cost.

    `cost_interval` holds that cost with 95 %, in currency per invocation; `p_best` is the probability that no other
    configuration that was measured is cheaper; `expected_loss` how much dearer it is expected to be than the cheapest
    of all sizes, as a share.
    """

    configuration: Configuration
    cost_interval: tuple[float, float]
    p_best: float
    expected_loss: float

    @property
    def memory_mb(self) -> int:
        """Its memory size."""
        return self.configuration.memory_mb


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """Searches a range of sizes, of one or two architectures, for the lowest cost of a warm invocation.

    The state is what was measured: proposals are a function of it and of the seed, so a search goes on from a results
    file as if it had not been interrupted. After the first three sizes that work, each batch is put where the loss of
    the present answer, averaged over curves that may be true, is expected to fall most for its price (the knowledge
    gradient of Frazier, Powell & Dayanik, "The Knowledge-Gradient Policy for Correlated Normal Beliefs", INFORMS
    Journal on Computing 21, 2009, approximated), until that loss is below `precision`.
    """

    smallest_mb: int
    largest_mb: int
    architectures: tuple[Architecture, ...]
    prices: RegionPrices
    ephemeral_storage_mb: int = 512
    lanes: int = 1
    seed: int = 1
    precision: float = 0.06

    def propose(self, measured: Mapping[Configuration, Measurement]) -> tuple[Trial, ...] | Stop:
        """The next batch, or the reason to stop: `complete`, or `batches` when there were too many of them."""
        view = _View(measured, self)
        if rungs := view.missing_rungs():
            return tuple(Trial(configuration=c, invocations=self.lanes + BATCH) for c in rungs)
        if not view.seen:
            return Stop(reason="complete")
        if sum(len(m.invocations) for m in measured.values()) >= MOST_BATCHES * (self.lanes + BATCH):
            return Stop(reason="batches")
        belief, costs = view.belief()
        pick = view.pick(belief, costs)
        loss = costs[:, pick] - costs.min(axis=1)
        if loss.mean() < self.precision * costs[:, pick].mean():
            return Stop(reason="complete")
        chosen = view.most_worth(belief, costs, pick, loss)
        again = any(s.configuration == chosen for s in view.seen)
        return (Trial(configuration=chosen, invocations=BATCH if again else self.lanes + BATCH),)

    def answer(self, measured: Mapping[Configuration, Measurement]) -> Answer | None:
        """The answer at this moment; None where nothing that was measured works."""
        view = _View(measured, self)
        if not view.seen:
            return None
        belief, costs = view.belief()
        pick = view.pick(belief, costs)
        logs = np.log(costs[:, pick])
        reach = student_t(0.975, view.freedom) * math.hypot(float(logs.std()), OUTLIERS_DOUBT)
        middle = float(logs.mean()) + math.log(view.outlier_factor)
        rivals = costs[:, view.indexes(belief)].min(axis=1)
        return Answer(
            configuration=belief.candidates[pick],
            cost_interval=(math.exp(middle - reach), math.exp(middle + reach)),
            p_best=float(np.mean(costs[:, pick] <= rivals)),
            expected_loss=float((costs[:, pick] - costs.min(axis=1)).mean() / costs[:, pick].mean()),
        )


class _View:
    """What a search makes of its measurements, worked out once for a proposal."""

    def __init__(self, measured: Mapping[Configuration, Measurement], search: Adaptive) -> None:
        self._measured = measured
        self._search = search
        samples = {c: sample for c, m in measured.items() if (sample := _warm(m)) is not None}
        self._noise = _noise_variance([values for values, _ in samples.values()])
        usable = {c: sample for c, sample in samples.items() if self._floor(c.architecture) < c.memory_mb}
        self.seen = tuple(self._seen(c, *usable[c]) for c in sorted(usable))
        self._counts = {c: values.size for c, (values, _) in usable.items()}
        raised = sum(float((values / _winsorized(values).mean()).sum()) for values, _ in usable.values())
        count = sum(values.size for values, _ in usable.values())
        #: By how much outliers raise a mean above what the belief is about: as usual, until there is more to see.
        self.outlier_factor = (OUTLIERS_WEIGHT * OUTLIERS + raised) / (OUTLIERS_WEIGHT + count)
        self.freedom = NOISE_WEIGHT + count - len(usable)

    def _floor(self, architecture: Architecture) -> int:
        """The largest size at which the function cannot run: nor can it at any smaller one."""
        failed = (c.memory_mb for c, m in self._measured.items() if m.infeasible and c.architecture is architecture)
        return max(failed, default=0)

    def _ceiling(self) -> int:
        """The smallest size that could not be published: this account may not use so much memory."""
        refused = (c.memory_mb for c, m in self._measured.items() if m.unmeasured)
        return min(refused, default=self._search.largest_mb + 1)

    def _bounds(self, architecture: Architecture) -> tuple[int, int]:
        """The sizes that may work. A size that fails is short of memory, and not by one MB."""
        low = max(self._search.smallest_mb, math.ceil(STEP * self._floor(architecture)))
        return low, min(self._search.largest_mb, self._ceiling() - 1)

    def _seen(self, configuration: Configuration, values: Array, lanes: int) -> Seen:
        variance = self._noise / values.size + LANE_NOISE**2 / lanes
        mean = float(_winsorized(values).mean())
        return Seen(configuration=configuration, log_ms=math.log(max(mean, 1e-3)), variance=variance)

    def missing_rungs(self) -> tuple[Configuration, ...]:
        """The rungs to measure next: until three sizes of the first architecture work, and two of the other."""
        rungs: list[Configuration] = []
        for number, architecture in enumerate(self._search.architectures):
            wanted = FEWEST_SIZES if number == 0 else FEWEST_SIZES - 1
            known = sum(s.configuration.architecture is architecture for s in self.seen)
            open_ = [c for c in self._ladder(architecture) if c not in self._measured]
            rungs.extend(open_[: max(0, wanted - known)])
        return tuple(rungs)

    def _ladder(self, architecture: Architecture) -> list[Configuration]:
        low, high = self._bounds(architecture)
        sizes = {size for size in LADDER_MB if low <= size <= high}
        if low <= high and len(sizes) < FEWEST_SIZES:
            sizes |= {low, round(math.sqrt(low * high)), high}
        return [Configuration(memory_mb=size, architecture=architecture) for size in sorted(sizes)]

    def belief(self) -> tuple[Belief, Array]:
        """What is believed of all candidates, and costs (currency per invocation) under curves that may be true."""
        candidates = sorted({*(s.configuration for s in self.seen), *self._grid()})
        belief = believe(self.seen, candidates)
        rates = np.array([self._search.prices.rate_per_ms(c, self._search.ephemeral_storage_mb) for c in candidates])
        curves = belief.draw(CURVES, (self._search.seed, sum(self._counts.values())))
        return belief, np.exp(curves) * rates + self._search.prices.request

    def _grid(self) -> list[Configuration]:
        grid: list[Configuration] = []
        for architecture in self._search.architectures:
            low, high = self._bounds(architecture)
            if low <= high:
                sizes = np.unique(np.round(np.geomspace(low, high, CANDIDATES)).astype(int))
                grid.extend(Configuration(memory_mb=int(size), architecture=architecture) for size in sizes)
        return grid

    def indexes(self, belief: Belief) -> list[int]:
        """Where the measured configurations are among the candidates."""
        known = {s.configuration for s in self.seen}
        return [index for index, candidate in enumerate(belief.candidates) if candidate in known]

    def pick(self, belief: Belief, costs: Array) -> int:
        """The measured candidate with the lowest expected cost."""
        return min(self.indexes(belief), key=lambda index: float(costs[:, index].mean()))

    def most_worth(self, belief: Belief, costs: Array, pick: int, loss: Array) -> Configuration:
        """The candidate at which a batch is expected to save most for its price."""
        logs = np.log([c.memory_mb for c in belief.candidates])
        best = costs.argmin(axis=1)
        same = np.array([[a.architecture is b.architecture for b in belief.candidates] for a in belief.candidates])
        near = np.exp(-0.5 * ((logs[:, None] - logs[best][None, :]) / REACH) ** 2) * same[:, best]
        spread = np.log(costs).var(axis=0)
        counts = np.array([self._counts.get(c, 0) for c in belief.candidates])
        extra = np.where(counts == 0, BATCH + self._search.lanes, BATCH)
        # What is known already is not worth knowing again.
        news = spread / (spread + self._noise / BATCH + LANE_NOISE**2)
        gain = (near * loss[None, :]).mean(axis=1) * news
        own = math.sqrt(float(spread[pick])) / float(np.sqrt(spread).mean() + 1e-9)
        gain[pick] = max(float(gain[pick]), float(loss.mean() * news[pick]) * min(1.0, own))
        chosen = int(np.argmax(gain / (extra * costs.mean(axis=0))))
        return self._snapped(belief.candidates[chosen])

    def _snapped(self, candidate: Configuration) -> Configuration:
        """The measured configuration next to a candidate, where one is near enough to tell the same."""
        near = [
            (abs(math.log(s.configuration.memory_mb / candidate.memory_mb)), s.configuration)
            for s in self.seen
            if s.configuration.architecture is candidate.architecture
        ]
        distance, neighbour = min(near, default=(math.inf, candidate))
        return neighbour if distance < NEARBY else candidate


def _warm(measurement: Measurement) -> tuple[Array, int] | None:
    """The billed durations of warm invocations, in ms, and over how many lanes; None without any."""
    if measurement.infeasible or measurement.unmeasured:
        return None
    select = measurement.invocations.select
    rows = zip(select(Population.WARM, "billed_ms"), select(Population.WARM, "lane"), strict=True)
    known = [(float(billed), lane) for billed, lane in rows if billed is not None]
    if not known:
        return None
    return np.array([billed for billed, _ in known]), len({lane for _, lane in known})


def _winsorized(values: Array) -> Array:
    return np.minimum(values, WINSOR * float(np.median(values))) if values.size > 2 else values


def _noise_variance(samples: Sequence[Array]) -> float:
    """The variance of log durations within a configuration: what was seen, drawn towards what is usual."""
    residuals = [np.log(np.maximum(values, 1e-3)) for values in samples]
    # Two values differ from their median by half of what they differ from each other.
    residuals = [
        (values - np.median(values)) * math.sqrt(values.size / (values.size - 1))
        for values in residuals
        if values.size > 1
    ]
    count = sum(values.size - 1 for values in residuals)
    if not count:
        return NOISE**2
    robust = 1.4826 * float(np.median(np.abs(np.concatenate(residuals))))
    return (NOISE_WEIGHT * NOISE**2 + count * robust**2) / (NOISE_WEIGHT + count)
