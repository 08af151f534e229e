"""Provisioned concurrency that nobody uses."""

import math
from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, Provisioned, ScannedFunction
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import LEAST_OBSERVED_DAYS, ProvisioningPrices, is_idle, long_enough, share_seen
from powertune.scan.rule import Need, ScanRule
from powertune.units import plural


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        idle = tuple(each for each in known.provisioned or () if is_idle(each) and long_enough(each))
        if idle:
            yield _finding(known, idle, evidence)


def _days(provisioned: Provisioned, evidence: PlaceEvidence) -> int:
    """How long it is known to be idle, in whole days."""
    observed = evidence.days if provisioned.observed_days is None else provisioned.observed_days
    return math.floor(min(observed, evidence.days))


def _unused(provisioned: Provisioned, evidence: PlaceEvidence) -> str:
    days = plural(_days(provisioned, evidence), "day")
    return f"{provisioned.requested:,} provisioned for {provisioned.qualifier}, unused in {days}"


def _finding(known: FunctionEvidence, idle: tuple[Provisioned, ...], evidence: PlaceEvidence) -> Finding:
    commands = (f"`{_delete(known.function, each)}`" for each in idle)
    facts = (Fact(source=EvidenceSource.METRICS, text=_unused(each, evidence)) for each in idle)
    total = sum(each.requested for each in idle)
    days = min(_days(each, evidence) for each in idle)
    certain = all(share_seen(each, evidence.days) == 1 for each in idle)
    return RULE.finding(
        known,
        summary=f"{plural(total, 'provisioned environment')} stood idle for {plural(days, 'day')}",
        facts=tuple(facts),
        next_step=" and ".join(commands),
        saving=_saving(idle, evidence),
        severity=RULE.severity if certain else Severity.MEDIUM,
        confidence=Confidence.HIGH if certain else Confidence.MEDIUM,
    )


def _delete(function: ScannedFunction, provisioned: Provisioned) -> str:
    return function_command(function, "delete-provisioned-concurrency-config", "--qualifier", provisioned.qualifier)


def _saving(idle: tuple[Provisioned, ...], evidence: PlaceEvidence) -> MonthlySaving | None:
    amount = low = 0.0
    for each in idle:
        prices = ProvisioningPrices.of(evidence.prices, each.architecture)
        if prices is None:
            return None
        cost = prices.idle_cost(each.requested, each.memory_mb)
        amount, low = amount + cost, low + cost * share_seen(each, evidence.days)
    return MonthlySaving(expected=amount, low=low, high=amount)


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
it was idle.
What was configured within the window is judged from then on, if that is at least
{plural(LEAST_OBSERVED_DAYS, "day")}.

Provisioned concurrency is charged for as long as it is configured. The saving is the number of environments, times
their memory, times the price of a GB-second of provisioned concurrency, for 30 days. If it was configured or changed
within the window, a schedule may do that again and again. Then the low end is what it would cost if it were only
there for the share of the window in which it was seen, and the severity is medium.

If you expected it to be used, check which alias or version clients invoke. Only those that name the one with
provisioned concurrency get its environments.
""",
)
