"""Numbers to judgement: what was measured of each configuration, and which one to use. Pure."""

import math
from collections.abc import Sequence
from dataclasses import replace

from powertune.analysis.advisories import advise
from powertune.analysis.comparison import Comparison, Difference, compare_means
from powertune.analysis.nouns import (
    Analysis,
    Counts,
    Goal,
    Outcome,
    Profile,
    ProfileStatus,
    Recommendation,
    Strategy,
)
from powertune.analysis.pareto import pareto_front
from powertune.analysis.profiles import Observed, not_reached, observe
from powertune.analysis.recommendation import recommend
from powertune.analysis.summary import Summary, summarize
from powertune.model import TuningRun
from powertune.prices import PriceTable, RegionPrices

__all__ = [
    "Analysis",
    "Comparison",
    "Counts",
    "Difference",
    "Goal",
    "Outcome",
    "Profile",
    "ProfileStatus",
    "Recommendation",
    "Strategy",
    "Summary",
    "analyze",
    "compare_means",
    "pareto_front",
    "summarize",
]


def analyze(run: TuningRun, prices: RegionPrices | PriceTable, goal: Goal) -> Analysis:
    """Judge a run: every configuration by itself, then against the others, then the measurement as such.

    Warm invocations decide duration and cost; cold ones are counted and described apart. The same run gives the same
    analysis, and so does a run whose invocations of one population come in another order.

    Raises:
        UsageError: the table has no prices for the function's region or for an architecture that was measured.
    """
    if isinstance(prices, PriceTable):
        prices = prices.region(run.function.region)
    observed = _with_front(_observed(run, prices))
    recommendation = recommend(observed, run.function.current, goal, prices.currency)
    outcome, explanation = _outcome(observed, recommendation)
    return Analysis(
        function=run.function,
        engine=run.engine,
        currency=prices.currency,
        profiles=tuple(o.profile for o in observed),
        current=run.function.current,
        recommendation=recommendation,
        outcome=outcome,
        explanation=explanation,
        spent=_spent(observed),
        advisories=advise(run, observed, recommendation),
    )


def _observed(run: TuningRun, prices: RegionPrices) -> tuple[Observed, ...]:
    storage = run.function.ephemeral_storage_mb
    seen = {m.configuration: observe(m, prices, storage) for m in run.measurements}
    # Only a grid sets out to measure everything that it names; another search leaves sizes out on purpose.
    if run.design.search == "grid":
        for configuration in run.design.configurations:
            if configuration not in seen:
                seen[configuration] = not_reached(configuration, f"not reached before the run stopped: {run.stopped}")
    return tuple(seen[configuration] for configuration in sorted(seen))


def _spent(observed: Sequence[Observed]) -> float | None:
    """What was spent; unknown, and not zero, when invocations of a configuration ran and none was reported."""
    known = [o.spent for o in observed if o.spent is not None]
    return math.fsum(known) if len(known) == len(observed) else None


def _with_front(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """Mark the profiles that no other judged one beats in both mean cost and mean duration."""
    judged = [
        (o.profile.configuration, (o.profile.cost.mean, o.profile.duration.mean))
        for o in observed
        if o.profile.status is ProfileStatus.OK and o.profile.cost and o.profile.duration
    ]
    front = {judged[index][0] for index in pareto_front([point for _, point in judged])}
    return tuple(replace(o, profile=replace(o.profile, pareto=o.profile.configuration in front)) for o in observed)


def _outcome(observed: Sequence[Observed], recommendation: Recommendation | None) -> tuple[Outcome, str | None]:
    if recommendation is not None:
        return Outcome.RECOMMENDED, None
    statuses = [o.profile.status for o in observed]
    if ProfileStatus.INFEASIBLE in statuses and ProfileStatus.OK not in statuses:
        failures = "; ".join(_failure(o) for o in observed if o.profile.status is ProfileStatus.INFEASIBLE)
        return Outcome.FAILED, f"the function failed at every size that was measured: {failures}"
    return Outcome.INCONCLUSIVE, "no size has two warm invocations with a report, so nothing can be compared"


def _failure(o: Observed) -> str:
    reason = o.profile.reason or ""
    error = f" ({o.error})" if o.error and o.error not in reason else ""
    return f"{o.profile.configuration} {reason}{error}"
