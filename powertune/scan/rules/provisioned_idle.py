"""Provisioned concurrency that nobody uses."""

import math
from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, Provisioned, ScannedFunction
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import LEAST_OBSERVED_DAYS, ProvisioningPrices, share_seen, stands_idle
from powertune.scan.rule import Need, ScanRule
from powertune.units import plural


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        for each in known.provisioned or ():
            if stands_idle(each):
                yield _finding(known, each, evidence)


def _finding(known: FunctionEvidence, idle: Provisioned, evidence: PlaceEvidence) -> Finding:
    observed = evidence.days if idle.observed_days is None else idle.observed_days
    days = plural(math.floor(min(observed, evidence.days)), "day")
    certain = share_seen(idle, evidence.days) == 1
    text = f"{idle.requested:,} provisioned for {idle.qualifier}, unused in {days}"
    return RULE.finding(
        known,
        summary=f"{plural(idle.requested, 'environment')} provisioned for {idle.qualifier} stood idle for {days}",
        facts=(Fact(source=EvidenceSource.METRICS, text=text),),
        next_step=f"`{_delete(known.function, idle)}`",
        saving=_saving(idle, evidence),
        severity=RULE.severity if certain else Severity.MEDIUM,
        confidence=Confidence.HIGH if certain else Confidence.MEDIUM,
        qualifier=idle.qualifier,
    )


def _delete(function: ScannedFunction, provisioned: Provisioned) -> str:
    return function_command(function, "delete-provisioned-concurrency-config", "--qualifier", provisioned.qualifier)


def _saving(idle: Provisioned, evidence: PlaceEvidence) -> MonthlySaving | None:
    prices = ProvisioningPrices.of(evidence.prices, idle.architecture)
    if prices is None:
        return None
    cost = prices.idle_cost(idle.requested, idle.memory_mb)
    return MonthlySaving(expected=cost, low=cost * share_seen(idle, evidence.days), high=cost)


RULE = ScanRule(
    id="provisioned-idle",
    title="Provisioned concurrency is not used",
    severity=Severity.HIGH,
    part=CostPart.PROVISIONED,
    needs=(Need.PROVISIONED,),
    check=_check,
    page=f"""
Reports provisioned concurrency of an alias or a version on which nothing ran in the whole window, nor today. Lambda
reports the utilization of provisioned concurrency only while there are invocations. So if there are no data points,
it was idle. Each alias and version is reported by itself. What was configured within the window is judged from then
on, if that is at least {plural(LEAST_OBSERVED_DAYS, "day")}.

Provisioned concurrency is charged for as long as it is configured. The saving is the number of environments, times
their memory, times the price of a GB-second of provisioned concurrency, for 30 days. If it was configured or changed
within the window, a schedule may do that again and again. Then the low end is what it would cost if it were only
there for the share of the window in which it was seen, and the severity is medium.

If you expected it to be used, check which alias or version clients invoke. Only those that name the one with
provisioned concurrency get its environments.
""",
)
