"""Parrotfish (SoCC'23, doi 10.1145/3620678.3624654), written anew from its published rules; it is not its program.

It samples both ends of the range and the size at a third of it, fits t(m) = a0 + a1 exp(-m / a2), and goes on where
the fit is cheap and little is known, until enough is known where the fit is cheapest.

Where its program and this differ, this is in its favour: the fit finds the best a2 wherever it lies, instead of a
local optimum near a start value; and when a size other than the first dies in a way that it notices, it goes on
above that size instead of giving up.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_policies import Pick
from benchmarks.search_policies.simulation import Sampler

LARGEST_MB = 3008
#: Parallel invocations of a size, once to warm up and once to measure.
PARALLEL = 4
EXTRA = 8
STEADY_CV = 0.05
#: How far, in MB, knowledge about one size reaches.
REACH_MB = 200.0
ENOUGH_KNOWLEDGE = 3.0
ENOUGH_SAMPLES = 20
STEP_UP_MB = 128
_DECAYS = np.geomspace(10.0, 100_000.0, 200)
_REFINEMENTS = 40
_GOLDEN = (5**0.5 - 1) / 2


class _OutOfMemory(Exception):
    """A killed invocation that gave itself away: more memory used than there is. Others pass for fast ones."""


@dataclass(frozen=True, slots=True)
class Decay:
    """t(m) = base + gain exp(-m / decay), in ms."""

    base: float
    gain: float
    decay: float

    def at(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The duration at each size."""
        return np.asarray(self.base + self.gain * np.exp(-sizes / self.decay), dtype=np.float64)


@dataclass(slots=True)
class _State:
    sampler: Sampler
    space: NDArray[np.float64]
    sizes: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)

    @property
    def explored(self) -> list[float]:
        return sorted(set(self.sizes))

    def knowledge(self) -> NDArray[np.float64]:
        """For each size in the space 1, and a bell around each explored size."""
        distance = self.space[:, None] - np.array(self.explored)[None, :]
        return np.asarray(1 + np.exp(-(distance**2) / (2 * REACH_MB**2)).sum(axis=1), dtype=np.float64)

    def explore(self, size: float) -> None:
        """Warm up, measure, and go on while the samples disagree.

        Raises:
            _OutOfMemory: it was noticed that the size does not work.
        """
        samples = [self._invoke(size, lane) for _ in range(2) for lane in range(PARALLEL)][PARALLEL:]
        for _ in range(EXTRA):
            if _variation(samples) <= STEADY_CV:
                break
            samples = _replace(samples, self._invoke(size, 0))
        self.sizes += [size] * PARALLEL
        self.durations += samples

    def _invoke(self, size: float, lane: int) -> float:
        invocation = self.sampler.invoke(int(size), lane)
        assert invocation.billed_ms is not None
        if (invocation.max_memory_used_mb or 0) > size:
            raise _OutOfMemory
        return float(invocation.billed_ms)

    def above(self, size: float) -> None:
        """Leave out all that is smaller."""
        self.space = self.space[self.space >= size]


class Parrotfish:
    """The policy, with the parameters that its program has by default."""

    def run(self, sampler: Sampler) -> Pick:
        """Explore until it is satisfied; the pick is the size at which the fit is cheapest."""
        largest = min(sampler.largest_mb, LARGEST_MB)
        state = _State(sampler, np.arange(sampler.smallest_mb, largest + 1, dtype=np.float64))
        if not _explore_ends(state):
            return Pick(memory_mb=None)
        while True:
            costs = fit(np.array(state.sizes), np.array(state.durations)).at(state.space) * state.space
            knowledge = state.knowledge()
            best = int(np.argmin(costs))
            if knowledge[best] > ENOUGH_KNOWLEDGE or len(state.durations) > ENOUGH_SAMPLES:
                return Pick(memory_mb=int(state.space[best]))
            wanted = np.where(np.isin(state.space, state.explored), np.inf, costs * knowledge)
            size = state.space[np.argmin(wanted)]
            if not _explore(state, size) and not len(state.space):
                return Pick(memory_mb=None)


def _explore_ends(state: _State) -> bool:
    """The smallest size that does not visibly fail, a third of the rest, the largest. False if none is left."""
    while len(state.space) >= 3:
        smallest = state.space[0]
        try:
            state.explore(smallest)
        except _OutOfMemory:
            state.above(smallest + STEP_UP_MB)
            continue
        third = state.space[int(np.ceil(len(state.space) / 3))]
        _explore(state, third)
        _explore(state, state.space[-1])
        return len(state.space) > 0
    return False


def _explore(state: _State, size: float) -> bool:
    try:
        state.explore(size)
    except _OutOfMemory:
        state.above(size + 1)
        return False
    return True


def _variation(samples: list[float]) -> float:
    return float(np.std(samples, ddof=1) / np.mean(samples))


def _replace(samples: list[float], new: float) -> list[float]:
    """Put the new sample in the place where that makes the coefficient of variation least, if it gets less at all."""
    choices = [samples, *([*samples[:i], new, *samples[i + 1 :]] for i in range(len(samples)))]
    return min(choices, key=_variation)


def fit(sizes: NDArray[np.float64], durations: NDArray[np.float64]) -> Decay:
    """Least squares. With the decay given, the rest is a straight line, so only the decay is searched for.

    That is variable projection: a logarithmic scan finds the valley, golden section its bottom.
    """
    scan = _rest(sizes, durations, _DECAYS)
    best = int(np.argmin(scan))
    low, high = np.log(_DECAYS[max(0, best - 1)]), np.log(_DECAYS[min(len(_DECAYS) - 1, best + 1)])
    for _ in range(_REFINEMENTS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        rests = _rest(sizes, durations, np.exp(np.array([left, right])))
        low, high = (low, right) if rests[0] <= rests[1] else (left, high)
    decay = np.exp((low + high) / 2)
    base, gain = _line(sizes, durations, np.array([decay]))
    return Decay(base=float(base[0]), gain=float(gain[0]), decay=float(decay))


def _line(
    sizes: NDArray[np.float64], durations: NDArray[np.float64], decays: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best base and gain for each decay."""
    x = np.exp(-sizes[:, None] / decays[None, :])
    centred = x - x.mean(axis=0)
    square = (centred**2).sum(axis=0)
    product = (centred * (durations - durations.mean())[:, None]).sum(axis=0)
    gain = np.divide(product, square, out=np.zeros_like(square), where=square > 0)
    return durations.mean() - gain * x.mean(axis=0), gain


def _rest(
    sizes: NDArray[np.float64], durations: NDArray[np.float64], decays: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The sum of squared residuals for each decay."""
    base, gain = _line(sizes, durations, decays)
    fitted = base + gain * np.exp(-sizes[:, None] / decays[None, :])
    return np.asarray(((durations[:, None] - fitted) ** 2).sum(axis=0), dtype=np.float64)
