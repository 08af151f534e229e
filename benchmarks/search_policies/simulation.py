"""A function whose duration follows a known curve, with the noise of Lambda, and a count of what invoking it cost."""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_policies.truth import Truth, billed_cost
from powertune.model import Invocation, Status

#: How many factors are drawn at a time.
_BLOCK = 256
#: How many draws the expected bill is averaged over: its own error is then 0.05 % at a noise of 18 %.
_MANY = 200_000
#: A killed invocation reports the size as memory used, or 1 MB more: 302 of 2,180 did so on Lambda.
_REPORTS_MORE = 302 / 2180
#: Curves do not tell what memory is used. It fits into the smallest size that works, with room.
_MEMORY_SHARE = 0.7
#: A function that lacks memory dies on the way.
_DIES_AFTER = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """How noisy it is: coefficients of variation within a lane and between lanes, outliers, and the init phase."""

    noise: float = 0.08
    lane_noise: float = 0.03
    outliers: float = 0.02
    outlier_factors: tuple[float, float] = (1.5, 3.0)
    init_ms: float = 200.0

    def lane_factor(self, generator: np.random.Generator) -> float:
        """What an environment's own speed multiplies durations with."""
        return float(_lognormal(generator, self.lane_noise, 1)[0])

    def factors(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """What chance multiplies the durations of single invocations with."""
        outlying = generator.random(count) < self.outliers
        jumps = generator.uniform(*self.outlier_factors, count)
        return _lognormal(generator, self.noise, count) * np.where(outlying, jumps, 1.0)


def _lognormal(generator: np.random.Generator, variation: float, count: int) -> NDArray[np.float64]:
    """Factors of mean 1 and the given coefficient of variation."""
    sigma = math.sqrt(math.log1p(variation**2))
    return generator.lognormal(-(sigma**2) / 2, sigma, count)


class Bill:
    """What a warm invocation costs on average under given conditions: outliers and whole milliseconds included."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    @cached_property
    def _factors(self) -> NDArray[np.float64]:
        generator = np.random.default_rng(0)
        return self._conditions.factors(generator, _MANY) * _lognormal(generator, self._conditions.lane_noise, _MANY)

    def expected(self, truth: Truth, memory_mb: int) -> float:
        """In USD; infinite where the function fails."""
        duration = truth.duration(memory_mb)
        if math.isinf(duration):
            return math.inf
        return billed_cost(memory_mb, float(np.ceil(duration * self._factors).mean()))


class Sampler:
    """The function to invoke, one curve and one seed. Counts invocations, sizes and money."""

    def __init__(self, truth: Truth, conditions: Conditions, seed: int, repeat: int = 0) -> None:
        self._truth = truth
        self._conditions = conditions
        # By the curve's name: a curve has the same noise whichever others are judged with it, for every policy.
        self._generator = np.random.default_rng((seed, zlib.crc32(truth.curve.id.encode()), repeat))
        self._chance = self._factors()
        self._lanes: dict[tuple[int, int], float] = {}
        self._spent = 0.0
        self.invocations = 0
        self.seed = seed + repeat
        self.smallest_mb = truth.curve.smallest_mb
        self.largest_mb = truth.curve.largest_mb

    @property
    def sizes(self) -> frozenset[int]:
        """The sizes that were invoked."""
        return frozenset(memory_mb for memory_mb, _ in self._lanes)

    @property
    def exploration(self) -> float:
        """All that was paid, cold starts and failures included, in units of one invocation at the optimum."""
        return self._spent / self._truth.optimum_cost

    def clip(self, memory_mb: int) -> int:
        """The nearest size in range."""
        return min(max(memory_mb, self.smallest_mb), self.largest_mb)

    def invoke(self, memory_mb: int, lane: int = 0) -> Invocation:
        """Invoke once. The first of each size and lane is cold.

        Raises:
            ValueError: the size is outside the range.
        """
        duration = self._truth.duration(memory_mb)
        feasible = math.isfinite(duration)
        if not feasible:
            duration = _DIES_AFTER * self._truth.duration(self._truth.curve.floor_mb)
        init_ms = None
        if (memory_mb, lane) not in self._lanes:
            self._lanes[memory_mb, lane] = self._conditions.lane_factor(self._generator)
            init_ms = self._conditions.init_ms
        duration = max(0.01, round(duration * self._lanes[memory_mb, lane] * next(self._chance), 2))
        billed_ms = math.ceil(duration + (init_ms or 0.0))
        self.invocations += 1
        self._spent += billed_cost(memory_mb, billed_ms)
        return Invocation(
            started_at=float(self.invocations),
            duration_ms=duration,
            billed_ms=billed_ms,
            init_ms=init_ms,
            max_memory_used_mb=self._memory_used(memory_mb, feasible=feasible),
            memory_mb=memory_mb,
            status=Status.OK if feasible else Status.OUT_OF_MEMORY,
            error_type=None if feasible else "Runtime.ExitError",
            request_id=str(self.invocations),
            executed_version=str(memory_mb),
            lane=lane,
            environment=f"{memory_mb}/{lane}",
        )

    def _memory_used(self, memory_mb: int, *, feasible: bool) -> int:
        if feasible:
            return int(_MEMORY_SHARE * self._truth.curve.floor_mb)
        return memory_mb + int(self._generator.random() < _REPORTS_MORE)

    def _factors(self) -> Iterator[float]:
        while True:
            yield from self._conditions.factors(self._generator, _BLOCK).tolist()
