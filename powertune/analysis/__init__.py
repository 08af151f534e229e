"""Numbers to judgement: what was measured of each configuration, and which one to use. Pure."""

import math
from collections.abc import Sequence
from dataclasses import replace

from powertune.analysis.advisories import Evidence, advise
from powertune.analysis.comparison import Comparison, Difference, log_mean
from powertune.analysis.constraints import excesses, limits
from powertune.analysis.contrast import Contrast, Overall, Pair, Side, contrast, split_architectures
from powertune.analysis.nouns import (
    Analysis,
    Billing,
    ColdStarts,
    Cost,
    Counts,
    Outcome,
    Profile,
    ProfileStatus,
    Recommendation,
    Saving,
    Searched,
)
from powertune.analysis.pareto import Point, dominators, knee, pareto_front
from powertune.analysis.pricing import Pricing, resolve_billing
from powertune.analysis.profiles import Observed, mean_cold_extra_ms, not_reached, observe
from powertune.analysis.recommendation import Question, candidates, family_level, recommend
from powertune.analysis.searched import recommend_searched, searched, unfinished, with_bands
from powertune.analysis.summary import Summary, outlying, summarize
from powertune.errors import UsageError
from powertune.model import Configuration, Goal, TuningRun, Usage
from powertune.prices import PriceTable, RegionPrices

__all__ = [
    "Analysis",
    "Billing",
    "ColdStarts",
    "Comparison",
    "Contrast",
    "Cost",
    "Counts",
    "Difference",
    "Outcome",
    "Overall",
    "Pair",
    "Profile",
    "ProfileStatus",
    "Recommendation",
    "Saving",
    "Searched",
    "Summary",
    "analyze",
    "compare_runs",
    "limits",
    "outlying",
    "pareto_front",
    "summarize",
]


def analyze(run: TuningRun, prices: RegionPrices | PriceTable, goal: Goal, usage: Usage | None = None) -> Analysis:
    """Judge a run: every configuration by itself, then against the others, then the measurement as such.

    Warm invocations decide duration; cost is that of warm and cold ones in the shares of the traffic. The same run
    gives the same analysis, and so does a run whose invocations of one population come in another order.

    Args:
        usage: what a person says of traffic and discounts; else what CloudWatch showed when the run was made.

    Raises:
        UsageError: the table has no prices for the function's region or for an architecture that was measured; or
            the goal names another currency than they are in.
    """
    pricing = _pricing(run, prices, usage or Usage())
    currency = pricing.prices.currency
    goal.check_currency(currency)
    found = searched(run, pricing.prices, goal)
    observed = observe_run(run, pricing)
    if found is not None:
        observed = with_bands(observed, found)
    observed = _constrained(observed, goal, currency)
    observed, elbow = _with_front(observed, _eligible(observed) or candidates(observed))
    able, eligible = candidates(observed), _eligible(observed)
    spent = _spent(observed)
    question = Question(
        goal=goal,
        current=run.function.current,
        currency=currency,
        invocations_per_month=pricing.billing.invocations_per_month,
        spent=spent,
    )
    broken_off = None if found is None else unfinished(run, found, currency)
    recommendation = None
    if eligible and broken_off is None:
        recommendation = recommend_searched(found, eligible, observed, question) if found is not None else None
        recommendation = recommendation or recommend(eligible, observed, question)
    nearest = _nearest(able, goal, currency) if able and not eligible else None
    outcome, explanation = _outcome(observed, recommendation, nearest, limits(goal, currency))
    if broken_off is not None and nearest is None:
        outcome, explanation = Outcome.UNFINISHED, broken_off
    evidence = Evidence(
        run=run, goal=goal, observed=observed, recommendation=recommendation, pricing=pricing, searched=found
    )
    return Analysis(
        run=run,
        goal=goal,
        billing=pricing.billing,
        currency=currency,
        profiles=tuple(o.profile for o in observed),
        knee=elbow,
        recommendation=recommendation,
        outcome=outcome,
        explanation=explanation,
        nearest=None if nearest is None else nearest.profile.configuration,
        spent=spent,
        advisories=advise(evidence),
        searched=found,
    )


def compare_runs(
    baseline: TuningRun, candidate: TuningRun | None, prices: PriceTable, usage: Usage | None = None
) -> Contrast:
    """Compare two runs; or, without a candidate, the arm64 configurations of a run with its x86_64 ones.

    Both are billed on one basis: what is not given of the traffic is taken from the baseline, so that a change of the
    traffic does not look like a change of the function.

    Raises:
        UsageError: no candidate, and the run is of one architecture; prices are not known; or the two are billed in
            different currencies.
    """
    usage = _basis(baseline, usage or Usage())
    sides = [_side(run, prices, usage) for run in (baseline, candidate) if run is not None]
    currencies = [prices.region(side.run.function.region).currency for side in sides]
    if len({*currencies}) > 1:
        raise UsageError(
            f"the runs are billed in {' and '.join(currencies)}, so their costs cannot be compared",
            hint="compare functions of regions with one currency",
        )
    if len(sides) == 1:
        split = split_architectures(sides[0])
        if split is None:
            raise UsageError(
                "the run holds one architecture, so there is nothing to compare it with",
                hint="name a second results file, or measure with --arch both",
            )
        return contrast(*split)
    return contrast(*sides)


