"""Provisioned concurrency that is used too little to pay for itself."""

import math
from collections.abc import Iterator

from powertune.scan.commands import function_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence, Provisioned, ScannedFunction
from powertune.scan.finding import Confidence, CostPart, Fact, Finding, MonthlySaving, Severity
from powertune.scan.provisioning import LEAST_OBSERVED_DAYS, ProvisioningPrices, is_idle, long_enough, share_seen
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_share, plural


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        for each in known.provisioned or ():
            prices = ProvisioningPrices.of(evidence.prices, each.architecture)
            if (
                prices is not None
                and long_enough(each)
                and not is_idle(each)
                and each.utilization < prices.break_even
            ):
                yield _finding(known, each, prices, share_seen(each, evidence.days))


def _finding(known: FunctionEvidence, each: Provisioned, prices: ProvisioningPrices, share: float) -> Finding:
    use = format_share(each.utilization)
    text = (
        f"{each.requested:,} provisioned for {each.qualifier}, of which {use} were in use on average, "
        f"and {format_share(each.peak_utilization)} at most"
    )
    facts = [Fact(source=EvidenceSource.METRICS, text=text)]
    if each.resized:
        text = f"the number for {each.qualifier} has changed meanwhile, and what it was before is not known"
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=text))
    return RULE.finding(
        known,
        summary=f"{use} of the provisioned concurrency of {each.qualifier} is in use; it pays for itself from "
        f"{format_share(prices.break_even)}",
        facts=tuple(facts),
        next_step=_next_step(known.function, each),
        saving=_saving(each, prices, share),
        confidence=Confidence.LOW if each.resized else Confidence.MEDIUM,
        qualifier=each.qualifier,
    )


def _needed(each: Provisioned) -> int:
    """How many environments were in use at the same time, at most."""
    peak = min(1.0, max(each.utilization, each.peak_utilization))
    # The utilization is a quotient: times the number it may be a little more than what was in use.
    return max(1, math.ceil(each.requested * peak - 1e-6))


def _next_step(function: ScannedFunction, each: Provisioned) -> str:
    delete = function_command(function, "delete-provisioned-concurrency-config", "--qualifier", each.qualifier)
    remove = f"remove it with `{delete}`"
    needed = _needed(each)
    if needed == each.requested:
        return f"schedule it with Application Auto Scaling, or {remove}"
    number = ("--provisioned-concurrent-executions", str(needed))
    put = function_command(function, "put-provisioned-concurrency-config", "--qualifier", each.qualifier, *number)
    return f"reduce it with `{put}`, schedule it with Application Auto Scaling, or {remove}"


def _saving(each: Provisioned, prices: ProvisioningPrices, share: float) -> MonthlySaving:
    """What the first advice saves, between what removing and reducing it save.

    `share` is that of the window in which it was there.
    """
    needed = _needed(each)
    removed = -prices.saving(each.requested, each.memory_mb, each.utilization)
    reduced = prices.idle_cost(each.requested - needed, each.memory_mb)
    low = min(removed, reduced) * share
    if each.resized:
        # There were at least as many as were in use, and these may have been used all the time.
        low = min(low, -prices.saving(each.requested * each.utilization, each.memory_mb, 1.0))
    expected = reduced if needed < each.requested else removed
    return MonthlySaving(expected=expected, low=low, high=max(removed, reduced))


RULE = ScanRule(
    id="provisioned-underused",
    title="Provisioned concurrency does not pay for itself",
    severity=Severity.MEDIUM,
    part=CostPart.PROVISIONED,
    needs=(Need.USAGE, Need.PROVISIONED),
    check=_check,
    page=f"""
Reports provisioned concurrency of an alias or a version that is used less than its break-even. Its utilization is the
time that invocations on it took, divided by the time that its environments were kept. Each invocation is taken to
last as long as those of the function do on average. Lambda's own metric of the utilization only says how much was in
use at most: it has no values of the minutes without invocations, so its average is far too high where there are few.

Invocations on provisioned concurrency have a lower price per GB-second than those on demand. The break-even is the
utilization at which this makes up for the price of keeping the environments: the price of provisioned concurrency,
divided by the difference between the two prices of duration. It is computed from the prices of the region, and is
about 60 % in most. Without prices, nothing is reported. What was configured within the window is judged from then on,
if that is at least {plural(LEAST_OBSERVED_DAYS, "day")}.

The first advice is to keep only as many environments as were in use at the same time, and the expected saving is what
that would save. The other end of the range is what you would save by running everything on demand. If all of them
were in use at the same time, there is nothing to reduce, and running everything on demand is what is expected.

If it was configured within the window, a schedule may do that again and again: the low end is only the share of the
window in which it was there. If its number has changed within the window, what it was before is not known. Then the
number of now is taken for all of it, the low end is what would be saved if there had been no more than were in use,
which is negative, and the confidence is low.

On demand, invocations start cold, and their INIT is charged, which is not taken into account here. If you have
provisioned concurrency because cold starts are too slow, reduce it, or schedule it for the hours that need it.
""",
)
