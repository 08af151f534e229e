"""The invocations of a configuration as arrays: those that it is judged by, and its cold starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from powertune.analysis.environments import Environments
from powertune.analysis.estimates import Sample
from powertune.analysis.strata import Strata
from powertune.model import Measurement, Population

_WARM_COLUMNS = ("duration_ms", "billed_ms", "lane", "environment", "payload")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The invocations that a configuration is judged by, pairwise; `billed` contributes to the traffic's mean."""

    durations: Sample
    contributions: Sample
    billed: Sample
    environments: Environments
    strata: Strata


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdSamples:
    """The cold starts of a configuration, pairwise, in ms: init or restore phases, and what was reported beside."""

    phases: Sample
    durations: Sample
    billed: Sample


def warm_samples(measurement: Measurement, weights: Mapping[int, float]) -> Judged:
    """The warm invocations that have both a duration and a billed duration."""
    invocations = measurement.invocations
    columns = [invocations.select(Population.WARM, name) for name in _WARM_COLUMNS]
    if None in columns[0] or None in columns[1]:
        rows = [row for row in zip(*columns, strict=True) if None not in row[:2]]
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    durations, billed, lanes, names, payloads = columns
    environments = Environments.of(names, lanes, invocations.created if None in names else 0)
    return _stratified(durations, billed, environments, Strata.of(payloads, weights))


def cold_starts_alone(measurement: Measurement, weights: Mapping[int, float]) -> Judged:
    """The cold starts that have both a duration and a billed duration: each is an environment of its own.

    What a caller waits for is judged: the init or restore phase, then the duration.
    """
    invocations = measurement.invocations
    columns = [invocations.select(Population.COLD, name) for name in ("billed_ms", "payload")]
    rows = [row for row in zip(invocations.whole_ms(Population.COLD), *columns, strict=True) if None not in row[:2]]
    durations, billed, payloads = zip(*rows, strict=True) if rows else ((), (), ())
    return _stratified(durations, billed, Environments.known(range(len(rows))), Strata.of(payloads, weights))


def _stratified(
    durations: Sequence[float], billed: Sequence[int], environments: Environments, strata: Strata
) -> Judged:
    values = np.array(durations, dtype=np.float64)
    return Judged(
        durations=values,
        contributions=strata.contributions(values, environments),
        billed=strata.contributions(np.array(billed, dtype=np.float64), environments),
        environments=environments,
        strata=strata,
    )


def cold_samples(measurement: Measurement) -> ColdSamples:
    """Init or restore phase, duration and billed duration of the cold starts that have all three."""
    select = measurement.invocations.select
    columns = (select(Population.COLD, name) for name in ("init_ms", "restore_ms", "duration_ms", "billed_ms"))
    rows = [
        ((init or 0.0) + (restore or 0.0), duration, billed)
        for init, restore, duration, billed in zip(*columns, strict=True)
        if duration is not None and billed is not None
    ]
    phases, durations, billed = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return ColdSamples(phases=phases, durations=durations, billed=billed)
