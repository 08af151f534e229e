"""Whether what an earlier run found about a function still stands: then no model has to guess."""

from powertune.model import Configuration
from powertune.scan.evidence import FunctionEvidence


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
