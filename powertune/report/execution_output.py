"""The output of an execution of the state machine: the fields of AWS Lambda Power Tuning, and ours beside them.

`power`, `cost`, `duration`, `stateMachine` and `stats` are its README's. Its formulas are those of its utils.js.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis import Analysis, Comparison, Profile, ProfileStatus, Recommendation
from powertune.config.execution_words import advisory_in_keys, in_keys
from powertune.model import Advisory, Configuration, Measurement, Status
from powertune.region_prices import RegionPrices
from powertune.report.visualizer import Figures, figures_url

#: Enough for any reader, and few enough that the last bits of a platform's arithmetic do not show.
_DIGITS = 10
Value = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the input of an execution asks of its output.

    `discard_top_bottom` is the share of invocations, from 0 to 0.4, that its figures leave out at each end; None for
    the figures of the analysis.
    """

    include_output_results: bool = False
    discard_top_bottom: float | None = None


def execution_output(
    analysis: Analysis,
    prices: RegionPrices,
    asked: Asked,
    *,
    results_uri: str | None = None,
    execution_cost: float | None = None,
) -> Value:
    """The output as plain values, for JSON: unknown is None, never NaN. Costs are in `currency`.

    `cost` and `duration` are those of the recommended size, and equal those of the analysis. Where a share is to be
    discarded, they are the means that AWS Lambda Power Tuning would give, of warm and cold invocations together: as
    many of the smallest and largest values are left out, rounded down. The decision is that of the analysis in any
    case. Of cold starts alone, nothing is discarded, as there.

    Args:
        prices: those of the function's region.
        results_uri: where the results file is.
        execution_cost: what the execution itself costs; None where the price of the region is not known.
    """
    figures = _figures(analysis, prices, asked.discard_top_bottom)
    recommendation = analysis.recommendation
    chosen = None if recommendation is None else recommendation.configuration
    found = next((each for each in figures if each.configuration == chosen), None)
    both = len({each.configuration.architecture for each in figures}) > 1
    stats: Value = {"stats": [_stat(each, both=both) for each in figures]} if asked.include_output_results else {}
    return {
        "power": None if chosen is None else chosen.memory_mb,
        "cost": None if found is None else _number(found.cost),
        "duration": None if found is None else _number(found.duration_ms),
        "stateMachine": {
            "executionCost": _number(execution_cost),
            "lambdaCost": _number(analysis.spent),
            "visualization": figures_url(analysis.function.name, figures, analysis.currency),
        },
        **stats,
        "architecture": None if chosen is None else chosen.architecture.value,
        "strategy": analysis.goal.strategy.value,
        "outcome": analysis.outcome.value,
        "explanation": analysis.explanation and in_keys(analysis.explanation),
        "recommendation": None if recommendation is None else _recommendation(recommendation),
        "currency": analysis.currency,
        "function": analysis.function.arn,
        "region": analysis.function.region,
        "samples": [_samples(profile) for profile in analysis.profiles],
        "failedSizes": [
            {
                **_configuration(profile.configuration),
                "status": profile.status.value,
                "reason": profile.reason and in_keys(profile.reason),
            }
            for profile in analysis.profiles
            if profile.status is not ProfileStatus.OK
        ],
        "advisories": [_advisory(each) for each in (*analysis.advisories, *_unpriced(execution_cost))],
        "results": results_uri,
    }


def _figures(analysis: Analysis, prices: RegionPrices, discarded: float | None) -> tuple[Figures, ...]:
    """Of each configuration that works: as the analysis has them; or trimmed, where a share is to be discarded."""
    working = [profile for profile in analysis.profiles if profile.status is ProfileStatus.OK]
    if discarded is None or analysis.run.design.only_cold_starts:
        found = [_judged(profile) for profile in working]
    else:
        found = [_trimmed(analysis, profile.configuration, prices, discarded) for profile in working]
    return tuple(each for each in found if each is not None)


