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


def effort_to_prove(
    difference: Comparison | None, one: Observed, other: Observed, together: int | None = None
) -> Effort | None:
    """How many more invocations would prove a difference as large as the one that was seen.

    An interval narrows with the root of the number of invocations, and so of environments. None where the two are
    nearly alike, too little is known, or it takes too many.

    Args:
        difference: one / other, in what is to be decided.
        together: after a search, how many warm invocations its curve rests on: then not just those of the two count.
    """
    if difference is None or difference.ratio is None or difference.interval is None or not difference.ratio > 0:
        return None
    low, high = difference.interval
    distance = abs(math.log(difference.ratio))
    if not low > 0 or not distance > -math.log1p(-ALIKE) or not high < math.inf:
        return None
    pair = (one, other)
    known = [max(1, each.durations.size) if together is None else together for each in pair]
    wanted = known[0] * (math.log(high / low) / 2 / distance) ** 2
    if not wanted <= MOST_INVOCATIONS:
        return None
    costs = [_cost(each) for each in pair]
    more = [max(0, math.ceil(wanted) - count) for count in known]
    if not sum(more):
        return None
    return Effort(invocations=sum(more), cost=sum(cost * count for cost, count in zip(costs, more, strict=True)))


def what_would_tell(
    chosen: Observed, equals: Sequence[Observed], weight: float, level: float, together: int | None = None
) -> Distinction | None:
    """What would tell the chosen configuration from the equal one that takes least for it.

    Args:
        weight: of the cost, in what is compared: cost^weight x duration^(1 - weight).
        level: the confidence of each comparison.
        together: as of `effort_to_prove`.
    """
    found = []
    for each in equals:
        difference = compare(chosen.log_metric(weight), each.log_metric(weight), level=level)
        effort = effort_to_prove(difference, chosen, each, together)
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
