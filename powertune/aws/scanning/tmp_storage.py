"""How much of /tmp functions use, which Lambda Insights writes to its log group, and to no metric."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.lambda_insights import InsightsEvidence
from powertune.aws.scanning.log_groups import named_group
from powertune.aws.scanning.log_query import query_logs, scan_bytes
from powertune.aws.scanning.metric_data import MetricSpan
from powertune.region_prices import EPHEMERAL_STORAGE_FREE_MB
from powertune.scan.evidence import EnvironmentUse, ScannedFunction
from powertune.scan.rule import Need
from powertune.units import format_usd

_GROUP = "/aws/lambda-insights"
#: The largest use of each function, in bytes (Lambda Insights, example event).
_QUERY = (
    'filter event_type = "performance" and ispresent(tmp_max) and ispresent(tmp_free) '
    "| stats max(tmp_max - tmp_free) as mostUsed by function_name"
)
_MIB = 1_048_576


def with_tmp(
    inquiry: Inquiry, functions: Sequence[ScannedFunction], insights: InsightsEvidence, span: MetricSpan
) -> dict[str, EnvironmentUse]:
    """The environments with their use of /tmp, by name of function, for those that pay for a larger one.

    One query for all of them, if one of them has Lambda Insights, and as far as the scan may spend money. What
    remains unknown because it costs too much, or is denied, leaves a gap.
    """
    known = dict(insights.environments)
    paying = [
        each.name
        for each in functions
        if each.ephemeral_storage_mb > EPHEMERAL_STORAGE_FREE_MB
        and each.name in insights.names
        and known.get(each.name, EnvironmentUse()).tmp_used_mb is None
    ]
    if not paying or Need.ENVIRONMENT not in inquiry.request.needs:
        return known
    used = inquiry.ask(Need.ENVIRONMENT, lambda: _most_used(inquiry, paying, span), paying) or {}
    for name in paying:
        if name in used:
            known[name] = replace(known.get(name, EnvironmentUse()), tmp_used_mb=used[name])
    return known


def _most_used(inquiry: Inquiry, paying: Sequence[str], span: MetricSpan) -> Mapping[str, float]:
    group = named_group(inquiry.aws, _GROUP)
    if group is None or group.created_at >= span.end:
        return {}
    left = inquiry.request.max_spend_usd - inquiry.meter.queries_usd
    if inquiry.meter.scan_usd(scan_bytes(group, span)) > left:
        limit = format_usd(inquiry.request.max_spend_usd)
        reason = f"reading log group {_GROUP} may cost more than what is left of {limit}"
        inquiry.note(Need.ENVIRONMENT, reason, paying)
        return {}
    answer = query_logs(inquiry.aws, [_GROUP], _QUERY, span)
    inquiry.meter.scanned_bytes += answer.scanned_bytes
    return {
        row["function_name"]: float(row["mostUsed"]) / _MIB
        for row in answer.rows
        if row.get("function_name") and row.get("mostUsed")
    }
