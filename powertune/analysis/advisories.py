"""What to know about the measurement itself before believing it, each finding with a next step."""

import math
from collections.abc import Callable, Iterator, Sequence

from powertune.analysis.nouns import Profile, ProfileStatus, Recommendation
from powertune.analysis.profiles import Observed
from powertune.analysis.summary import Summary
from powertune.model import Advisory, TuningRun
from powertune.units import MB_PER_VCPU, MEMORY_MAX_MB, MEMORY_MIN_MB

#: An interval of +-5 % of the mean: what it takes to see the differences that are worth a deployment.
TARGET_PRECISION = 0.05
#: Of the memory size; peers alert at the same share.
NEAR_LIMIT = 0.9
_NEXT_STEPS = {
    "budget": "raise --max-spend, or try fewer sizes",
    "interrupted": "measure again and let the run finish",
    "under way": "wait for the run to end, or measure again if it died",
}


def advise(
    run: TuningRun, observed: Sequence[Observed], recommendation: Recommendation | None
) -> tuple[Advisory, ...]:
    """All findings: the run's own first, then those about its data, then those about the answer."""
    findings: tuple[Iterator[Advisory], ...] = (
        _embedded(run),
        _beyond_cores(run, observed),
        _stopped_early(run),
        _unmeasured(observed),
        _current_not_measured(run, observed),
        _missing_reports(observed),
        _failed_invocations(observed),
        _too_few_samples(observed),
        _memory_near_limit(observed),
        _winner_at_edge(observed, recommendation),
    )
    return (*run.advisories, *(advisory for finding in findings for advisory in finding))


def _embedded(run: TuningRun) -> Iterator[Advisory]:
    if run.function.platform is not None:
        yield Advisory(
            code="embedded",
            message=f"measured on the embedded AWS ({run.function.platform}), not on AWS",
            next_step="trust the comparison between sizes, not the figures; measure on AWS before deciding",
        )


def _beyond_cores(run: TuningRun, observed: Sequence[Observed]) -> Iterator[Advisory]:
    cores = run.function.cores
    if cores is None:
        return
    names = _names(observed, lambda profile: profile.configuration.memory_mb / MB_PER_VCPU > cores)
    if names:
        yield Advisory(
            code="beyond-cores",
            message=f"this machine has {cores:g} cores, less than Lambda gives to {names}",
            next_step="measure these sizes on AWS or on a larger machine",
        )


def _stopped_early(run: TuningRun) -> Iterator[Advisory]:
    if run.stopped != "complete":
        yield Advisory(
            code="stopped-early",
            message=f"the run did not finish: {run.stopped}",
            next_step=_NEXT_STEPS.get(run.stopped, "mend the cause and measure again"),
        )


def _unmeasured(observed: Sequence[Observed]) -> Iterator[Advisory]:
    missing = [o.profile for o in observed if o.profile.status is ProfileStatus.UNMEASURED]
    if missing:
        yield Advisory(
            code="unmeasured",
            message="not measured: " + "; ".join(f"{p.configuration} ({p.reason})" for p in missing),
            next_step="leave these sizes out, or remove the reason and measure again",
        )


def _current_not_measured(run: TuningRun, observed: Sequence[Observed]) -> Iterator[Advisory]:
    current = run.function.current
    measured = {o.profile.configuration for o in observed if o.profile.status is not ProfileStatus.UNMEASURED}
    if current not in measured:
        yield Advisory(
            code="current-not-measured",
            message=f"the current configuration, {current}, was not measured, so what a change gains is not known",
            next_step=f"add {current.memory_mb} to --memory",
        )


def _missing_reports(observed: Sequence[Observed]) -> Iterator[Advisory]:
    names = _names(observed, lambda p: p.counts.missing > 0, lambda p: f"{p.counts.missing} at {p.configuration}")
    if names:
        yield Advisory(
            code="missing-reports",
            message=f"invocations without a report are missing from the samples: {names}",
            next_step="look them up in CloudWatch Logs with --telemetry logs",
        )


def _failed_invocations(observed: Sequence[Observed]) -> Iterator[Advisory]:
    failed = [o for o in observed if o.profile.status is ProfileStatus.OK and o.profile.counts.failed]
    if failed:
        names = (
            f"{o.profile.counts.failed} of {o.total} at {o.profile.configuration} ({o.error or 'an error'})"
            for o in failed
        )
        yield Advisory(
            code="failed-invocations",
            message=f"invocations failed at sizes that otherwise work: {', '.join(names)}",
            next_step="find the cause in the function's log; a failure may hide a size that is too small",
        )


def _too_few_samples(observed: Sequence[Observed]) -> Iterator[Advisory]:
    wide = [(o, needed) for o in observed if (needed := samples_needed(o.profile)) > o.profile.counts.warm]
    if wide:
        names = (f"{o.profile.configuration} ({o.profile.counts.warm} of about {needed})" for o, needed in wide)
        # Cold, failed and missing ones come on top of the warm invocations that count.
        asked = max(needed + o.total - o.profile.counts.warm for o, needed in wide)
        yield Advisory(
            code="too-few-samples",
            message=f"the 95 % interval of a mean is wider than +-{TARGET_PRECISION:.0%} at {', '.join(names)}",
            next_step=f"measure with --invocations {asked}",
        )


def samples_needed(profile: Profile) -> int:
    """How many warm invocations bring duration and cost to +-5 %, as an interval narrows with the root of n.

    At least two; 0 for a configuration that is not judged.
    """
    if profile.status is not ProfileStatus.OK or profile.duration is None or profile.cost is None:
        return 0
    return max(2, _needed(profile.duration), _needed(profile.cost))


def _needed(summary: Summary) -> int:
    if summary.interval is None or summary.mean == 0:
        return 0
    half = (summary.interval[1] - summary.interval[0]) / 2
    return math.ceil(summary.n * (half / summary.mean / TARGET_PRECISION) ** 2)


def _memory_near_limit(observed: Sequence[Observed]) -> Iterator[Advisory]:
    names = _names(
        observed,
        lambda p: (
            p.status is ProfileStatus.OK and (p.max_memory_used_mb or 0) >= NEAR_LIMIT * p.configuration.memory_mb
        ),
        lambda p: f"{p.max_memory_used_mb} MB of {p.configuration}",
    )
    if names:
        yield Advisory(
            code="memory-near-limit",
            message=f"the function used nearly all of its memory: {names}",
            next_step="choose a larger size, unless the payloads are the largest that can come",
        )


def _winner_at_edge(observed: Sequence[Observed], recommendation: Recommendation | None) -> Iterator[Advisory]:
    if recommendation is None:
        return
    winner = recommendation.configuration
    sizes = [
        o.profile.configuration.memory_mb
        for o in observed
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


def _names(
    observed: Sequence[Observed],
    wanted: Callable[[Profile], bool],
    name: Callable[[Profile], str] = lambda profile: str(profile.configuration),
) -> str:
    return ", ".join(name(o.profile) for o in observed if wanted(o.profile))
