"""Curves, and what an invocation truly costs at every size between their points."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from powertune.model import Architecture, Configuration
from powertune.prices import PriceTable

#: A curve that spans less says little about a search.
LEAST_SPAN = 6.0
#: From this many measured sizes on, the truth between them is more than a guess.
DENSE = 10
PRICES = PriceTable.bundled().region("us-east-1")
_USD_PER_MB_MS = PRICES.rate_per_ms(Configuration(memory_mb=1024, architecture=Architecture.X86_64)) / 1024


class Half(StrEnum):
    """Which of the curves: those to tune on, those to judge by, or all."""

    TUNE = "tune"
    TEST = "test"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Mean durations by memory size, ascending, and the sizes at which the function fails."""

    id: str
    source: str
    points: tuple[tuple[int, float], ...]
    infeasible: tuple[int, ...] = ()
    note: str = ""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> "Curve":
        """Read one entry of a curves file. A point at or below an infeasible size is none.

        Raises:
            ValueError: fewer than two points, two of one size, or a duration that is not above 0.
        """
        infeasible = tuple(sorted(int(size) for size in entry.get("infeasible", ())))
        points = sorted((int(point["memory_mb"]), float(point["duration_ms"])) for point in entry["points"])
        working = tuple(point for point in points if point[0] > max(infeasible, default=0))
        sizes = {size for size, _ in working}
        if len(sizes) < 2 or len(sizes) < len(working) or not all(duration > 0 for _, duration in working):
            raise ValueError(f"curve {entry['id']}: needs two or more sizes, each once, and durations above 0")
        return cls(
            id=entry["id"],
            source=entry["source"],
            points=working,
            infeasible=infeasible,
            note=entry.get("note", ""),
        )

    @property
    def smallest_mb(self) -> int:
        """The smallest size that was tried."""
        return min(self.points[0][0], *self.infeasible) if self.infeasible else self.points[0][0]

    @property
    def largest_mb(self) -> int:
        """The largest size that was tried."""
        return self.points[-1][0]

    @property
    def floor_mb(self) -> int:
        """The smallest size that is known to work. Below it the function fails in the benchmark."""
        return self.points[0][0]

    @property
    def family(self) -> str:
        """What stays together when curves are split: the source, without what tells one author's files apart.

        Of `github:owner/repo path/of/file` the repository and up to four components of the path; of
        `public index NUMBER: title (revision)` the title, for two revisions of one text hold the same functions.
        """
        if self.source.startswith("github:") and " " in self.source:
            repository, path = self.source.split(" ", 1)
            return f"{repository} {'/'.join(path.split('/')[:4])}"
        if indexed := re.fullmatch(r"public index \d+: (.+?)(?: \([^()]*\))?", self.source):
            return indexed[1]
        return self.source


