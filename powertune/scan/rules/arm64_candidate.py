"""Functions on x86_64 whose runtime exists on arm64, where the same duration costs less."""

from collections.abc import Iterator

from powertune.model import Architecture
from powertune.scan.commands import run_command
from powertune.scan.evidence import Compute, EvidenceSource, FunctionEvidence, PlaceEvidence, ScannedFunction
from powertune.scan.expectation import ExpectedCost, expect_other_architecture
from powertune.scan.finding import Confidence, Fact, Finding, Severity
from powertune.scan.resizing import confidence_of, is_something, provisioned_facts, saving_of, severity_of
from powertune.scan.rule import Need, ScanRule
from powertune.scan.tuning import settles_architecture
from powertune.units import format_share, plural

#: Runtimes on the first Amazon Linux, and two that were never offered on arm64; all others are (Lambda Developer
#: Guide, "Lambda runtimes"; AWS Toolkit for JetBrains, "Lambda runtimes", for those that are deprecated).
_X86_ONLY = frozenset(
    {
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x"),
        *("python2.7", "python3.6", "python3.7", "ruby2.5", "java8", "go1.x", "provided"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1"),
    }
)
_IMAGE = "Image"


def _check(evidence: PlaceEvidence) -> Iterator[Finding]:
    for known in evidence.functions:
        function, usage = known.function, known.usage
        movable = function.package_type == _IMAGE or (function.runtime and function.runtime not in _X86_ONLY)
        candidate = function.architecture is Architecture.X86_64 and function.compute is Compute.ON_DEMAND and movable
        # What was measured and recommended is not guessed again.
        candidate = candidate and not known.edge and not settles_architecture(known)
        if candidate and usage is not None and usage.invocations:
            expected = expect_other_architecture(known, evidence.prices)
            if (expected is None or expected.ratio < 1) and is_something(saving_of(known, expected)):
                yield _finding(known, expected)


def _finding(known: FunctionEvidence, expected: ExpectedCost | None) -> Finding:
    function, saving = known.function, saving_of(known, expected)
    facts = [*_package_facts(function)]
    if expected is not None:
        span = f"from {format_share(expected.low)} to {format_share(expected.high)}, as durations differ"
        text = f"duration on arm64 would cost {format_share(expected.ratio)} of now, {span}"
        facts.append(Fact(source=EvidenceSource.MODEL, text=text))
    facts += provisioned_facts(known)
    image = function.package_type == _IMAGE
    command = run_command(function, (function.memory_mb,), both=True)
    certain = not (image or function.layers or function.runtime.startswith("provided"))
    return RULE.finding(
        known,
        summary="it runs on x86_64, and the same duration costs less on arm64",
        facts=tuple(facts),
        next_step=f"build its image for arm64, then `{command} --image-uri-arm64 URI`" if image else command,
        saving=saving,
        confidence=confidence_of(saving) if certain else Confidence.LOW,
        severity=severity_of(saving, RULE.severity),
    )


def _package_facts(function: ScannedFunction) -> Iterator[Fact]:
    if function.package_type == _IMAGE:
        texts = ["its image was not looked at: it has to be built for arm64"]
    elif function.runtime.startswith("provided"):
        texts = [f"the runtime {function.runtime} exists on arm64; its code has to be built for arm64"]
    else:
        texts = [f"the runtime {function.runtime} exists on arm64; whether its package has native code is not known"]
    if function.layers:
        texts.append(f"whether its {plural(len(function.layers), 'layer')} can be used on arm64 is not known")
    for text in texts:
        yield Fact(source=EvidenceSource.CONFIGURATION, text=text)


RULE = ScanRule(
    id="arm64-candidate",
    title="The function could run on arm64",
    severity=Severity.LOW,
    needs=(Need.USAGE, Need.RESULTS),
    check=_check,
    page="""
Reports a function on x86_64 that is invoked and whose managed runtime also exists on arm64. A GB-second costs about
20 % less there.

The saving is the difference between the prices of the region, at the same duration. Only duration and ephemeral
storage on demand are counted, and what provisioned concurrency would cost less is not in the saving. If the saving is
less than a cent a month, there is no finding.

Durations differ: in published measurements, the same code was faster on one architecture or on the other, by tens of
percent. The range is that of the duration model, in which each architecture has a factor of its own, whose logarithm
has a standard deviation of 0.25. If an earlier run measured both architectures, the saving is based on that run. If
that run recommended one of them, and the code is still the one that it measured, there is no finding.

Native code in packages, layers, compiled programs and images has to be built for arm64. A scan reads none of them, so
the confidence is low for images, compiled programs and functions with layers. It is low as well if the range contains
higher costs, as it does unless an earlier run measured both architectures. Lambda@Edge does not support arm64.
""",
)
