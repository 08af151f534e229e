"""Functions above the size at which Compute Optimizer is silent, and which cost enough to measure."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, MonthlyCost, PlaceEvidence
from powertune.scan.expectation import SIZES_MB, ExpectedCost, cheapest, expect
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import (
    confidence_of,
    expected_fact,
    is_something,
    least_mb,
    memory_facts,
    provisioned_facts,
    saving_of,
    smaller_and_cheaper,
)
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import settles_size
from powertune.units import MB_PER_VCPU, format_usd

#: Compute Optimizer gives no advice above this size, and a function below this cost per month is not worth measuring.
_SILENT_MB, _LEAST_MONEY = 1_792, 1.0


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    currency = "USD" if evidence.prices is None else evidence.prices.currency
    for known in evidence.functions:
        function, cost = known.function, known.cost
        large = function.memory_mb > _SILENT_MB and function.compute is Compute.ON_DEMAND
        advised = known.memory is not None and known.memory.optimizer_mb is not None
        if not large or advised or _measured(known) or cost is None or cost.on_demand < _LEAST_MONEY:
            continue
        if settles_size(known):
            continue
        # Where memory is known to be unused, another rule says so, and counts the money.
        if smaller_and_cheaper(known, evidence.prices) is None:
            best = _cheaper(known, evidence)
            if is_something(saving_of(known, best)):
                yield _finding(known, cost, best, currency)


def _measured(known: FunctionEvidence) -> bool:
    """Whether an earlier run compared the present size with a smaller one, which is what this rule asks for."""
    if known.tuned is None:
        return False
    function = known.function
    sizes = {each.memory_mb for each, _ in known.tuned.durations_ms if each.architecture is function.architecture}
    return function.memory_mb in sizes and min(sizes) < function.memory_mb


def _cheaper(known: FunctionEvidence, evidence: PlaceEvidence) -> ExpectedCost | None:
    if known.memory is None:
        return None
    best = cheapest(expect(known, evidence.prices, least_mb=least_mb(known.memory)))
    return best if best is not None and best.ratio < 1 else None


def _finding(known: FunctionEvidence, cost: MonthlyCost, best: ExpectedCost | None, currency: str) -> Finding:
    function, memory = known.function, known.memory
    facts = [
        Fact(
            source=EvidenceSource.CONFIGURATION,
            text=f"{function.memory_mb:,} MB, {function.memory_mb / MB_PER_VCPU:.1f} vCPUs: a single thread uses one",
        ),
        Fact(
            source=EvidenceSource.METRICS,
            text=f"its invocations on demand cost {format_usd(cost.on_demand, currency)} per month",
        ),
        *(() if memory is None else memory_facts(function, memory)),
        *(() if best is None else (expected_fact(best), *provisioned_facts(known))),
    ]
    saving = saving_of(known, best)
    least = MB_PER_VCPU / 2 if memory is None else least_mb(memory)
    sizes = {function.memory_mb, MB_PER_VCPU, *([] if best is None else [best.configuration.memory_mb])}
    sizes |= {size for size in (1024, 3008) if size < function.memory_mb}
    return RULE.finding(
        known,
        summary=f"Compute Optimizer gives no advice on {function.memory_mb:,} MB, "
        "and no run has tried a smaller size",
        facts=tuple(facts),
        next_step=run_command(function, tuple(size for size in sizes if least <= size <= SIZES_MB[-1])),
        saving=saving,
        confidence=Confidence.LOW if saving is None else confidence_of(saving),
    )


RULE = ScanRule(
    id="memory-unadvised",
    title="Compute Optimizer gives no advice on the memory size",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.MEMORY, Need.RESULTS),
    check=_check,
    page=f"""
Reports a function of more than {_SILENT_MB:,} MB whose invocations on demand cost at least 1 USD a month. AWS Compute
Optimizer recommends nothing above this size. So it does not find a mistake here, and such a mistake is expensive.

Above {MB_PER_VCPU:,} MB, a function gets a second vCPU, and then more. A single thread does not use them. If a
function needs the memory, its size is right. If it was enlarged for speed, it may be no faster than at
{MB_PER_VCPU:,} MB.

A function is left out if an earlier run measured it at its present size and at a smaller one. It is also left out if
an earlier run measured the present code at a smaller size, and recommended some size. If that is not its present
size, `recommendation-unapplied` reports it.

There is a saving only if it is known how much memory the function uses, and if the duration model expects a cheaper
size that holds it. If that saves less than a cent a month, there is no finding. A function that is known to use
little of its memory is reported by `memory-oversized` instead.
""",
)
