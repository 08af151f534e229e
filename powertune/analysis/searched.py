"""The answer of an adaptive search: it measured few invocations of few sizes, and knows curves instead."""

from collections.abc import Sequence
from dataclasses import replace

from powertune.analysis.comparison import SAME, Comparison, Difference
from powertune.analysis.nouns import Profile, Recommendation, Saving, Searched
from powertune.analysis.profiles import Observed
from powertune.analysis.recommendation import Question, change_words, no_gain
from powertune.model import DAYS_PER_MONTH, Goal, TuningRun
from powertune.prices import RegionPrices
from powertune.search import Band, Ratio
from powertune.units import format_ms, format_share, format_usd


def searched(run: TuningRun, prices: RegionPrices, goal: Goal) -> Searched | None:
    """What the search of a run says of a goal; None for a grid, or if no size that works may be the answer."""
    if run.design.exploration is None:
        return None
    from powertune.search.adaptive import Adaptive, precision_of

    exploration = replace(run.design.exploration, goal=goal)
    search = Adaptive(
        exploration=exploration,
        prices=prices,
        ephemeral_storage_mb=run.function.ephemeral_storage_mb,
        seed=run.design.seed,
    )
    measured = {m.configuration: m for m in run.measurements}
    answer = search.answer(measured)
    if answer is None:
        return None
    return Searched(
        answer=answer,
        curve=search.curve(measured),
        precision=precision_of(exploration),
        another_goal=goal != run.design.exploration.goal,
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
    found: Searched, able: Sequence[Observed], observed: Sequence[Observed], question: Question
) -> Recommendation | None:
    """What the search would choose, if that is among those that meet the constraints.

    The comparisons are the search's own: they hold what is known of the whole curve, and need no measurement of the
    current configuration.
    """
    answer = found.answer
    chosen = next((o for o in able if o.profile.configuration == answer.configuration), None)
    if chosen is None:
        return None
    baseline = next((o for o in observed if o.profile.configuration == question.current), None)
    cost, duration = answer.cost_ratio, answer.duration_ratio
    works = baseline is None or not baseline.profile.reason
    ratios: tuple[Comparison | None, Comparison | None] = (None, None)
    if chosen is baseline:
        ratios = (SAME, SAME)
    elif cost is not None and duration is not None and works:
        rounding = _rounding(chosen) / _rounding(baseline) if baseline is not None else 1.0
        ratios = (_comparison(cost, 1.0), _comparison(duration, rounding))
    among = {o.profile.configuration for o in able}
    equivalent = tuple(c for c in answer.equivalent if c in among)
    reasons = (_why(found, chosen, question), *_alike(equivalent))
    gain = no_gain(question.current, equivalent)
    return Recommendation(
        configuration=answer.configuration,
        strategy=question.goal.strategy,
        best=answer.configuration,
        equivalent=equivalent,
        cost_ratio=ratios[0],
        duration_ratio=ratios[1],
        saving=_saving(chosen, ratios[0], question),
        reasons=(*reasons, change_words(chosen, baseline, question, *ratios), *gain),
    )


def _rounding(o: Observed) -> float:
    """What whole milliseconds make of a duration: the search believes in billed ones, and no goal wants these low."""
    duration, billed = o.profile.duration, o.profile.billed_ms_mean
    return duration.mean / billed if duration is not None and billed else 1.0


def _comparison(ratio: Ratio, factor: float) -> Comparison:
    low, high = (factor * end for end in ratio.interval)
    verdict = Difference.INDISTINGUISHABLE
    if high < 1 or low > 1:
        verdict = Difference.LOWER if high < 1 else Difference.HIGHER
    return Comparison(ratio=factor * ratio.value, interval=(low, high), verdict=verdict)


def _saving(chosen: Observed, ratio: Comparison | None, question: Question) -> Saving | None:
    """What the change saves in a month: the current cost follows from the chosen one's and the ratio."""
    traffic, cost = question.invocations_per_month, chosen.profile.cost
    if traffic is None or ratio is None or cost is None or ratio.ratio is None or ratio.interval is None:
        return None
    saved, least, most = (
        traffic * cost.mean * (1 / each - 1) for each in (ratio.ratio, ratio.interval[1], ratio.interval[0])
    )
    payback = None
    if least > 0 and question.spent is not None:
        payback = question.spent / least * DAYS_PER_MONTH
    return Saving(per_month=saved, interval=(least, most), payback_days=payback)


def _why(found: Searched, chosen: Observed, question: Question) -> str:
    cost, duration = chosen.profile.cost, chosen.profile.duration
    assert cost is not None
    assert duration is not None
    answer = found.answer
    million = format_usd(1e6 * cost.mean, question.currency)
    return (
        f"it is expected to meet the goal best of the measured sizes ({million} per million invocations, "
        f"{format_ms(duration.mean)} each), with a probability of {format_share(answer.p_best)}, and to lose "
        f"{format_share(answer.loss)} against the best of all sizes that were searched"
    )


def _alike(equivalent: Sequence[object]) -> tuple[str, ...]:
    return (f"{', '.join(map(str, equivalent))} may be as good (at 95 %)",) if equivalent else ()


def unfinished(run: TuningRun, found: Searched, currency: str) -> str | None:
    """What to say of a search that was ended before it was sure; None if it was not, or was sure."""
    answer, explored = found.answer, run.design.exploration
    asked = explored is not None and explored.precision is not None
    # What no batch would improve is an answer, unless more was asked for.
    if run.stopped == "complete" or (not asked and (run.stopped == "exhausted" or answer.loss < found.precision)):
        return None
    low, high = (format_usd(1e6 * cost, currency) for cost in answer.cost_interval)
    return (
        f"the search ended before it was sure ({run.stopped}): the best guess is {answer.configuration}, the best of "
        f"those measured with a probability of {format_share(answer.p_best)}, at {low} to {high} per million "
        f"invocations, and expected to lose {format_share(answer.loss)} against the best there may be"
    )
