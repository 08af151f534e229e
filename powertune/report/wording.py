"""The sentences of a report: what to use, what that gains, and what it rests on."""

from collections.abc import Callable
from functools import partial

from powertune.analysis import (
    TOO_SHORT,
    Amount,
    Analysis,
    Billing,
    Comparison,
    Difference,
    Distinction,
    Move,
    ProfileStatus,
    Recommendation,
    Saving,
    decision_words,
    effort_words,
    limits,
    unproven_words,
)
from powertune.model import Configuration, Exploration, Strategy
from powertune.units import format_ms, format_ratio, format_share, format_usd, plural

#: Beyond this, a ratio only says that nothing is known.
_LARGEST_RATIO = 1_000

#: What each strategy looks for, after "Recommended: ".
_STRATEGY_WORDS = {
    Strategy.TOLERANCE: "fastest whose cost is within {tolerance:.3g} % of the cheapest, allowing for noise",
    Strategy.COST: "lowest cost",
    Strategy.SPEED: "lowest duration",
    Strategy.BALANCED: "best balance of cost and duration",
}

#: The same of a search, which weighs what it expects: a tolerance is not a sharp limit to it, and of two sizes that
#: are nearly as fast, it takes the cheaper one.
_SEARCH_WORDS = {
    Strategy.TOLERANCE: "fastest at up to about {tolerance:.3g} % more than the lowest cost",
    Strategy.COST: "lowest expected cost",
    Strategy.SPEED: "cheapest within 3 % of the lowest expected duration",
    Strategy.BALANCED: "cheapest within 3 % of the best expected balance of cost and duration",
}


def headline(analysis: Analysis) -> str:
    """The answer: what to use and what that gains, or why there is none."""
    recommendation = analysis.recommendation
    if recommendation is None:
        return f"No recommendation: {analysis.explanation}."
    if recommendation.unproven is not None:
        return _staying(recommendation, recommendation.unproven, analysis.currency)
    if recommendation.too_short:
        return f"Stay at {recommendation.configuration}: {TOO_SHORT}."
    stays = recommendation.configuration == analysis.current
    answer = f"{'Stay at' if stays else 'Recommended:'} {recommendation.configuration}"
    sentences = [f"{answer}, {_merit(analysis, recommendation)}{_change(analysis)}."]
    if recommendation.equivalent:
        sentences.append(_alike(recommendation))
    if (telling := recommendation.distinction) is not None:
        sentences.append(_telling(telling, recommendation.configuration, analysis.currency))
    found = analysis.searched
    if found is not None and (known := found.answer_for(recommendation.configuration)) is not None:
        sentences.append(
            "That is by the curve through all that was measured: the best of these sizes with a probability of "
            f"{format_share(known.p_best)}, and expected to be {format_share(known.loss)} worse than "
            "the best size there may be."
        )
    if recommendation.configuration != analysis.current:
        sentences += _saved(recommendation, analysis.currency)
    if (rival := recommendation.rival) is not None:
        about = _unproven(recommendation, rival, analysis.currency)
        sentences.append(f"{rival.configuration} looks better still, but {about}")
    return " ".join(sentences)


def _saved(recommendation: Recommendation, currency: str) -> list[str]:
    """What the change saves, in money and in time."""
    found = []
    if recommendation.saving is not None:
        found.append(saving_words(recommendation.saving, currency))
    elif recommendation.saved_per_million is not None:
        found.append(_per_million(recommendation.saved_per_million, currency))
    if (time := recommendation.saved_ms) is not None and time.is_proven:
        less = "less" if time.value > 0 else "more"
        found.append(f"An invocation takes {format_ms(abs(time.value))}{_ends(time, _without_unit)} {less}.")
    return found


def _without_unit(ms: float) -> str:
    return format_ms(ms).removesuffix(" ms")


