"""Functions with more memory than they use, if a smaller size is expected to cost less."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, MemoryUse, PlaceEvidence
from powertune.scan.expectation import HEADROOM, ExpectedCost, cpu_share
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.resizing import (
    OVERSIZED_SHARE,
    confidence_of,
    expected_fact,
    is_something,
    least_mb,
    memory_facts,
    provisioned_facts,
    saving_of,
    severity_of,
    sizes_around,
    smaller_and_cheaper,
)
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import settles_size
from powertune.units import format_share


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        if known.memory is not None and known.function.compute is Compute.ON_DEMAND and not known.edge:
            # What was measured and recommended is not guessed again.
            best = None if settles_size(known) else smaller_and_cheaper(known, evidence.prices)
            if best is not None and is_something(saving_of(known, best)):
                yield _finding(known, known.memory, best)


def _finding(known: FunctionEvidence, memory: MemoryUse, best: ExpectedCost) -> Finding:
    function, saving = known.function, saving_of(known, best)
    facts = [*memory_facts(function, memory), expected_fact(best), *provisioned_facts(known)]
    if (share := cpu_share(known)) is not None:
        text = f"uses {format_share(share)} of the CPU time that its size gives it"
        facts.append(Fact(source=EvidenceSource.LAMBDA_INSIGHTS, text=text))
    wanted = best.configuration.memory_mb
    return RULE.finding(
        known,
        summary=f"it uses {memory.max_used_mb:,.0f} of {function.memory_mb:,} MB, and {wanted:,} MB may be cheaper",
        facts=tuple(facts),
        next_step=run_command(function, sizes_around(function.memory_mb, wanted, least_mb(memory))),
        saving=saving,
        confidence=confidence_of(saving),
        severity=severity_of(saving, RULE.severity),
    )


RULE = ScanRule(
    id="memory-oversized",
    title="The function has more memory than it uses",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE, Need.MEMORY, Need.ENVIRONMENT, Need.RESULTS),
    check=_check,
    page=f"""
Reports a function that was never seen using more than {format_share(OVERSIZED_SHARE)} of its memory, if a smaller
size is expected to cost at least 5 % less. The smaller size has to hold what was used, with
{format_share(HEADROOM - 1)} of headroom. How much memory was used has to be known from Compute Optimizer, Lambda
Insights or the logs. A short duration says nothing about it.

Less memory also means less CPU. A function that computes takes longer at a smaller size, and may cost more there. So
the saving is what the duration model expects, with a 95 % range. The model knows the mean duration at the current
size and, if they are available, the CPU time from Lambda Insights and the durations of an earlier run. Without these
two, most functions are expected to be cheaper at a smaller size, but the range contains higher costs. The confidence
is low then. Only duration and ephemeral storage on demand are counted: what a smaller size saves of
provisioned concurrency is not in the saving. If the saving is less than 1 USD a month, the severity is info. If it is
less than a cent, there is no finding.

There is no finding if an earlier run has measured a smaller size than the present one, recommended some size, and the
code is still the one that it measured. If that size was not applied, `recommendation-unapplied` reports it.

Measure before you change the size: the next step is the run that does it.
""",
)
