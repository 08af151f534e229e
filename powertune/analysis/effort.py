"""How many more invocations would tell two configurations apart, and what they would cost."""

import math
from collections.abc import Sequence

from powertune.analysis.comparison import Comparison, compare
from powertune.analysis.model import Distinction, Effort
from powertune.analysis.profiles import Observed
from powertune.units import format_usd, plural

#: Configurations that differ by less are alike, and no measurement that is worth its price tells them apart.
ALIKE = 0.01
#: Nobody wants to measure more than this to decide between two.
MOST_INVOCATIONS = 100_000


def growth_to_be_below(ratio: Comparison | None, bound: float = 1.0) -> float:
    """By which factor invocations and environments have to grow until a ratio is proven to be below a bound.

    That is for a ratio as large as the one that was seen: an interval narrows with the root of their number. Below 1
    where it is proven; infinite where the ratio is not below, nearly alike, or too little is known.
    """
    if ratio is None or ratio.ratio is None or ratio.interval is None or not ratio.ratio > 0:
        return math.inf
    distance = math.log(bound / ratio.ratio)
    if not distance > -math.log1p(-ALIKE) or not ratio.interval[1] < math.inf:
        return math.inf
    return (math.log(ratio.interval[1] / ratio.ratio) / distance) ** 2


def effort_of(growth: float, one: Observed, other: Observed, curve_invocations: int | None = None) -> Effort | None:
    """How many more invocations that is, of the two; None where it is none, or too many.

    Args:
        curve_invocations: how many warm invocations the curve of a search rests on, as all of them count; None after
            a grid.
    """
    if not 1 < growth <= MOST_INVOCATIONS:
        return None
    pair = (one, other)
    known = [max(1, each.durations.size) if curve_invocations is None else curve_invocations for each in pair]
    more = [math.ceil(count * (growth - 1)) for count in known]
    if sum(more) > MOST_INVOCATIONS:
        return None
    return Effort(
        invocations=sum(more), cost=sum(_cost(each) * count for each, count in zip(pair, more, strict=True))
    )


def what_would_tell(
    chosen: Observed, equals: Sequence[Observed], weight: float, level: float, curve_invocations: int | None = None
) -> Distinction | None:
    """What would tell the chosen configuration from the equal one that takes least for it.

    Args:
        weight: of the cost, in what is compared: cost^weight x duration^(1 - weight).
        level: the confidence of each comparison.
        curve_invocations: as of `effort_of`.
    """
    found = []
    for each in equals:
        logs = chosen.log_metric(weight), each.log_metric(weight)
        growth = min(
            growth_to_be_below(compare(*logs, level=level)), growth_to_be_below(compare(*logs[::-1], level=level))
        )
        effort = effort_of(growth, chosen, each, curve_invocations)
        if effort is not None:
            found.append(Distinction(configuration=each.profile.configuration, effort=effort))
    return min(found, key=lambda each: (each.effort.invocations, each.configuration), default=None)


def _cost(o: Observed) -> float:
    """Of one invocation."""
    return 0.0 if o.profile.cost is None else o.profile.cost.mean


def effort_words(effort: Effort, currency: str) -> str:
    """How much that is, in words: with two digits, as it is an estimate."""
    count = round(effort.invocations, 2 - len(str(effort.invocations)))
    return f"about {plural(count, 'more invocation')} of the two ({format_usd(effort.cost, currency)} in all)"
