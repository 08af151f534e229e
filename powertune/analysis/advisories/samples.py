"""Findings about the samples: whether they are enough, how noisy they are, where they come from."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from powertune.analysis.advisories.advisory_input import AdvisoryInput, enumeration, names
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import ASSUMED, Interval, Sample, components, mean_of, variance_of
from powertune.analysis.model import Profile, ProfileStatus
from powertune.analysis.profiles import Observed
from powertune.analysis.staying import SHORTEST_MS
from powertune.analysis.summary import outlying
from powertune.model import Advisory
from powertune.quantiles import student_t
from powertune.units import format_ms, format_share

#: An interval of +-5 % of the mean: what it takes to see the differences that are worth a deployment.
TARGET_PRECISION = 0.05
#: Environments that make Student's t nearly as narrow as it gets.
ENOUGH_ENVIRONMENTS = 10
#: With one value from each environment, noise looks like a difference between environments. This many values from
#: each environment tell the two apart.
_TO_TELL_APART = 3
#: More than this is not worth anybody's money.
MOST_LANES = 100
#: A standard deviation of so much of the mean is three times what Lambda itself usually adds.
NOISY = 0.25
#: A share of outliers beyond which they are more than the odd one that Lambda always has.
MANY_OUTLIERS = 0.05
#: An outlier closer to the median than this share of it makes no difference to anybody.
FAR_FROM_MEDIAN = 0.1
#: Of the memory size; peers alert at the same share.
NEAR_LIMIT = 0.9
#: How many times the duration an init phase lasts, where the share of cold starts is not known.
LONG_INIT = 5.0


def about_samples(given: AdvisoryInput) -> Iterator[Advisory]:
    """All of them, in order."""
    for finding in (
        _too_few_samples,
        _one_environment,
        _environments_unknown,
        _noisy,
        _outliers,
        _empty_event,
        _memory_near_limit,
        _cold_costs,
        _not_cold,
        _mostly_init,
    ):
        yield from finding(given)


def _too_few_samples(given: AdvisoryInput) -> Iterator[Advisory]:
    if given.searched is not None:  # a search measures as much as it needs, and says how sure it is
        return
    wide = [(o, needed) for o in given.judged if (needed := samples_needed(o)) is not None]
    if not wide:
        return
    where = [f"{o.profile.configuration} ({_lacking(o, needed)})" for o, needed in wide]
    # Cold, failed and missing ones come on top of the warm invocations that count.
    asked = max(needed.warm + o.total - o.profile.judged for o, needed in wide)
    # Cold starts have an environment each anyway.
    lanes = 0 if given.run.design.only_cold_starts else max(needed.lanes for _, needed in wide)
    more = f"measure with --invocations {max(asked, lanes)}" + (f" --environments {lanes}" if lanes else "")
    target = f"+-{format_share(TARGET_PRECISION)}"
    hopeless = "accept the interval: environments differ so much that more invocations hardly narrow it"
    yield Advisory(
        code="too-few-samples",
        message=f"the 95 % interval of a mean is wider than {target} at {enumeration(where)}",
        next_step=more if lanes <= MOST_LANES else hopeless,
    )


def _lacking(o: Observed, needed: "Needed") -> str:
    """What there is, of what it takes: invocations, or, where these are enough, environments."""
    environments = o.environments.count
    if environments is None or o.profile.judged < needed.warm or needed.lanes <= environments:
        return f"{o.profile.judged} of about {needed.warm}"
    return f"{environments} of about {needed.lanes} environments"


@dataclass(frozen=True, slots=True)
class Needed:
    """What would bring an interval to the target: warm invocations, and lanes; 0 lanes where that cannot be told."""

    warm: int
    lanes: int


def samples_needed(o: Observed) -> Needed | None:
    """How many warm invocations, over how many lanes, would bring duration and cost to +-5 %; None if they are there.

    The variance is that within environments, which more invocations lower, and that between them, which only more
    environments do. Both are estimates from what was measured, and so are the numbers. Where each environment has one
    value, they are what it takes to tell the two apart.
    """
    if o.profile.status is not ProfileStatus.OK or o.profile.duration is None or o.profile.cost is None:
        return None
    if o.durations.size < 2:
        return Needed(2, 0)
    samples = [(o.contributions, o.profile.duration.mean, o.profile.duration.interval)]
    if o.costing is not None:
        # More invocations of what works say little of how often it fails.
        cost = o.costing.without_failures.summary
        samples.append((o.costing.warm, cost.mean, cost.interval))
    wanted = [_needed(values, mean, o.environments) for values, mean, interval in samples if _is_wide(mean, interval)]
    if not wanted:
        return None
    return Needed(max(n.warm for n in wanted), max(n.lanes for n in wanted))


def _is_wide(mean: float, interval: Interval | None) -> bool:
    return interval is not None and mean > 0 and (interval[1] - interval[0]) / 2 > TARGET_PRECISION * mean


def _needed(values: Sample, mean: float, environments: Environments) -> Needed:
    if environments.count == values.size:
        return Needed(_TO_TELL_APART * values.size, values.size)
    within, between = components(values, environments)
    many = ENOUGH_ENVIRONMENTS
    aim = (TARGET_PRECISION * mean / student_t(0.975, many - 1)) ** 2
    # Differences between environments may take up half of the variance that is allowed; more take more environments.
    if between / many > aim / 2:
        many = math.ceil(2 * between / aim)
    count = math.ceil(within / (aim - between / many))
    # As many as there are may do, if they come from more environments.
    enough = values.size if many > environments.created else values.size + 1
    return Needed(max(enough, many, count), many)


def _one_environment(given: AdvisoryInput) -> Iterator[Advisory]:
    repeated = [o for o in given.judged if o.durations.size > 1]
    alone = [o for o in repeated if o.environments.created == 1]
    # A search measures most sizes in one environment on purpose.
    if not alone or (given.searched is not None and len(alone) < len(repeated)):
        return
    where = "each configuration" if len(alone) == len(repeated) else names(alone, lambda _: True)
    yield Advisory(
        code="one-environment",
        message=f"one execution environment, as far as is known, served all warm invocations of {where}: how "
        f"environments differ cannot be seen, and is assumed to be up to {format_share(ASSUMED)}",
        next_step="use `--environments 4` or more; very short functions may need many more",
    )


def _environments_unknown(given: AdvisoryInput) -> Iterator[Advisory]:
    repeated = [o for o in given.judged if o.durations.size > 1 and o.environments.created > 1]
    unknown = [o for o in repeated if not o.environments.tell]
    if not unknown:
        return
    where = "" if len(unknown) == len(repeated) else f" of {names(unknown, lambda _: True)}"
    yield Advisory(
        code="environments-unknown",
        message=f"which execution environment served which invocation{where} is not known: environments are assumed "
        f"to differ by up to {format_share(ASSUMED)}, and intervals allow for that",
        next_step="leave out --report-source tail, so that the log group is read, which names the environments"
        if given.run.design.telemetry == "tail"
        else "allow logs:FilterLogEvents on the function's log group, which names the environments",
    )


def _noisy(given: AdvisoryInput) -> Iterator[Advisory]:
    spreads = [(o.profile.configuration, _relative_deviation(o)) for o in given.judged]
    loud = enumeration([f"{each} (+-{format_share(spread)})" for each, spread in spreads if spread > NOISY])
    if loud:
        yield Advisory(
            code="noisy",
            message=f"durations vary widely between invocations at {loud}",
            next_step="measure with a payload that always takes the same work, or with more --invocations",
        )


def _relative_deviation(o: Observed) -> float:
    """The standard deviation as a share of the mean, within payloads, as these differ by design."""
    samples = [each for each in o.strata.split(o.durations) if each.size > 1 and mean_of(each) > 0]
    weight = sum(each.size - 1 for each in samples)
    squares = math.fsum((each.size - 1) * variance_of(each) / mean_of(each) ** 2 for each in samples)
    return math.sqrt(squares / weight) if weight else 0.0


def _outliers(given: AdvisoryInput) -> Iterator[Advisory]:
    counts = [(o, _far_outliers(o)) for o in given.judged]
    odd = enumeration(
        [
            f"{far} of {o.profile.judged} at {o.profile.configuration}"
            for o, far in counts
            if far > MANY_OUTLIERS * o.durations.size + 1
        ]
    )
    if odd:
        yield Advisory(
            code="outliers",
            message=f"many durations are far from the rest, and are part of every figure: {odd}",
            next_step="look at the distributions in the HTML report; the function may do different work at times",
        )


def _far_outliers(o: Observed) -> int:
    """How many outliers also differ from the median of their payload by a share that matters.

    The modified z-score has no scale of its own: in a tight sample, 1 % off the median is already an outlier.
    """
    return sum(
        int(np.count_nonzero(outlying(each) & (np.abs(each - np.median(each)) > FAR_FROM_MEDIAN * np.median(each))))
        for each in o.strata.split(o.durations)
    )


def _empty_event(given: AdvisoryInput) -> Iterator[Advisory]:
    durations = [o.profile.duration.mean for o in given.judged if o.profile.duration is not None]
    if durations and max(durations) < SHORTEST_MS and given.run.design.event_is_empty:
        yield Advisory(
            code="empty-event",
            message=f"the function was invoked with {{}}, an empty event, and takes at most "
            f"{format_ms(max(durations))}: it may have nothing to do",
            next_step="give an event like those of production with --payload",
        )


def _memory_near_limit(given: AdvisoryInput) -> Iterator[Advisory]:
    tight = names(
        given.judged,
        lambda p: (p.max_memory_used_mb or 0) >= NEAR_LIMIT * p.configuration.memory_mb,
        lambda p: f"{p.max_memory_used_mb} MB of {p.configuration}",
    )
    if tight:
        yield Advisory(
            code="memory-near-limit",
            message=f"the function used nearly all of its memory: {tight}",
            next_step="choose a larger size (--headroom 1.1), unless the payloads are the largest that can come",
        )


def _cold_costs(given: AdvisoryInput) -> Iterator[Advisory]:
    billing, borrowed = given.pricing.billing, given.pricing.borrowed_ms
    unseen = names(given.judged, lambda p: p.cold is None)
    single = names(given.judged, lambda p: p.cold is not None and p.cold.init.n == 1)
    if billing.cold_share and borrowed is not None and unseen:
        yield Advisory(
            code="cold-starts-unseen",
            message=f"no cold start was seen at {unseen}: each is taken to be billed {format_ms(borrowed)} more than "
            "a warm one, the most that was seen elsewhere",
            next_step="measure with more --environments, each of which begins with a cold start",
        )
    if billing.cold_share and single:
        yield Advisory(
            code="cold-starts-single",
            message=f"a single cold start was seen at {single}: what it adds to the cost is taken to be as uncertain "
            "as it is large",
            next_step="measure with more --environments, each of which begins with a cold start",
        )


def _not_cold(given: AdvisoryInput) -> Iterator[Advisory]:
    if not given.run.design.only_cold_starts:
        return
    reused = names(
        given.observed,
        lambda p: p.counts.warm + p.counts.set_aside > 0,
        lambda p: f"{p.counts.warm + p.counts.set_aside} at {p.configuration}",
    )
    if reused:
        yield Advisory(
            code="not-cold",
            message=f"some invocations found an environment that was free: {reused}; they are left out",
            next_step="measure with fewer --invocations, which begin closer together",
        )


def _mostly_init(given: AdvisoryInput) -> Iterator[Advisory]:
    share = given.pricing.billing.cold_share or 0.0
    slow = names(
        given.judged,
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
    if share == 1:
        duration = profile.cold.duration.mean
    if not share:
        return float(init > LONG_INIT * duration)
    return share * init / (share * init + duration) if init else 0.0
