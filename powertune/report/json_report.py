"""The analysis document as JSON, for programs."""

import json
import math

from powertune.analysis import (
    Amount,
    Analysis,
    Comparison,
    Distinction,
    Effort,
    Move,
    Profile,
    Recommendation,
    Saving,
    Summary,
)
from powertune.model import Batch, Configuration, Exploration
from powertune.units import PER_MILLION

SCHEMA = "powertune/analysis/1"
#: Enough for any reader, and few enough that the last bits of a platform's arithmetic do not show.
DIGITS = 10
Value = dict[str, object]


def render_json(analysis: Analysis) -> bytes:
    """JSON in ASCII with a final newline; strict, so without NaN and Infinity."""
    text = json.dumps(analysis_document(analysis), indent=2, allow_nan=False)
    return (text + "\n").encode()


def analysis_document(analysis: Analysis) -> Value:
    """The analysis as plain values, in the order and with the keys that the reference documents.

    Unknown is None, never NaN. Costs are in `currency`, also under the keys that say usd.
    """
    function = analysis.function
    return {
        "schema": SCHEMA,
        "function": {
            "name": function.name,
            "arn": function.arn,
            "region": function.region,
            "runtime": function.runtime,
        },
        "engine": analysis.run.engine,
        "current": _configuration(analysis.current),
        "currency": analysis.currency,
        "prices_as_of": analysis.prices_as_of,
        "outcome": analysis.outcome.value,
        "explanation": analysis.explanation,
        "billing": {
            "cold_share": _number(analysis.billing.cold_share),
            "cold_share_source": analysis.billing.cold_source,
            "invocations_per_month": _number(analysis.billing.invocations_per_month),
            "traffic_source": analysis.billing.traffic_source,
            "savings_plan": _number(analysis.billing.savings_plan),
        },
        "profiles": [_profile(profile) for profile in analysis.profiles],
        "recommendation": None if analysis.recommendation is None else _recommendation(analysis.recommendation),
        "nearest": None if analysis.nearest is None else _configuration(analysis.nearest),
        "knee": None if analysis.knee is None else _configuration(analysis.knee),
        "search": _search(analysis),
        "spent_usd": _number(analysis.spent),
        "advisories": [
            {"code": advisory.code, "message": advisory.message, "next_step": advisory.next_step}
            for advisory in analysis.advisories
        ],
    }


def _configuration(configuration: Configuration) -> Value:
    return {"memory_mb": configuration.memory_mb, "architecture": configuration.architecture.value}


def _profile(profile: Profile) -> Value:
    counts, duration, cost = profile.counts, profile.duration, profile.cost
    return {
        **_configuration(profile.configuration),
        "status": profile.status.value,
        "reason": profile.reason,
        "invocations": {
            "warm": counts.warm,
            "cold": counts.cold,
            "set_aside": counts.set_aside,
            "failed": counts.failed,
            "missing": counts.missing,
        },
        "environments": profile.environments,
        "duration_ms": {
            "mean": None if duration is None else _number(duration.mean),
            "p50": None if duration is None else _number(duration.median),
            "p95": None if duration is None else _number(duration.p95_seen),
            "p99": None if duration is None else _number(duration.p99_seen),
            "stdev": None if duration is None else _number(duration.deviation),
            "ci95": _interval(duration),
            "outliers": None if duration is None else duration.outliers,
            "sample_mean": None if duration is None else _number(duration.sample_mean),
        },
        "billed_ms_mean": _number(profile.billed_ms_mean),
        "init_ms": None
        if profile.cold is None
        else {"mean": _number(profile.cold.init.mean), "p95": _number(profile.cold.init.p95_seen)},
        "cold_duration_ms": None
        if profile.cold is None
        else {"mean": _number(profile.cold.duration.mean), "p95": _number(profile.cold.duration.p95_seen)},
        "max_memory_used_mb": profile.max_memory_used_mb,
        "cost_usd_per_million": {
            "mean": None if cost is None else _number(cost.mean * PER_MILLION),
            "ci95": None if cost is None else _pair(cost.interval, PER_MILLION),
            "warm_mean": None if cost is None else _number(cost.warm * PER_MILLION),
        },
        "pareto": profile.pareto,
        "dominated_by": None if profile.dominated_by is None else _configuration(profile.dominated_by),
        "unmet": list(profile.unmet),
        "ruled_out": profile.ruled_out,
    }


