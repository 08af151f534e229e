"""How the functions of a place are invoked, by CloudWatch: as few metrics as tell it."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.metric_data import DAY_S, MetricSpan, MetricValues, ScanMetric, answered
from powertune.scan.evidence import FunctionLogGroup, FunctionUsage, ScannedFunction
from powertune.scan.rule import Need

#: What is asked of every function, and what only of those that have been invoked.
_ALWAYS = {"Invocations": ("Sum",), "Throttles": ("Sum",)}
_INVOKED = {
    "Duration": ("Sum", "p50", "p95", "p99", "Maximum"),
    "Errors": ("Sum",),
    "ConcurrentExecutions": ("Maximum",),
}
_QUERIES_PER_CALL = 500
#: Up to this many calls, everything is asked of all functions at once: that costs a cent at most, and asking twice
#: takes more calls.
_FEW_CALLS = 4


#: On fewer days with invocations, it is not clear that they go on like this.
_LEAST_ACTIVE_DAYS = 2

#: What must be known of a function that was invoked: without one of them, a zero would stand where nobody knows.
_NEEDED = frozenset({"errors", "duration_sum_ms", "peak_concurrency"})


@dataclass(slots=True)
class _UsageFields:
    """Fields of a `FunctionUsage`: of the whole days, and of these and what is over of today."""

    whole: dict[str, Any] = field(default_factory=dict)
    extended: dict[str, Any] = field(default_factory=dict)

    @property
    def used(self) -> dict[str, Any]:
        """Today counts for a function that was not invoked before: it is in use."""
        return self.whole if self.whole.get("invocations") else self.extended

    @property
    def complete(self) -> bool:
        """Whether all is known that a usage is made of."""
        if not {"invocations", "throttles"} <= self.used.keys():
            return False
        return not self.used["invocations"] or self.used.keys() >= _NEEDED


def read_usage(inquiry: Inquiry, functions: Sequence[ScannedFunction], span: MetricSpan) -> dict[str, FunctionUsage]:
    """How each function is used, by name; without those that CloudWatch has not answered about, which leave gaps.

    Metrics are those of a function's name: of all its versions and aliases together. How many events were queued is
    asked only of functions with errors, as these events are tried again.

    Args:
        span: whole days.
    """
    known: dict[str, _UsageFields] = defaultdict(_UsageFields)
    everything = {**_ALWAYS, **_INVOKED}
    count = sum(map(len, everything.values()))
    if math.ceil(count * len(functions) / _QUERIES_PER_CALL) <= _FEW_CALLS:
        _ask(inquiry, functions, everything, span, known)
    else:
        _ask(inquiry, functions, _ALWAYS, span, known)
        _ask(inquiry, _with_any(functions, known, "invocations"), _INVOKED, span, known)
    _ask(inquiry, _with_any(functions, known, "errors"), {"AsyncEventsReceived": ("Sum",)}, span, known)
    return {name: FunctionUsage(days=span.days, **found.used) for name, found in known.items() if found.complete}


def observed_usage(
    usage: FunctionUsage, function: ScannedFunction, group: FunctionLogGroup | None, span: MetricSpan
) -> FunctionUsage:
    """The usage of a function that is certainly new with the days that it has been there; others as they are.

    It is new if its own log group was created within the span, and nothing was invoked on a day before that. Lambda
    creates a log group with the first invocation, unless somebody else has done so before. Invocations on one day
    alone do not say how often there will be some, and an older version says that only the log group is new.
    """
    if group is None or usage.first_at is None or usage.active_days < _LEAST_ACTIVE_DAYS:
        return usage
    older = any(version.modified_at < span.start for version in function.versions)
    created_day = group.created_at // DAY_S * DAY_S
    if older or not span.start < group.created_at or not created_day <= usage.first_at < span.end:
        return usage
    began = max(group.created_at, usage.first_at)
    return replace(usage, observed_days=(span.end - began) / DAY_S)


def _ask(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    wanted: Mapping[str, tuple[str, ...]],
    span: MetricSpan,
    known: dict[str, _UsageFields],
) -> None:
    """Add what CloudWatch says to what is known."""
    metrics = [
        ScanMetric(subject=each.name, name=name, statistics=kinds, dimensions=(("FunctionName", each.name),))
        for name, kinds in wanted.items()
        for each in functions
    ]
    for values in answered(inquiry, Need.USAGE, metrics, span.to(inquiry.request.now)):
        found, fields = known[values.metric.subject], _FIELDS[values.metric.name]
        found.whole.update(fields(values.before(span.end)))
        found.extended.update(fields(values))


def _with_any(
    functions: Sequence[ScannedFunction], known: Mapping[str, _UsageFields], name: str
) -> list[ScannedFunction]:
    return [each for each in functions if each.name in known and known[each.name].used.get(name)]


def _invocations(values: MetricValues) -> dict[str, Any]:
    counts = values.values["Sum"]
    active = [at for at, count in counts.items() if count > 0]
    return {
        "invocations": round(math.fsum(counts.values())),
        "active_days": len(active),
        "first_at": min(active, default=None),
    }


def _duration(values: MetricValues) -> dict[str, Any]:
    medians = [median for _, median in sorted(values.values["p50"].items())]
    return {
        "duration_sum_ms": values.total(),
        "p50_ms": statistics.median(medians) if medians else None,
        "p95_ms": values.largest("p95"),
        "p99_ms": values.largest("p99"),
        "max_ms": values.largest("Maximum"),
        "recent_p50_ms": statistics.median(medians[-2:]) if medians else None,
    }


#: What becomes of each metric. Values of single days are not kept: those of thousands of functions are many.
_FIELDS: Mapping[str, Callable[[MetricValues], dict[str, Any]]] = {
    "Invocations": _invocations,
    "Throttles": lambda values: {"throttles": round(values.total())},
    "Duration": _duration,
    "Errors": lambda values: {"errors": round(values.total())},
    "ConcurrentExecutions": lambda values: {"peak_concurrency": values.largest() or 0.0},
    "AsyncEventsReceived": lambda values: {"asynchronous": round(values.total())},
}
