"""Whether what an earlier run found about a function still stands: then no model has to guess."""

from powertune.model import Configuration
from powertune.scan.evidence import FunctionEvidence, FunctionUsage

#: Of how many of the last days with invocations `FunctionUsage.recent_p50_ms` is.
RECENT_DAYS = 2
_DAY_S = 86_400


def settles_size(known: FunctionEvidence) -> bool:
    """Whether a run has recommended a size, and has measured a smaller one than the present one, of this code."""
    return _stands(known) and any(
        each.memory_mb < known.function.memory_mb
        for each in _measured(known)
        if each.architecture is known.function.architecture
    )


def settles_architecture(known: FunctionEvidence) -> bool:
    """Whether a run has recommended something after it has measured both architectures, of this code."""
    return _stands(known) and len({each.architecture for each in _measured(known)}) > 1


def has_other_code(known: FunctionEvidence) -> bool:
    """Whether the code is certainly not the one that was measured."""
    now, then = known.function.code_sha256, "" if known.tuned is None else known.tuned.code_sha256
    return bool(now and then and now != then)


def recent_days_follow(known: FunctionEvidence, usage: FunctionUsage, measured_at: float, now: float) -> bool:
    """Whether the last days with invocations are certainly after the run, and after the last change.

    The window ends at midnight. How many of its days had no invocations is known, but not which: it may have been the
    last ones.

    Args:
        measured_at: when the run ended, in seconds since the epoch, as `now`.
    """
    end = now // _DAY_S * _DAY_S
    began = end - usage.days * _DAY_S if usage.first_at is None else usage.first_at
    empty_days = max(0, round((end - began) / _DAY_S) - usage.active_days)
    return max(measured_at, known.function.modified_at) <= end - (RECENT_DAYS + empty_days) * _DAY_S


def _stands(known: FunctionEvidence) -> bool:
    """Whether a run has recommended something for the present code."""
    tuned, function = known.tuned, known.function
    if tuned is None or tuned.recommended is None or has_other_code(known):
        return False
    # Where a hash is missing, whatever was changed since then may have been the code.
    same = bool(function.code_sha256 and tuned.code_sha256)
    return same or function.modified_at <= tuned.measured_at


def _measured(known: FunctionEvidence) -> tuple[Configuration, ...]:
    return () if known.tuned is None else tuple(each for each, _ in known.tuned.durations_ms)
