"""Findings about the answer: where the best may lie, and what shape of curve it was read from."""

import math
from collections.abc import Iterator

from powertune.analysis.advisories.advisory_input import AdvisoryInput
from powertune.analysis.comparison import Comparison, Difference, compare
from powertune.analysis.constraints import undecided
from powertune.analysis.profiles import Observed
from powertune.analysis.staying import SHORTEST_MS
from powertune.model import Advisory, Architecture, Exploration
from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB, MEMORY_MIN_MB, format_ms, format_share

#: Over so much more memory, a duration that falls by less than a tenth does not depend on it.
FLAT_SPAN = 4.0
FLAT = 0.9
#: And is not known to do so, if it may still fall by more than this.
SURELY_FLAT = 0.75
#: How nearly duration halves when memory doubles, for a function that computes all the time.
CPU_BOUND = 0.8
#: From sizes that are less apart than this factor, no shape can be read.
STEP = 1.3
#: The same beyond one vCPU, where code with one thread gains nothing.
THREADED = 0.4


def about_answer(given: AdvisoryInput) -> Iterator[Advisory]:
    """All of them, in order."""
    yield from _winner_at_edge(given)
    yield from _constraint_undecided(given)
    for architecture in Architecture:
        curve = given.curve(architecture)
        if len(curve) >= 2:
            yield from _flat(curve)
            if given.searched is None:  # a search has looked beyond, as far as it was of use
                yield from _still_falling(curve)
    yield from _another_goal(given)
    yield from _fixed_cost_unknown(given)


def _winner_at_edge(given: AdvisoryInput) -> Iterator[Advisory]:
    if given.recommendation is None or given.recommendation.too_short:
        return
    winner = given.recommendation.configuration
    sizes = [
        o.profile.configuration.memory_mb
        for o in given.observed
        if o.profile.configuration.architecture is winner.architecture
    ]
    search = given.run.design.search
    if isinstance(search, Exploration):
        sizes = [search.smallest_mb, search.largest_mb]
    smaller = winner.memory_mb == min(sizes) and winner.memory_mb > MEMORY_MIN_MB
    larger = winner.memory_mb == max(sizes) and winner.memory_mb < MEMORY_MAX_MB
    if smaller or larger:
        directions = " and ".join(name for name, on in (("smaller", smaller), ("larger", larger)) if on)
        yield Advisory(
            code="winner-at-edge",
            message=f"{winner} is at the edge of the tested sizes: the best may lie beyond",
            next_step=f"try {directions} sizes too",
        )


def _constraint_undecided(given: AdvisoryInput) -> Iterator[Advisory]:
    recommendation = given.recommendation
    if recommendation is None:
        return
    observed = next((o for o in given.observed if o.profile.configuration == recommendation.configuration), None)
    if observed is None:  # the current configuration, of which a search knows without having measured it
        return
    chosen = observed.profile
    doubt = undecided(chosen, observed.durations, given.goal)
    if doubt is not None:
        yield Advisory(
            code="constraint-undecided",
            message=f"whether {chosen.configuration} meets the constraints is not certain: {doubt}",
            next_step="measure with more --invocations",
        )


def _another_goal(given: AdvisoryInput) -> Iterator[Advisory]:
    found = given.searched
    if found is not None and found.another_goal and found.answer.loss > found.precision:
        yield Advisory(
            code="another-goal",
            message="the run searched for another goal: for this one, the answer is expected to be "
            f"{format_share(found.answer.loss)} worse than the best there may be",
            next_step="run again with this goal, and --start-from this results file",
        )


def _flat(curve: tuple[Observed, ...]) -> Iterator[Advisory]:
    """The duration at the largest size is hardly less than at the smallest, and there is much between them."""
    first, last = curve[0], curve[-1]
    ratio = _ratio(last, first)
    if _mean(first) < SHORTEST_MS:
        return
    if _memory(last) < FLAT_SPAN * _memory(first) or ratio.ratio is None or ratio.interval is None:
        return
    if ratio.ratio >= FLAT and ratio.interval[0] >= SURELY_FLAT:
        yield Advisory(
            code="flat",
            message=f"duration hardly depends on memory ({_mean_ms(first)} at "
            f"{first.profile.configuration}, {_mean_ms(last)} at {last.profile.configuration}): "
            "the function waits, it does not compute",
            next_step="use the smallest size that fits; where it only waits for another service, consider Step "
            "Functions or a direct service integration",
        )


def _still_falling(curve: tuple[Observed, ...]) -> Iterator[Advisory]:
    """Up to the largest size, duration still falls nearly in proportion to memory, and not by chance."""
    last = curve[-1]
    # Sizes that are close to each other tell nothing about the shape.
    before = next((o for o in reversed(curve) if _memory(o) * STEP <= _memory(last)), None)
    if before is None or _memory(last) >= MEMORY_MAX_MB:
        return
    ratio = _ratio(last, before)
    if ratio.ratio is None or ratio.verdict is not Difference.LOWER:
        return
    # By which power of memory it falls: 1 is in proportion, 0 not at all.
    power = -math.log(ratio.ratio) / math.log(_memory(last) / _memory(before))
    if _memory(before) >= MB_PER_VCPU:
        if power >= THREADED:
            yield Advisory(
                code="multi-threaded",
                message=f"duration still falls from {before.profile.configuration} to {last.profile.configuration}, "
                "beyond one vCPU: the function uses several threads",
                next_step=f"try sizes up to {MEMORY_MAX_MB} MB",
            )
    elif power >= CPU_BOUND and _memory(last) <= MB_PER_VCPU:
        yield Advisory(
            code="cpu-bound",
            message=f"duration falls in proportion to memory up to {last.profile.configuration}: the function "
            "computes all the time",
            next_step=f"try sizes beyond {MB_PER_VCPU} MB, one vCPU, if it uses several threads"
            if _memory(last) == MB_PER_VCPU
            else f"try sizes up to {MB_PER_VCPU} MB, one vCPU",
        )


def _fixed_cost_unknown(given: AdvisoryInput) -> Iterator[Advisory]:
    function = given.run.function
    if given.pricing.billing.invocations_per_month is not None:
        return
    if function.provisioned_concurrency or function.pays_for_snapshots:
        what = "provisioned concurrency" if function.provisioned_concurrency else "SnapStart snapshots"
        yield Advisory(
            code="fixed-cost-unknown",
            message=f"what {what} cost by the month is not in the cost of an invocation, as the traffic is not known",
            next_step="give --invocations-per-month",
        )


def _mean(o: Observed) -> float:
    assert o.profile.duration is not None
    return o.profile.duration.mean


def _mean_ms(o: Observed) -> str:
    return format_ms(_mean(o))


def _memory(o: Observed) -> int:
    return o.profile.configuration.memory_mb


def _ratio(larger: Observed, smaller: Observed) -> Comparison:
    """The duration of the larger size / that of the smaller one."""
    return compare(larger.log_duration, smaller.log_duration)
