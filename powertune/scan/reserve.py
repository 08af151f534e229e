"""Whether a function is throttled because its own reserved concurrency is used up."""

from powertune.scan.evidence import FunctionEvidence

#: Fewer throttles than this are accidents.
LEAST_THROTTLES = 10


def starved_by_reserve(known: FunctionEvidence) -> bool:
    """Whether it was throttled, and ran as many invocations at a time as it may; also if it may run none at all."""
    usage, reserved = known.usage, known.reserved
    if usage is None or reserved is None or not usage.throttles:
        return False
    return reserved == 0 or (usage.throttles >= LEAST_THROTTLES and usage.peak_concurrency >= reserved)
