"""How a configuration stands: against the current one, and whether it is the cheapest or the fastest of all."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from powertune.analysis.comparison import Difference, compare
from powertune.analysis.estimates import Estimate
from powertune.analysis.model import Cost, ProfileStatus, Rank
from powertune.analysis.profiles import Observed
from powertune.analysis.summary import Summary
from powertune.model import Configuration


def with_ranks(observed: Sequence[Observed], *, level: float) -> tuple[Observed, ...]:
    """Mark the cheapest and the fastest of those that may be used, and whether all others are proven to be higher.

    Args:
        level: the confidence of each comparison.
    """
    able = [o for o in observed if o.profile.status is ProfileStatus.OK and o.profile.ruled_out is None]
    cheapest = _ranks(able, lambda o: o.profile.cost, lambda o: o.log_cost, level)
    fastest = _ranks(able, lambda o: o.profile.duration, lambda o: o.log_duration, level)
    return tuple(
        replace(
            o,
            profile=replace(
                o.profile,
                cheapest=cheapest.get(o.profile.configuration),
                fastest=fastest.get(o.profile.configuration),
            ),
        )
        for o in observed
    )


def with_ratios(observed: Sequence[Observed], now: Observed | None) -> tuple[Observed, ...]:
    """Mark what cost and duration are of those of the current configuration, where that works and is known."""
    if now is None or now.profile.status is ProfileStatus.INFEASIBLE:
        return tuple(observed)
    cost, duration = now.log_cost, now.log_duration
    return tuple(
        replace(
            o,
            profile=replace(
                o.profile,
                cost_ratio=_quotient(o.log_cost, cost),
                duration_ratio=_quotient(o.log_duration, duration),
            ),
        )
        for o in observed
    )


def _quotient(log: Estimate | None, log_now: Estimate | None) -> float | None:
    return None if log is None or log_now is None else math.exp(log.mean - log_now.mean)


def _ranks(
    able: Sequence[Observed],
    figure: Callable[[Observed], Cost | Summary | None],
    log: Callable[[Observed], Estimate | None],
    level: float,
) -> dict[Configuration, Rank]:
    """The rank of whatever has the lowest mean; several have it where their means are equal."""
    means = {o.profile.configuration: found.mean for o in able if (found := figure(o)) is not None}
    lowest = [o for o in able if means.get(o.profile.configuration) == min(means.values())]
    return {
        best.profile.configuration: Rank.ALONE
        if all(
            compare(log(other), log(best), level=level).verdict is Difference.HIGHER
            for other in able
            if other is not best and other.profile.configuration in means
        )
        else Rank.TIED
        for best in lowest
    }