def _per_million(saved: Amount, currency: str) -> str:
    bounds = _ends(saved, partial(format_usd, currency=currency))
    if not saved.is_proven:
        return f"In a million invocations that changes the bill by no proven amount{bounds}."
    verb = "saves" if saved.value > 0 else "costs"
    return f"In a million invocations that {verb} {format_usd(abs(saved.value), currency)}{bounds}."


def _ends(saved: Amount, written: Callable[[float], str]) -> str:
    """The interval. What it costs is said as a positive amount, and what is not proven as a change of the bill."""
    if saved.interval is None:
        return ""
    ends = sorted(map(abs, saved.interval)) if saved.is_proven else [-end for end in reversed(saved.interval)]
    return f" [{written(ends[0])}, {written(ends[1])}]"


def _telling(telling: Distinction, chosen: Configuration, currency: str) -> str:
    """What it costs to find out more."""
    other = names((telling.configuration,), chosen)
    return f"To tell it from {other} would take {effort_words(telling.effort, currency)}."


def _merit(analysis: Analysis, recommendation: Recommendation) -> str:
    """In what the recommended configuration is the best, and among which."""
    if recommendation.rival is not None:
        return _limited("the best of those that are proven to be better than now", analysis)
    if recommendation.strategy is Strategy.SPEED and recommendation.best != recommendation.configuration:
        return _limited("cheapest of those that are not proven slower than the fastest", analysis)
    return goal_words(analysis)


def goal_words(analysis: Analysis) -> str:
    """What was looked for, constraints included."""
    goal = analysis.goal
    words = _STRATEGY_WORDS if analysis.searched is None else _SEARCH_WORDS
    return _limited(words[goal.strategy].format(tolerance=100 * goal.cost_tolerance), analysis)


def _limited(words: str, analysis: Analysis) -> str:
    limited = limits(analysis.goal, analysis.currency)
    return f"{words}, with {limited}" if limited else words


def _staying(recommendation: Recommendation, move: Move, currency: str) -> str:
    about = _unproven(recommendation, move, currency)
    return f"Stay at {recommendation.configuration}: the best candidate, {move.configuration}, {about}"


def _unproven(recommendation: Recommendation, move: Move, currency: str) -> str:
    """Why what looks best is not recommended, and what would decide that."""
    cost, duration = ratio_words(move.cost_ratio, "the cost"), ratio_words(move.duration_ratio, "the duration")
    decision = decision_words(move, currency)
    faster = ""
    if recommendation.strategy is Strategy.COST and move.duration_ratio.verdict is Difference.LOWER:
        faster = " It is faster, which --strategy tolerance or balanced counts."
    return (
        f"{unproven_words(recommendation.strategy)}. "
        f"It has {cost} and {duration} of now.{faster} "
        f"{decision if decision.startswith('powertune ') else decision[0].upper() + decision[1:]}."
    )


#: In what configurations are alike, and what the best of them is.
_ALIKE = {
    Strategy.TOLERANCE: ("duration", "fastest"),
    Strategy.SPEED: ("duration", "fastest"),
    Strategy.COST: ("cost", "cheapest"),
    Strategy.BALANCED: ("balance", "best"),
}


def _alike(recommendation: Recommendation) -> str:
    """What the recommended configuration cannot be told apart from, and in what."""
    metric, superlative = _ALIKE[recommendation.strategy]
    if recommendation.best == recommendation.configuration:
        same = names(recommendation.equivalent, recommendation.configuration)
        return f"In {metric}, {same} cannot be told apart from it."
    others = tuple(c for c in recommendation.equivalent if c != recommendation.best)
    best = names((recommendation.best,), recommendation.configuration)
    too = f", and neither can {names(others, recommendation.configuration)}" if others else ""
    return f"In {metric} it cannot be told apart from the {superlative}, {best}{too}; it is the cheapest of them."


