"""Functions that run the same code, but differently."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from powertune.scan.commands import run_command
from powertune.scan.evidence import EvidenceSource, FunctionEvidence, PlaceEvidence
from powertune.scan.finding import Fact, Finding, Severity
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_ms, format_share, plural

#: Means that differ by less may differ by what they are given to do, or by chance.
_FACTOR = 1.3
_LEAST_INVOCATIONS = 100
#: A finding about hundreds of functions need not list them.
_LISTED = 10


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    groups: dict[tuple[str, str, str], list[FunctionEvidence]] = defaultdict(list)
    for known in evidence.functions:
        function = known.function
        if function.code_sha256:
            groups[function.code_sha256, function.handler, function.runtime].append(known)
    for group in groups.values():
        twins = sorted(group, key=lambda known: known.function.arn)
        reason = _difference(twins)
        if reason:
            yield _finding(twins, reason)


def _difference(twins: Sequence[FunctionEvidence]) -> str:
    """What is different about functions with the same code; empty if nothing is."""
    if len({(each.function.current, each.function.timeout_s) for each in twins}) > 1:
        return "are configured differently"
    means = [
        each.usage.mean_ms
        for each in twins
        if each.usage is not None and each.usage.mean_ms and each.usage.invocations >= _LEAST_INVOCATIONS
    ]
    return "take different times" if means and max(means) > _FACTOR * min(means) else ""


def _finding(twins: Sequence[FunctionEvidence], reason: str) -> Finding:
    facts = [Fact(source=EvidenceSource.CONFIGURATION, text=_described(each)) for each in twins[:_LISTED]]
    if len(twins) > _LISTED:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text=f"and {len(twins) - _LISTED} more"))
    if not twins[0].function.handler:
        facts.append(Fact(source=EvidenceSource.CONFIGURATION, text="their handlers are not known, and may differ"))
    return RULE.finding(
        twins[0],
        summary=f"{plural(len(twins), 'function')} have the same code, but {reason}",
        facts=tuple(facts),
        next_step=_next_step(twins),
    )


def _next_step(twins: Sequence[FunctionEvidence]) -> str:
    runs = ", ".join(f"`{run_command(each.function, save=f'{each.name}.json')}`" for each in twins[:2])
    return f"{runs}, then `powertune compare {twins[0].name}.json {twins[1].name}.json`"


def _described(known: FunctionEvidence) -> str:
    function, usage = known.function, known.usage
    text = f"{known.name}: {function.memory_mb:,} MB, {function.architecture}, timeout {function.timeout_s:,} s"
    if usage is None or usage.mean_ms is None:
        return text
    return f"{text}, {format_ms(usage.mean_ms)} on average in {plural(usage.invocations, 'invocation')}"


RULE = ScanRule(
    id="twins",
    title="Functions with the same code differ",
    severity=Severity.INFO,
    needs=(Need.USAGE,),
    check=_check,
    page=f"""
Reports functions of one account in one region that have the same code (by its hash), the same handler and the same
runtime, but different memory sizes, architectures or timeouts. If these do not differ either, it reports functions
whose mean durations differ by more than {format_share(_FACTOR - 1)}. Only functions with at least
{_LEAST_INVOCATIONS} invocations are compared in this way. There is one finding for all functions with the same code.
It is about the first of them, and lists the others.

What is right for one of them is probably right for the others, unless they get different events, or their environment
variables make them do different work. The handlers of container images are not known, and may differ.

There is no saving, because it is not known which of them is right. Tune two of them, and compare the results.
""",
)
