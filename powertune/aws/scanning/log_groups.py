"""The log groups of a place's functions: what they store, for how long, and what is written to them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from powertune.aws.client import Aws
from powertune.aws.scanning.inquiry import Inquiry
from powertune.aws.scanning.metric_data import MetricSpan, ScanMetric, answered
from powertune.scan.evidence import FunctionLogGroup, ScannedFunction
from powertune.scan.rule import Need

_USUAL = "/aws/lambda/"
_PAGE = 50


def read_log_groups(inquiry: Inquiry, functions: Sequence[ScannedFunction]) -> dict[str, FunctionLogGroup] | None:
    """The log groups of these functions that exist, by name; None, and a gap, where they cannot be listed.

    Those with Lambda's usual names are listed together, 50 by one call; others are asked for one by one, as far as
    the limit of calls allows.
    """
    wanted = {function.log_group: function for function in functions}
    if not wanted:
        return {}
    usual = [name for name in wanted if name.startswith(_USUAL)]
    listed = inquiry.ask(Need.LOG_GROUPS, lambda: list(_listed(inquiry.aws, _USUAL)) if usual else [])
    if listed is None:
        return None
    groups = {group.name: group for group in listed if group.name in wanted}
    others = [wanted[name] for name in sorted(wanted) if not name.startswith(_USUAL)]
    found = inquiry.each(Need.LOG_GROUPS, others, lambda function: named_group(inquiry.aws, function.log_group))
    return groups | {group.name: group for group in found.values() if group is not None}


def with_ingestion(
    inquiry: Inquiry, groups: Mapping[str, FunctionLogGroup], names: Sequence[str], span: MetricSpan
) -> dict[str, FunctionLogGroup]:
    """The groups, these of them with the bytes that were written in the span of time."""
    metrics = [
        ScanMetric(
            subject=name,
            name="IncomingBytes",
            statistics=("Sum",),
            dimensions=(("LogGroupName", name),),
            namespace="AWS/Logs",
        )
        for name in names
    ]
    known = dict(groups)
    for values in answered(inquiry, Need.LOG_GROUPS, metrics, span):
        name = values.metric.subject
        known[name] = replace(known[name], ingested_bytes=round(values.total()))
    return known


def _listed(aws: Aws, prefix: str) -> Iterator[FunctionLogGroup]:
    token: str | None = None
    while True:
        more: dict[str, Any] = {"nextToken": token} if token else {}
        page = aws.call(aws.clients.logs.describe_log_groups, logGroupNamePrefix=prefix, limit=_PAGE, **more)
        yield from map(_group, page.get("logGroups", ()))
        token = page.get("nextToken")
        if not token:
            return


def named_group(aws: Aws, name: str) -> FunctionLogGroup | None:
    """The group of exactly this name. Groups are listed in order, so it is the first of those that begin with it."""
    page = aws.call(aws.clients.logs.describe_log_groups, logGroupNamePrefix=name, limit=1)
    return next((_group(each) for each in page.get("logGroups", ()) if each.get("logGroupName") == name), None)


def _group(found: Mapping[str, Any]) -> FunctionLogGroup:
    retention = found.get("retentionInDays")
    return FunctionLogGroup(
        name=str(found["logGroupName"]),
        stored_bytes=int(found.get("storedBytes") or 0),
        retention_days=None if retention is None else int(retention),
        retention_policy=str(found.get("retentionPolicyName") or ""),
        log_class=str(found.get("logGroupClass") or "STANDARD"),
        created_at=float(found.get("creationTime") or 0) / 1000,
    )
