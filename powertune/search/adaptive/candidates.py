"""Which sizes the search considers: those that were measured, and round ones over the sizes that may work."""

from collections.abc import Sequence

from powertune.model import Architecture, Configuration
from powertune.search.adaptive.arrays import Array
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.feasibility import CAPPED_MB
from powertune.units import MEMORY_MAX_MB, MEMORY_MIN_MB, USUAL_MB

#: The sizes that are considered, beside what was measured, the usual sizes and the ends of the range: from each of
#: these sizes on, the multiples of its step. People want round sizes, and what lies between costs the same within the
#: noise. The steps are finer where memory is short, because there every MB counts.
STEPS_MB = ((MEMORY_MIN_MB, 16), (256, 64), (2048, 128), (4096, 256))
#: Sizes above CAPPED_MB are considered once a size above BEYOND_ONE_VCPU_MB was measured, which shows what more than
#: one vCPU does, and if they are expected to be this much faster.
BEYOND_ONE_VCPU_MB, HELPS = 2400, 0.05


def _round_sizes() -> frozenset[int]:
    ends = (*(first for first, _ in STEPS_MB[1:]), MEMORY_MAX_MB + 1)
    stepped = (range(first, end, step) for (first, step), end in zip(STEPS_MB, ends, strict=True))
    return USUAL_MB.union(*stepped)


_ROUND_MB = _round_sizes()


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
    exploration = evidence.exploration
    for architecture in exploration.architectures:
        low, high = evidence.feasibility.bounds(architecture)
        if low <= high:
            wanted = _ROUND_MB | {exploration.smallest_mb, exploration.largest_mb}
            sizes = {size for size in wanted if low <= size <= high} or {low, high}
            grid |= {Configuration(memory_mb=size, architecture=architecture) for size in sizes}
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
