"""The valid range of each number in a file or an option. Numbers outside of it are damaged input and overflow."""

from collections.abc import Mapping

#: The largest number (in milliseconds, 30,000 years), and the smallest above 0.
LARGEST, SMALLEST = 10**15, 1e-12
#: The largest memory size in Lambda's API model. On-demand functions may have 10,240 MB.
LARGEST_MEMORY_MB = 32_768
SMALLEST_MEMORY_MB = 128
#: Eleven days. The longest timeout in Lambda's API model is 90 minutes.
LONGEST_MS = 10**9
#: The largest count, because code may loop over it.
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
    "weights": (SMALLEST, LONGEST_MS),
    "at_most_ms": (SMALLEST, LARGEST),
    "cost_tolerance": (0, 1),
    "balanced_weight": (0, 1),
    "precision": (SMALLEST, 0.5),
    "headroom": (1, 1_000),
    "max_cost": (SMALLEST, LARGEST),
    "seed": (-(2**64), 2**64),
    "amount": (-LARGEST, LARGEST),
    "interval": (-LARGEST, LARGEST),
    "expected": (-LARGEST, LARGEST),
    "low": (-LARGEST, LARGEST),
    "high": (-LARGEST, LARGEST),
}


def readable(figure: float) -> float:
    """A figure of at least 0 as it can be read back from a document: what is smaller than the smallest is 0."""
    return figure if figure >= SMALLEST else 0.0


def range_of(name: str) -> tuple[float, float]:
    """The least and the greatest valid value of a field of a run; `memory_mb` is that of a configuration."""
    return _RANGES.get(name, _ANY)