def names(configurations: tuple[Configuration, ...], chosen: Configuration) -> str:
    """Configurations in a row: by memory size alone where all have the architecture of the chosen one."""
    if all(c.architecture is chosen.architecture for c in configurations):
        return ", ".join(f"{c.memory_mb} MB" for c in configurations)
    return ", ".join(map(str, configurations))


def saving_words(saving: Saving, currency: str) -> str:
    """What a change saves, in a sentence."""
    if saving.interval is None:
        return "What that changes in the bill cannot be told from so few invocations."
    monthly = Amount(value=saving.per_month, interval=saving.interval)
    bounds = _ends(monthly, partial(format_usd, currency=currency))
    if not monthly.is_proven:
        return f"At today's traffic that changes the bill by no proven amount{bounds} a month."
    verb = "saves" if saving.per_month > 0 else "costs"
    month, year = (format_usd(abs(amount), currency) for amount in (saving.per_month, saving.per_year))
    text = f"At today's traffic that {verb} {month}{bounds} a month, {year} a year"
    return f"{text}; {payback_words(saving.payback_days)}." if saving.payback_days is not None else f"{text}."


def cold_words(billing: Billing) -> str:
    """Whether costs hold cold starts, and in which share."""
    if billing.cold_share is None:
        return f"not in the costs: {billing.cold_source}"
    return f"{billing.cold_share:.2%} of invocations, {billing.cold_source}"


def price_words(analysis: Analysis) -> str:
    """The date of the prices, and that of those the run was planned with, if it is another one."""
    used, planned = analysis.prices_as_of, analysis.run.design.prices_as_of
    words = "date not known" if used is None else f"as of {used}"
    return words if planned in (None, used) else f"{words}; the run was planned with prices as of {planned}"


def search_words(analysis: Analysis) -> str:
    """What a search has looked at, how sure it is, and why it stopped."""
    run, explored = analysis.run, analysis.run.design.search
    assert isinstance(explored, Exploration)
    where = f"{explored.smallest_mb} to {explored.largest_mb:,} MB on {' and '.join(explored.architectures)}"
    count = sum(len(measurement.invocations) for measurement in run.measurements)
    words = f"{where}: {plural(count, 'invocation')} of {plural(len(run.measurements), 'configuration')}"
    last = run.batches[-1] if run.batches else None
    if last is None or last.trials or last.why is None:
        return words
    return f"{words}, until {last.why}"


def payback_words(days: float) -> str:
    """When measuring has paid for itself."""
    if days < 1 / 24:
        return "measuring is paid for within an hour"
    if days < 2:
        return f"measuring is paid for within {plural(max(1, round(24 * days)), 'hour')}"
    return f"measuring is paid for within {plural(round(days), 'day')}"


def ratio_words(comparison: Comparison, what: str) -> str:
    """`0.83x [0.81, 0.85] the cost`."""
    if comparison.ratio is None:
        return f"an unknown ratio to {what}"
    bounds = "" if comparison.interval is None else " [{}, {}]".format(*map(_bound, comparison.interval))
    return f"{format_ratio(comparison.ratio)}{bounds} {what}"


def _bound(ratio: float) -> str:
    """An end of an interval: that of a tiny sample may have hundreds of digits."""
    return f"{ratio:.2f}" if ratio < _LARGEST_RATIO else f"over {_LARGEST_RATIO:,}"


def _change(analysis: Analysis) -> str:
    recommendation = analysis.recommendation
    assert recommendation is not None
    now = analysis.profile(analysis.current)
    if now is not None and now.status is ProfileStatus.INFEASIBLE:
        return f"; {analysis.current}, which it has now, {now.reason}"
    if recommendation.configuration == analysis.current:
        return ""
    if recommendation.cost_ratio is None or recommendation.duration_ratio is None:
        return ""
    cost = ratio_words(recommendation.cost_ratio, "the cost")
    return f": {cost} and {ratio_words(recommendation.duration_ratio, 'the duration')} of now"
