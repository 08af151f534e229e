"""Which configuration of a candidate is compared with which of a baseline, and what must never be compared."""

from collections.abc import Callable, Sequence

from powertune.errors import FunctionFailed, UsageError
from powertune.gate.model import Case, GatedRun
from powertune.model import Configuration, Measurement, Population, TuningRun
from powertune.units import plural

#: With one sample, nothing is known of its error.
_LEAST = 2
_DIGITS = 12


def match_cases(
    candidates: Sequence[GatedRun],
    baselines: Sequence[GatedRun] = (),
    *,
    allow_other_function: bool = False,
    side_by_side: bool = False,
) -> tuple[Case, ...]:
    """A case for every configuration of every candidate, with the baseline of the same function.

    Args:
        allow_other_function: compare also functions of different names, as the copies of two commits; then there is
            one
            candidate and one baseline.
        side_by_side: candidate and baseline were measured in one run with interleaved invocations.

    Raises:
        UsageError: there is no baseline for a candidate, or it is of another function, region, architecture, memory
            size or payload, of cold starts alone and the other is not, or has fewer than two samples. The message
            names both values. Beside a candidate that failed, a baseline only has to have succeeded.
        FunctionFailed: a candidate without a baseline failed at every size.
    """
    cases = []
    for candidate in candidates:
        if not candidate.run.measurements:
            raise UsageError(f"the candidate {candidate.label} holds no measurement", hint="measure it again")
        baseline = _baseline_of(candidate, baselines, allow_other_function=allow_other_function)
        if baseline is None:
            _check_success(candidate)
        for measurement in candidate.run.measurements:
            if baseline is not None:
                _check_baseline(candidate, baseline, measurement)
            if not measurement.invocations.count(Population.FAILED):
                _check_samples("candidate", candidate, measurement)
            cases.append(
                Case(
                    candidate=candidate,
                    configuration=measurement.configuration,
                    baseline=baseline,
                    side_by_side=side_by_side and baseline is not None,
                )
            )
    return tuple(cases)


def check_distinct(candidates: Sequence[GatedRun]) -> None:
    """See that no two candidates are about the same: a report could not tell them apart.

    Raises:
        UsageError: two are of one function, configuration and payload.
    """
    known: dict[tuple[object, ...], str] = {}
    for candidate in candidates:
        run = candidate.run
        for measurement in run.measurements:
            key = (run.function.name, run.function.arn, measurement.configuration, run.design.payloads)
            if key in known:
                raise UsageError(
                    f"{known[key]} and {candidate.label} are both of {run.function.name} at "
                    f"{measurement.configuration}, with the same events",
                    hint="gate one of them; to compare the two, make the other one the --baseline",
                )
            known[key] = candidate.label


def _check_success(candidate: GatedRun) -> None:
    """See that a candidate without a baseline has not failed at every size: that may be due to the payload."""
    measurements = candidate.run.measurements
    if all(each.failed_always for each in measurements):
        causes = ", ".join(f"{each.configuration}: {each.infeasible or 'failed'}" for each in measurements)
        raise FunctionFailed(
            f"the candidate {candidate.label} failed at every size ({causes})",
            hint="look at the function's log, its payload and its timeout",
        )


def _check_samples(side: str, gated: GatedRun, measurement: Measurement) -> None:
    population = gated.run.design.judged
    durations = measurement.invocations.whole_ms(population)
    count = sum(duration is not None for duration in durations)
    if count >= _LEAST:
        return
    what = "warm invocation" if population is Population.WARM else "cold start"
    cause = measurement.unmeasured or f"has {plural(count, what)} with a report"
    raise UsageError(
        f"the {side} {gated.label} at {measurement.configuration}: {cause}, and a gate takes {_LEAST}",
        hint=f"measure the {side} again, with more --invocations",
    )


def _baseline_of(
    candidate: GatedRun, baselines: Sequence[GatedRun], *, allow_other_function: bool
) -> GatedRun | None:
    if not baselines:
        return None
    name = candidate.run.function.name
    same = [each for each in baselines if each.run.function.name == name]
    if len(same) > 1:
        labels = " and ".join(each.label for each in same)
        raise UsageError(f"{labels} are all baselines of {name}", hint="give one baseline of each function")
    if same:
        return same[0]
    if allow_other_function and len(baselines) == 1:
        return baselines[0]
    others = " and ".join(each.run.function.name for each in baselines)
    raise UsageError(
        f"the candidate {candidate.label} is of function {name}, and the baseline of {others}",
        hint="give a baseline of the same function",
    )


def _check_baseline(candidate: GatedRun, baseline: GatedRun, measured: Measurement) -> None:
    if not baseline.run.measurements:
        raise UsageError(f"the baseline {baseline.label} holds no measurement", hint="measure the baseline again")
    for what, tell in _SAME.items():
        mine, theirs = (tell(gated.run) for gated in (candidate, baseline))
        if mine != theirs:
            raise UsageError(
                f"the candidate {candidate.label} is of {what} {mine}, and the baseline {baseline.label} of {theirs}",
                hint="measure the baseline in the same way as the candidate",
            )
    measurement = baseline.run.measurement(measured.configuration)
    if measurement is None:
        raise UsageError(
            _other_size(candidate, baseline, measured.configuration), hint="measure both at the same memory sizes"
        )
    if not (measured.infeasible and measurement.invocations.succeeded):
        _check_samples("baseline", baseline, measurement)


def _other_size(candidate: GatedRun, baseline: GatedRun, configuration: Configuration) -> str:
    theirs = [each.configuration for each in baseline.run.measurements]
    what = "memory size"
    known = ", ".join(map(str, theirs))
    if configuration.architecture not in {each.architecture for each in theirs}:
        what = "architecture"
    return (
        f"the candidate {candidate.label} was measured at {configuration}, and the baseline {baseline.label} is of "
        f"another {what}: {known}"
    )


def _payloads(run: TuningRun) -> str:
    """The digests of the payloads with their shares of the traffic; those of old files are not known."""
    total = sum(each.weight for each in run.design.payloads)
    shares = sorted((each.sha256[:_DIGITS], round(each.weight / total, 6)) for each in run.design.payloads)
    texts = [digest if len(shares) == 1 else f"{digest} ({share:.3g})" for digest, share in shares]
    return ", ".join(texts) or "unknown"


def _platform(run: TuningRun) -> str:
    return "AWS" if run.function.platform is None else f"the embedded AWS ({run.function.platform})"


def _judged(run: TuningRun) -> str:
    return "cold starts alone" if run.design.only_cold_starts else "warm invocations"


#: What candidate and baseline must have in common, and how to tell it.
_SAME: dict[str, Callable[[TuningRun], str]] = {
    "region": lambda run: run.function.region,
    "platform": _platform,
    "payload": _payloads,
    "population": _judged,
}
