"""Each budget against what the candidate shows."""

import math
from functools import partial

import numpy as np

from powertune.analysis.estimates import Estimate
from powertune.errors import UsageError
from powertune.gate.bounds import (
    MOST_TO_DECIDE,
    Bounds,
    decide,
    effective,
    growth_of_log,
    growth_of_share,
    log_bounds,
    quantile_bounds,
    scaled,
    share_bounds,
)
from powertune.gate.confidence import Tails
from powertune.gate.error_checks import errors_figure
from powertune.gate.figure_text import amount_text, figure_text
from powertune.gate.gated_metrics import METRICS, PER_MILLION_UNIT
from powertune.gate.model import Check, CheckKind, Figure, GateVerdict
from powertune.gate.observing import SampledMetric
from powertune.gate.planned import ObservedCase, PlannedCheck
from powertune.gate.regressions import single_figure
from powertune.gate.rules import GateBudget
from powertune.units import PER_MILLION


def plan_budget(seen: ObservedCase, budget: GateBudget) -> PlannedCheck:
    """The check of a budget that holds for this case.

    Raises:
        UsageError: it is about something that was not measured, or in another currency than the region's.
    """
    _check_measured(seen, budget)
    return PlannedCheck(function=seen.function, sampled=budget.is_sampled, answer=partial(_answer, seen, budget))


def _check_measured(seen: ObservedCase, budget: GateBudget) -> None:
    side = seen.candidate
    if budget.currency not in (None, side.currency):
        raise UsageError(
            f"budget {budget.text!r} is in {budget.currency}, but what is paid for {seen} is {side.currency}",
            hint=f"write the amount in {side.currency.lower()}/1M",
        )
    missing = {
        "max_memory": side.max_memory_mb is None and "no memory use was reported",
        "package_size": side.package_mb is None and "the size of its package is not known",
        # More invocations may bring the first cold start.
        "init": not side.init.count and seen.look.is_last and "there was no cold start",
    }.get(budget.metric)
    if missing:
        raise UsageError(
            f"budget {budget.text!r} cannot be checked for {seen}: {missing}",
            hint="leave the budget out, or limit it to other functions, as in {function:name-*}",
        )


def _answer(seen: ObservedCase, budget: GateBudget, tails: Tails) -> Check:
    unit = f"{seen.candidate.currency}{PER_MILLION_UNIT}" if budget.metric == "cost" else METRICS[budget.metric].unit
    limit = budget.limit
    if budget.of_memory_size:
        limit *= seen.case.configuration.memory_mb / 100
    figure, growth = _figure_and_growth(seen, budget, limit, tails)
    verdict = _verdict(figure, budget, limit)
    to_decide = None
    if verdict is GateVerdict.INCONCLUSIVE and figure is not None:
        made = figure.samples if budget.metric == "errors" else seen.candidate.made_for(budget.metric)
        more = made * (growth - 1)
        to_decide = math.ceil(more) if 0 < more <= MOST_TO_DECIDE else None
    return Check(
        kind=CheckKind.BUDGET,
        function=seen.function,
        configuration=seen.case.configuration,
        metric=budget.metric,
        rule=budget.text,
        unit=unit,
        limit=limit,
        level=budget.level,
        verdict=verdict,
        reason=_reason(figure, budget, limit, unit, verdict),
        figure=figure,
        invocations_to_decide=to_decide,
    )


def _verdict(figure: Figure | None, budget: GateBudget, limit: float) -> GateVerdict:
    if figure is None:
        return GateVerdict.INCONCLUSIVE
    bounds: Bounds | None = figure.interval if budget.is_sampled else (figure.value, figure.value)
    return decide(bounds, limit, strict=budget.strict)


def _reason(figure: Figure | None, budget: GateBudget, limit: float, unit: str, verdict: GateVerdict) -> str:
    if figure is None:
        return "nothing was measured that tells"
    said = figure_text(figure, unit)
    most = f"{'less than' if budget.strict else 'at most'} {amount_text(limit, unit)}"
    if verdict is not GateVerdict.INCONCLUSIVE:
        return f"{said}; {most} is allowed"
    if figure.interval is not None and figure.interval[1] is None and budget.quantile is not None:
        return f"{said}: {figure.samples:,} samples are too few to tell the percentile; {most} is allowed"
    return f"{said}: the samples do not show whether it is {most}"


def _figure_and_growth(
    seen: ObservedCase, budget: GateBudget, limit: float, tails: Tails
) -> tuple[Figure | None, float]:
    """What was measured, and by which factor it would have to grow to decide the budget."""
    side = seen.candidate
    match budget.metric:
        case "max_memory" | "package_size":
            return single_figure(side, budget.metric), math.inf
        case "errors":
            failed, of = side.failures
            if not of:
                return None, math.inf
            if not budget.is_sampled:
                return errors_figure(side), math.inf
            interval = scaled(share_bounds(failed, of, tails), 100)
            growth = growth_of_share(failed, of, limit / 100, tails)
            return Figure(value=100 * failed / of, interval=interval, samples=of), growth
        case "cost":
            log = None if side.costing is None else side.costing.log
            return _of_mean(side.duration, log, limit, tails, scale=PER_MILLION)
        case _:
            sample = side.init if budget.metric == "init" else side.duration
            return _of_sample(sample, budget, limit, tails)


def _of_sample(sample: SampledMetric, budget: GateBudget, limit: float, tails: Tails) -> tuple[Figure | None, float]:
    if not sample.count:
        return None, math.inf
    if budget.aggregation == "avg":
        return _of_mean(sample, sample.log, limit, tails)
    if not budget.is_sampled:
        value = float(sample.values.min() if budget.aggregation == "min" else sample.values.max())
        return Figure(
            value=value, interval=None, samples=sample.count, environments=sample.from_environments
        ), math.inf
    assert budget.quantile is not None
    return _of_quantile(sample, budget.quantile, limit, tails)


def _of_mean(
    sample: SampledMetric, log: Estimate | None, limit: float, tails: Tails, *, scale: float = 1.0
) -> tuple[Figure | None, float]:
    if log is None:
        return None, math.inf
    bounds = log_bounds(log, tails)
    figure = Figure(
        value=scale * math.exp(log.mean),
        interval=scaled(bounds, scale),
        samples=sample.count,
        environments=sample.from_environments,
    )
    return figure, math.inf if bounds is None else growth_of_log(log, bounds, limit / scale)


def _of_quantile(sample: SampledMetric, quantile: float, limit: float, tails: Tails) -> tuple[Figure, float]:
    """The percentile as analyses have it (Hyndman & Fan's type 7), with the bounds that decide."""
    values = sample.values
    bounds = quantile_bounds(values, sample.environments, quantile, tails)
    value = float(np.percentile(values, 100 * quantile))
    figure = Figure(value=value, interval=bounds, samples=sample.count, environments=sample.from_environments)
    independent = effective(np.sort(values), values, sample.environments, quantile, tails.high)
    above = float(np.count_nonzero(values > limit)) * independent / sample.count
    return figure, growth_of_share(above, independent, 1 - quantile, tails)
