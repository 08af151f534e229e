"""Functions that nobody has invoked, and what keeping them costs."""

from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.finding import CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.units import plural

#: A function that was changed more recently than this may not be in use yet, or may be about to be.
_YOUNG_DAYS = 30
#: A window that is shorter than this proves nothing: jobs run every week.
_LEAST_DAYS = 14
_DAY_S = 86_400
_NO_TRIGGER = "no trigger was found on the function itself; its aliases, and callers with a role, were not looked at"
#: All functions of Lambda@Edge are in this region.
_EDGE_REGION = "us-east-1"


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    if evidence.days < _LEAST_DAYS:
        return
    for known in evidence.functions:
        age_days = (evidence.now - known.function.modified_at) / _DAY_S
        idle = known.usage is not None and known.usage.invocations == 0 and known.usage.throttles == 0
        if idle and age_days >= _YOUNG_DAYS and not _may_be_at_edge(known):
            yield _finding(known, evidence.days, age_days)


def _may_be_at_edge(known: FunctionEvidence) -> bool:
    """Whether it may be replicated for Lambda@Edge, whose metrics are in the regions of the replicas.

    What is replicated is a published version, and the policies of versions are read together with the triggers.
    """
    function = known.function
    unknown = known.triggers is None and function.place.region == _EDGE_REGION and bool(function.versions)
    return known.edge or unknown


def _finding(known: FunctionEvidence, days: float, age_days: float) -> Finding:
    facts = [
        Fact(source=EvidenceSource.METRICS, text=f"no invocation in {days:g} days"),
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
    delete = function_command(known.function, "delete-function")
    return RULE.finding(
        known,
        summary=f"nobody has invoked it in {plural(round(days), 'day')}",
        facts=tuple(facts),
        next_step=f"ask its owner, then keep its code elsewhere and delete it with `{delete}`",
        saving=None if known.cost is None else MonthlySaving.exactly(known.cost.total),
    )


RULE = ScanRule(
    id="idle-function",
    title="Nobody invokes the function",
    severity=Severity.LOW,
    part=CostPart.WHOLE,
    needs=(Need.USAGE, Need.TRIGGERS),
    check=_check,
    page=f"""
Reports a function without invocations and without throttled requests in the whole window, which has to be at least
{_LEAST_DAYS} days. A function that was changed in the last {_YOUNG_DAYS} days is left out, because it may be about
to be used. So is a function that is replicated for Lambda@Edge, because its metrics are in the regions of its
replicas. That is looked up for the three newest versions of functions in {_EDGE_REGION}. If it could not be looked
up, functions there that have published versions are left out.

An idle function costs nothing by itself. The saving is what is charged although nobody invokes it: provisioned
concurrency, cached SnapStart snapshots, and the storage of its logs.

Before you delete it, look at the triggers that the finding lists. They are those of the function itself: its event
source mappings, its resource policy and its function URL. A scan does not see permissions of aliases, or who calls
the function with a role, such as EventBridge Scheduler, Step Functions, or a program with an AWS SDK.

A function for disasters, or for the end of the year, is idle on purpose: suppress the finding with a reason.
""",
)