def _move(move: Move) -> Value:
    return {
        **_configuration(move.configuration),
        "cost_ratio": _comparison(move.cost_ratio),
        "duration_ratio": _comparison(move.duration_ratio),
        "decision": None if move.decision is None else _effort(move.decision),
    }


def _recommendation(recommendation: Recommendation) -> Value:
    return {
        **_configuration(recommendation.configuration),
        "strategy": recommendation.strategy.value,
        "best": _configuration(recommendation.best),
        "equivalent": [_configuration(configuration) for configuration in recommendation.equivalent],
        "cost_ratio": _comparison(recommendation.cost_ratio),
        "duration_ratio": _comparison(recommendation.duration_ratio),
        **_saving(recommendation.saving),
        "saving_usd_per_million": _amount(recommendation.saved_per_million),
        "saving_ms": _amount(recommendation.saved_ms),
        "reasons": list(recommendation.reasons),
        "distinction": _distinction(recommendation.distinction),
        "too_short": recommendation.too_short,
        "unproven": None if recommendation.unproven is None else _move(recommendation.unproven),
        "rival": None if recommendation.rival is None else _move(recommendation.rival),
    }


def _search(analysis: Analysis) -> Value | None:
    """What an adaptive search knows, and why it measured what it did; None for a grid."""
    if not isinstance(analysis.run.design.search, Exploration):
        return None
    found = analysis.searched
    document: Value = {"batches": [_batch(batch) for batch in analysis.run.batches]}
    if found is None:
        return document
    answer = found.answer if analysis.candidate is None else found.answer_for(analysis.candidate) or found.answer
    profile = analysis.profile(answer.configuration)
    return {
        **_configuration(answer.configuration),
        "p_best": _number(answer.p_best),
        "expected_loss": _number(answer.loss),
        "precision": _number(found.precision),
        "cost_usd_per_million_ci95": None
        if profile is None or profile.cost is None
        else _pair(profile.cost.interval, PER_MILLION),
        "curve": [
            {
                **_configuration(band.configuration),
                "billed_ms": _number(band.middle_ms),
                "ci95": _pair(band.interval_ms),
            }
            for band in found.conclusion.curve
        ],
        **document,
    }


def _batch(batch: Batch) -> Value:
    leader = batch.leader
    return {
        "why": batch.why,
        "trials": [{**_configuration(t.configuration), "invocations": t.invocations} for t in batch.trials],
        "leader": None
        if leader is None
        else {
            **_configuration(leader.configuration),
            "cost_usd_per_million_ci95": _pair(leader.cost, PER_MILLION),
            "expected_loss": _number(leader.loss),
        },
    }


def _saving(saving: Saving | None) -> Value:
    if saving is None:
        return {"monthly_saving_usd": None, "monthly_saving_ci95": None, "payback_days": None}
    return {
        "monthly_saving_usd": _number(saving.per_month),
        "monthly_saving_ci95": _pair(saving.interval),
        "payback_days": _number(saving.payback_days),
    }


def _amount(amount: Amount | None) -> Value | None:
    return None if amount is None else {"value": _number(amount.value), "ci95": _pair(amount.interval)}


def _distinction(distinction: Distinction | None) -> Value | None:
    return (
        None if distinction is None else {**_configuration(distinction.configuration), **_effort(distinction.effort)}
    )


def _effort(effort: Effort) -> Value:
    return {"invocations": effort.invocations, "cost": effort.cost}


def _comparison(comparison: Comparison | None) -> Value | None:
    if comparison is None:
        return None
    return {"value": _number(comparison.ratio), "ci95": _pair(comparison.interval)}


def _interval(summary: Summary | None, factor: float = 1.0) -> list[float | None] | None:
    return None if summary is None else _pair(summary.interval, factor)


def _pair(interval: tuple[float, float] | None, factor: float = 1.0) -> list[float | None] | None:
    return None if interval is None else [_number(factor * end) for end in interval]


def _number(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")
