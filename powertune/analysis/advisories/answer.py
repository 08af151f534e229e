"""Findings about the answer: where the best may lie, and what shape of curve it was read from."""

import math
from collections.abc import Iterator

from powertune.analysis.advisories.evidence import Evidence
from powertune.analysis.constraints import undecided
from powertune.analysis.nouns import Profile
from powertune.model import Advisory, Architecture
from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB, MEMORY_MIN_MB, format_ms

#: Over so much more memory, a duration that falls by less than a tenth does not depend on it.
FLAT_SPAN = 4.0
FLAT = 0.9
#: How nearly duration halves when memory doubles, for a function that computes all the time.
CPU_BOUND = 0.8
#: The same beyond one vCPU, where code with one thread gains nothing.
THREADED = 0.4


def about_answer(evidence: Evidence) -> Iterator[Advisory]:
    """All of them, in order."""
    yield from _winner_at_edge(evidence)
    yield from _constraint_undecided(evidence)
    for architecture in Architecture:
        curve = evidence.curve(architecture)
        if len(curve) >= 2:
            yield from _flat(curve)
            yield from _still_falling(curve)
    yield from _fixed_cost_unknown(evidence)


def _winner_at_edge(evidence: Evidence) -> Iterator[Advisory]:
    if evidence.recommendation is None:
        return
    winner = evidence.recommendation.configuration
    sizes = [
        o.profile.configuration.memory_mb
        for o in evidence.observed
        if o.profile.configuration.architecture is winner.architecture
    ]
    smaller = winner.memory_mb == min(sizes) and winner.memory_mb > MEMORY_MIN_MB
    larger = winner.memory_mb == max(sizes) and winner.memory_mb < MEMORY_MAX_MB
    if smaller or larger:
        directions = " and ".join(name for name, on in (("smaller", smaller), ("larger", larger)) if on)
        yield Advisory(
            code="winner-at-edge",
            message=f"{winner} is at the edge of the tested sizes: the best may lie beyond",
            next_step=f"try {directions} sizes too",
        )


def _constraint_undecided(evidence: Evidence) -> Iterator[Advisory]:
    recommendation = evidence.recommendation
    if recommendation is None:
        return
    chosen = next(o.profile for o in evidence.observed if o.profile.configuration == recommendation.configuration)
    doubt = undecided(chosen, evidence.goal)
    if doubt is not None:
        yield Advisory(
            code="constraint-undecided",
            message=f"whether {chosen.configuration} meets the constraints is not certain: {doubt}",
            next_step="measure with more --invocations",
        )


def _flat(curve: tuple[Profile, ...]) -> Iterator[Advisory]:
    """The duration at the largest size is hardly less than at the smallest, and there is much between them."""
    first, last = curve[0], curve[-1]
    if _memory(last) < FLAT_SPAN * _memory(first) or _mean(last) < FLAT * _mean(first):
        return
    yield Advisory(
        code="flat",
        message=f"duration hardly depends on memory ({format_ms(_mean(first))} at {first.configuration}, "
        f"{format_ms(_mean(last))} at {last.configuration}): the function waits, it does not compute",
        next_step="use the smallest size that fits; where it only waits for another service, consider Step Functions "
        "or a direct service integration",
    )


def _still_falling(curve: tuple[Profile, ...]) -> Iterator[Advisory]:
    """Between the two largest sizes, duration still falls nearly in proportion to memory."""
    before, last = curve[-2], curve[-1]
    if _memory(last) >= MEMORY_MAX_MB:
        return
    step = _elasticity(before, last)
    if _memory(before) >= MB_PER_VCPU:
        if step >= THREADED:
            yield Advisory(
                code="multi-threaded",
                message=f"duration still falls from {before.configuration} to {last.configuration}, beyond one vCPU: "
                "the function uses several threads",
                next_step=f"try sizes up to {MEMORY_MAX_MB} MB",
            )
    elif step >= CPU_BOUND and _memory(last) <= MB_PER_VCPU:
        yield Advisory(
            code="cpu-bound",
            message=f"duration falls in proportion to memory up to {last.configuration}: the function computes all "
            "the time",
            next_step=f"try sizes beyond {MB_PER_VCPU} MB, one vCPU, if it uses several threads"
            if _memory(last) == MB_PER_VCPU
            else f"try sizes up to {MB_PER_VCPU} MB, one vCPU",
        )


def _fixed_cost_unknown(evidence: Evidence) -> Iterator[Advisory]:
    function = evidence.run.function
    if evidence.pricing.billing.invocations_per_month is not None:
        return
    if function.provisioned_concurrency or (function.snapstart and not function.runtime.startswith("java")):
        what = "provisioned concurrency" if function.provisioned_concurrency else "SnapStart snapshots"
        yield Advisory(
            code="fixed-cost-unknown",
            message=f"what {what} cost by the month is not in the cost of an invocation, as the traffic is not known",
            next_step="give --invocations-per-month",
        )


def _memory(profile: Profile) -> int:
    return profile.configuration.memory_mb


def _mean(profile: Profile) -> float:
    assert profile.duration is not None
    return profile.duration.mean


def _elasticity(smaller: Profile, larger: Profile) -> float:
    """By which power of memory the duration falls: 1 is in proportion, 0 not at all."""
    return math.log(_mean(smaller) / _mean(larger)) / math.log(_memory(larger) / _memory(smaller))
