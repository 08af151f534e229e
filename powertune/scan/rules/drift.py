"""Functions that were tuned, and are not what they were."""

from collections.abc import Iterator

from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence, Tuned
from powertune.scan.expectation import SIZES_MB, ExpectedCost, cheapest, expect
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import confidence_of, expected_fact, saving_of
from powertune.scan.rule import Need, ScanRule
from powertune.units import format_ms, format_ratio

#: By how much the median duration has risen before it counts.
_RISEN = 1.3
_DAY_S = 86_400


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        if known.tuned is not None and known.function.compute is Compute.ON_DEMAND:
            slower, others = _slower(known, known.tuned), _others(known, known.tuned)
            if slower or others:
                yield _finding(known, known.tuned, slower, others, evidence)


def _slower(known: FunctionEvidence, tuned: Tuned) -> tuple[Fact, ...]:
    recent_ms = None if known.usage is None else known.usage.recent_p50_ms
    # At another size it may well be slower, and be so because somebody followed the recommendation.
    measured_ms = dict(tuned.p50s_ms).get(known.function.current)
    if recent_ms is None or not measured_ms or recent_ms < _RISEN * measured_ms:
        return ()
    ratio = format_ratio(recent_ms / measured_ms)
    text = f"its median of {format_ms(recent_ms)} is {ratio} what was measured at {known.function.current}"
    return (Fact(source=EvidenceSource.METRICS, text=text),)


def _others(known: FunctionEvidence, tuned: Tuned) -> tuple[Fact, ...]:
    texts = []
    function = known.function
    if function.code_sha256 and tuned.code_sha256 and function.code_sha256 != tuned.code_sha256:
        texts.append("its code is not the one that was measured")
    if tuned.recommended not in (None, function.current):
        texts.append(f"it has {function.current}, and {tuned.recommended} was recommended")
    return tuple(Fact(source=EvidenceSource.CONFIGURATION, text=text) for text in texts)


def _finding(
    known: FunctionEvidence,
    tuned: Tuned,
    slower: tuple[Fact, ...],
    others: tuple[Fact, ...],
    evidence: PlaceEvidence,
) -> Finding:
    days = (evidence.now - tuned.measured_at) / _DAY_S
    measured = Fact(source=EvidenceSource.RESULTS_FILE, text=f"run {tuned.run_id} measured it {days:.0f} days ago")
    expected = _recommended(known, tuned, evidence)
    saving = saving_of(known, expected)
    command = run_command(known.function)
    return RULE.finding(
        known,
        summary=f"since it was tuned, {' and '.join(fact.text for fact in (*slower, *others))}",
        facts=(measured, *slower, *others, *(() if expected is None else (expected_fact(expected),))),
        next_step=f"run `{command}` again, and compare both results files with `powertune compare`",
        saving=saving,
        confidence=Confidence.HIGH if saving is None else confidence_of(saving),
        severity=Severity.MEDIUM if slower else None,
    )


def _recommended(known: FunctionEvidence, tuned: Tuned, evidence: PlaceEvidence) -> ExpectedCost | None:
    """What the recommended size is expected to cost, if it is another one, and expected to be cheaper."""
    wanted = tuned.recommended
    if wanted is None or wanted == known.function.current:
        return None
    size = wanted.memory_mb
    expected = expect(
        known,
        evidence.prices,
        least_mb=size,
        most_mb=size,
        architectures=(wanted.architecture,),
        # Of a usual size, all rules say the same.
        sizes_mb=SIZES_MB if size in SIZES_MB else (size,),
    )
    best = cheapest(expected)
    return best if best is not None and best.ratio < 1 else None


RULE = ScanRule(
    id="drift",
    title="The function has changed since it was tuned",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.RESULTS),
    check=_check,
    page=f"""
Reports a function that an earlier run of powertune measured, if at least one of these is true:

- Its median duration on the last two days with invocations is at least {_RISEN:g} times what the run measured at the
  memory size and architecture that the function has now. The severity is then medium.
- Its code is not the code that was measured.
- Its memory size or architecture is not the one that the run recommended.

There is a saving only in the last case, and only if the duration model, which knows what the run measured, expects
the recommended configuration to cost less than the current one.
""",
)
