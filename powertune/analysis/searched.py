"""The answer of an adaptive search: it measured few invocations of few sizes, and knows curves instead."""

from collections.abc import Sequence
from dataclasses import replace

from powertune.analysis.comparison import SAME, Comparison, comparison_of
from powertune.analysis.conclusion import Gain, Pick, Question, figures, make_saving
from powertune.analysis.model import Profile, Recommendation, Saving, Searched
from powertune.analysis.profiles import Observed
from powertune.analysis.staying import settle
from powertune.model import Exploration, Goal, TuningRun
from powertune.prices import RegionPrices
from powertune.search import Answer, Band
from powertune.search.policies import make_explorer
from powertune.search.precision import precision_of
from powertune.units import format_share, format_usd


def searched(run: TuningRun, prices: RegionPrices, goal: Goal) -> Searched | None:
    """What the search of a run says of a goal; None for a grid, or if no size that works may be the answer."""
    explored = run.design.search
    if not isinstance(explored, Exploration):
        return None
    exploration = replace(explored, goal=goal)
    search = make_explorer(exploration, prices, run.function.ephemeral_storage_mb, run.design.seed)
    concluded = search.conclude({m.configuration: m for m in run.measurements})
    if concluded is None:
        return None
    return Searched(
        answer=concluded.answer,
        curve=concluded.curve,
        precision=precision_of(exploration),
        another_goal=goal != explored.goal,
    )


def with_bands(observed: Sequence[Observed], found: Searched) -> tuple[Observed, ...]:
    """The intervals that the curve gives: by itself, a size with two invocations has none worth the name.

    An interval is widened to hold the mean that was measured, if that is outside of it.
    """
    bands = {band.configuration: band for band in found.curve}
    return tuple(replace(o, profile=_banded(o.profile, bands.get(o.profile.configuration))) for o in observed)


def _banded(profile: Profile, band: Band | None) -> Profile:
    duration, cost, billed = profile.duration, profile.cost, profile.billed_ms_mean
    if band is None or duration is None or cost is None or not billed:
        return profile
    low, high = min(1.0, band.low_ms / billed), max(1.0, band.high_ms / billed)
    return replace(
        profile,
        duration=replace(duration, interval=(low * duration.mean, high * duration.mean)),
        cost=replace(cost, interval=(low * cost.mean, high * cost.mean)),
    )


def recommend_searched(
    found: Searched, able: Sequence[Observed], observed: tuple[Observed, ...], question: Question
) -> Recommendation | None:
    """What the search would choose, if that is among those that meet the constraints.

    The comparisons are the search's own: they hold what is known of the whole curve, and need no measurement of the
    current configuration.
    """
    answer = found.answer
    chosen = next((o for o in able if o.profile.configuration == answer.configuration), None)
    if chosen is None:
        return None
    among = {o.profile.configuration for o in able}
    pick = Pick(
        chosen=chosen,
        best=answer.configuration,
        equivalent=tuple(c for c in answer.equivalent if c in among),
        why=_why(found, chosen, question),
        certainty="at 95 %",
    )
    baseline = question.baseline(observed)
    return settle(pick, _gain(answer, chosen, baseline, question), baseline, question)


def _gain(answer: Answer, chosen: Observed, baseline: Observed | None, question: Question) -> Gain:
    cost, duration = answer.cost_ratio, answer.duration_ratio
    if chosen is baseline:
        return Gain(cost=SAME, duration=SAME, score=SAME, saving=_saving(chosen, SAME, question))
    if cost is None or duration is None or (baseline is not None and baseline.profile.reason):
        return Gain()
    factor = rounding(chosen) / rounding(baseline) if baseline is not None else 1.0
    costs = comparison_of(cost.value, cost.interval)
    low, high = duration.interval
    durations = comparison_of(factor * duration.value, (factor * low, factor * high))
    return Gain(
        cost=costs,
        duration=durations,
        score=_balance(costs, durations, question.goal.cost_weight),
        saving=_saving(chosen, costs, question),
    )


def _balance(cost: Comparison, duration: Comparison, weight: float) -> Comparison:
    """What the goal wants to be low. Cost follows duration, so that the ends of their intervals belong together."""
    if weight in (0.0, 1.0):
        return cost if weight else duration
    assert cost.ratio is not None and cost.interval is not None  # noqa: PT018
    assert duration.ratio is not None and duration.interval is not None  # noqa: PT018
    low, high = (c**weight * d ** (1 - weight) for c, d in zip(cost.interval, duration.interval, strict=True))
    return comparison_of(cost.ratio**weight * duration.ratio ** (1 - weight), (low, high))


def rounding(o: Observed) -> float:
    """What whole milliseconds make of a duration: the search believes in billed ones, and no goal wants these low."""
    duration, billed = o.profile.duration, o.profile.billed_ms_mean
    return duration.mean / billed if duration is not None and billed else 1.0


def _saving(chosen: Observed, ratio: Comparison, question: Question) -> Saving | None:
    """What the change saves in a month: the current cost follows from the chosen one's and the ratio."""
    traffic, cost = question.invocations_per_month, chosen.profile.cost
    if traffic is None or cost is None or ratio.ratio is None or ratio.interval is None:
        return None
    saved, least, most = (
        traffic * cost.mean * (1 / each - 1) for each in (ratio.ratio, ratio.interval[1], ratio.interval[0])
    )
    return make_saving(saved, (least, most), question)


def _why(found: Searched, chosen: Observed, question: Question) -> str:
    answer = found.answer
    return (
        f"it is expected to meet the goal best of the measured sizes ({figures(chosen, question.currency)}), with a "
        f"probability of {format_share(answer.p_best)}, and to lose {format_share(answer.loss)} against the best of "
        "all sizes that were searched"
    )


def unfinished(run: TuningRun, found: Searched, currency: str) -> str | None:
    """What to say of a search that was ended before it was sure; None if it was not, or was sure."""
    answer, explored = found.answer, run.design.search
    asked = isinstance(explored, Exploration) and explored.precision is not None
    # What no batch would improve is an answer, unless more was asked for.
    if run.stopped == "complete" or (not asked and (run.stopped == "exhausted" or answer.loss < found.precision)):
        return None
    low, high = (format_usd(1e6 * cost, currency) for cost in answer.cost_interval)
    return (
        f"the search ended before it was sure ({run.stopped}): the best guess is {answer.configuration}, the best of "
        f"those measured with a probability of {format_share(answer.p_best)}, at {low} to {high} per million "
        f"invocations, and expected to lose {format_share(answer.loss)} against the best there may be"
    )