def _basis(run: TuningRun, usage: Usage) -> Usage:
    billing = resolve_billing(run, usage, cold_seen=True)
    return replace(usage, cold_share=billing.cold_share, invocations_per_month=billing.invocations_per_month)


def _side(run: TuningRun, prices: PriceTable, usage: Usage) -> Side:
    return Side(run=run, observed=observe_run(run, _pricing(run, prices, usage)))


def observe_run(run: TuningRun, pricing: Pricing) -> tuple[Observed, ...]:
    """Every configuration of a run judged by itself, in order."""
    seen = {m.configuration: observe(m, pricing) for m in run.measurements}
    # Only a grid sets out to measure everything that it names; another search leaves sizes out on purpose.
    if run.design.search == "grid":
        for configuration in run.design.configurations:
            if configuration not in seen:
                seen[configuration] = not_reached(configuration, f"not reached before the run stopped: {run.stopped}")
    return tuple(seen[configuration] for configuration in sorted(seen))


def _pricing(run: TuningRun, prices: RegionPrices | PriceTable, usage: Usage) -> Pricing:
    if isinstance(prices, PriceTable):
        prices = prices.region(run.function.region)
    extras = [extra for m in run.measurements if (extra := mean_cold_extra_ms(m)) is not None]
    return Pricing(
        function=run.function,
        prices=prices,
        billing=resolve_billing(run, usage, cold_seen=bool(extras)),
        borrowed_ms=max(extras, default=None),
    )


def _eligible(observed: Sequence[Observed]) -> tuple[Observed, ...]:
    """The candidates that meet the constraints."""
    return tuple(o for o in candidates(observed) if not o.profile.unmet)


def _constrained(observed: Sequence[Observed], goal: Goal, currency: str) -> tuple[Observed, ...]:
    """Say of each judged configuration which constraints it does not meet."""
    return tuple(
        replace(o, profile=replace(o.profile, unmet=tuple(e.words for e in excesses(o.profile, goal, currency))))
        if o.profile.status is ProfileStatus.OK
        else o
        for o in observed
    )


def _with_front(
    observed: Sequence[Observed], contenders: Sequence[Observed]
) -> tuple[tuple[Observed, ...], Configuration | None]:
    """Mark the front of those that may be chosen, and what dominates the others; and find its knee."""
    points = [
        Point(cost=o.costing.log if o.costing else None, duration=log_mean(o.durations, o.environments))
        for o in contenders
    ]
    names = [o.profile.configuration for o in contenders]
    found = dict(zip(names, dominators(points, level=family_level(len(points))), strict=True))
    elbow = knee(points)

    def marked(profile: Profile) -> Profile:
        if profile.configuration not in found:
            return profile
        dominator = found[profile.configuration]
        return replace(
            profile, pareto=dominator is None, dominated_by=None if dominator is None else names[dominator]
        )

    return tuple(replace(o, profile=marked(o.profile)) for o in observed), None if elbow is None else names[elbow]


def _nearest(able: Sequence[Observed], goal: Goal, currency: str) -> Observed:
    """The configuration whose worst excess is the smallest."""

    def worst(o: Observed) -> tuple[float, Configuration]:
        return max(e.factor for e in excesses(o.profile, goal, currency)), o.profile.configuration

    return min(able, key=worst)


def _spent(observed: Sequence[Observed]) -> float | None:
    """What was spent; unknown, and not zero, when invocations of a configuration ran and none was reported."""
    known = [o.spent for o in observed if o.spent is not None]
    return math.fsum(known) if len(known) == len(observed) else None


def _outcome(
    observed: Sequence[Observed], recommendation: Recommendation | None, nearest: Observed | None, constraints: str
) -> tuple[Outcome, str | None]:
    if recommendation is not None:
        return Outcome.RECOMMENDED, None
    if nearest is not None:
        profile = nearest.profile
        unmet = ", ".join(profile.unmet)
        return Outcome.IMPOSSIBLE, (
            f"no configuration meets {constraints}; nearest is {profile.configuration}, with {unmet}"
        )
    statuses = [o.profile.status for o in observed]
    if ProfileStatus.INFEASIBLE in statuses and ProfileStatus.OK not in statuses:
        failures = "; ".join(_failure(o) for o in observed if o.profile.status is ProfileStatus.INFEASIBLE)
        return Outcome.FAILED, f"the function failed at every size that was measured: {failures}"
    return Outcome.INCONCLUSIVE, "no size has two warm invocations with a report, so nothing can be compared"


def _failure(o: Observed) -> str:
    reason = o.profile.reason or ""
    error = f" ({o.error})" if o.error and o.error not in reason else ""
    return f"{o.profile.configuration} {reason}{error}"
