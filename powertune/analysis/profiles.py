"""One configuration judged by itself: its populations apart, its samples summarized."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from powertune.analysis.comparison import interval_of, log_mean, log_of
from powertune.analysis.costing import Costing, Pricing
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Estimate, Sample, estimate_mean, mean_of, total
from powertune.analysis.model import ColdStarts, Counts, Profile, ProfileStatus
from powertune.analysis.populations import ColdSamples, Judged, cold_samples, cold_starts_alone, warm_samples
from powertune.analysis.strata import Strata
from powertune.analysis.summary import summarize
from powertune.model import Architecture, Configuration, Measurement, Population
from powertune.tariff import Tariff
from powertune.units import ROUNDING_MS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """A profile with what it was made of.

    `durations` (ms), `strata` and `environments` are those of the invocations that are judged, pairwise, and
    `contributions` what each duration contributes to the mean of the traffic; `costing` is what they cost, None where
    there are none. `believed_ms` is what a search estimates their mean to be; None to estimate it from them. `spent`
    is what all invocations cost, `total` their number. `error` is the error type that failed invocations ended with
    most often.
    """

    profile: Profile
    durations: Sample
    strata: Strata
    contributions: Sample
    environments: Environments
    costing: Costing | None
    spent: float | None
    total: int
    error: str | None
    believed_ms: Estimate | None = None

    @property
    def duration_estimate(self) -> Estimate | None:
        """The mean duration in ms; None where there is none."""
        if self.believed_ms is not None:
            return self.believed_ms
        return estimate_mean(self.contributions, self.environments) if self.contributions.size else None

    @property
    def cost_estimate(self) -> Estimate | None:
        """The mean cost; None where there is none."""
        return None if self.costing is None else self.costing.estimate

    @property
    def log_duration(self) -> Estimate | None:
        """The log of the mean duration; None where there is none, or it is 0."""
        if self.believed_ms is not None:
            return log_of(self.believed_ms)
        return log_mean(self.contributions, self.environments)

    @property
    def log_cost(self) -> Estimate | None:
        """The log of the mean cost; None where there is none, or it is 0."""
        return None if self.costing is None else self.costing.log

    def log_metric(self, weight: float) -> Estimate | None:
        """The log of cost^weight x duration^(1 - weight)."""
        if weight in (0.0, 1.0):
            return self.log_cost if weight else self.log_duration
        if self.believed_ms is None:
            return None if self.costing is None else self.costing.log_balance(self.contributions, weight)
        cost, duration = self.log_cost, self.log_duration
        if cost is None or duration is None:
            return None
        return total([cost.times(weight), duration.times(1 - weight)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """The mean duration of each configuration that a search knows of, in ms; billed, unless it looks for speed."""

    of_billed: bool
    means: Mapping[Configuration, Estimate]

    def of(
        self, configuration: Configuration, duration_ms: float | None, billed_ms: float | None
    ) -> "MeanDurations | None":
        """What is believed of one; None where nothing is, or where it took no time.

        Args:
            duration_ms: the mean of its sample; None where it was not measured. So is `billed_ms`.
        """
        found = self.means.get(configuration)
        if found is None or 0 in (duration_ms, billed_ms):
            return None
        if duration_ms is None or billed_ms is None:
            billed_ms = found.mean if self.of_billed else found.mean + ROUNDING_MS
            duration_ms = max(billed_ms - ROUNDING_MS, billed_ms / 2)
        ratio = duration_ms / billed_ms
        if self.of_billed:
            return MeanDurations(duration=found.times(ratio), billed=found)
        return MeanDurations(duration=found, billed=found.times(1 / ratio))


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanDurations:
    """Estimates of the mean duration of a configuration and of its mean billed duration, in ms."""

    duration: Estimate
    billed: Estimate


def observe(
    measurement: Measurement, pricing: Pricing, weights: Mapping[int, float], beliefs: Beliefs | None = None
) -> Observed:
    """Judge one configuration by itself. The constraints and the Pareto front take the others and the goal.

    Args:
        weights: of each payload of the traffic.
        beliefs: what a search knows; then means are its, and not those of the few samples.
    """
    configuration, invocations = measurement.configuration, measurement.invocations
    warm, cold = warm_samples(measurement, weights), cold_samples(measurement)
    incomplete = invocations.count(Population.WARM) - warm.durations.size
    judged = warm if pricing.judged is Population.WARM else cold_starts_alone(measurement, weights)
    counts = Counts(
        warm=int(warm.durations.size),
        cold=invocations.count(Population.COLD),
        set_aside=invocations.count(Population.SET_ASIDE),
        failed=invocations.count(Population.FAILED),
        missing=invocations.count(Population.MISSING) + incomplete,
    )
    status, reason = _status(measurement, counts, judged, weights.keys(), pricing.judged)
    seed = (configuration.memory_mb, list(Architecture).index(configuration.architecture))
    costing = summary = billed_ms = belief = None
    if judged.durations.size:
        billed_ms = mean_of(judged.billed)
        summary = summarize(
            judged.durations,
            seed=(*seed, 0),
            environments=judged.environments,
            contributions=judged.contributions,
            groups=judged.strata.split(judged.durations),
        )
        belief = None if beliefs is None else beliefs.of(configuration, summary.mean, billed_ms)
        if belief is not None:
            billed_ms, interval = belief.billed.mean, interval_of(log_of(belief.duration))
            summary = replace(summary, mean=belief.duration.mean, interval=interval)
        believed = None if belief is None else belief.billed
        costing = (
            pricing.cost(configuration, judged.billed, judged.environments, cold.billed, believed)
            if judged is warm
            else pricing.cold_cost(configuration, judged.billed, judged.environments)
        )
    profile = Profile(
        configuration=configuration,
        status=status,
        reason=reason,
        counts=counts,
        environments=judged.environments.count,
        duration=summary,
        billed_ms_mean=billed_ms,
        cold=_cold_starts(cold, pricing.tariff(configuration, warm.billed, cold.billed), seed),
        max_memory_used_mb=max(_known(set(invocations.column("max_memory_used_mb"))), default=None),
        cost=None if costing is None else costing.summary,
        judged_by=pricing.judged,
    )
    paid = [value for value in invocations.column("billed_ms") if value is not None]
    return Observed(
        profile=profile,
        durations=judged.durations,
        strata=judged.strata,
        contributions=judged.contributions,
        environments=judged.environments,
        costing=costing,
        spent=pricing.spent(configuration, paid, len(invocations)),
        total=len(invocations),
        error=_commonest(invocations.select(Population.FAILED, "error_type")),
        believed_ms=None if belief is None else belief.duration,
    )


def estimated(configuration: Configuration, pricing: Pricing, beliefs: Beliefs) -> Observed | None:
    """A configuration that was not measured, as far as a search knows it from the others."""
    belief = beliefs.of(configuration, None, None)
    if belief is None:
        return None
    nothing = not_reached(configuration, "not measured: estimated from the curve")
    costing = pricing.cost(configuration, np.empty(0), nothing.environments, np.empty(0), belief.billed)
    return replace(
        nothing,
        profile=replace(nothing.profile, billed_ms_mean=belief.billed.mean, cost=costing.summary),
        costing=costing,
        believed_ms=belief.duration,
    )


def not_reached(configuration: Configuration, reason: str) -> Observed:
    """A configuration that was to be measured, but of which the run holds nothing."""
    profile = Profile(configuration=configuration, status=ProfileStatus.UNMEASURED, reason=reason)
    return Observed(
        profile=profile,
        durations=np.empty(0),
        strata=Strata.of((), {}),
        contributions=np.empty(0),
        environments=Environments.unknown((), 0),
        costing=None,
        spent=0.0,
        total=0,
        error=None,
    )


def mean_cold_extra_ms(measurement: Measurement, weights: Mapping[int, float]) -> float | None:
    """How much more a cold start is billed for than a warm invocation, in ms; None where either is not known.

    Args:
        weights: of each payload of the traffic.
    """
    warm, cold = warm_samples(measurement, weights), cold_samples(measurement)
    if not warm.billed.size or not cold.billed.size:
        return None
    return max(0.0, mean_of(cold.billed) - mean_of(warm.billed))


def _cold_starts(cold: ColdSamples, tariff: Tariff, seed: tuple[int, int]) -> ColdStarts | None:
    if not cold.phases.size:
        return None
    billed = mean_of(cold.billed)
    return ColdStarts(
        init=summarize(cold.phases, seed=(*seed, 1)),
        duration=summarize(cold.durations, seed=(*seed, 2)),
        billed_ms_mean=billed,
        cost=tariff.per_ms * billed + tariff.per_request + tariff.per_cold_start,
    )


def _status(
    measurement: Measurement, counts: Counts, judged: Judged, payloads: Collection[int], population: Population
) -> tuple[ProfileStatus, str | None]:
    what = "warm invocation" if population is Population.WARM else "cold start"
    if (infeasible := measurement.infeasible) is not None:
        return ProfileStatus.INFEASIBLE, infeasible
    if measurement.unmeasured is not None:
        return ProfileStatus.UNMEASURED, measurement.unmeasured
    if not judged.durations.size:
        seen = f"{counts.cold} cold" if population is Population.WARM else f"{counts.warm} warm"
        others = f"{seen}, {counts.set_aside} set aside, {counts.failed} failed, {counts.missing} missing"
        return ProfileStatus.UNMEASURED, f"no {what} with a report ({others})"
    if not_seen := set(payloads) - judged.strata.shares.keys():
        which = ", ".join(str(payload + 1) for payload in sorted(not_seen))
        return ProfileStatus.UNMEASURED, f"no {what} with a report of payload {which}"
    return ProfileStatus.OK, None


def _known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]


def _commonest(kinds: tuple[str | None, ...]) -> str | None:
    """The most frequent of them; of equally frequent ones the first in the alphabet."""
    counted = Counter(kind for kind in kinds if kind is not None)
    return min(counted, key=lambda kind: (-counted[kind], kind), default=None)
