"""How much memory functions use: Compute Optimizer first, which is free, then Lambda Insights, then their reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.lambda_insights import InsightsEvidence, read_lambda_insights
from powertune.aws.scanning.metric_data import MetricSpan
from powertune.aws.scanning.optimizer_memory import read_optimizer
from powertune.aws.scanning.report_reader import read_reports
from powertune.aws.scanning.tmp_storage import with_tmp
from powertune.scan.evidence import (
    EnvironmentUse,
    FunctionLogGroup,
    FunctionUsage,
    MemoryUse,
    ReportStatistics,
    ScannedFunction,
)
from powertune.scan.rule import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEvidence:
    """What is known of the functions' memory, environments and reports, by name."""

    memory: Mapping[str, MemoryUse] = field(default_factory=dict)
    reports: Mapping[str, ReportStatistics] = field(default_factory=dict)
    environments: Mapping[str, EnvironmentUse] = field(default_factory=dict)


def read_memory(
    inquiry: Inquiry,
    functions: Sequence[ScannedFunction],
    usage: Mapping[str, FunctionUsage],
    groups: Mapping[str, FunctionLogGroup] | None,
    span: MetricSpan,
) -> MemoryEvidence:
    """Climb the ladder, each step only with the functions that still have no evidence.

    Reports are also read of functions with errors, if a rule needs reports: how many were timeouts, or out of memory,
    is said nowhere else.

    Args:
        usage, groups: by name; groups None where they could not be listed.
    """
    needs = inquiry.request.needs
    wanted = Need.MEMORY in needs
    memory: dict[str, MemoryUse] = {}
    if wanted:
        memory |= _known_only(inquiry.ask(Need.MEMORY, lambda: read_optimizer(inquiry.aws)) or {}, functions)
    insights = _insights(inquiry, functions, memory, span)
    memory |= insights.memory
    asked = [
        each
        for each in functions
        if (wanted and each.name not in memory)
        or (Need.REPORTS in needs and each.name in usage and usage[each.name].errors)
    ]
    reports = read_reports(inquiry, asked, usage, groups, span)
    environments = with_tmp(inquiry, functions, insights, span)
    return MemoryEvidence(memory={**reports.memory, **memory}, reports=reports.statistics, environments=environments)


def _known_only(memory: Mapping[str, MemoryUse], functions: Sequence[ScannedFunction]) -> dict[str, MemoryUse]:
    """Without the functions that have been deleted since they were looked at."""
    names = {each.name for each in functions}
    return {name: use for name, use in memory.items() if name in names}


def _insights(
    inquiry: Inquiry, functions: Sequence[ScannedFunction], memory: Mapping[str, MemoryUse], span: MetricSpan
) -> InsightsEvidence:
    environments = Need.ENVIRONMENT in inquiry.request.needs
    wanted = Need.MEMORY in inquiry.request.needs
    unknown = frozenset(each.name for each in functions if wanted and each.name not in memory)
    if not unknown and not environments:
        return InsightsEvidence()
    answer = inquiry.ask(
        Need.MEMORY if unknown else Need.ENVIRONMENT,
        lambda: read_lambda_insights(
            inquiry,
            {each.name: each for each in functions},
            span,
            memory_of=unknown,
            environments=environments,
        ),
    )
    return answer or InsightsEvidence()
