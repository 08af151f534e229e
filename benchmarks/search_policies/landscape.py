"""What a function truly takes and costs at every memory size of one architecture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from powertune.model import Architecture, Configuration
from powertune.prices import PriceTable

Array = NDArray[np.float64]
PRICES = PriceTable.bundled().region("us-east-1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Landscape:
    """Means over all warm invocations, for every whole MB from the smallest to the largest size.

    `durations` are in ms. `costs` are of whole billed milliseconds and the request, in USD: outliers and failures
    that the function survives are paid as well. `p95s` are in ms. All are infinite where the function fails.
    """

    sizes: NDArray[np.int64]
    durations: Array
    costs: Array
    p95s: Array

    def at(self, memory_mb: int) -> int:
        """The place of a size.

        Raises:
            ValueError: it is outside the range.
        """
        if not self.sizes[0] <= memory_mb <= self.sizes[-1]:
            raise ValueError(f"{memory_mb} MB is outside the range from {self.sizes[0]} to {self.sizes[-1]} MB")
        return memory_mb - int(self.sizes[0])

    def within(self, smallest_mb: int, largest_mb: int) -> "Landscape":
        """The part from one size to another one; raises as `at` does."""
        part = slice(self.at(smallest_mb), self.at(largest_mb) + 1)
        return Landscape(
            sizes=self.sizes[part], durations=self.durations[part], costs=self.costs[part], p95s=self.p95s[part]
        )


def whole_sizes(smallest_mb: int, largest_mb: int) -> NDArray[np.int64]:
    """Every whole MB, ascending."""
    return np.arange(smallest_mb, largest_mb + 1, dtype=np.int64)


def between(points: Sequence[tuple[int, float]], sizes: NDArray[np.int64]) -> Array:
    """Durations between measured ones: monotone between any two, on logarithmic axes; NaN outside of them.

    That is PCHIP (Fritsch and Butland 1984).
    """
    logs = np.log(np.array(points, dtype=np.float64))
    curve = PchipInterpolator(logs[:, 0], logs[:, 1], extrapolate=False)
    return np.asarray(np.exp(curve(np.log(sizes.astype(np.float64)))), dtype=np.float64)


def rates(architecture: Architecture, sizes: NDArray[np.int64]) -> Array:
    """USD per billed millisecond."""
    per_mb = PRICES.rate_per_ms(Configuration(memory_mb=1024, architecture=architecture)) / 1024
    return np.asarray(per_mb * sizes, dtype=np.float64)


def billed_cost(configuration: Configuration, billed_ms: float) -> float:
    """What an invocation costs that is billed so long."""
    return PRICES.rate_per_ms(configuration) * billed_ms + PRICES.request


def weighted_quantile(values: Array, weights: Array, share: float) -> float:
    """The least value that is not exceeded by at least `share` of the weight."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    # Rounding must not turn 0.95 of the weight into a little less.
    place = int(np.searchsorted(reached, share - 1e-9))
    return float(values[order][min(place, len(values) - 1)])
