"""Functions that do not have the memory size or the architecture that an earlier run recommended."""

from collections.abc import Iterator

from powertune.model import Configuration
from powertune.scan.commands import apply_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence, ScannedFunction, Tuned
from powertune.scan.expectation import SIZES_MB, ExpectedCost, cheapest, expect
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import confidence_of, expected_fact, provisioned_facts, saving_of, severity_of
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import has_other_code
from powertune.units import plural

_DAY_S = 86_400


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        function, tuned = known.function, known.tuned
        if tuned is None or function.compute is not Compute.ON_DEMAND or has_other_code(known):
            continue
        if tuned.recommended not in (None, function.current):
            yield _finding(known, tuned, tuned.recommended, evidence)


def _finding(known: FunctionEvidence, tuned: Tuned, wanted: Configuration, evidence: PlaceEvidence) -> Finding:
    function = known.function
    days = plural(round((evidence.now - tuned.measured_at) / _DAY_S), "day")
    text = f"run {tuned.run_id} measured it {days} ago, and recommended {wanted}"
    facts = [Fact(source=EvidenceSource.RESULTS_FILE, text=text)]
    expected = _expected(known, wanted, evidence)
    if expected is not None:
        facts += [expected_fact(expected), *provisioned_facts(known)]
    saving = saving_of(known, expected)
    return RULE.finding(
        known,
        summary=f"it has {function.current}, and a run has recommended {wanted}",
        facts=tuple(facts),
        next_step=_next_step(function, tuned, wanted),
        saving=saving,
        confidence=Confidence.HIGH if saving is None else confidence_of(saving),
        severity=Severity.LOW if saving is None else severity_of(saving, RULE.severity),
    )


def _next_step(function: ScannedFunction, tuned: Tuned, wanted: Configuration) -> str:
    if wanted.architecture is not function.architecture:
        return f"deploy code that was built for {wanted.architecture}, with {wanted.memory_mb:,} MB"
    return apply_command(function, tuned.file)


def _expected(known: FunctionEvidence, wanted: Configuration, evidence: PlaceEvidence) -> ExpectedCost | None:
    """What the recommended configuration is expected to cost, if it is expected to be cheaper."""
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
    id="recommendation-unapplied",
    title="A recommended size was not applied",
    severity=Severity.MEDIUM,
    needs=(Need.USAGE, Need.RESULTS),
    check=_check,
    page="""
Reports a function if an earlier run of powertune has recommended another memory size or architecture than it has now.
Only the newest run of a function counts. If its code is not the code that was measured, `drift` reports it instead.

The saving is what the duration model, which knows what the run measured, expects of the recommended configuration. If
it is not expected to cost less, for example because the run looked for speed, there is no saving, and the severity is
low. If the saving is less than 1 USD a month, the severity is info. Only duration and ephemeral storage on demand are
counted.

The next step is the command that gives $LATEST the recommended size, or moves the alias that was measured. It changes
nothing if the function was deployed since the run. Other aliases stay as they are unless you add `--alias`. Another
architecture takes code that runs on it. If you have decided otherwise, suppress the finding and give the reason.
""",
)
