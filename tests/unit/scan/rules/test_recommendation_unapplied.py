"""What a run has recommended, and nobody has applied: the next step is the line that does it."""

from typing import Any

import pytest
from scanned import DAY_S, NOW, PRICES, busy, known, memory_use, place_evidence, provisioned, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, FunctionEvidence, MonthlyCost, Tuned
from powertune.scan.expectation import expect
from powertune.scan.finding import Confidence, Severity
from powertune.scan.judging import judge
from powertune.scan.rules.recommendation_unapplied import RULE

ARM, X86 = Architecture.ARM64, Architecture.X86_64


def configuration(memory_mb: int, architecture: Architecture = ARM) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


def tuned(**changes: Any) -> Tuned:
    """A run that recommended half of the memory, at which it takes hardly longer."""
    run = {
        "run_id": "r7",
        "measured_at": NOW - 40 * DAY_S,
        "recommended": configuration(512),
        "durations_ms": ((configuration(512), 101.0), (configuration(1024), 100.0)),
        "code_sha256": "sha-of-orders",
        "file": "powertune-results/orders r7.json",
        **changes,
    }
    return Tuned(**run)


def unapplied(run: Tuned, **changes: Any) -> FunctionEvidence:
    return known(**{"tuned": run, "cost": MonthlyCost(compute=60.0, requests=1.0), **changes})


def test_another_size_than_the_recommended_one() -> None:
    function = unapplied(tuned())
    (found,) = RULE.check(place_evidence(function))
    assert found.summary == "it has 1024 MB arm64, and a run has recommended 512 MB arm64"
    assert found.facts[0].text == "run r7 measured it 40 days ago, and recommended 512 MB arm64"
    assert found.next_step == ("powertune apply 'powertune-results/orders r7.json' --region us-east-1")
    (there,) = expect(function, PRICES, least_mb=512, most_mb=512)
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(60 * (1 - there.ratio), abs=1e-9)
    assert found.saving.expected == pytest.approx(60 * (1 - 101 / 100 / 2), rel=0.1)
    assert (found.confidence, found.severity) == (Confidence.MEDIUM, Severity.MEDIUM)


def test_another_architecture_takes_other_code() -> None:
    wanted = configuration(1024, X86)
    (found,) = RULE.check(place_evidence(unapplied(tuned(recommended=wanted))))
    assert found.next_step == "deploy code that was built for x86_64, with 1,024 MB"


@pytest.mark.parametrize("memory_mb", [4096, 777])
def test_a_recommended_size_that_costs_more_saves_nothing(memory_mb: int) -> None:
    run = tuned(recommended=configuration(memory_mb), durations_ms=((configuration(memory_mb), 900.0),))
    (found,) = RULE.check(place_evidence(unapplied(run)))
    assert (found.saving is None) == (memory_mb == 4096)
    assert (found.severity is Severity.LOW) == (memory_mb == 4096)


def test_little_money_is_only_information_and_no_prices_are_no_money() -> None:
    (found,) = RULE.check(place_evidence(unapplied(tuned(), cost=MonthlyCost(compute=1.0, requests=0.0))))
    assert found.severity is Severity.INFO
    (found,) = RULE.check(place_evidence(unapplied(tuned(), cost=None), prices=None))
    assert (found.saving, found.severity) == (None, Severity.LOW)


def test_provisioned_concurrency_is_not_in_the_saving_and_the_finding_says_so() -> None:
    (found,) = RULE.check(place_evidence(unapplied(tuned(), provisioned=(provisioned(),))))
    assert found.facts[-1].text == "it has provisioned concurrency, which is not in the saving"


@pytest.mark.parametrize(
    "other",
    [
        unapplied(tuned(recommended=configuration(1024))),
        unapplied(tuned(recommended=None)),
        unapplied(tuned(code_sha256="another")),
        unapplied(tuned(), function=scanned_function(compute=Compute.MANAGED_INSTANCES)),
        known(),
    ],
    ids=["applied", "nothing recommended", "other code", "instances", "never tuned"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_after_a_run_of_today_nothing_else_is_said_of_its_size() -> None:
    """The days in the window were before the run, and a model would guess what the run has measured."""
    sizes = (256, 320, 1024)
    run = tuned(
        measured_at=NOW - 60,
        recommended=configuration(320),
        durations_ms=tuple((configuration(size), 5.0) for size in sizes),
        p50s_ms=tuple((configuration(size), 5.0) for size in sizes),
    )
    evidence = place_evidence(known(tuned=run, memory=memory_use(60), usage=busy(recent_p50_ms=83.3)))
    assert [found.rule for found in judge(evidence)] == ["recommendation-unapplied"]
