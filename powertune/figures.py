"""What a number from a file or a person may be. Beyond that it is damage, and what is computed from it overflows."""

from collections.abc import Mapping

#: The largest figure (in milliseconds, 30,000 years), and the smallest that is not 0.
LARGEST, SMALLEST = 10**15, 1e-12
#: Lambda's own schema has no larger memory size, though functions on demand end at 10,240 MB.
LARGEST_MEMORY_MB = 32_768
SMALLEST_MEMORY_MB = 128
#: Eleven days. No timeout in Lambda's own schema is longer than 90 minutes.
LONGEST_MS = 10**9
#: A number of things, where one by one is how they may be gone through.
MOST = 10**9

_ANY = (0, LARGEST)
_MEMORY_MB = (SMALLEST_MEMORY_MB, LARGEST_MEMORY_MB)
_RANGES: Mapping[str, tuple[float, float]] = {
    "memory_mb": _MEMORY_MB,
    "smallest_mb": _MEMORY_MB,
    "largest_mb": _MEMORY_MB,
    "duration_ms": (0, LONGEST_MS),
    "billed_ms": (0, LONGEST_MS),
    "init_ms": (0, LONGEST_MS),
    "restore_ms": (0, LONGEST_MS),
    "sleep_ms": (0, LONGEST_MS),
    "ephemeral_storage_mb": (0, MOST),
    "provisioned_concurrency": (0, MOST),
    "lanes": (0, MOST),
    "lane": (0, MOST),
    "payload": (0, MOST),
    "weight": (SMALLEST, LONGEST_MS),
    "at_most_ms": (SMALLEST, LARGEST),
    "cost_tolerance": (0, 1),
    "balanced_weight": (0, 1),
    "precision": (SMALLEST, 0.5),
    "headroom": (1, 1_000),
    "max_cost": (SMALLEST, LARGEST),
    "seed": (-(2**64), 2**64),
}


def range_of(name: str) -> tuple[float, float]:
    """The least and the most that a figure of a run may be; `memory_mb` is a configuration's."""
    return _RANGES.get(name, _ANY)
