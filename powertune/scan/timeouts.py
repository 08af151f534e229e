"""Whether the durations of a function reach its timeout."""

from powertune.scan.evidence import FunctionEvidence

#: Fewer timeouts than this among the reports are accidents.
LEAST_TIMEOUTS = 5
#: CloudWatch's percentiles are approximations.
_NEAR = 0.99
#: A duration beyond this was measured while the timeout was longer.
_BEYOND = 1.05


def reaches_timeout(known: FunctionEvidence) -> bool:
    """Whether invocations have timed out, and at least one in a hundred on the slowest day.

    A percentile at the timeout is not enough: the longest invocation has to have reached it, and errors to have been
    counted, as each timeout is one.
    """
    usage, timeout_ms = known.usage, known.function.timeout_s * 1000
    if usage is None or usage.p99_ms is None or usage.max_ms is None or not usage.errors:
        return False
    return usage.p99_ms >= _NEAR * timeout_ms and timeout_ms <= usage.max_ms <= _BEYOND * timeout_ms
