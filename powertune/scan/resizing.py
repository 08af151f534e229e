"""What the rules about memory and architecture share: facts, savings, and the sizes to measure."""

import math

from powertune.region_prices import RegionPrices
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, MemoryUse, ScannedFunction
from powertune.scan.expectation import HEADROOM, SIZES_MB, ExpectedCost, cheapest, expect
from powertune.scan.finding import Confidence, Fact, MonthlySaving, Severity
from powertune.units import format_share, plural

#: A size is oversized if no more than this share of it was ever used.
OVERSIZED_SHARE = 0.6
#: The least share of its cost by which another size has to be expected to be cheaper, and the least money per month
#: for which a finding is more than information.
_LEAST_SHARE, _LEAST_MONEY = 0.05, 1.0
#: Less money per month than this is nothing.
_NOTHING = 0.01


def sizes_around(current_mb: int, wanted_mb: int, least_mb: float) -> tuple[int, ...]:
    """The sizes to measure: the wanted one, those beside it that are at least `least_mb`, and the current one."""
    position = SIZES_MB.index(wanted_mb)
    beside = SIZES_MB[max(0, position - 1) : position + 2]
    return tuple(sorted({current_mb, *(size for size in beside if size >= least_mb)}))


def least_mb(memory: MemoryUse) -> int:
    """The smallest size that holds what was used, with headroom."""
    return math.ceil(memory.max_used_mb * HEADROOM)


def smaller_and_cheaper(known: FunctionEvidence, prices: RegionPrices | None) -> ExpectedCost | None:
    """The cheapest size that holds a function which uses little of its memory; None if none is worth measuring.

    None as well without evidence of memory: duration says nothing about it.
    """
    function, memory = known.function, known.memory
    # What used all of a smaller size than the current one may use more of this one.
    if memory is None or memory.max_used_mb > OVERSIZED_SHARE * min(function.memory_mb, memory.at_mb):
        return None
    expected = expect(known, prices, least_mb=least_mb(memory), most_mb=function.memory_mb - 1)
    best = cheapest(expected)
    return best if best is not None and best.ratio <= 1 - _LEAST_SHARE else None


def saving_of(known: FunctionEvidence, expected: ExpectedCost | None) -> MonthlySaving | None:
    """What going there would save; None if that or the current cost is not known."""
    return None if known.cost is None or expected is None else expected.saving(known.cost)


def confidence_of(saving: MonthlySaving | None) -> Confidence:
    """Low if it may cost more instead, or if nothing is known."""
    return Confidence.MEDIUM if saving is not None and saving.low >= 0 else Confidence.LOW


def is_something(saving: MonthlySaving | None) -> bool:
    """Whether there is money to save, or it is not known how much."""
    return saving is None or saving.expected >= _NOTHING


def severity_of(saving: MonthlySaving | None, usual: Severity) -> Severity:
    """The usual one, unless hardly any money is at stake."""
    return Severity.INFO if saving is not None and saving.expected < _LEAST_MONEY else usual


def memory_facts(function: ScannedFunction, memory: MemoryUse) -> tuple[Fact, ...]:
    """What is known of the memory that was used, and what Compute Optimizer recommends."""
    of = f"of {function.memory_mb:,} MB ({format_share(memory.max_used_mb / function.memory_mb)})"
    seen = "" if memory.samples is None else f" in {plural(memory.samples, 'invocation')}"
    at = "" if memory.at_mb == function.memory_mb else f", seen at {memory.at_mb:,} MB"
    facts = [Fact(source=memory.source, text=f"used at most {memory.max_used_mb:,.0f} MB {of}{seen}{at}")]
    if memory.optimizer_mb is not None or memory.optimizer_finding:
        says = [f"its finding is {memory.optimizer_finding}"] if memory.optimizer_finding else []
        says += [] if memory.optimizer_mb is None else [f"recommends {memory.optimizer_mb:,} MB"]
        facts.append(Fact(source=EvidenceSource.COMPUTE_OPTIMIZER, text=", and it ".join(says)))
    return tuple(facts)


def provisioned_facts(known: FunctionEvidence) -> tuple[Fact, ...]:
    """That a saving is without provisioned concurrency, where there is some."""
    if not known.provisioned:
        return ()
    text = "it has provisioned concurrency, which is not in the saving"
    return (Fact(source=EvidenceSource.CONFIGURATION, text=text),)


def expected_fact(expected: ExpectedCost) -> Fact:
    """What another configuration is expected to cost."""
    span = f"from {format_share(expected.low)} to {format_share(expected.high)}"
    text = f"duration at {expected.configuration} would cost {format_share(expected.ratio)} of now, {span}"
    return Fact(source=EvidenceSource.MODEL, text=text)
