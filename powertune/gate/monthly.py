"""What a change costs per month at today's traffic."""

from powertune.analysis.estimates import total
from powertune.gate.model import MonthlyChange
from powertune.gate.planned import ObservedCase


def monthly_change(seen: ObservedCase) -> MonthlyChange | None:
    """The difference of the mean costs of an invocation that succeeds times those of 30 days, with its 95 % interval.

    As many are taken to fail as at the baseline. None where the traffic is not known, a side has no cost, or
    there is a single sample.
    """
    if seen.baseline is None or seen.candidate.costing is None or seen.baseline.costing is None:
        return None
    traffic = seen.candidate.invocations_per_month
    if traffic is None:
        return None
    change = total([seen.candidate.costing.estimate, seen.baseline.costing.estimate.times(-1)])
    change = change.times(traffic * seen.baseline.costing.succeeding)
    interval = change.interval()
    if interval is None:
        return None
    return MonthlyChange(
        function=seen.function,
        configuration=seen.case.configuration,
        amount=change.mean,
        interval=interval,
        currency=seen.candidate.currency,
        invocations_per_month=traffic,
    )
