"""One configuration judged: its populations apart, its samples summarized and priced."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from powertune.analysis.nouns import Counts, Profile, ProfileStatus
from powertune.analysis.summary import Sample, summarize
from powertune.model import Architecture, Configuration, Measurement, Population
from powertune.prices import RegionPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A profile with the warm samples behind it (durations in ms, costs in currency, pairwise), and what it cost.

    `error` is the error type that failed invocations ended with most often; `total` the number of invocations.
    """

    profile: Profile
    durations: Sample
    costs: Sample
    spent: float | None
    total: int
    error: str | None


def observe(measurement: Measurement, prices: RegionPrices, ephemeral_storage_mb: int) -> Observed:
    """Judge one configuration by itself. Whether it is on the Pareto front takes the others.

    The cost's interval is that of the billed duration, transformed by the price.
    """
    configuration, invocations = measurement.configuration, measurement.invocations
    durations, billed = _warm(measurement)
    incomplete = invocations.count(Population.WARM) - durations.size
    counts = Counts(
        warm=int(durations.size),
        cold=invocations.count(Population.COLD),
        set_aside=invocations.count(Population.SET_ASIDE),
        failed=invocations.count(Population.FAILED),
        missing=invocations.count(Population.MISSING) + incomplete,
    )
    status, reason = _status(measurement, counts)
    rate = prices.rate_per_ms(configuration, ephemeral_storage_mb)
    seed = (configuration.memory_mb, list(Architecture).index(configuration.architecture))
    duration = summarize(durations, seed=(*seed, 0)) if durations.size else None
    billed_summary = summarize(billed, seed=(*seed, 1)) if billed.size else None
    init_mean, init_p95 = _init(measurement)
    paid = [value for value in invocations.column("billed_ms") if value is not None]
    profile = Profile(
        configuration=configuration,
        status=status,
        reason=reason,
        counts=counts,
        duration=duration,
        billed_ms_mean=None if billed_summary is None else billed_summary.mean,
        init_ms_mean=init_mean,
        init_ms_p95=init_p95,
        max_memory_used_mb=max(_known(set(invocations.column("max_memory_used_mb"))), default=None),
        cost=None if billed_summary is None else billed_summary.transformed(rate, prices.request),
    )
    return Observed(
        profile=profile,
        durations=durations,
        costs=rate * billed + prices.request,
        spent=_spent(paid, len(invocations), rate, prices.request),
        total=len(invocations),
        error=_commonest(invocations.select(Population.FAILED, "error_type")),
    )


def not_reached(configuration: Configuration, reason: str) -> Observed:
    """A configuration that was to be measured, but of which the run holds nothing."""
    nothing = np.empty(0)
    profile = Profile(configuration=configuration, status=ProfileStatus.UNMEASURED, reason=reason)
    return Observed(profile=profile, durations=nothing, costs=nothing, spent=0.0, total=0, error=None)


def _spent(paid: list[int], count: int, rate: float, request: float) -> float | None:
    """What the invocations cost. One without a report is taken to have cost as much as the dearest that has one."""
    if not paid:
        return None if count else 0.0
    billed = sum(paid) + (count - len(paid)) * max(paid)
    return rate * billed + request * count


def _warm(measurement: Measurement) -> tuple[Sample, Sample]:
    """Durations and billed durations of the warm invocations that have both, in ms."""
    durations = measurement.invocations.select(Population.WARM, "duration_ms")
    billed = measurement.invocations.select(Population.WARM, "billed_ms")
    if None in durations or None in billed:
        pairs = [(d, b) for d, b in zip(durations, billed, strict=True) if d is not None and b is not None]
        durations, billed = tuple(d for d, _ in pairs), tuple(b for _, b in pairs)
    return np.array(durations, dtype=np.float64), np.array(billed, dtype=np.float64)


def _status(measurement: Measurement, counts: Counts) -> tuple[ProfileStatus, str | None]:
    if (infeasible := measurement.infeasible) is not None:
        return ProfileStatus.INFEASIBLE, infeasible
    if measurement.unmeasured is not None:
        return ProfileStatus.UNMEASURED, measurement.unmeasured
    if counts.warm == 0:
        others = f"{counts.cold} cold, {counts.set_aside} set aside, {counts.failed} failed, {counts.missing} missing"
        return ProfileStatus.UNMEASURED, f"no warm invocation with a report ({others})"
    return ProfileStatus.OK, None


def _init(measurement: Measurement) -> tuple[float | None, float | None]:
    """Mean and 95th percentile, in ms, of the init and restore phases of cold starts."""
    select = measurement.invocations.select
    phases = zip(select(Population.COLD, "init_ms"), select(Population.COLD, "restore_ms"), strict=True)
    sample = np.sort(np.array([(init or 0.0) + (restore or 0.0) for init, restore in phases]))
    if not sample.size:
        return None, None
    return float(sample.mean()), float(np.percentile(sample, 95))


def _known(values: Iterable[int | None]) -> list[int]:
    return [value for value in values if value is not None]


def _commonest(kinds: tuple[str | None, ...]) -> str | None:
    """The most frequent of them; of equally frequent ones the first in the alphabet."""
    counted = Counter(kind for kind in kinds if kind is not None)
    return min(counted, key=lambda kind: (-counted[kind], kind), default=None)
