"""The sizes to begin with: a fixed series, until enough of them work to fit a curve."""

import math

from powertune.model import Architecture, Configuration
from powertune.search.adaptive.feasibility import Feasibility

#: The series, from the smallest: powers of two, a full vCPU, the old maximum, and where cores are added.
SERIES_MB = (128, 256, 512, 1024, 1769, 3008, 5308, 8846)
#: The number of sizes of an architecture that have to work before a curve is fitted to it. The second architecture
#: needs one less, and so does a function of which something is known.
FEWEST_SIZES = 3
#: The current size replaces one of the series within this factor, and so costs nothing extra.
_NEAR = 1.25


def first_sizes(feasibility: Feasibility, *, informed: bool) -> tuple[Configuration, ...]:
    """The sizes to measure next, until enough sizes of each architecture work; none once they do.

    Args:
        informed: whether the shape of the curve was known before the run.
    """
    wanted: list[Configuration] = []
    for number, architecture in enumerate(feasibility.exploration.architectures):
        enough = FEWEST_SIZES - (number > 0 or informed)
        works = sum(c.architecture is architecture and feasibility.admits(c) for c in feasibility.works)
        untried = [c for c in _series(feasibility, architecture) if c not in feasibility.measured]
        if feasibility.always_raises(architecture):
            # More memory does not fix an error in the function: one look at the largest size is enough.
            largest = feasibility.bounds(architecture)[1]
            untried = [c for c in untried if c.memory_mb == largest]
        wanted.extend(untried[: max(0, enough - works)])
    return tuple(wanted)


def _series(feasibility: Feasibility, architecture: Architecture) -> list[Configuration]:
    """The series within the bounds, with the current size in place of one near it."""
    low, high = feasibility.bounds(architecture)
    sizes = {size for size in SERIES_MB if low <= size <= high}
    if low <= high and len(sizes) < FEWEST_SIZES:
        sizes |= {low, round(math.sqrt(low * high)), high}
    current = feasibility.exploration.current
    if current is not None and current.architecture is architecture and low <= current.memory_mb <= high:
        near = {size for size in sizes if 1 / _NEAR < size / current.memory_mb < _NEAR}
        sizes = sizes - near | ({current.memory_mb} if near else set())
    if feasibility.always_raises(architecture):
        sizes.add(high)
    return [Configuration(memory_mb=size, architecture=architecture) for size in sorted(sizes)]
