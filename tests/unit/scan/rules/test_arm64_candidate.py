"""What could run on arm64: the saving is that of the prices, and what is in the package is not known."""

from dataclasses import replace
from typing import Any

import pytest
from scanned import known, place_evidence, provisioned, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, FunctionEvidence, FunctionUsage, MonthlyCost, Tuned
from powertune.scan.finding import Confidence, Severity
from powertune.scan.rules.arm64_candidate import RULE

COST = MonthlyCost(compute=1666.67, requests=50.0, init=3.0)


def candidate(**changes: Any) -> FunctionEvidence:
    evidence = {name: changes.pop(name) for name in ("usage", "cost", "edge", "tuned") if name in changes}
    function = scanned_function(**{"architecture": Architecture.X86_64, **changes})
    return known(function, **{"cost": COST, **evidence})


def test_the_saving_is_that_of_the_prices_at_the_same_duration() -> None:
    (found,) = RULE.check(place_evidence(candidate()))
    # $0.0000166667 per GB-second on x86_64, $0.0000133334 on arm64.
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(1666.67 - 1333.34, abs=1e-9)
    assert found.saving.low < 0 < found.saving.high
    assert (found.confidence, found.severity) == (Confidence.LOW, Severity.LOW)
    assert found.facts[0].text == (
        "the runtime python3.13 exists on arm64; whether its package has native code is not known"
    )
    assert found.next_step == (
        "powertune run arn:aws:lambda:us-east-1:123456789012:function:orders --memory 1024 --arch both"
        " --region us-east-1"
    )


def test_little_money_is_only_information_and_no_prices_are_no_money() -> None:
    (found,) = RULE.check(place_evidence(candidate(cost=MonthlyCost(compute=1.0, requests=0.0))))
    assert found.severity is Severity.INFO
    (found,) = RULE.check(place_evidence(candidate(cost=None), prices=None))
    assert (found.saving, found.confidence) == (None, Confidence.LOW)


def test_less_than_a_cent_is_no_finding() -> None:
    # $0.0000033333 of $0.0000166667 are saved, a fifth: of 5 cents, 1.
    for compute, reported in ((0.0499, False), (0.0501, True)):
        function = candidate(cost=MonthlyCost(compute=compute, requests=9.0, provisioned=500.0))
        assert bool(list(RULE.check(place_evidence(function)))) is reported


def test_provisioned_concurrency_is_not_in_the_saving_and_the_finding_says_so() -> None:
    (found,) = RULE.check(place_evidence(replace(candidate(), provisioned=(provisioned(),))))
    assert found.facts[-1].text == "it has provisioned concurrency, which is not in the saving"
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(1666.67 - 1333.34, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"layers": ("arn:aws:lambda:us-east-1:1:layer:a:1",)},
            "whether its 1 layer can be used on arm64 is not known",
        ),
        (
            {"runtime": "provided.al2023"},
            "the runtime provided.al2023 exists on arm64; its code has to be built for arm64",
        ),
        ({"runtime": "", "package_type": "Image"}, "its image was not looked at: it has to be built for arm64"),
    ],
    ids=["layers", "compiled", "image"],
)
def test_what_was_not_looked_at_lowers_the_confidence(changes: dict[str, Any], text: str) -> None:
    (found,) = RULE.check(place_evidence(candidate(**changes)))
    assert text in [fact.text for fact in found.facts]
    assert found.confidence is Confidence.LOW


def test_an_image_has_to_be_built_first() -> None:
    (found,) = RULE.check(place_evidence(candidate(runtime="", package_type="Image")))
    assert found.next_step.startswith("build its image for arm64, then `powertune run arn:")
    assert found.next_step.endswith(" --arch both --region us-east-1 --image-uri-arm64 URI`")


def tuned(arm_ms: float) -> Tuned:
    durations = (
        (Configuration(memory_mb=1024, architecture=Architecture.X86_64), 100.0),
        (Configuration(memory_mb=1024, architecture=Architecture.ARM64), arm_ms),
    )
    return Tuned(run_id="earlier", measured_at=0.0, recommended=None, durations_ms=durations)


def test_an_earlier_run_says_how_long_it_takes_there() -> None:
    assert not list(RULE.check(place_evidence(candidate(tuned=tuned(160.0)))))
    (found,) = RULE.check(place_evidence(candidate(tuned=tuned(100.0))))
    assert found.saving is not None
    assert found.saving.low > 0
    assert found.confidence is Confidence.MEDIUM
    (found,) = RULE.check(
        place_evidence(candidate(tuned=tuned(100.0), layers=("arn:aws:lambda:us-east-1:1:layer:a:1",)))
    )
    assert found.confidence is Confidence.LOW


@pytest.mark.parametrize("runtime", ["java8", "python3.7", "go1.x", "nodejs10.x", "provided", ""])
def test_these_runtimes_are_not_on_arm64(runtime: str) -> None:
    assert not list(RULE.check(place_evidence(candidate(runtime=runtime))))


@pytest.mark.parametrize(
    "runtime", ["java8.al2", "python3.8", "nodejs12.x", "provided.al2", "dotnetcore3.1", "ruby2.7"]
)
def test_these_are(runtime: str) -> None:
    assert list(RULE.check(place_evidence(candidate(runtime=runtime))))


@pytest.mark.parametrize(
    "other",
    [
        candidate(architecture=Architecture.ARM64),
        candidate(usage=None),
        candidate(usage=FunctionUsage(days=14)),
        candidate(edge=True),
        candidate(compute=Compute.DURABLE),
    ],
    ids=["there", "unknown", "idle", "edge", "durable"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
