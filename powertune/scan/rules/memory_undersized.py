"""Functions that use nearly all of their memory, or ran out of it."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.expectation import SIZES_MB
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import least_mb, memory_facts
from powertune.scan.rule import Need, ScanRule
from powertune.units import plural

#: More than this share of the memory is nearly all of it.
_NEARLY_ALL = 0.95
#: How many sizes to measure.
_SIZES = 3


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        memory, function = known.memory, known.function
        killed = 0 if known.reports is None else known.reports.out_of_memory
        full = memory is not None and memory.max_used_mb > _NEARLY_ALL * function.memory_mb
        if (killed or full) and function.compute is not Compute.MANAGED_INSTANCES:
            yield _finding(known, killed)


def _finding(known: FunctionEvidence, killed: int) -> Finding:
    function, memory = known.function, known.memory
    facts = [] if memory is None else [*memory_facts(function, memory)]
    summary = "" if memory is None else f"it uses {memory.max_used_mb:,.0f} of {function.memory_mb:,} MB"
    if killed and known.reports is not None:
        text = f"{plural(killed, 'invocation')} ran out of memory in {known.reports.days:g} days"
        facts.insert(0, Fact(source=EvidenceSource.LOGS_INSIGHTS, text=text))
        summary = f"{plural(killed, 'invocation')} ran out of its {function.memory_mb:,} MB"
    least = function.memory_mb + 1 if memory is None else max(least_mb(memory), function.memory_mb + 1)
    larger = [size for size in SIZES_MB if size >= least][:_SIZES] or [SIZES_MB[-1]]
    more = larger[-1] > function.memory_mb
    return RULE.finding(
        known,
        summary=summary,
        facts=tuple(facts),
        next_step=run_command(function, larger)
        if more
        else f"reduce the memory that it needs: Lambda offers no more than {SIZES_MB[-1]:,} MB",
        severity=Severity.HIGH if killed else None,
        confidence=Confidence.HIGH,
    )


RULE = ScanRule(
    id="memory-undersized",
    title="The function has too little memory",
    severity=Severity.MEDIUM,
    needs=(Need.MEMORY, Need.REPORTS),
    check=_check,
    page=f"""
Reports a function that was seen using more than {_NEARLY_ALL:.0%} of its memory, and one with invocations that Lambda
ended because they ran out of memory, which has a severity of high.

An invocation that runs out of memory fails, is billed, and may be repeated. One that comes close to it may spend its
time on garbage collection. A larger size costs more per millisecond and often takes fewer of them, so no amount of
money is stated: the next step measures the sizes above.
""",
)
