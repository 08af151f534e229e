"""Log groups that keep everything for ever."""

from collections.abc import Iterator

from powertune.scan.commands import log_group_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, FunctionLogGroup, PlaceEvidence
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.log_owners import costs_of, owned_log_groups, owner_names
from powertune.scan.per_month import per_month
from powertune.scan.rule import Need, ScanRule

#: What is suggested, and what the expected saving keeps.
_SUGGESTED_DAYS = 30
#: Smaller log groups that grow less than this in a month are only worth a note, or nothing at all.
_LARGE_GB, _LEAST_GB = 1, 0.01
_BYTES_PER_GB = 2**30
_DAY_S = 86_400
#: Logs of this class are kept for a day, whatever is configured.
_SHORT_LIVED = "DELIVERY"


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for group, owners in owned_log_groups(evidence):
        kept = group.retention_days is None and not group.retention_policy and group.log_class != _SHORT_LIVED
        if kept and max(_stored_gb(group), _growth_gb(group, evidence) or 0.0) >= _LEAST_GB:
            yield _finding(group, owners, evidence)


def _stored_gb(group: FunctionLogGroup) -> float:
    return group.stored_bytes / _BYTES_PER_GB


def _growth_gb(group: FunctionLogGroup, evidence: PlaceEvidence) -> float | None:
    """What is written in a month; None where that is not known."""
    if group.ingested_bytes is None:
        return None
    return per_month(group.ingested_bytes, evidence.days) / _BYTES_PER_GB


def _format_gb(gb: float) -> str:
    return f"{gb:,.2f} GB" if gb == 0 or gb >= _LEAST_GB else f"<{_LEAST_GB:g} GB"


def _finding(group: FunctionLogGroup, owners: tuple[FunctionEvidence, ...], evidence: PlaceEvidence) -> Finding:
    stored_gb, growth_gb = _stored_gb(group), _growth_gb(group, evidence)
    facts = [
        Fact(source=EvidenceSource.LOG_GROUPS, text=f"{_format_gb(stored_gb)} are stored, and nothing expires"),
        Fact(source=EvidenceSource.CONFIGURATION, text=f"written by {owner_names(owners)}"),
    ]
    if growth_gb is not None:
        text = f"{_format_gb(growth_gb)} a month are written to it, before they are compressed"
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    command = log_group_command(
        evidence.place, "put-retention-policy", group.name, "--retention-in-days", str(_SUGGESTED_DAYS)
    )
    return Finding(
        rule=RULE.id,
        severity=RULE.severity if max(stored_gb, growth_gb or 0.0) >= _LARGE_GB else Severity.INFO,
        place=evidence.place,
        subject=group.name,
        name=group.name,
        summary=f"its logs never expire, and take {_format_gb(stored_gb)}",
        facts=tuple(facts),
        next_step=f"if no log has to be kept for longer than {_SUGGESTED_DAYS} days, `{command}`: "
        "it deletes older ones for good",
        saving=_saving(group, owners, evidence),
        confidence=Confidence.MEDIUM,
        part=RULE.part,
    )


def _saving(
    group: FunctionLogGroup, owners: tuple[FunctionEvidence, ...], evidence: PlaceEvidence
) -> MonthlySaving | None:
    costs = costs_of(owners, "log_storage")
    if costs is None:
        return None
    storage = sum(cost.log_storage for cost in costs)
    age_days = (evidence.now - group.created_at) / _DAY_S if group.created_at else 0.0
    older = max(0.0, 1 - _SUGGESTED_DAYS / age_days) if age_days > 0 else 0.0
    return MonthlySaving(expected=storage * older, low=0.0, high=storage)


RULE = ScanRule(
    id="log-retention",
    title="Logs never expire",
    severity=Severity.LOW,
    part=CostPart.LOG_STORAGE,
    needs=(Need.LOG_GROUPS,),
    check=_check,
    page=f"""
Reports a log group of a function if it has no retention, neither its own nor by a retention policy of the account or
the organization. Log groups that hold less than {_LEAST_GB:g} GB and grow by
less than that in a month are left out. So are those of the class DELIVERY, whose logs are kept for a day. If
a log group holds less than {_LARGE_GB} GB and grows by less than that in a month, the severity is info. A log group
that several functions share is reported once.

The expected saving is what a retention of {_SUGGESTED_DAYS} days would save per month if the log group had been
written to evenly since it was created. If the log group is younger than {_SUGGESTED_DAYS} days, or its age is not
known, the expected saving is nothing. The range goes from nothing, if all of the logs are recent, to the whole cost
of storing what is there now. Without a retention, this cost grows every month. The finding says how much is written.

Storage costs the same in the classes STANDARD and INFREQUENT_ACCESS. A retention deletes logs for good. Ask first
whether they have to be kept, and if so, export them to Amazon S3.
""",
)
