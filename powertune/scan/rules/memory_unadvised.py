"""Functions above the size at which Compute Optimizer is silent, and which cost enough to measure."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, MonthlyCost, PlaceEvidence
from powertune.scan.expectation import SIZES_MB, ExpectedCost, cheapest, expect
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import (
    confidence_of,
    expected_fact,
    least_mb,
    memory_facts,
    saving_of,
    smaller_and_cheaper,
)
from powertune.scan.rule import Need, ScanRule
from powertune.units import MB_PER_VCPU, format_usd

#: Compute Optimizer gives no advice above this size, and a function below this cost per month is not worth measuring.
_SILENT_MB, _LEAST_MONEY = 1_792, 1.0


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    currency = "USD" if evidence.prices is None else evidence.prices.currency
    for known in evidence.functions:
        function, cost = known.function, known.cost
        large = function.memory_mb > _SILENT_MB and function.compute is Compute.ON_DEMAND
        advised = known.memory is not None and known.memory.optimizer_mb is not None
        if not large or advised or cost is None or cost.on_demand < _LEAST_MONEY:
            continue
        # Where memory is known to be unused, another rule says so, and counts the money.
        if smaller_and_cheaper(known, evidence.prices) is None:
            yield _finding(known, cost, _cheaper(known, evidence), currency)


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
        *(() if best is None else (expected_fact(best),)),
    ]
    saving = saving_of(known, best)
    least = MB_PER_VCPU / 2 if memory is None else least_mb(memory)
    sizes = {function.memory_mb, MB_PER_VCPU, *([] if best is None else [best.configuration.memory_mb])}
    sizes |= {size for size in (1024, 3008) if size < function.memory_mb}
    return RULE.finding(
        known,
        summary=f"Compute Optimizer gives no advice on {function.memory_mb:,} MB, and nobody has measured less",
        facts=tuple(facts),
        next_step=run_command(function, tuple(size for size in sizes if least <= size <= SIZES_MB[-1])),
        saving=saving,
        confidence=Confidence.LOW if saving is None else confidence_of(saving),
    )


RULE = ScanRule(
    id="memory-unadvised",
    title="Nobody advises on the size of the function",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.MEMORY),
    check=_check,
    page=f"""
Reports a function of more than {_SILENT_MB:,} MB whose invocations on demand cost at least 1 USD per month. AWS
Compute Optimizer recommends nothing above this size, so a mistake here is not found by it, and is expensive.

From {MB_PER_VCPU:,} MB on, more memory brings a second vCPU and then more, which a single thread does not use. A
function that needs the memory is right at its size; one that was enlarged for speed may be no faster than at
{MB_PER_VCPU:,} MB.

A saving is only stated if it is known how much memory the function uses, and if the duration model expects a cheaper
size that holds it. A function that is known to use little of its memory is reported by `memory-oversized` instead.
""",
)
