"""Findings about the samples: whether they are enough, how noisy they are, where they come from."""

import math
from collections.abc import Iterator

import numpy as np

from powertune.analysis.advisories.evidence import Evidence, enumeration, names
from powertune.analysis.estimates import Interval
from powertune.analysis.nouns import Profile, ProfileStatus
from powertune.analysis.quantiles import student_t
from powertune.model import Advisory
from powertune.units import format_ms

#: An interval of +-5 % of the mean: what it takes to see the differences that are worth a deployment.
TARGET_PRECISION = 0.05
#: Environments that make Student's t nearly as narrow as it gets.
ENOUGH_LANES = 10
#: A standard deviation of so much of the mean is three times what Lambda itself usually adds.
NOISY = 0.25
#: A share of outliers beyond which they are more than the odd one that Lambda always has.
MANY_OUTLIERS = 0.05
#: Of the memory size; peers alert at the same share.
NEAR_LIMIT = 0.9
#: How many times the duration an init phase lasts, where the share of cold starts is not known.
LONG_INIT = 5.0


def about_samples(evidence: Evidence) -> Iterator[Advisory]:
    """All of them, in order."""
    for finding in (
        _too_few_samples,
        _one_environment,
        _noisy,
        _outliers,
        _memory_near_limit,
        _cold_costs,
        _mostly_init,
    ):
        yield from finding(evidence)


def _too_few_samples(evidence: Evidence) -> Iterator[Advisory]:
    wide = [(o, needed) for o in evidence.judged if (needed := samples_needed(o.profile)) > o.profile.counts.warm]
    if not wide:
        return
    where = [f"{o.profile.configuration} ({o.profile.counts.warm} of about {needed})" for o, needed in wide]
    # Cold, failed and missing ones come on top of the warm invocations that count.
    asked = max(needed + o.total - o.profile.counts.warm for o, needed in wide)
    few = any(o.profile.duration is not None and 1 < o.profile.duration.units < ENOUGH_LANES for o, _ in wide)
    lanes = f" --lanes {ENOUGH_LANES}" if few and asked >= ENOUGH_LANES else ""
    yield Advisory(
        code="too-few-samples",
        message=f"the 95 % interval of a mean is wider than +-{TARGET_PRECISION:.0%} at {enumeration(where)}",
        next_step=f"measure with --invocations {asked}{lanes}",
    )


def samples_needed(profile: Profile) -> int:
    """How many warm invocations, over 10 environments, bring duration and cost to +-5 %.

    An interval narrows with the root of n, and with the quantile of Student's t. At least two; 0 for a configuration
    that is not judged.
    """
    if profile.status is not ProfileStatus.OK or profile.duration is None or profile.cost is None:
        return 0
    duration, cost = profile.duration, profile.cost
    return max(
        2,
        _needed(duration.n, duration.units, duration.mean, duration.interval),
        _needed(duration.n, duration.units, cost.mean, cost.interval),
    )


def _needed(n: int, units: int, mean: float, interval: Interval | None) -> int:
    if interval is None or mean == 0:
        return 0
    precision = (interval[1] - interval[0]) / 2 / mean
    if precision > TARGET_PRECISION and 1 < units < ENOUGH_LANES:
        precision *= student_t(0.975, ENOUGH_LANES - 1) / student_t(0.975, units - 1)
        return max(n + 1, math.ceil(n * (precision / TARGET_PRECISION) ** 2))
    return math.ceil(n * (precision / TARGET_PRECISION) ** 2)


def _one_environment(evidence: Evidence) -> Iterator[Advisory]:

    repeated = [o for o in evidence.judged if o.durations.size > 1]
    if repeated and all(np.ptp(o.lanes) == 0 for o in repeated):
        yield Advisory(
            code="one-environment",
            message="each configuration was measured in one lane, so that one lucky or unlucky execution environment "
            "cannot be told from the rule",
            next_step="measure with --lanes 4 or more",
        )


def _noisy(evidence: Evidence) -> Iterator[Advisory]:
    loud = names(
        evidence.judged,
        lambda p: _relative_deviation(p) > NOISY,
        lambda p: f"{p.configuration} (+-{_relative_deviation(p):.0%})",
    )
    if loud:
        yield Advisory(
            code="noisy",
            message=f"durations vary much between invocations at {loud}",
            next_step="measure with a payload that always takes the same work, or with more --invocations",
        )


def _relative_deviation(profile: Profile) -> float:
    duration = profile.duration
    if duration is None or duration.deviation is None or duration.mean == 0:
        return 0.0
    return duration.deviation / duration.mean


def _outliers(evidence: Evidence) -> Iterator[Advisory]:
    odd = names(
        evidence.judged,
        lambda p: p.duration is not None and p.duration.outliers > MANY_OUTLIERS * p.duration.n + 1,
        lambda p: f"{p.duration.outliers if p.duration else 0} of {p.counts.warm} at {p.configuration}",
    )
    if odd:
        yield Advisory(
            code="outliers",
            message=f"many durations are far from the rest, and are part of every figure: {odd}",
            next_step="look at the distributions in the HTML report; the function may do different work at times",
        )


def _memory_near_limit(evidence: Evidence) -> Iterator[Advisory]:
    tight = names(
        evidence.judged,
        lambda p: (p.max_memory_used_mb or 0) >= NEAR_LIMIT * p.configuration.memory_mb,
        lambda p: f"{p.max_memory_used_mb} MB of {p.configuration}",
    )
    if tight:
        yield Advisory(
            code="memory-near-limit",
            message=f"the function used nearly all of its memory: {tight}",
            next_step="choose a larger size (--headroom 1.1), unless the payloads are the largest that can come",
        )


def _cold_costs(evidence: Evidence) -> Iterator[Advisory]:
    share = evidence.pricing.billing.cold_share
    unseen = names(evidence.judged, lambda p: p.cold is None)
    if share and unseen:
        extra = format_ms(evidence.pricing.borrowed_ms)
        yield Advisory(
            code="cold-starts-unseen",
            message=f"no cold start was seen at {unseen}: each is taken to be billed {extra} more than a warm one, "
            "the most that was seen elsewhere",
            next_step="measure with more --lanes, each of which begins with a cold start",
        )


def _mostly_init(evidence: Evidence) -> Iterator[Advisory]:
    share = evidence.pricing.billing.cold_share
    slow = names(
        evidence.judged,
        lambda p: _init_share(p, share) > 0.5,
        lambda p: f"{format_ms(p.cold.init.mean) if p.cold else ''} at {p.configuration}",
    )
    if slow:
        yield Advisory(
            code="mostly-init",
            message=f"starting takes more than running: a cold start initializes for {slow}",
            next_step="load less at import, shrink the package, or use SnapStart; memory size matters less",
        )


def _init_share(profile: Profile, share: float) -> float:
    """The part of all time that goes into init phases; without a known share, 1 where they dwarf the duration."""
    if profile.cold is None or profile.duration is None:
        return 0.0
    init, duration = profile.cold.init.mean, profile.duration.mean
    if not share:
        return float(init > LONG_INIT * duration)
    return share * init / (share * init + duration) if init else 0.0
