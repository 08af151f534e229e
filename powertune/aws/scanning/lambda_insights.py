"""What Lambda Insights has measured of the functions that have it: memory, CPU time, INIT, and /tmp."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.metric_data import MetricSpan, MetricValues, ScanMetric, answered
from powertune.scan.evidence import EnvironmentUse, EvidenceSource, MemoryUse, ScannedFunction
from powertune.scan.rule import Need

_NAMESPACE = "LambdaInsights"
_MEMORY = "used_memory_max"
#: What is asked of a metric: how many invocations sent it says how much its maximum is worth.
_STATISTICS = {
    _MEMORY: ("Maximum", "SampleCount"),
    "cpu_total_time": ("Sum", "SampleCount"),
    "init_duration": ("Sum",),
    "tmp_used": ("Maximum",),
}
#: Of /tmp, Lambda Insights reports bytes.
_MIB = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsEvidence:
    """What is known of the functions that have Lambda Insights, by name; `names` are those that have it."""

    names: frozenset[str] = frozenset()
    memory: Mapping[str, MemoryUse] = field(default_factory=dict)
    environments: Mapping[str, EnvironmentUse] = field(default_factory=dict)


def read_lambda_insights(
    inquiry: Inquiry,
    functions: Mapping[str, ScannedFunction],
    span: MetricSpan,
    *,
    memory_of: frozenset[str],
    environments: bool,
) -> InsightsEvidence:
    """What Lambda Insights knows, by one listing for all functions, and metrics only of those that are in it.

    The listing holds what has sent data within two weeks.

    Args:
        functions: by name.
        memory_of: whose memory is not known yet.
        environments: ask about CPU time, INIT and /tmp as well.

    Raises:
        AccessDenied, Unavailable, UsageError: the metrics cannot be listed. Single metrics may leave gaps.
    """
    listed = _listed(inquiry.aws)
    metrics = [
        ScanMetric(
            subject=name,
            name=metric,
            statistics=_STATISTICS[metric],
            dimensions=(("function_name", name),),
            namespace=_NAMESPACE,
        )
        for name, metric in listed
        if name in functions and (name in memory_of if metric == _MEMORY else environments)
    ]
    found: dict[str, dict[str, MetricValues]] = defaultdict(dict)
    what = Need.MEMORY if memory_of else Need.ENVIRONMENT
    for values in answered(inquiry, what, metrics, span):
        found[values.metric.subject][values.metric.name] = values
    return InsightsEvidence(
        names=frozenset(name for name, _ in listed),
        memory={
            name: use for name, each in found.items() if (use := _memory(each, functions[name].memory_mb)) is not None
        },
        environments={name: seen for name, each in found.items() if (seen := _environment(each)) is not None},
    )


def _listed(aws: Aws) -> Sequence[tuple[str, str]]:
    """Functions and the metrics that they have as a whole; those of single versions are parts of them."""
    pairs = set[tuple[str, str]]()
    for each in _pages(aws):
        dimensions = [(one["Name"], one["Value"]) for one in each.get("Dimensions", ())]
        if len(dimensions) == 1 and dimensions[0][0] == "function_name" and each["MetricName"] in _STATISTICS:
            pairs.add((dimensions[0][1], each["MetricName"]))
    return sorted(pairs)


def _pages(aws: Aws) -> Iterator[Any]:
    token: str | None = None
    while True:
        more: dict[str, Any] = {"NextToken": token} if token else {}
        page = aws.call(aws.clients.cloudwatch.list_metrics, Namespace=_NAMESPACE, **more)
        yield from page["Metrics"]
        token = page.get("NextToken")
        if not token:
            return


def _memory(found: Mapping[str, MetricValues], at_mb: int) -> MemoryUse | None:
    """The metric is in MB as Lambda counts them (Lambda Insights, example event)."""
    if _MEMORY not in found or (used := found[_MEMORY].largest()) is None or used <= 0:
        return None
    return MemoryUse(
        max_used_mb=used,
        at_mb=at_mb,
        source=EvidenceSource.LAMBDA_INSIGHTS,
        samples=round(found[_MEMORY].total("SampleCount")),
    )


def _environment(found: Mapping[str, MetricValues]) -> EnvironmentUse | None:
    """Every invocation sends its CPU time, and is counted by that. Only cold starts may send an INIT."""
    tmp = found["tmp_used"].largest() if "tmp_used" in found else None
    cpu = found.get("cpu_total_time")
    invocations = 0.0 if cpu is None else cpu.total("SampleCount")
    use = EnvironmentUse(
        cpu_ms=_mean(cpu, invocations),
        init_ms=_mean(found.get("init_duration"), invocations),
        tmp_used_mb=None if tmp is None else tmp / _MIB,
    )
    return None if use == EnvironmentUse() else use


def _mean(values: MetricValues | None, invocations: float) -> float | None:
    return values.total() / invocations if values is not None and invocations else None
