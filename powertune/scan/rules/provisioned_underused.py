"""Provisioned concurrency that is used too little to pay for itself."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, Provisioned
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import LEAST_OBSERVED_DAYS, ProvisioningPrices, long_enough
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class _Underused:
    """Provisioned concurrency below its break-even, and what would be saved by removing or by reducing it."""

    provisioned: Provisioned
    break_even: float
    removed: float
    reduced: float


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        found = tuple(
            underused
            for each in known.provisioned or ()
            if (underused := _underused(each, ProvisioningPrices.of(evidence.prices, each.architecture)))
        )
        if found:
            yield _finding(known, found)


def _underused(each: Provisioned, prices: ProvisioningPrices | None) -> _Underused | None:
    idle = each.utilization == 0 and not each.invocations
    if idle or prices is None or not long_enough(each) or each.utilization >= prices.break_even:
        return None
    peak = min(1.0, max(each.utilization, each.peak_utilization))
    # The utilization is a quotient: times the number it may be a little more than what was in use.
    needed = math.ceil(each.requested * peak - 1e-6)
    return _Underused(
        provisioned=each,
        break_even=prices.break_even,
        removed=-prices.saving(each.requested, each.memory_mb, each.utilization),
        reduced=prices.idle_cost(each.requested - needed, each.memory_mb),
    )


def _finding(known: FunctionEvidence, found: tuple[_Underused, ...]) -> Finding:
    facts = []
    for each in found:
        its = each.provisioned
        text = (
            f"{its.requested:,} provisioned for {its.qualifier}, of which {format_share(its.utilization)} were in "
            f"use on average, and {format_share(its.peak_utilization)} at most"
        )
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
    worst = min(found, key=lambda each: each.provisioned.utilization)
    removed, reduced = sum(each.removed for each in found), sum(each.reduced for each in found)
    use = format_share(worst.provisioned.utilization)
    return RULE.finding(
        known,
        summary=f"{use} of its provisioned concurrency is in use; it pays for itself from "
        f"{format_share(worst.break_even)}",
        facts=tuple(facts),
        next_step="reduce it to what is used at most, schedule it with Application Auto Scaling, or remove it",
        saving=MonthlySaving(expected=removed, low=min(removed, reduced), high=max(removed, reduced)),
        confidence=Confidence.MEDIUM,
    )


RULE = ScanRule(
    id="provisioned-underused",
    title="Provisioned concurrency does not pay for itself",
    severity=Severity.MEDIUM,
    part=CostPart.PROVISIONED,
    needs=(Need.PROVISIONED,),
    check=_check,
    page=f"""
Reports provisioned concurrency that is used less than its break-even. Invocations on provisioned concurrency have a
lower price per GB-second than those on demand. The break-even is the utilization at which this makes up for the price
of keeping the environments: the price of provisioned concurrency, divided by the difference between the two prices of
duration. It is computed from the prices of the region, and is about 60 % in most. Without prices, nothing is
reported. What was configured within the window is judged from then on, if that is at least
{plural(LEAST_OBSERVED_DAYS, "day")}.

The expected saving is what you would save by running everything on demand. The other end of the range is what you
would save by keeping only as many environments as were in use at the same time.

On demand, invocations start cold, and their INIT is charged, which is not taken into account here. If you have
provisioned concurrency because cold starts are too slow, reduce it, or schedule it for the hours that need it.
""",
)
