"""A function whose duration follows a known curve, with noise that is like that of Lambda."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_policies.curves import Curve
from benchmarks.search_policies.functions import Environment, Ran, Starts
from benchmarks.search_policies.landscape import PRICES, Array, Landscape, between, rates, whole_sizes
from powertune.model import Architecture, Configuration, Status

#: How many factors are drawn at a time.
_BLOCK = 256
#: How many draws tell what noise does on average, and with how many of their quantiles that is computed.
_MANY, _QUANTILES = 200_000, 250
#: A killed invocation reports the size as memory used, or 1 MB more: 302 of 2,180 did so on Lambda.
_REPORTS_MORE = 302 / 2180
#: Curves do not tell what memory is used. It fits into the smallest size that works, with room.
MEMORY_SHARE = 0.7
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


@cache
def _typical(conditions: Conditions) -> tuple[Array, float]:
    """Factors that stand for all, of equal weight, and the 95th percentile of all."""
    generator = np.random.default_rng(0)
    drawn = conditions.factors(generator, _MANY) * _lognormal(generator, conditions.lane_noise, _MANY)
    parts = np.sort(drawn).reshape(_QUANTILES, -1)
    return parts.mean(axis=1), float(np.quantile(drawn, 0.95))


@dataclass(frozen=True, kw_only=True)
class CurveFunction:
    """A function of one or two curves, one for each architecture.

    The truth between a curve's points is interpolated. Below its first point the function runs out of memory.
    """

    curves: Mapping[Architecture, Curve]
    conditions: Conditions

    @classmethod
    def of(cls, curve: Curve, conditions: Conditions) -> "CurveFunction":
        """The function of a single curve, on x86_64."""
        return cls(curves={Architecture.X86_64: curve}, conditions=conditions)

    @property
    def id(self) -> str:
        """That of the first curve."""
        return next(iter(self.curves.values())).id

    @property
    def title(self) -> str:
        """What it is."""
        curve = next(iter(self.curves.values()))
        return curve.note or curve.source

    @property
    def measured_sizes(self) -> int:
        """How many points the truth goes through."""
        return len(next(iter(self.curves.values())).points)

    @cached_property
    def landscapes(self) -> Mapping[Architecture, Landscape]:
        """The truth, noise included."""
        return {architecture: self._landscape(architecture) for architecture in self.curves}

    def init_ms(self, _: Architecture) -> float:
        """The same for all."""
        return self.conditions.init_ms

    def starts(self, generator: np.random.Generator) -> Starts:
        """Each environment has luck of its own; all invocations have noise."""
        chance = self._chance(generator)

        def start(configuration: Configuration) -> Environment:
            curve = self.curves[configuration.architecture]
            truth = self._between[configuration.architecture]
            base = float(truth[configuration.memory_mb - curve.smallest_mb])
            luck = self.conditions.lane_factor(generator)
            if math.isinf(base):
                dies = _DIES_AFTER * curve.points[0][1]
                return lambda: _killed(dies * luck * next(chance), configuration.memory_mb, generator)
            used = int(MEMORY_SHARE * curve.floor_mb)
            return lambda: Ran(duration_ms=base * luck * next(chance), max_memory_used_mb=used)

        return start

    @cached_property
    def _between(self) -> Mapping[Architecture, Array]:
        """The durations of the curves at every whole size, without noise."""
        found = {}
        for architecture, curve in self.curves.items():
            sizes = whole_sizes(curve.smallest_mb, curve.largest_mb)
            found[architecture] = np.where(sizes < curve.floor_mb, np.inf, between(curve.points, sizes))
        return found

    def _landscape(self, architecture: Architecture) -> Landscape:
        curve, bases = self.curves[architecture], self._between[architecture]
        sizes = whole_sizes(curve.smallest_mb, curve.largest_mb)
        factors, p95 = _typical(self.conditions)
        billed = np.ceil(bases[:, np.newaxis] * factors).mean(axis=1)
        return Landscape(
            sizes=sizes,
            durations=bases * factors.mean(),
            costs=billed * rates(architecture, sizes) + PRICES.request,
            p95s=bases * p95,
        )

    def _chance(self, generator: np.random.Generator) -> Iterator[float]:
        while True:
            yield from self.conditions.factors(generator, _BLOCK).tolist()


def _killed(duration_ms: float, memory_mb: int, generator: np.random.Generator) -> Ran:
    used = memory_mb + int(generator.random() < _REPORTS_MORE)
    return Ran(duration_ms=duration_ms, max_memory_used_mb=used, status=Status.OUT_OF_MEMORY)