def _judged(profile: Profile) -> Figures | None:
    if profile.duration is None or profile.cost is None:
        return None
    return Figures(configuration=profile.configuration, duration_ms=profile.duration.mean, cost=profile.cost.mean)


def _trimmed(
    analysis: Analysis, configuration: Configuration, prices: RegionPrices, discarded: float
) -> Figures | None:
    """The trimmed means of durations and billed durations, each by itself, and the price of the latter, rounded up.

    The price is ours: that of the region, with the request and ephemeral storage.
    """
    measurement = analysis.run.measurement(configuration)
    durations, billed = ([], []) if measurement is None else _reported(measurement)
    if not durations:
        return None
    paid_ms = math.ceil(trimmed_mean(billed, discarded))
    return Figures(
        configuration=configuration,
        duration_ms=trimmed_mean(durations, discarded),
        cost=prices.invocation_cost(configuration, paid_ms, analysis.function.ephemeral_storage_mb),
    )


def _reported(measurement: Measurement) -> tuple[list[float], list[float]]:
    """Durations, with the init or restore phase, and billed durations of what succeeded, warm or cold."""
    names = ("status", "duration_ms", "billed_ms", "init_ms", "restore_ms")
    rows = [
        (duration + (init or 0.0) + (restore or 0.0), float(billed))
        for status, duration, billed, init, restore in zip(*map(measurement.invocations.column, names), strict=True)
        if status is Status.OK and duration is not None and billed is not None
    ]
    return [duration for duration, _ in rows], [billed for _, billed in rows]


def trimmed_mean(values: Sequence[float], discarded: float) -> float:
    """The mean without the smallest and the largest values, as many at each end as that share, rounded down.

    Args:
        values: at least one.
        discarded: less than a half.
    """
    cut = int(len(values) * discarded)
    kept = sorted(values)[cut : len(values) - cut]
    return math.fsum(kept) / len(kept)


def _stat(figures: Figures, *, both: bool) -> Value:
    stat: Value = {
        "value": figures.configuration.memory_mb,
        "averagePrice": _number(figures.cost),
        "averageDuration": _number(figures.duration_ms),
    }
    return {**stat, "architecture": figures.configuration.architecture.value} if both else stat


def _recommendation(recommendation: Recommendation) -> Value:
    return {
        **_configuration(recommendation.configuration),
        "costRatio": _comparison(recommendation.cost_ratio),
        "durationRatio": _comparison(recommendation.duration_ratio),
        "equivalent": [_configuration(each) for each in recommendation.equivalent],
        "reasons": list(map(in_keys, recommendation.reasons)),
    }


def _samples(profile: Profile) -> Value:
    counts = profile.counts
    return {
        **_configuration(profile.configuration),
        "warm": counts.warm,
        "cold": counts.cold,
        "setAside": counts.set_aside,
        "failed": counts.failed,
        "missing": counts.missing,
    }


def _configuration(configuration: Configuration) -> Value:
    return {"value": configuration.memory_mb, "architecture": configuration.architecture.value}


def _comparison(comparison: Comparison | None) -> Value | None:
    if comparison is None:
        return None
    ends = comparison.interval
    return {
        "value": _number(comparison.ratio),
        "interval": None if ends is None else [_number(end) for end in ends],
    }


def _advisory(advisory: Advisory) -> Value:
    said = advisory_in_keys(advisory)
    return {"code": said.code, "message": said.message, "nextStep": said.next_step}


def _unpriced(execution_cost: float | None) -> tuple[Advisory, ...]:
    """That what the execution costs is not known, which is not nothing."""
    if execution_cost is not None:
        return ()
    return (
        Advisory(
            code="execution-cost-unknown",
            message="what this execution costs by itself is not known: no price of a transition is known for the "
            "region of the state machine, or its history could not be read",
            next_step="look the price up on the pricing page of AWS Step Functions",
        ),
    )


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")
