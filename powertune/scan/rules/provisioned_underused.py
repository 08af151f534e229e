"""Provisioned concurrency that is used too little to pay for itself."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, Provisioned
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import LEAST_OBSERVED_DAYS, ProvisioningPrices, is_idle, long_enough, share_seen
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural


@dataclass(frozen=True, slots=True, kw_only=True)
class _Underused:
    """Provisioned concurrency below its break-even, and what would be saved by removing or by reducing it.

    `low` is the least that one of them would save.
    """

    provisioned: Provisioned
    break_even: float
    removed: float
    reduced: float
    low: float


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        found = tuple(underused for each in known.provisioned or () if (underused := _underused(each, evidence)))
        if found:
            yield _finding(known, found)


def _underused(each: Provisioned, evidence: PlaceEvidence) -> _Underused | None:
    prices = ProvisioningPrices.of(evidence.prices, each.architecture)
    if is_idle(each) or prices is None or not long_enough(each) or each.utilization >= prices.break_even:
        return None
    peak = min(1.0, max(each.utilization, each.peak_utilization))
    # The utilization is a quotient: times the number it may be a little more than what was in use.
    needed = math.ceil(each.requested * peak - 1e-6)
    removed = -prices.saving(each.requested, each.memory_mb, each.utilization)
    reduced = prices.idle_cost(each.requested - needed, each.memory_mb)
    low = min(removed, reduced) * share_seen(each, evidence.days)
    if each.resized:
        # There were at least as many as were in use, and these may have been used all the time.
        low = min(low, -prices.saving(each.requested * each.utilization, each.memory_mb, 1.0))
    return _Underused(provisioned=each, break_even=prices.break_even, removed=removed, reduced=reduced, low=low)


def _finding(known: FunctionEvidence, found: tuple[_Underused, ...]) -> Finding:
    facts = []
    for each in found:
        its = each.provisioned
        text = (
            f"{its.requested:,} provisioned for {its.qualifier}, of which {format_share(its.utilization)} were in "
            f"use on average, and {format_share(its.peak_utilization)} at most"
        )
        facts.append(Fact(source=EvidenceSource.METRICS, text=text))
        if its.resized:
            text = f"the number for {its.qualifier} has changed meanwhile, and what it was before is not known"
            facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=text))
    worst = min(found, key=lambda each: each.provisioned.utilization)
    removed, reduced = sum(each.removed for each in found), sum(each.reduced for each in found)
    low = sum(each.low for each in found)
    resized = any(each.provisioned.resized for each in found)
    use = format_share(worst.provisioned.utilization)
    return RULE.finding(
        known,
        summary=f"{use} of its provisioned concurrency is in use; it pays for itself from "
        f"{format_share(worst.break_even)}",
        facts=tuple(facts),
        next_step="reduce it to what is used at most, schedule it with Application Auto Scaling, or remove it",
        saving=MonthlySaving(expected=removed, low=low, high=max(removed, reduced)),
        confidence=Confidence.LOW if resized else Confidence.MEDIUM,
    )


RULE = ScanRule(
    id="provisioned-underused",
    title="Provisioned concurrency does not pay for itself",
    severity=Severity.MEDIUM,
    part=CostPart.PROVISIONED,
    needs=(Need.USAGE, Need.PROVISIONED),
    check=_check,
    page=f"""
Reports provisioned concurrency that is used less than its break-even. Its utilization is the time that invocations on
it took, divided by the time that its environments were kept. Each is taken to take as long as the invocations of the
function do on average. Lambda's metric of the utilization only says how much was in use at most: it has no values of
the minutes without invocations, so its average is far too high where there are few.

Invocations on provisioned concurrency have a
lower price per GB-second than those on demand. The break-even is the utilization at which this makes up for the price
of keeping the environments: the price of provisioned concurrency, divided by the difference between the two prices of
duration. It is computed from the prices of the region, and is about 60 % in most. Without prices, nothing is
reported. What was configured within the window is judged from then on, if that is at least
{plural(LEAST_OBSERVED_DAYS, "day")}.

The expected saving is what you would save by running everything on demand. The other end of the range is what you
would save by keeping only as many environments as were in use at the same time.

If it was configured within the window, a schedule may do that again and again: the low end is only the share of the
window in which it was there. If its number has changed within the window, what it was before is not known. Then the
number of now is taken for all of it, the low end is what would be saved if there had been no more than were in use,
which is negative, and the confidence is low.

On demand, invocations start cold, and their INIT is charged, which is not taken into account here. If you have
provisioned concurrency because cold starts are too slow, reduce it, or schedule it for the hours that need it.
""",
)
