"""Provisioned concurrency of a place's functions: how much there is, and how much of it was used."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.metric_data import DAY_S, HOUR_S, MetricSpan, MetricValues, ScanMetric, answered
from powertune.figures import readable
from powertune.scan.evidence import FunctionUsage, Provisioned, PublishedVersion, ScannedFunction
from powertune.scan.rule import Need

_INVOCATIONS = "ProvisionedConcurrencyInvocations"
_UTILIZATION = "ProvisionedConcurrencyUtilization"
_SPILLED = "ProvisionedConcurrencySpilloverInvocations"
_METRICS = {_UTILIZATION: ("Average", "Maximum"), _INVOCATIONS: ("Sum",), _SPILLED: ("Sum",)}
#: What is asked about single functions after this, within the same limit.
_ASKED_LATER = frozenset({Need.RESERVED, Need.TRIGGERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What is configured for one alias or version. `since` is when that was changed last."""

    function: ScannedFunction
    qualifier: str
    requested: int
    since: float

    @property
    def resource(self) -> str:
        """What CloudWatch calls it."""
        return f"{self.function.name}:{self.qualifier}"


def read_provisioned(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    usage: Mapping[str, FunctionUsage],
    span: MetricSpan,
) -> dict[str, tuple[Provisioned, ...]]:
    """The provisioned concurrency of each function, by name; functions that were not asked about leave gaps.

    Only published versions, and aliases of these, can have any, so a function without versions has none. Of the
    others, those are asked about first that have used some, then those with most invocations.

    Args:
        usage: by name. The invocations on provisioned concurrency are taken to last as long as the others.
        span: whole days; what is over of today is looked at as well.
    """
    published = [each for each in functions if each.versions]
    used = _used(inquiry, published, span)

    def rank(function: ScannedFunction) -> tuple[float, int, str]:
        seen = usage.get(function.name)
        return -used.get(function.name, 0.0), 0 if seen is None else -seen.invocations, function.name

    kept = inquiry.each(
        Need.PROVISIONED,
        sorted(published, key=rank),
        lambda each: _configured(inquiry.aws, each),
        # Accounts may have thousands of functions with versions, few of which keep any ready.
        keep=inquiry.request.per_function_calls // 2 if inquiry.request.needs & _ASKED_LATER else 0,
    )
    found: dict[str, list[Provisioned]] = {name: [] for name in kept}
    spans = _Spans(whole=span, hourly=span.to(inquiry.request.now, period_s=HOUR_S))
    for each, values in _with_metrics(inquiry, [one for several in kept.values() for one in several], spans.hourly):
        its = usage.get(each.function.name)
        mean_ms = None if its is None else its.mean_ms
        judged = _provisioned(each, _version(inquiry, each), values, mean_ms, spans)
        if judged is not None:
            found[each.function.name].append(judged)
    # Of what has no metrics because CloudWatch did not answer, nothing is said.
    whole = {name: tuple(each) for name, each in found.items() if len(each) == len(kept[name])}
    return {each.name: () for each in functions if not each.versions} | whole


def _used(inquiry: Inquiry, functions: Sequence[ScannedFunction], span: MetricSpan) -> dict[str, float]:
    """How many invocations of each function ran on provisioned concurrency."""
    metrics = [
        ScanMetric(
            subject=each.name, name=_INVOCATIONS, statistics=("Sum",), dimensions=(("FunctionName", each.name),)
        )
        for each in functions
    ]
    return {values.metric.subject: values.total() for values in answered(inquiry, Need.PROVISIONED, metrics, span)}


def _configured(aws: Aws, function: ScannedFunction) -> tuple[_Kept, ...]:
    kept: list[_Kept] = []
    marker: str | None = None
    while True:
        more: dict[str, Any] = {"Marker": marker} if marker else {}
        page = aws.call(aws.clients.control.list_provisioned_concurrency_configs, FunctionName=function.name, **more)
        for each in page.get("ProvisionedConcurrencyConfigs", ()):
            kept.append(
                _Kept(
                    function=function,
                    qualifier=str(each["FunctionArn"]).rpartition(":")[2],
                    requested=int(each["RequestedProvisionedConcurrentExecutions"]),
                    since=_time(each.get("LastModified")),
                )
            )
        marker = page.get("NextMarker")
        if not marker:
            return tuple(kept)


def _time(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0


def _with_metrics(
    inquiry: Inquiry, kept: Sequence[_Kept], span: MetricSpan
) -> list[tuple[_Kept, Mapping[str, MetricValues]]]:
    metrics = [
        ScanMetric(
            subject=each.resource,
            name=name,
            statistics=statistics,
            dimensions=(("FunctionName", each.function.name), ("Resource", each.resource)),
        )
        for each in kept
        for name, statistics in _METRICS.items()
    ]
    found: dict[str, dict[str, MetricValues]] = defaultdict(dict)
    for values in answered(inquiry, Need.PROVISIONED, metrics, span):
        found[values.metric.subject][values.metric.name] = values
    return [(each, found[each.resource]) for each in kept if len(found[each.resource]) == len(_METRICS)]


def _version(inquiry: Inquiry, kept: _Kept) -> PublishedVersion:
    """The version that is kept ready: an alias has to be asked for it. Without an answer, it is the newest one."""
    versions = {each.number: each for each in kept.function.versions}
    newest = kept.function.versions[-1]
    if kept.qualifier in versions:
        return versions[kept.qualifier]
    aws, function = inquiry.aws, kept.function
    found = inquiry.each(
        Need.PROVISIONED,
        [function],
        lambda each: aws.call(aws.clients.control.get_alias, FunctionName=each.name, Name=kept.qualifier),
    )
    number = str(found[function.name]["FunctionVersion"]) if found else ""
    return versions.get(number, newest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spans:
    """The whole days that usage is of too, and with them what is over of today, by the hour."""

    whole: MetricSpan
    hourly: MetricSpan


def _provisioned(
    kept: _Kept,
    version: PublishedVersion,
    found: Mapping[str, MetricValues],
    mean_ms: float | None,
    spans: _Spans,
) -> Provisioned | None:
    """How much of it was used; None if something ran on it, and it is not known for how long.

    What was configured within the span is judged from then on, or from its first value, which is earlier where a
    schedule changes the configuration. Counts are those of whole days, as those of usage are, which they are compared
    with. Whether any of it was ever used is also looked for today.

    Its utilization is that of the time that its invocations took. Lambda's own metric is no mean over time: it only
    has values of the minutes in which something ran.
    """
    average, end = found[_UTILIZATION].values["Average"], spans.whole.end
    first = min(average, default=math.inf)
    began = max(spans.whole.start, min(kept.since, first))
    invocations, spilled = (round(found[name].before(end).total()) for name in (_INVOCATIONS, _SPILLED))
    if invocations and mean_ms is None:
        return None
    there_ms = kept.requested * max(HOUR_S, end - began) * 1000
    return Provisioned(
        qualifier=kept.qualifier,
        requested=kept.requested,
        memory_mb=version.memory_mb,
        architecture=version.architecture,
        utilization=readable(min(1.0, invocations * (mean_ms or 0.0) / there_ms)) if there_ms else 0.0,
        peak_utilization=found[_UTILIZATION].largest() or 0.0,
        invocations=invocations,
        spilled=spilled,
        observed_days=None if began == spans.whole.start else max(0.0, (spans.hourly.end - began) / DAY_S),
        # A change takes a while, so that the hour before it may have values of what was changed.
        resized=first < kept.since - HOUR_S,
    )
