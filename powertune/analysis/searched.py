"""What an adaptive search knows: it measured few invocations of few sizes, and believes in curves through them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from powertune.analysis.comparison import compare
from powertune.analysis.conclusion import (
    Pick,
    Question,
    cheapness,
    equals,
    figures,
    is_same,
    means,
    within_tolerance,
)
from powertune.analysis.estimates import LEVEL, estimate_along
from powertune.analysis.model import Searched
from powertune.analysis.profiles import Beliefs, Observed
from powertune.model import Configuration, Exploration, Goal, TuningRun
from powertune.region_prices import RegionPrices
from powertune.search import Answer
from powertune.search.policies import make_explorer
from powertune.search.precision import precision_of
from powertune.units import USUAL_MB, format_share, format_usd

#: How much more it may be expected to lose than the best answer, and cost, and still be as good.
AS_GOOD, ABOUT = 0.01, 0.03


def searched(run: TuningRun, prices: RegionPrices, goal: Goal) -> Searched | None:
    """What the search of a run says of a goal; None for a grid, or if no size that works may be the answer."""
    explored = run.design.search
    if not isinstance(explored, Exploration):
        return None
    exploration = replace(explored, goal=goal)
    search = make_explorer(exploration, prices, run.function, run.design.seed)
    concluded = search.conclude({m.configuration: m for m in run.measurements})
    if concluded is None:
        return None
    return Searched(conclusion=concluded, precision=precision_of(exploration), another_goal=goal != explored.goal)


def beliefs(found: Searched, goal: Goal) -> Beliefs:
    """The mean duration of every configuration that the search knows of, the current one included."""
    conclusion = found.conclusion
    bands = (*conclusion.curve, *((conclusion.current,) if conclusion.current is not None else ()))
    return Beliefs(
        of_billed=not goal.ignores_cost,
        means={band.configuration: estimate_along(band.log_ms, band.freedom) for band in bands},
    )


def pick_searched(found: Searched, able: Sequence[Observed], question: Question) -> Pick:
    """What the search expects to meet the goal best; of sizes that are as good, the one that people prefer.

    Otherwise chance would choose between such sizes, and another search of the same function would choose another.

    Args:
        able: at least one candidate that meets the constraints and can be the answer.
    """
    answers = {answer.configuration: answer for answer in found.conclusion.answers}
    ranked = sorted(able, key=lambda o: (_loss(o, answers), cheapness(o)))
    best = ranked[0]
    chosen = min(
        (o for o in ranked if o is best or _is_as_good(o, best, answers)),
        key=lambda o: (_oddness(o.profile.configuration, question.current), _loss(o, answers), cheapness(o)),
    )
    equal = equals(chosen, within_tolerance(able, question.goal), question.goal.cost_weight, LEVEL)
    return Pick(
        chosen=chosen,
        best=chosen.profile.configuration,
        equivalent=tuple(sorted(o.profile.configuration for o in equal)),
        why=_why(chosen, best, answers[chosen.profile.configuration], question),
        certainty="at 95 %",
    )


def better_searched(found: Searched, able: Sequence[Observed], question: Question) -> list[Observed]:
    """What is expected to meet the goal better than the current configuration; nothing if that was not measured."""
    answers = {answer.configuration: answer for answer in found.conclusion.answers}
    now = answers.get(question.current)
    return [] if now is None else [o for o in able if _loss(o, answers) < round(now.loss, 9)]


def _loss(o: Observed, answers: Mapping[Configuration, Answer]) -> float:
    # Between sizes that lose the same, it is their cost that decides, and not the last bits of a sum.
    return round(answers[o.profile.configuration].loss, 9)


def _is_as_good(o: Observed, best: Observed, answers: Mapping[Configuration, Answer]) -> bool:
    """Whether a size loses next to nothing against the best, and costs the same within the noise."""
    return (
        o.profile.pareto
        and _loss(o, answers) <= _loss(best, answers) + AS_GOOD
        and means(o)[0] <= (1 + ABOUT) * means(best)[0]
        and is_same(compare(o.log_cost, best.log_cost))
    )


def _oddness(configuration: Configuration, current: Configuration) -> int:
    """People prefer the current size, then the usual ones, then multiples of 64."""
    if configuration == current:
        return 0
    if configuration.memory_mb in USUAL_MB:
        return 1
    return 2 if configuration.memory_mb % 64 == 0 else 3


def _why(chosen: Observed, best: Observed, answer: Answer, question: Question) -> str:
    expected = "it is expected to meet the goal best of the measured sizes"
    if chosen is not best:
        stays = chosen.profile.configuration == question.current
        why = "the current size" if stays else "a more usual size"
        expected = f"it is as good as {best.profile.configuration} within the noise, and {why}"
    return (
        f"{expected} ({figures(chosen, question.currency)}): the best with a probability of "
        f"{format_share(answer.p_best)}, and expected to lose {format_share(answer.loss)} against the best of all "
        "sizes that were searched"
    )


def unfinished(run: TuningRun, found: Searched, observed: Sequence[Observed], currency: str) -> str | None:
    """What to say of a search that was ended before it was sure; None if it was not, or was sure."""
    answer, explored = found.answer, run.design.search
    asked = isinstance(explored, Exploration) and explored.precision is not None
    # What no batch would improve is an answer, unless more was asked for.
    if run.stopped == "complete" or (not asked and (run.stopped == "exhausted" or answer.loss < found.precision)):
        return None
    cost = next(o.profile.cost for o in observed if o.profile.configuration == answer.configuration)
    assert cost is not None
    low, high = (format_usd(1e6 * end, currency) for end in cost.interval or answer.cost_interval)
    return (
        f"the search ended before it was sure ({run.stopped}): the best guess is {answer.configuration}, the best of "
        f"those measured with a probability of {format_share(answer.p_best)}, at {low} to {high} per million "
        f"invocations, and expected to lose {format_share(answer.loss)} against the best there may be"
    )
