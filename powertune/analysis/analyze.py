"""A run judged: every configuration by itself, then against the others, then the measurement as such."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from powertune.analysis.advisories import AdvisoryInput, advise
from powertune.analysis.budget import budget_end
from powertune.analysis.conclusion import Question
from powertune.analysis.constraints import excesses
from powertune.analysis.costing import Pricing
from powertune.analysis.judged_run import Analysis
from powertune.analysis.model import Profile, ProfileStatus, Searched
from powertune.analysis.observed_run import observe_run, price_run
from powertune.analysis.outcome import decide
from powertune.analysis.pareto import Point, dominators, knee
from powertune.analysis.profiles import Beliefs, Observed, estimated
from powertune.analysis.ranks import with_ranks, with_ratios
from powertune.analysis.recommendation import candidates, family_level
from powertune.analysis.searched import beliefs, searched
from powertune.model import Configuration, Goal, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices


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
    pricing = price_run(run, prices, usage or Usage())
    currency = pricing.prices.currency
    goal.check_currency(currency)
    found = searched(run, pricing.prices, goal)
    believed = None if found is None else beliefs(found, goal)
    measured = observe_run(run, pricing, believed)
    contest = hold_contest(measured, found, goal, currency)
    question = Question(
        goal=goal,
        current=run.function.current,
        now=_now(contest.observed, pricing, believed),
        currency=currency,
        invocations_per_month=pricing.billing.invocations_per_month,
        spent=_spent(measured),
        curve_invocations=None if found is None else sum(o.durations.size for o in measured),
    )
    verdict = decide(run, contest.observed, found, question)
    standings = with_ratios(with_ranks(contest.observed, level=contest.level), question.now)
    return Analysis(
        run=run,
        goal=goal,
        billing=pricing.billing,
        currency=currency,
        profiles=tuple(o.profile for o in standings),
        knee=contest.knee,
        recommendation=verdict.recommendation,
        outcome=verdict.outcome,
        explanation=verdict.explanation,
        nearest=verdict.nearest,
        spent=question.spent,
        advisories=advise(
            AdvisoryInput(
                run=run,
                goal=goal,
                observed=standings,
                recommendation=verdict.recommendation,
                pricing=pricing,
                searched=found,
            )
        ),
        searched=found,
        prices_as_of=pricing.prices.as_of,
        budget=budget_end(run, pricing.prices, question.spent),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """The configurations beside each other: what each one lacks, and the front of those that may be chosen."""

    observed: tuple[Observed, ...]
    knee: Configuration | None
    level: float
    """The confidence of each comparison between two of them."""


def hold_contest(measured: tuple[Observed, ...], found: Searched | None, goal: Goal, currency: str) -> Contest:
    """Put the configurations beside each other: what each one lacks, and which of them are on the front."""
    constrained = _constrained(measured, found, goal, currency)
    able = candidates(constrained)
    contenders = tuple(o for o in able if not o.profile.unmet) or able
    points = [Point(cost=o.log_cost, duration=o.log_duration) for o in contenders]
    names = [o.profile.configuration for o in contenders]
    level, elbow = family_level(len(points)), knee(points)
    dominated_by = {
        name: None if dominator is None else names[dominator]
        for name, dominator in zip(names, dominators(points, level=level), strict=True)
    }
    return Contest(
        observed=tuple(replace(o, profile=_placed(o.profile, dominated_by)) for o in constrained),
        knee=None if elbow is None else names[elbow],
        level=level,
    )


def _now(observed: Sequence[Observed], pricing: Pricing, believed: Beliefs | None) -> Observed | None:
    """What is known of the current configuration."""
    current = pricing.function.current
    found = next((o for o in observed if o.profile.configuration == current), None)
    if found is not None or believed is None:
        return found
    return estimated(current, pricing, believed)


def _constrained(
    observed: Sequence[Observed], found: Searched | None, goal: Goal, currency: str
) -> tuple[Observed, ...]:
    """Say of each judged configuration which constraints it does not meet, and why a search rules it out."""
    excluded = {} if found is None else found.conclusion.excluded

    def constrained(profile: Profile) -> Profile:
        unmet = tuple(excess.words for excess in excesses(profile, goal, currency))
        return replace(profile, unmet=unmet, ruled_out=excluded.get(profile.configuration))

    return tuple(
        replace(o, profile=constrained(o.profile)) if o.profile.status is ProfileStatus.OK else o for o in observed
    )


def _placed(profile: Profile, dominated_by: dict[Configuration, Configuration | None]) -> Profile:
    """On the front, or dominated; neither where it is no contender."""
    if profile.configuration not in dominated_by:
        return profile
    dominator = dominated_by[profile.configuration]
    return replace(profile, pareto=dominator is None, dominated_by=dominator)


def _spent(observed: Sequence[Observed]) -> float | None:
    """What was spent; unknown, and not zero, when invocations of a configuration ran and none was reported."""
    known = [o.spent for o in observed if o.spent is not None]
    return math.fsum(known) if len(known) == len(observed) else None
