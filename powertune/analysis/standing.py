"""How a configuration stands: against the current one, and whether it is the cheapest or the fastest of all."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from powertune.analysis.comparison import Difference, compare, log_mean
from powertune.analysis.estimates import Estimate, Interval
from powertune.analysis.model import Cost, Profile, ProfileStatus, Rank
from powertune.analysis.profiles import Observed
from powertune.analysis.searched import rounding
from powertune.analysis.summary import Summary
from powertune.model import Configuration
from powertune.search import Band

#: Whether the second is proven to be higher than the first, which has the lowest mean.
_Apart = Callable[[Observed, Observed], bool]


def with_ranks(observed: Sequence[Observed], *, level: float, by_intervals: bool) -> tuple[Observed, ...]:
    """Mark the cheapest and the fastest of those that work, and whether it can be told apart from all the others.

    Args:
        level: the confidence of each comparison.
        by_intervals: compare the intervals of the profiles, which are those of a curve, and not the samples.
    """
    able = [o for o in observed if o.profile.status is ProfileStatus.OK]
    cheapest = _ranks(able, _cost, _apart(_cost, _log_cost, level=level, by_intervals=by_intervals))
    fastest = _ranks(able, _duration, _apart(_duration, _log_duration, level=level, by_intervals=by_intervals))
    return tuple(
        replace(
            o,
            profile=replace(
                o.profile,
                cheapest=cheapest.get(o.profile.configuration),
                fastest=fastest.get(o.profile.configuration),
            ),
        )
        for o in observed
    )


def with_ratios(
    observed: Sequence[Observed], current: Configuration, curve: Sequence[Band] | None
) -> tuple[Observed, ...]:
    """Mark what cost and duration are of those of the current configuration.

    They come from where the recommendation's come from, so that a report has one ratio for one configuration.

    Args:
        curve: what a search believes in, if the recommendation is its; None to divide the means.
    """
    now = next((o for o in observed if o.profile.configuration == current), None)
    if now is not None and now.profile.status is not ProfileStatus.OK:
        return tuple(observed)
    bands = None if curve is None else {band.configuration: band for band in curve}
    return tuple(replace(o, profile=_compared(o, now, bands)) for o in observed)


def _compared(o: Observed, now: Observed | None, bands: dict[Configuration, Band] | None) -> Profile:
    profile = o.profile
    if profile.cost is None or profile.duration is None:
        return profile
    if o is now:
        return replace(profile, cost_ratio=1.0, duration_ratio=1.0)
    if bands is not None:
        band = bands.get(profile.configuration)
        if band is None or band.cost_ratio is None or band.duration_ratio is None:
            return profile
        factor = 1.0 if now is None else rounding(o) / rounding(now)
        return replace(profile, cost_ratio=band.cost_ratio, duration_ratio=factor * band.duration_ratio)
    if now is None or now.profile.cost is None or now.profile.duration is None:
        return profile
    return replace(
        profile,
        cost_ratio=_quotient(profile.cost.mean, now.profile.cost.mean),
        duration_ratio=_quotient(profile.duration.mean, now.profile.duration.mean),
    )


def _quotient(value: float, now: float) -> float | None:
    return value / now if now > 0 else None


def _ranks(
    able: Sequence[Observed], figure: Callable[[Observed], Cost | Summary | None], apart: _Apart
) -> dict[Configuration, Rank]:
    """The rank of whatever has the lowest mean; several have it where their means are equal."""
    means = {o.profile.configuration: found.mean for o in able if (found := figure(o)) is not None}
    lowest = [o for o in able if means.get(o.profile.configuration) == min(means.values())]
    return {
        best.profile.configuration: Rank.ALONE
        if all(apart(best, o) for o in able if o is not best and o.profile.configuration in means)
        else Rank.TIED
        for best in lowest
    }


def _apart(
    figure: Callable[[Observed], Cost | Summary | None],
    log: Callable[[Observed], Estimate | None],
    *,
    level: float,
    by_intervals: bool,
) -> _Apart:
    def by_samples(best: Observed, other: Observed) -> bool:
        return compare(log(other), log(best), level=level).verdict is Difference.HIGHER

    def by_curve(best: Observed, other: Observed) -> bool:
        ours, theirs = _interval(figure(best)), _interval(figure(other))
        return ours is not None and theirs is not None and ours[1] < theirs[0]

    return by_curve if by_intervals else by_samples


def _interval(figure: Cost | Summary | None) -> Interval | None:
    return None if figure is None else figure.interval


def _cost(o: Observed) -> Cost | None:
    return o.profile.cost


def _duration(o: Observed) -> Summary | None:
    return o.profile.duration


def _log_cost(o: Observed) -> Estimate | None:
    return None if o.costing is None else o.costing.log


def _log_duration(o: Observed) -> Estimate | None:
    return log_mean(o.durations, o.environments)
