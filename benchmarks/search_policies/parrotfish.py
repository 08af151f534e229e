"""Parrotfish (SoCC'23, doi 10.1145/3620678.3624654), written anew by what its program does; it is not its program.

It samples both ends of the range and the size at a third of it, fits t(m) = a0 + a1 exp(-m / a2), and goes on where
the fit is cheap and little is known, until enough is known where the fit is cheapest.

As in its program, a fit is a local one: unbounded least squares (Levenberg and Marquardt, as in SciPy's `curve_fit`)
from a tenth of the duration at the smallest size for all three parameters, and later from the fit before. It gives up
when any size but the first shows that memory was short, and whenever the function reports an error or a timeout.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import leastsq

from benchmarks.search_policies import Pick
from benchmarks.search_policies.goals import Aim, Assignment
from benchmarks.search_policies.sampler import Sampler
from powertune.model import Configuration, Status

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
FEWEST_SIZES = 3
#: Its program would go on for hours; what was reached by then is taken.
_EVALUATIONS = 20_000
#: How MINPACK says that it found a minimum, or tried as often as it may.
_FOUND = (1, 2, 3, 4, 5)


class _OutOfMemory(Exception):
    """A killed invocation that gave itself away: more memory used than there is. Others pass for fast ones."""


class _GivesUp(Exception):
    """Its program ends with an error."""


@dataclass(frozen=True, slots=True)
class Decay:
    """t(m) = base + gain exp(-m / decay), in ms."""

    base: float
    gain: float
    decay: float

    def at(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """The duration at each size."""
        with np.errstate(all="ignore"):
            return np.asarray(self.base + self.gain * np.exp(-sizes / np.float64(self.decay)), dtype=np.float64)


@dataclass(slots=True)
class _State:
    sampler: Sampler
    assignment: Assignment
    #: All sizes, and those that are left.
    everything: NDArray[np.float64]
    space: NDArray[np.float64]
    sizes: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)

    @property
    def explored(self) -> list[float]:
        return sorted(set(self.sizes))

    def knowledge(self, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each size 1, and a bell around each explored size."""
        distance = sizes[:, None] - np.array(self.explored)[None, :]
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

    def fit(self, before: Decay | None) -> Decay:
        """Fit all samples, ordered by size."""
        order = np.argsort(self.sizes, kind="stable")
        return fit(np.array(self.sizes)[order], np.array(self.durations)[order], before)

    def _invoke(self, size: float, lane: int) -> float:
        configuration = Configuration(memory_mb=int(size), architecture=self.assignment.architectures[0])
        invocation = self.sampler.invoke(configuration, lane)
        assert invocation.billed_ms is not None
        if invocation.status is Status.TIMEOUT:
            raise _GivesUp
        if (invocation.max_memory_used_mb or 0) > size:
            raise _OutOfMemory
        if invocation.status is Status.ERROR:
            raise _GivesUp
        return float(invocation.billed_ms)


class Parrotfish:
    """The policy, with the parameters that its program has by default."""

    def takes(self, assignment: Assignment) -> bool:
        """It knows cost, and a tolerance in which to be fast, on one architecture."""
        return assignment.aim in (Aim.COST, Aim.TOLERANCE) and len(assignment.architectures) == 1

    def run(self, sampler: Sampler, assignment: Assignment) -> Pick:
        """Explore until it is satisfied; the pick is the size at which the fit is best."""
        largest = min(sampler.largest_mb, LARGEST_MB)
        space = np.arange(sampler.smallest_mb, largest + 1, dtype=np.float64)
        state = _State(sampler, assignment, everything=space, space=space)
        try:
            found = _explore(state)
        except (_OutOfMemory, _GivesUp):
            return Pick(configuration=None)
        size = _best(found.at(state.space), state.space, assignment.goal.tolerance)
        return Pick(configuration=Configuration(memory_mb=size, architecture=assignment.architectures[0]))


def _explore(state: _State) -> Decay:
    """Sample until it knows enough; the last fit. Raises _OutOfMemory and _GivesUp."""
    _explore_first(state)
    for size in (state.space[int(np.ceil(len(state.space) / 3))], state.space[-1]):
        state.explore(size)
    found = state.fit(None)
    while not _knows_enough(state, found):
        left = state.space[~np.isin(state.space, state.explored)]
        if not len(left):
            raise _GivesUp
        state.explore(left[np.argmin(found.at(left) * left * state.knowledge(left))])
        found = state.fit(found)
    return found


def _explore_first(state: _State) -> None:
    """The smallest size that does not visibly lack memory."""
    while len(state.space) >= FEWEST_SIZES:
        try:
            state.explore(state.space[0])
        except _OutOfMemory:
            state.space = state.space[state.space >= state.space[0] + STEP_UP_MB]
        else:
            break
    if len(state.space) <= FEWEST_SIZES:
        raise _GivesUp


def _knows_enough(state: _State, found: Decay) -> bool:
    """Enough samples, or enough knowledge of the size that is cheapest by the fit."""
    cheapest = int(np.argmin(found.at(state.everything) * state.everything))
    known = state.knowledge(state.everything[[cheapest]])[0]
    return bool(known > ENOUGH_KNOWLEDGE or len(state.durations) > ENOUGH_SAMPLES)


def _best(durations: NDArray[np.float64], sizes: NDArray[np.float64], tolerance: float | None) -> int:
    """The cheapest size, or the fastest of those within the tolerance."""
    costs = durations * sizes
    if tolerance is None:
        return int(sizes[np.argmin(costs)])
    return int(sizes[np.argmin(np.where(costs <= (1 + tolerance) * costs.min(), durations, np.inf))])


def _variation(samples: list[float]) -> float:
    return float(np.std(samples, ddof=1) / np.mean(samples))


def _replace(samples: list[float], new: float) -> list[float]:
    """Put the new sample in the place where that makes the coefficient of variation least, if it gets less at all."""
    choices = [samples, *([*samples[:i], new, *samples[i + 1 :]] for i in range(len(samples)))]
    return min(choices, key=_variation)


def fit(sizes: NDArray[np.float64], durations: NDArray[np.float64], before: Decay | None = None) -> Decay:
    """The local optimum near the fit before, or near the start.

    Args:
        sizes: in MB, ascending.
        durations: in ms.

    Raises:
        _GivesUp: there was none.
    """
    start = [durations[0] // 10] * 3 if before is None else [before.base, before.gain, before.decay]

    def rest(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        return Decay(*parameters).at(sizes) - durations

    with np.errstate(all="ignore"):
        found, _, _, _, status = leastsq(rest, start, full_output=True, maxfev=_EVALUATIONS)
    if status not in _FOUND:
        raise _GivesUp
    return Decay(*map(float, found))
