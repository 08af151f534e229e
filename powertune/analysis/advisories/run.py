"""Findings about the run: where it was made, what it left out, what got in its way."""

from collections.abc import Iterator

from powertune.analysis.advisories.advisory_input import AdvisoryInput, enumeration, names
from powertune.analysis.model import ProfileStatus
from powertune.model import (
    FUNCTION_FAILS,
    NO_REPORTS,
    Advisory,
    Configuration,
    GridDesign,
    Measurement,
    Population,
)
from powertune.units import MB_PER_VCPU, plural

#: A share of invocations beyond which this machine is too busy to measure well.
MANY_DISTURBED = 0.1
_CALM = "end what keeps this machine busy, and measure again"

_NEXT_STEPS = {
    "budget": "raise --max-spend, or try fewer sizes",
    "exhausted": "ask for a --precision, which measures more, or accept the stated uncertainty",
    NO_REPORTS: "make sure that reports arrive, as the advisory no-reports explains, then measure again",
    "interrupted": "measure again and let the run finish",
    "under way": "wait for the run to end, or measure again if it died",
    "between batches": "wait for the run to end, or measure again if it died",
}

_MESSAGES = {
    "exhausted": "the search could not get as certain as it should",
    NO_REPORTS: "the run ended after the first size, as not a single invocation had a report",
}


def about_run(given: AdvisoryInput) -> Iterator[Advisory]:
    """All of them, in order."""
    for finding in (_embedded, _beyond_cores, _disturbed, _stopped_early, _throttled):
        yield from finding(given)
    if given.run.stopped in (NO_REPORTS, FUNCTION_FAILS):
        return  # what was not measured, and why, is said already
    for finding in (_unmeasured, _current_not_measured, _missing_reports, _failed_invocations):
        yield from finding(given)


def _embedded(given: AdvisoryInput) -> Iterator[Advisory]:
    platform = given.run.function.platform
    if platform is not None:
        yield Advisory(
            code="embedded",
            message=f"measured on the embedded AWS ({platform}), not on AWS",
            next_step="trust the comparison between sizes, not the figures; measure on AWS before deciding",
        )


def _beyond_cores(given: AdvisoryInput) -> Iterator[Advisory]:
    cores = given.run.function.cores
    if cores is None:
        return
    larger = names(given.observed, lambda profile: profile.configuration.memory_mb / MB_PER_VCPU > cores)
    if larger:
        yield Advisory(
            code="beyond-cores",
            message=f"this machine has {cores:g} cores, less than Lambda gives to {larger}",
            next_step="measure these sizes on AWS or on a larger machine",
        )


def _disturbed(given: AdvisoryInput) -> Iterator[Advisory]:
    total = sum(len(m.invocations) for m in given.run.measurements)
    count = sum(map(_disturbed_ones, given.run.measurements))
    if count > MANY_DISTURBED * total:
        yield Advisory(
            code="disturbed",
            message=f"{count} of {plural(total, 'invocation')} had to wait for a CPU because of other programs; "
            "they are left out",
            next_step=_CALM,
        )


def _disturbed_ones(measurement: Measurement | None) -> int:
    """How many invocations are set aside because other programs on this machine disturbed them."""
    if measurement is None:
        return 0
    return sum(1 for waited in measurement.invocations.select(Population.SET_ASIDE, "waited_ms") if waited)


def _stopped_early(given: AdvisoryInput) -> Iterator[Advisory]:
    stopped = given.run.stopped
    if stopped not in ("complete", FUNCTION_FAILS):
        yield Advisory(
            code="stopped-early",
            message=_MESSAGES.get(stopped, f"the run did not finish: {stopped}"),
            next_step=_NEXT_STEPS.get(stopped, "fix the cause and measure again"),
        )


def _throttled(given: AdvisoryInput) -> Iterator[Advisory]:
    count = given.run.throttles
    if count:
        yield Advisory(
            code="throttled",
            message=f"Lambda throttled {plural(count, 'invocation')}, which did not execute and were sent again",
            next_step="lower --concurrency, or ask AWS for a higher concurrency quota",
        )


def _unmeasured(given: AdvisoryInput) -> Iterator[Advisory]:
    missing = [o.profile for o in given.observed if o.profile.status is ProfileStatus.UNMEASURED]
    if missing:
        yield Advisory(
            code="unmeasured",
            message=f"not measured: {enumeration([f'{p.configuration} ({p.reason})' for p in missing], '; ')}",
            next_step="leave these sizes out, or remove the reason and measure again",
        )


def _current_not_measured(given: AdvisoryInput) -> Iterator[Advisory]:
    current = given.run.function.current
    found = {o.profile.configuration: o.profile for o in given.observed}
    measured = {c for c, profile in found.items() if profile.status is not ProfileStatus.UNMEASURED}
    if current in measured:
        return
    why, next_step = "was not measured", _wider(given, current)
    if waited := _disturbed_ones(given.run.measurement(current)):
        why = f"has no sample, as other programs kept {plural(waited, 'invocation')} waiting for a CPU"
        next_step = _CALM
    elif current in found:
        why, next_step = f"was not measured ({found[current].reason})", "remove the reason, and measure again"
    elif measured and current.architecture not in {c.architecture for c in measured}:
        next_step = "measure with --arch both"
    yield Advisory(
        code="current-not-measured",
        message=f"the current configuration, {current}, {why}, so what a change gains is not known",
        next_step=next_step,
    )


def _wider(given: AdvisoryInput, current: Configuration) -> str:
    search = given.run.design.search
    if isinstance(search, GridDesign):
        return f"add {current.memory_mb} to --memory"
    if search.smallest_mb <= current.memory_mb <= search.largest_mb:
        return "measure again, and let the search come to its end"
    return f"search a range that holds {current.memory_mb} MB, with --min-memory and --max-memory"


def _missing_reports(given: AdvisoryInput) -> Iterator[Advisory]:
    lost = names(given.observed, lambda p: p.counts.missing > 0, lambda p: f"{p.counts.missing} at {p.configuration}")
    if lost:
        yield Advisory(
            code="missing-reports",
            message=f"invocations without a report are missing from the samples: {lost}",
            next_step="leave out --report-source tail, so that they are looked for in CloudWatch Logs"
            if given.run.design.telemetry == "tail"
            else "look at the function's log group: neither the tail of the log nor the group had them",
        )


def _failed_invocations(given: AdvisoryInput) -> Iterator[Advisory]:
    failed = [o for o in given.judged if o.profile.counts.failed]
    if failed:
        where = [
            f"{o.profile.counts.failed} of {o.total} at {o.profile.configuration} ({o.error or 'an error'})"
            for o in failed
        ]
        yield Advisory(
            code="failed-invocations",
            message=f"invocations failed at sizes that otherwise work: {enumeration(where)}; what they cost is added "
            "to the cost of those that succeeded",
            next_step="find the cause in the function's log; a failure may hide a size that is too small",
        )
