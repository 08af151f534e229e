"""Functions that are paid for waiting: long, always about as long, and hardly any CPU."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, FunctionUsage, PlaceEvidence
from powertune.scan.expectation import ExpectedCost, cpu_share, expect
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.resizing import (
    confidence_of,
    expected_fact,
    is_something,
    least_mb,
    memory_facts,
    provisioned_facts,
    saving_of,
    sizes_around,
)
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import settles_size
from powertune.units import MB_PER_VCPU, format_ms, format_share

#: What is long, what is flat (p95 / p50), and what is hardly any CPU, as a share of what the size gives.
_LONG_MS, _FLAT, _LOW_CPU = 1_000.0, 1.5, 0.1
#: An earlier run shows waiting if this many times the memory left at least this share of the duration.
_TIMES, _UNCHANGED = 2.0, 0.9


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        usage, function = known.usage, known.function
        if usage is None or function.compute is not Compute.ON_DEMAND or known.edge or not _long_and_flat(usage):
            continue
        waits = _waits(known)
        if waits is not None:
            yield _finding(known, usage, waits, _smallest(known, evidence))


def _long_and_flat(usage: FunctionUsage) -> bool:
    mean_ms, p50_ms, p95_ms = usage.mean_ms, usage.p50_ms, usage.p95_ms
    return bool(mean_ms and mean_ms > _LONG_MS and p50_ms and p95_ms is not None and p95_ms < _FLAT * p50_ms)


def _waits(known: FunctionEvidence) -> Fact | None:
    """What shows that it waits; None if nothing does."""
    share = cpu_share(known)
    if share is not None:
        text = f"uses {format_share(share)} of the CPU time that its size gives it"
        return Fact(source=EvidenceSource.LAMBDA_INSIGHTS, text=text) if share <= _LOW_CPU else None
    if known.tuned is None:
        return None
    # Above one vCPU, a single thread that computes does not get faster either.
    durations = sorted(
        (configuration.memory_mb, ms)
        for configuration, ms in known.tuned.durations_ms
        if configuration.memory_mb <= MB_PER_VCPU and configuration.architecture is known.function.architecture
    )
    if not durations:
        return None
    (least, slow), (most, fast) = durations[0], durations[-1]
    if most < _TIMES * least or fast < _UNCHANGED * slow:
        return None
    text = f"took {format_ms(slow)} at {least:,} MB and {format_ms(fast)} at {most:,} MB"
    return Fact(source=EvidenceSource.RESULTS_FILE, text=text)


def _smallest(known: FunctionEvidence, evidence: PlaceEvidence) -> ExpectedCost | None:
    """What the smallest size that holds its memory is expected to cost, if there is a smaller one."""
    if known.memory is None or settles_size(known):
        return None
    most = known.function.memory_mb - 1
    return next(iter(expect(known, evidence.prices, least_mb=least_mb(known.memory), most_mb=most)), None)


def _finding(known: FunctionEvidence, usage: FunctionUsage, waits: Fact, smallest: ExpectedCost | None) -> Finding:
    function, memory = known.function, known.memory
    if not is_something(saving_of(known, smallest)):
        smallest = None
    spread = f"p50 {format_ms(usage.p50_ms or 0)}, p95 {format_ms(usage.p95_ms or 0)}"
    facts = [Fact(source=EvidenceSource.METRICS, text=f"mean {format_ms(usage.mean_ms or 0)}, {spread}"), waits]
    facts += [] if memory is None else memory_facts(function, memory)
    remedy = "let Step Functions wait or call the service in its place (a Wait state, or a direct integration)"
    if memory is not None and smallest is not None:
        facts += [expected_fact(smallest), *provisioned_facts(known)]
        sizes = sizes_around(function.memory_mb, smallest.configuration.memory_mb, least_mb(memory))
        remedy += f", or measure smaller sizes: `{run_command(function, sizes)}`"
    saving = saving_of(known, smallest)
    return RULE.finding(
        known,
        summary=f"it waits for most of its {format_ms(usage.mean_ms or 0)}, and is paid for it",
        facts=tuple(facts),
        next_step=remedy,
        saving=saving,
        confidence=confidence_of(saving),
    )


RULE = ScanRule(
    id="waiting-function",
    title="The function mostly waits",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.MEMORY, Need.ENVIRONMENT, Need.RESULTS),
    check=_check,
    page=f"""
Reports a function that takes more than {_LONG_MS / 1000:g} s on average, takes about equally long each time (p95
below {_FLAT:g} times p50), and uses hardly any CPU: at most {format_share(_LOW_CPU)} of what its memory size
provides, according to Lambda Insights. If Lambda Insights does not know the function, an earlier run has to show that
it was no faster with at least {_TIMES:g} times the memory, up to one vCPU. Without either, there is no finding: a
long duration may just as well be work.

Such a function waits for something else, and you pay for each millisecond at its memory size. Step Functions waits
for free, calls most services without a function, and can be called back.

The saving is a lower bound: what the duration model expects of the smallest size that holds the memory which was
used. To state it, a scan has to know how much memory was used. No smaller size is proposed if an earlier run has
measured one, recommended some size, and the code is still the one that it measured, or if a smaller size would save
less than a cent a month. If `memory-oversized` reports the same function, both savings are about the same cost, and
only the larger one counts.
""",
)
