"""How long the environments of a function took to initialize: INIT is billed, but not in CloudWatch's Duration."""

from dataclasses import dataclass

from powertune.scan.evidence import FunctionEvidence, FunctionUsage, ReportStatistics
from powertune.units import ROUNDING_MS

#: How long INIT takes where nothing says so, in ms: expected (about the geometric mean of the bounds), least, most.
_TYPICAL_MS, _SHORT_MS, _LONG_MS = 300.0, 100.0, 1_000.0
#: How often an environment is started anew on a day with invocations, at most: once an hour.
_MOST_STARTS_PER_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class InitTime:
    """Milliseconds of INIT in the window of a function's usage: expected, and the range of that."""

    expected_ms: float
    low_ms: float
    high_ms: float

    @classmethod
    def measured(cls, ms: float) -> "InitTime":
        """A time that was measured."""
        return cls(expected_ms=ms, low_ms=ms, high_ms=ms)


def init_time(known: FunctionEvidence, usage: FunctionUsage, on_demand_share: float = 1.0) -> InitTime:
    """How long INIT took in the window of `usage`, by the best that is known, in this order.

    - REPORT lines: the share of starts with an INIT times their mean INIT, and what is billed for those that were
      restored from a snapshot; without a mean INIT, what is billed on average beyond the mean Duration and the
      rounding to whole milliseconds. Each is per invocation, so its window need not be that of `usage`.
    - Lambda Insights: the mean over all invocations, of which most had no INIT.
    - An estimate from concurrency. At least each of the `peak_concurrency` environments was started once. Lambda ends
      environments every few hours even under constant load, and idle ones earlier (Lambda Developer Guide,
      "Understanding the Lambda execution environment lifecycle"), so each is expected to start once on every day with
      invocations, and at most once an hour. No start is without an invocation. INIT takes "from under 100 ms to over
      1 second" (Lambda Operator Guide, "Cold starts and latency"): from 100 ms to 1 s here, and 300 ms expected. A
      function with larger dependencies takes longer than this range says.

    Args:
        on_demand_share: the share of invocations that did not run on provisioned concurrency, whose environments are
            initialized ahead. It only concerns the estimate.
    """
    if known.reports is not None and known.reports.count:
        return InitTime.measured(_by_reports(known.reports, usage) * usage.invocations)
    if known.environment is not None and known.environment.init_ms is not None:
        return InitTime.measured(known.environment.init_ms * usage.invocations)
    environments, most = usage.peak_concurrency * on_demand_share, usage.invocations * on_demand_share
    return InitTime(
        expected_ms=min(most, environments * usage.active_days) * _TYPICAL_MS,
        low_ms=min(most, environments) * _SHORT_MS,
        high_ms=min(most, environments * usage.active_days * _MOST_STARTS_PER_DAY) * _LONG_MS,
    )


def _by_reports(reports: ReportStatistics, usage: FunctionUsage) -> float:
    """INIT per invocation, in ms."""
    inits = reports.cold_starts - reports.restores
    if reports.mean_init_ms is not None or not inits:
        return (inits * (reports.mean_init_ms or 0.0) + reports.restore_sum_ms) / reports.count
    return max(0.0, reports.billed_sum_ms / reports.count - (usage.mean_ms or 0.0) - ROUNDING_MS)
