"""A recommendation from what was picked: what the change brings, what it saves, and why, in sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis.comparison import Comparison, Difference, compare
from powertune.analysis.estimates import Interval
from powertune.analysis.model import Amount, Profile, ProfileStatus, Recommendation, Saving
from powertune.analysis.profiles import Observed
from powertune.model import DAYS_PER_MONTH, Configuration, Goal
from powertune.units import format_ms, format_ratio, format_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a recommendation answers: the goal, what to compare with, the traffic, and what measuring cost.

    `now` is what is known of the current configuration: what was observed, or else what a search estimates; None if
    nothing is. `curve_invocations` is how many warm invocations the curve of a search rests on; None for a grid.
    """

    goal: Goal
    current: Configuration
    now: Observed | None
    currency: str
    invocations_per_month: float | None
    spent: float | None
    curve_invocations: int | None = None

    @property
    def successes_per_month(self) -> float | None:
        """The invocations of a month that succeed, if as many fail as at the current configuration.

        None where the traffic is not known. All of it, where it is not known how many fail.
        """
        if self.invocations_per_month is None or self.now is None or self.now.costing is None:
            return self.invocations_per_month
        return self.now.costing.succeeding * self.invocations_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A chosen configuration. `best` and `equivalent` are those of a recommendation.

    `why` is the sentence that says in what it is the best; `certainty` says how sure it is that the equivalent ones
    cannot be told apart.
    """

    chosen: Observed
    best: Configuration
    equivalent: tuple[Configuration, ...]
    why: str
    certainty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The chosen configuration against the current one; None where that is not known.

    `score` is what the goal wants to be low: cost, duration, or the balance of the two.
    """

    cost: Comparison | None = None
    duration: Comparison | None = None
    score: Comparison | None = None
    saving: Saving | None = None
    saved_per_million: Amount | None = None
    saved_ms: Amount | None = None


def conclude(pick: Pick, gain: Gain, question: Question) -> Recommendation:
    """The recommendation, with its reasons."""
    return Recommendation(
        configuration=pick.chosen.profile.configuration,
        strategy=question.goal.strategy,
        best=pick.best,
        equivalent=pick.equivalent,
        cost_ratio=gain.cost,
        duration_ratio=gain.duration,
        saving=gain.saving,
        saved_per_million=gain.saved_per_million,
        saved_ms=gain.saved_ms,
        reasons=(
            pick.why,
            *alike(pick),
            _brings(pick.chosen, gain, question),
        ),
    )


def make_saving(per_month: float, interval: Interval | None, question: Question) -> Saving:
    """A saving, and when it has paid for the measuring; that takes the least that the interval holds."""
    payback = None
    if interval is not None and interval[0] > 0 and question.spent is not None:
        payback = question.spent / interval[0] * DAYS_PER_MONTH
    return Saving(per_month=per_month, interval=interval, payback_days=payback)


def figures(o: Observed, currency: str) -> str:
    """Mean cost and mean duration."""
    cost, duration = means(o)
    return f"{format_usd(1e6 * cost, currency)} per million invocations, {format_ms(duration)} each"


def means(o: Observed) -> tuple[float, float]:
    """Mean cost and mean duration of a candidate."""
    cost, duration = o.profile.cost, o.profile.duration
    assert cost is not None
    assert duration is not None
    return cost.mean, duration.mean


def cheapness(o: Observed) -> tuple[float, float, Configuration]:
    """What to sort candidates by, so that the cheapest is first."""
    return (*means(o), o.profile.configuration)


def within_tolerance(able: Sequence[Observed], goal: Goal) -> list[Observed]:
    """All but those whose extra cost over the cheapest is proven to exceed the tolerance.

    A size is not ruled out by the luck of a few invocations: the whole interval of its extra cost must lie beyond the
    tolerance. Nor is it if a more expensive one stays in, whose interval is wider: else that could be recommended.
    """
    if goal.tolerance is None:
        return list(able)
    cheapest = min(able, key=cheapness)
    most = max(means(o)[0] for o in able if _may_cost_at_most(1 + goal.tolerance, o, cheapest))
    return [o for o in able if means(o)[0] <= most]


def _may_cost_at_most(ratio: float, o: Observed, cheapest: Observed) -> bool:
    if means(o)[0] <= ratio * means(cheapest)[0]:
        return True
    interval = compare(o.log_cost, cheapest.log_cost).interval
    return interval is not None and interval[0] <= ratio


def equals(one: Observed, others: Sequence[Observed], weight: float, level: float) -> list[Observed]:
    """Those of the others that cannot be told apart from one in cost^weight x duration^(1 - weight)."""
    reference = one.log_metric(weight)
    return [o for o in others if o is not one and is_same(compare(o.log_metric(weight), reference, level=level))]


def is_same(comparison: Comparison) -> bool:
    """Whether two cannot be told apart."""
    return comparison.verdict in (Difference.INDISTINGUISHABLE, Difference.INCONCLUSIVE)


def alike(pick: Pick) -> tuple[str, ...]:
    """The sentence for what cannot be told apart from the best, if there is any."""
    if not pick.equivalent:
        return ()
    names = ", ".join(map(str, pick.equivalent))
    return (f"{names} cannot be told apart from the best ({pick.certainty})",)


def _brings(chosen: Observed, gain: Gain, question: Question) -> str:
    """What the change from the current configuration brings."""
    current = question.current
    if chosen.profile.configuration == current:
        return f"it is the current configuration, {current}"
    if gain.cost is None or gain.duration is None:
        return f"no gain is claimed: the current configuration, {current}, {_state(question.now)}"
    cost, duration = ratio_words(gain.cost), ratio_words(gain.duration)
    return f"{cost} the cost and {duration} the duration of the current configuration, {current}"


def _state(now: Observed | None) -> str:
    profile: Profile | None = None if now is None else now.profile
    if profile is None or profile.status is ProfileStatus.UNMEASURED:
        return "was not measured"
    return f"does not work ({profile.reason})"


def ratio_words(comparison: Comparison) -> str:
    """A ratio with its interval, and whether that proves a difference."""
    if comparison.ratio is None:
        return "an unknown ratio to"
    if comparison.interval is None:
        return f"{format_ratio(comparison.ratio)} (no interval)"
    low, high = comparison.interval
    doubt = ": no proven difference" if comparison.verdict is Difference.INDISTINGUISHABLE else ""
    return f"{format_ratio(comparison.ratio)} ({low:.2f} to {high:.2f}{doubt})"