def load(path: Path) -> tuple[Curve, ...]:
    """The curves of a JSON file, or of all JSON files in a directory.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no list of curves, or two have the same id.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    try:
        curves = tuple(Curve.parse(entry) for file in files for entry in json.loads(file.read_bytes()))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a list of curves: {error!r}") from error
    ids = Counter(curve.id for curve in curves)
    if repeated := [name for name, count in ids.items() if count > 1]:
        raise ValueError(f"{path} has more than one curve {repeated[0]}")
    return curves


def wide(curves: Iterable[Curve]) -> tuple[Curve, ...]:
    """Those whose largest size is at least six times the smallest."""
    return tuple(curve for curve in curves if curve.largest_mb >= LEAST_SPAN * curve.smallest_mb)


def split(curves: Iterable[Curve], half: Half) -> tuple[Curve, ...]:
    """One half of the curves, family by family, so that nothing in one half gives the other away.

    Families go, from the one with most curves to those with one, to the half that has fewer curves until then. Which
    of two equally large families comes first, and which half takes one when both are equally full, is for a hash of
    the family's name to say: nobody chose, and nothing changes from run to run.
    """
    items = tuple(curves)
    if half is Half.ALL:
        return items
    counts = Counter(curve.family for curve in items)
    filled = {Half.TUNE: 0, Half.TEST: 0}
    home = {}
    for family in sorted(counts, key=lambda name: (-counts[name], _hash(name))):
        emptier = min(filled, key=lambda side: (filled[side], (side is Half.TEST) ^ (_hash(family) % 2)))
        filled[emptier] += counts[family]
        home[family] = emptier
    return tuple(curve for curve in items if home[curve.family] is half)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class Truth:
    """What a curve says of every whole size in its range: duration in ms, cost in USD, infinite where it fails."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Every whole MB, ascending."""
        return np.arange(self.curve.smallest_mb, self.curve.largest_mb + 1, dtype=np.int64)

    @cached_property
    def durations(self) -> NDArray[np.float64]:
        """The mean duration at each of the sizes, interpolated on logarithmic axes."""
        points = np.log(np.array(self.curve.points, dtype=np.float64))
        logs = interpolate(points[:, 0], points[:, 1], np.log(self.sizes.astype(np.float64)))
        return np.where(self.sizes < self.curve.floor_mb, np.inf, np.exp(logs))

    @cached_property
    def costs(self) -> NDArray[np.float64]:
        """GB-seconds at their price, and the request."""
        return _USD_PER_MB_MS * self.sizes * self.durations + PRICES.request

    @cached_property
    def optimum_mb(self) -> int:
        """The cheapest of all sizes."""
        return int(self.sizes[np.argmin(self.costs)])

    @cached_property
    def optimum_cost(self) -> float:
        """What an invocation costs there."""
        return float(self.costs.min())

    def duration(self, memory_mb: int) -> float:
        """The mean duration, infinite where the function fails.

        Raises:
            ValueError: the size is outside the curve's range.
        """
        return float(self.durations[self._index(memory_mb)])

    def cost(self, memory_mb: int) -> float:
        """What an invocation costs on average; raises as `duration` does."""
        return float(self.costs[self._index(memory_mb)])

    def regret(self, memory_mb: int) -> float:
        """The cost over the best cost in range, minus 1; raises as `duration` does."""
        return self.cost(memory_mb) / self.optimum_cost - 1

    def _index(self, memory_mb: int) -> int:
        if not self.curve.smallest_mb <= memory_mb <= self.curve.largest_mb:
            raise ValueError(f"{memory_mb} MB is outside the range of curve {self.curve.id}")
        return memory_mb - self.curve.smallest_mb


def billed_cost(memory_mb: int, billed_ms: float) -> float:
    """What an invocation costs that is billed so long."""
    return _USD_PER_MB_MS * memory_mb * billed_ms + PRICES.request


def interpolate(x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Piecewise cubic Hermite through all points, monotone between any two (Fritsch and Butland 1984: PCHIP).

    `x` ascends. Outside of it the values are of no meaning.
    """
    steps = np.diff(x)
    slopes = np.diff(y) / steps
    tangents = _tangents(steps, slopes)
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(steps) - 1)
    step = steps[piece]
    t = (at - x[piece]) / step
    start = y[piece] * (1 + 2 * t) + tangents[piece] * step * t
    end = y[piece + 1] * (3 - 2 * t) + tangents[piece + 1] * step * (t - 1)
    return np.asarray(start * (1 - t) ** 2 + end * t**2, dtype=np.float64)


def _tangents(steps: NDArray[np.float64], slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """At a local extreme 0, else the weighted harmonic mean of the slopes at both sides; at the ends one-sided."""
    if len(steps) == 1:
        return np.array([slopes[0], slopes[0]])
    before, after = slopes[:-1], slopes[1:]
    near, far = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    same = before * after > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = np.where(same, (near + far) / (near / before + far / after), 0.0)
    first = _end(steps[0], steps[1], slopes[0], slopes[1])
    last = _end(steps[-1], steps[-2], slopes[-1], slopes[-2])
    return np.array([first, *inner, last])


def _end(step: float, next_step: float, slope: float, next_slope: float) -> float:
    """The three-point estimate at an end, bent so far that the curve stays monotone."""
    tangent = ((2 * step + next_step) * slope - step * next_slope) / (step + next_step)
    if tangent * slope <= 0:
        return 0.0
    if slope * next_slope <= 0 and abs(tangent) > 3 * abs(slope):
        return 3 * slope
    return tangent
