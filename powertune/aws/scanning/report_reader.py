"""Which log groups are worth a Logs Insights query, within what it may cost, and what the reports in them say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.log_query import MOST_GROUPS, kept_days, query_logs, scan_bytes
from powertune.aws.scanning.metric_data import MetricSpan
from powertune.aws.scanning.report_query import (
    ReportRow,
    by_function,
    memory_in,
    report_query,
    report_row,
    statistics_in,
)
from powertune.errors import NotFound, UsageError
from powertune.model import DAYS_PER_MONTH
from powertune.region_prices import RegionPrices
from powertune.scan.evidence import (
    Compute,
    FunctionLogGroup,
    FunctionUsage,
    MemoryUse,
    ReportStatistics,
    ScannedFunction,
)
from powertune.scan.rule import Need
from powertune.units import format_usd

#: The reports of a function that costs less per 30 days are not worth a query.
_LEAST_COST = 1.0
#: The class of log groups that Logs Insights does not query.
_DELIVERY = "DELIVERY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvidence:
    """What the reports say, by the names of the functions."""

    memory: Mapping[str, MemoryUse] = field(default_factory=dict)
    statistics: Mapping[str, ReportStatistics] = field(default_factory=dict)


def rough_cost(function: ScannedFunction, usage: FunctionUsage, prices: RegionPrices | None) -> float:
    """What a function costs in 30 days, about: to put functions in order, and never shown. 0 without prices."""
    if prices is None:
        return 0.0
    try:
        compute = prices.rate_per_ms(function.current) * usage.duration_sum_ms
    except UsageError:
        return 0.0
    return (compute + prices.request * usage.invocations) * DAYS_PER_MONTH / usage.counted_days


def read_reports(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    usage: Mapping[str, FunctionUsage],
    groups: Mapping[str, FunctionLogGroup] | None,
    span: MetricSpan,
) -> ReportEvidence:
    """The reports of these functions, the most expensive ones first, as far as the scan may spend money.

    Each query is priced beforehand by what was written to its log groups in the span of time, and paid for afterwards
    by what it scanned. What is left out leaves a gap. Functions that cost next to nothing are left out without one.

    Args:
        usage, groups: by name; groups None where they could not be listed.
    """
    prices = inquiry.request.prices
    invoked = [each for each in functions if each.name in usage and usage[each.name].invocations]
    costs = {each.name: rough_cost(each, usage[each.name], prices) for each in invoked}
    worthy = [each for each in invoked if costs[each.name] >= _LEAST_COST or prices is None]
    if not worthy:
        return ReportEvidence()
    if prices is None or groups is None:
        unknown = "its price is not known" if prices is None else "the log groups could not be listed"
        inquiry.note(_need(inquiry), f"no query of logs is made, as {unknown}", [each.name for each in worthy])
        return ReportEvidence()
    named = {each.name: each for each in _with_reports(inquiry, worthy, groups, span)}
    ranked = sorted(named.values(), key=lambda each: (-costs[each.name], each.name))
    affordable = _affordable(inquiry, ranked, groups, span)
    rows: list[ReportRow] = []
    for batch in _batches(affordable):
        rows.extend(_query(inquiry, batch, ranked, span))
    found = {
        name: each
        for (name, group), each in by_function(rows).items()
        if name in named and named[name].log_group == group
    }
    memory = {name: memory_in(each, named[name].memory_mb) for name, each in found.items()}
    return ReportEvidence(
        memory={name: use for name, use in memory.items() if use is not None},
        statistics={
            name: statistics_in(
                each, min(span.days, kept_days(groups[named[name].log_group], span)), named[name].memory_mb
            )
            for name, each in found.items()
        },
    )


def _need(inquiry: Inquiry) -> Need:
    """What reports are read for first."""
    return Need.MEMORY if Need.MEMORY in inquiry.request.needs else Need.REPORTS


def _with_reports(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    groups: Mapping[str, FunctionLogGroup],
    span: MetricSpan,
) -> Iterator[ScannedFunction]:
    """Those whose reports can be queried; each of the others leaves a gap."""
    for function in functions:
        group = groups.get(function.log_group)
        if function.compute is Compute.MANAGED_INSTANCES:
            reason = "the reports of functions on Managed Instances do not say how much memory is used"
        elif not function.logs_reports:
            reason = "it logs no reports of successful invocations: its SystemLogLevel is WARN"
        elif group is None:
            reason = "its log group does not exist, or was not asked about"
        elif group.created_at >= span.end:
            reason = "its log group was created after the days that are looked at"
        elif group.log_class == _DELIVERY:
            reason = "its log group is of the class Delivery, which cannot be queried"
        else:
            yield function
            continue
        inquiry.note(_need(inquiry), reason, (function.name,))


def _affordable(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    groups: Mapping[str, FunctionLogGroup],
    span: MetricSpan,
) -> list[FunctionLogGroup]:
    """The log groups that can be paid for, in the order of the functions; what is too expensive leaves a gap."""
    left = inquiry.request.max_spend_usd - inquiry.meter.queries_usd
    chosen: dict[str, FunctionLogGroup] = {}
    for function in functions:
        group = groups[function.log_group]
        price = inquiry.meter.scan_usd(scan_bytes(group, span))
        if group.name in chosen:
            continue
        if price > left:
            limit = format_usd(inquiry.request.max_spend_usd)
            inquiry.note(
                Need.MEMORY, f"reading its log group may cost more than what is left of {limit}", (function.name,)
            )
            continue
        left -= price
        chosen[group.name] = group
    return list(chosen.values())


def _batches(groups: Sequence[FunctionLogGroup]) -> Iterator[list[str]]:
    """What one query reads: groups of one class, as many as it may."""
    for log_class in sorted({group.log_class for group in groups}):
        names = [group.name for group in groups if group.log_class == log_class]
        for at in range(0, len(names), MOST_GROUPS):
            yield names[at : at + MOST_GROUPS]


def _query(
    inquiry: Inquiry, batch: Sequence[str], functions: Sequence[ScannedFunction], span: MetricSpan
) -> tuple[ReportRow, ...]:
    subjects = [each.name for each in functions if each.log_group in batch]
    if inquiry.meter.queries_usd > inquiry.request.max_spend_usd:
        inquiry.note(_need(inquiry), "earlier queries have cost more than was expected of them", subjects)
        return ()
    try:
        answer = inquiry.ask(
            _need(inquiry),
            lambda: query_logs(inquiry.aws, batch, report_query(), span),
            subjects,
            unless=() if len(batch) == 1 else (NotFound, UsageError),
        )
    except (NotFound, UsageError):
        # It may be about one log group, which is gone, say: that is no reason to leave out the others.
        halves = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        return tuple(row for half in halves for row in _query(inquiry, half, functions, span))
    if answer is None:
        return ()
    inquiry.meter.scanned_bytes += answer.scanned_bytes
    return tuple(map(report_row, answer.rows))
