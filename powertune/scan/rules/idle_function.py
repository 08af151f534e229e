"""Functions that nobody has invoked, and what keeping them costs."""

from collections.abc import Iterator

from powertune.figures import readable
from powertune.scan.commands import function_command, log_group_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, MonthlyCost, PlaceEvidence, ScannedFunction
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.log_owners import owned_log_groups
from powertune.scan.provisioning import ProvisioningPrices, stands_idle
from powertune.scan.rule import Need, ScanRule
from powertune.units import plural

#: A function that was changed more recently than this may not be in use yet, or may be about to be.
_YOUNG_DAYS = 30
#: A window that is shorter than this proves nothing: jobs run every week.
_LEAST_DAYS = 14
_DAY_S = 86_400
_UNPRICED = "what provisioned concurrency it has, or what that costs, is not known, and is not in the saving"
_PROVISIONED_ELSEWHERE = "what its provisioned concurrency costs is in a finding of its own"
_NO_TRIGGER = "no trigger was found on the function itself; its aliases, and callers with a role, were not looked at"
#: All functions of Lambda@Edge are in this region.
_EDGE_REGION = "us-east-1"


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    if evidence.days < _LEAST_DAYS:
        return
    own_groups = {group.name for group, owners in owned_log_groups(evidence) if len(owners) == 1}
    for known in evidence.functions:
        age_days = (evidence.now - known.function.modified_at) / _DAY_S
        idle = known.usage is not None and known.usage.invocations == 0 and known.usage.throttles == 0
        if idle and age_days >= _YOUNG_DAYS and not _may_be_at_edge(known):
            own_logs = known.cost.log_storage if known.cost and known.function.log_group in own_groups else 0.0
            yield _finding(known, evidence, age_days, own_logs)


def _may_be_at_edge(known: FunctionEvidence) -> bool:
    """Whether it may be replicated for Lambda@Edge, whose metrics are in the regions of the replicas.

    What is replicated is a published version, and the policies of versions are read together with the triggers.
    """
    function = known.function
    unknown = known.triggers is None and function.place.region == _EDGE_REGION and bool(function.versions)
    return known.edge or unknown


def _finding(known: FunctionEvidence, evidence: PlaceEvidence, age_days: float, own_logs: float) -> Finding:
    """`own_logs` is what it costs to store logs that no other function writes to."""
    facts = [
        Fact(source=EvidenceSource.METRICS, text=f"no invocation in {evidence.days:g} days"),
        Fact(source=EvidenceSource.CONFIGURATION, text=f"last changed {age_days:.0f} days ago"),
    ]
    if known.triggers is None:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text="its triggers were not looked at"))
    elif known.triggers:
        facts.append(
            Fact(source=EvidenceSource.CONFIGURATION, text=f"it can be invoked by {', '.join(known.triggers)}")
        )
    else:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=_NO_TRIGGER))
    unpriced = known.cost is not None and "provisioned" in known.cost.unpriced
    if unpriced:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=_UNPRICED))
    elsewhere = _reported_provisioned(known, evidence)
    if elsewhere:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=_PROVISIONED_ELSEWHERE))
    return RULE.finding(
        known,
        summary=f"nobody has invoked it in {plural(round(evidence.days), 'day')}",
        facts=tuple(facts),
        next_step=_next_step(known.function, with_logs=own_logs > 0),
        saving=_saving(known.cost, own_logs, elsewhere),
        confidence=Confidence.LOW if unpriced else Confidence.HIGH,
    )


def _next_step(function: ScannedFunction, *, with_logs: bool) -> str:
    text = (
        "ask its owner, then keep its code elsewhere and delete it with "
        f"`{function_command(function, 'delete-function')}`"
    )
    if with_logs:
        delete = log_group_command(function.place, "delete-log-group", function.log_group)
        text += f", and its logs, unless they have to be kept, with `{delete}`"
    return text


def _reported_provisioned(known: FunctionEvidence, evidence: PlaceEvidence) -> float:
    """What its provisioned concurrency costs, as far as another rule reports that."""
    idle = [
        (each, prices)
        for each in known.provisioned or ()
        if stands_idle(each) and (prices := ProvisioningPrices.of(evidence.prices, each.architecture)) is not None
    ]
    return sum(prices.idle_cost(each.requested, each.memory_mb) for each, prices in idle)


def _saving(cost: MonthlyCost | None, own_logs: float, elsewhere: float) -> MonthlySaving | None:
    """All but the logs, which stay where they are unless they are deleted as well, and what is saved elsewhere."""
    if cost is None:
        return None
    without_logs = cost.snapstart + cost.on_demand + max(0.0, readable(cost.provisioned - elsewhere))
    return MonthlySaving(expected=without_logs + own_logs, low=without_logs, high=without_logs + own_logs)


RULE = ScanRule(
    id="idle-function",
    title="Nobody invokes the function",
    severity=Severity.LOW,
    part=CostPart.WHOLE,
    needs=(Need.USAGE, Need.TRIGGERS),
    check=_check,
    page=f"""
Reports a function without invocations and without throttled requests in the whole window, which has to be at least
{_LEAST_DAYS} days long. A function that was changed in the last {_YOUNG_DAYS} days is left out, because it may be
about to be used.

A function that is replicated for Lambda@Edge is left out as well, because its metrics are in the regions of its
replicas. To find that out, a scan reads the policies of the three newest versions of each idle function in
{_EDGE_REGION}. If they could not be read, functions in that region with published versions are not reported.

An idle function costs nothing by itself. The saving is what is charged although nobody invokes it: provisioned
concurrency, cached SnapStart snapshots, and the storage of its logs. Deleting a function does not delete its logs, so
the next step has a second command for them. The low end of the range is without the logs, because you may have to
keep them. A log group that other functions write to as well is not counted. Nor is provisioned concurrency that
`provisioned-idle` reports, because you can remove that first.

If the cost of provisioned concurrency is not known, it is missing from the saving, and the confidence is low.

Before you delete a function, look at the triggers that the finding lists. They are those of the function itself: its
event source mappings, its resource policy and its function URL. A scan does not see the permissions of aliases, nor
callers with a role, such as EventBridge Scheduler, Step Functions, or programs that use an AWS SDK.

A function for disasters, or for the end of the year, is idle on purpose. Suppress the finding and give that as the
reason.
""",
)
