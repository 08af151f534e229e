"""Which sizes the search considers: those that were measured, and a fine grid over the sizes that may work."""

from collections.abc import Sequence

import numpy as np

from powertune.model import Architecture, Configuration
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.feasibility import CAPPED_MB

#: The number of sizes of an architecture, evenly spaced in the logarithm, beside those that were measured.
CANDIDATES = 60
#: Sizes above CAPPED_MB are considered once a size above BEYOND_ONE_VCPU_MB was measured, which shows what more than
#: one vCPU does, and if they are expected to be this much faster.
BEYOND_ONE_VCPU_MB, HELPS = 2400, 0.05


def possible(evidence: Evidence) -> tuple[Configuration, ...]:
    """Everything that may be considered, in order, with the current configuration to compare with."""
    exploration, feasibility = evidence.exploration, evidence.feasibility
    hinted = {hint.configuration for hint in exploration.hints if feasibility.admits(hint.configuration)}
    current = {exploration.current} if exploration.current else set()
    return tuple(sorted({*evidence.samples, *hinted, *_grid(evidence), *current}))


def considered(evidence: Evidence, everything: Sequence[Configuration], log_ms: Array) -> list[int]:
    """The indices of the candidates: what works or may work; large sizes only while more CPU still helps.

    Args:
        everything: what `possible` gives.
        log_ms: log durations of shape (curves, len(everything)).
    """
    helped = _helped(evidence, everything, log_ms)
    return [i for i, c in enumerate(everything) if _is_considered(evidence, c, helped)]


def _grid(evidence: Evidence) -> set[Configuration]:
    grid: set[Configuration] = set()
    for architecture in evidence.exploration.architectures:
        low, high = evidence.feasibility.bounds(architecture)
        if low <= high:
            sizes = np.unique(np.round(np.geomspace(low, high, CANDIDATES)).astype(int))
            grid |= {Configuration(memory_mb=int(size), architecture=architecture) for size in sizes}
    return grid


def _is_considered(evidence: Evidence, configuration: Configuration, helped: frozenset[Architecture]) -> bool:
    if configuration in evidence.samples:
        return True
    low, high = evidence.feasibility.bounds(configuration.architecture)
    if configuration in evidence.feasibility.barren or not low <= configuration.memory_mb <= high:
        return False
    return configuration.memory_mb <= CAPPED_MB or low > CAPPED_MB or configuration.architecture in helped


def _helped(evidence: Evidence, everything: Sequence[Configuration], log_ms: Array) -> frozenset[Architecture]:
    """The architectures on which the largest sizes are expected to be faster than the largest usual one."""
    if max((c.memory_mb for c in evidence.samples), default=0) < BEYOND_ONE_VCPU_MB:
        return frozenset()
    means = log_ms.mean(axis=0)
    helped = set()
    for architecture in evidence.exploration.architectures:
        sizes = [(c.memory_mb, means[i]) for i, c in enumerate(everything) if c.architecture is architecture]
        usual = max((pair for pair in sizes if pair[0] <= CAPPED_MB), default=None)
        if usual is not None and usual[1] - max(sizes)[1] > HELPS:
            helped.add(architecture)
    return frozenset(helped)
