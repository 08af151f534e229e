"""The noise of unchanged code, and the smallest change that a gate can tell from it at its default limits."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from powertune import documents
from powertune.analysis.estimates import Estimate, Sample, components, mean_of, total, variance_of
from powertune.documents import Document, Schema
from powertune.errors import UsageError
from powertune.gate.confidence import DEFAULT_ERRORS, spent_at
from powertune.gate.model import Case, Look
from powertune.gate.observing import ObservedSide, observe_side
from powertune.gate.sequence import GateLimits, plan_looks
from powertune.model import Usage
from powertune.prices import PriceTable
from powertune.quantiles import NORMAL, student_t

#: The share of gates of unchanged code that are to pass.
POWER = 0.95
#: A tolerance is a number that people read: it is rounded up to a tenth of a percent.
_STEP = 1e-3
_SCHEMA = Schema(
    kind="powertune/gate-calibration",
    version=1,
    called="calibration",
    remedy="give a file that `powertune gate calibrate` wrote",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNoise:
    """How much a metric of unchanged code varies, as coefficients of variation.

    `within` is that of single invocations of one environment, `between` that between environments, and `drift` what
    two measurements of the same code differ by beyond these. `min_effect` is the smallest tolerance, as a share, at
    which unchanged code passes in 95 % of gates with the default limits. `pairs` is how many pairs it rests on.
    """

    metric: str
    within: float
    between: float
    drift: float
    min_effect: float
    pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The noise of each metric that was measured."""

    metrics: tuple[MetricNoise, ...]

    @property
    def min_effect(self) -> Mapping[str, float]:
        """The smallest effect by the metric's name, for `Tolerances`."""
        return {each.metric: each.min_effect for each in self.metrics}


@dataclass(frozen=True, slots=True, kw_only=True)
class _CalibrationDocument(Document):
    """The file as a whole."""

    metrics: tuple[MetricNoise, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PairNoise:
    """What one pair shows: relative variances within and between environments, and the log ratio of its sides."""

    within: float
    between: float
    log_ratio: Estimate


def calibrate(pairs: Sequence[Case], prices: PriceTable) -> Calibration:
    """The noise, from pairs of runs of the same code (A/A): cases whose baseline is the same code as the candidate.

    Variances within and between environments are pooled over all pairs. The log ratio of a pair is truly 0, so that
    its mean square beyond its own variance is what drifts between the two measurements. Together they make the
    standard error of a gate at the last look of the default limits; the smallest tolerance exceeds the reach of the
    interval there by as much as leaves 5 % of unchanged gates open.

    Raises:
        UsageError: no pair has two samples on each side, or prices are not known.
    """
    found = []
    for metric in ("duration", "cost", "init"):
        seen = [noise for pair in pairs if (noise := _pair_noise(pair, metric, prices)) is not None]
        if seen:
            found.append(_pooled(metric, seen))
    if not found:
        raise UsageError(
            "no pair has two samples on each side, so there is no noise to see",
            hint="measure the same code again, twice",
        )
    return Calibration(metrics=tuple(found))


def dump_calibration(calibration: Calibration) -> bytes:
    """The document `powertune/gate-calibration/1`."""
    return documents.write({"schema": _SCHEMA.header, "metrics": calibration.metrics})


def parse_calibration(data: bytes) -> Calibration:
    """The calibration that a document holds.

    Raises:
        UsageError: not a calibration, incomplete, damaged, or written by a newer powertune.
    """
    return Calibration(metrics=documents.read(data, _CalibrationDocument, _SCHEMA).metrics)


def toml_snippet(calibration: Calibration) -> str:
    """The lines for powertune.toml: `[gate]` and `min_effect`."""
    texts = ",".join(f"{each.metric}={100 * each.min_effect:.1f}%" for each in calibration.metrics)
    pairs = max(each.pairs for each in calibration.metrics)
    return f'[gate]\n# measured from {pairs} pairs of runs of unchanged code\nmin_effect = "{texts}"\n'


def _pair_noise(pair: Case, metric: str, prices: PriceTable) -> _PairNoise | None:
    if pair.baseline is None:
        return None
    sides = [
        observe_side(gated, pair.configuration, prices, Usage(cold_share=0.0))
        for gated in (pair.candidate, pair.baseline)
    ]
    seen = [_side_noise(side, metric) for side in sides if side is not None]
    known = [each for each in seen if each is not None]
    if len(known) < len(sides):
        return None
    return _PairNoise(
        within=math.fsum(within for within, _, _ in known) / len(known),
        between=math.fsum(between for _, between, _ in known) / len(known),
        log_ratio=total([known[0][2], known[1][2].times(-1)]),
    )


def _side_noise(side: ObservedSide, metric: str) -> tuple[float, float, Estimate] | None:
    """The relative variances within and between environments, and the log of the mean."""
    if metric == "init":
        phases, log = side.init.values, side.init.log
        return None if phases.size < 2 or log is None else (_relative(variance_of(phases), phases), 0.0, log)
    judged, costing = side.judged, side.costing
    if judged.durations.size < 2 or costing is None:
        return None
    values = judged.contributions if metric == "duration" else costing.warm
    log = side.duration.log if metric == "duration" else costing.log
    if log is None or log.variance is None:
        return None
    within, between = components(values, judged.environments)
    return _relative(within, values), _relative(between, values), log


def _relative(variance: float, values: Sample) -> float:
    mean = mean_of(values)
    return variance / mean**2 if mean else 0.0


def _pooled(metric: str, seen: Sequence[_PairNoise]) -> MetricNoise:
    within = math.fsum(each.within for each in seen) / len(seen)
    between = math.fsum(each.between for each in seen) / len(seen)
    ratios = np.array([each.log_ratio.mean for each in seen])
    expected = math.fsum(each.log_ratio.variance or 0.0 for each in seen) / len(seen)
    drift = max(0.0, float(np.mean(ratios**2)) - expected)
    plan = plan_looks(GateLimits(), sides=2)
    environments = plan.environments[-1]
    # There is one cold start in each environment.
    each = between + within / (1 if metric == "init" else plan.warm_invocations)
    error = math.sqrt(2 * each / environments + drift)
    tail = DEFAULT_ERRORS.passing * spent_at(Look(number=len(plan.environments), of=len(plan.environments)))
    reach = student_t(1 - tail, 2 * (environments - 1)) + NORMAL.inv_cdf(POWER)
    return MetricNoise(
        metric=metric,
        within=math.sqrt(within),
        between=math.sqrt(between),
        drift=math.sqrt(drift),
        min_effect=math.ceil(math.expm1(reach * error) / _STEP) * _STEP,
        pairs=len(seen),
    )
