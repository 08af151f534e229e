"""The memory size that an account may use at most: no quota shows it, only the refusal of a larger one."""

from powertune.errors import MemorySizeRefused, UsageError


def memory_refusal(error: UsageError, memory_mb: int) -> MemorySizeRefused | None:
    """A new account may use 3,008 MB only, and AWS says so by refusing the value (no quota shows it)."""
    words = error.message.lower()
    if "memorysize" not in words or "less than or equal to" not in words:
        return None
    digits = words.rsplit("less than or equal to", 1)[1].split()[0].rstrip(".]'\"")
    limit = int(digits) if digits.isascii() and digits.isdigit() else memory_mb - 1
    return over_limit(memory_mb, limit)


def over_limit(memory_mb: int, limit_mb: int) -> MemorySizeRefused:
    """The refusal of a size that is larger than this account may use."""
    return MemorySizeRefused(
        f"this account may use at most {limit_mb} MB, not {memory_mb} MB",
        limit_mb=limit_mb,
        hint="ask AWS Support for more; no Service Quotas item covers it",
    )
