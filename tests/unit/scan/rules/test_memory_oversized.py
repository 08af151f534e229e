"""Memory that is not used: found if a smaller size is expected to cost less, and only with evidence of memory."""

from dataclasses import replace
from typing import Any

import pytest
from scanned import PRICES, busy, known, memory_use, place_evidence, provisioned, scanned_function

from powertune.scan.evidence import (
    Compute,
    EnvironmentUse,
    EvidenceSource,
    FunctionEvidence,
    FunctionUsage,
    MonthlyCost,
)
from powertune.scan.expectation import cheapest, expect
from powertune.scan.finding import Confidence, Severity
from powertune.scan.rules.memory_oversized import RULE
from powertune.units import MB_PER_VCPU

COST = MonthlyCost(compute=120.0, requests=5.0, init=7.0)
#: It uses 1 % of the CPU that 1,024 MB bring: it waits.
WAITING = EnvironmentUse(cpu_ms=0.01 * 100 * 1024 / MB_PER_VCPU)
#: It uses all of it.
WORKING = EnvironmentUse(cpu_ms=100 * 1024 / MB_PER_VCPU)


def oversized(**changes: Any) -> FunctionEvidence:
    return known(**{"memory": memory_use(150), "cost": COST, "environment": WAITING, **changes})


def test_the_saving_is_what_the_model_expects_of_the_cheapest_size_that_holds_it() -> None:
    function = oversized()
    (found,) = RULE.check(place_evidence(function))
    # 150 MB and 20 % are 180 MB: 128 MB do not hold them.
    best = cheapest(expect(function, PRICES, least_mb=180, most_mb=1023))
    assert best is not None
    assert best.configuration.memory_mb == 192
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(120 * (1 - best.ratio), abs=1e-9)
    assert found.saving.low == pytest.approx(120 * (1 - best.high), abs=1e-9)
    assert found.saving.high == pytest.approx(120 * (1 - best.low), abs=1e-9)
    # Waiting is charged by size: 192 / 1,024 of now.
    assert found.saving.expected == pytest.approx(120 * (1 - 192 / 1024), rel=0.1)
    assert found.saving.low > 0
    assert (found.confidence, found.severity) == (Confidence.MEDIUM, Severity.MEDIUM)
    assert found.summary == "it uses 150 of 1,024 MB, and 192 MB may be cheaper"
    assert found.next_step == (
        "powertune run arn:aws:lambda:us-east-1:123456789012:function:orders --memory 192,256,1024 --region us-east-1"
    )


def test_it_names_who_says_so() -> None:
    memory = replace(
        memory_use(150, source=EvidenceSource.COMPUTE_OPTIMIZER, samples=None),
        optimizer_mb=512,
        optimizer_finding="NotOptimized",
    )
    (found,) = RULE.check(place_evidence(oversized(memory=memory)))
    assert [(fact.source.value, fact.text) for fact in found.facts if fact.source is not EvidenceSource.MODEL] == [
        ("Compute Optimizer", "used at most 150 MB of 1,024 MB (15 %)"),
        ("Compute Optimizer", "its finding is NotOptimized, and it recommends 512 MB"),
        ("Lambda Insights", "uses 1 % of the CPU time that its size gives it"),
    ]


def test_without_knowing_what_takes_the_time_it_may_cost_more_and_the_confidence_is_low() -> None:
    (found,) = RULE.check(place_evidence(oversized(environment=None)))
    assert found.saving is not None
    assert found.saving.low < 0 < found.saving.expected < found.saving.high
    assert found.confidence is Confidence.LOW


def test_little_money_is_only_information_and_no_prices_are_no_money() -> None:
    (found,) = RULE.check(place_evidence(oversized(cost=MonthlyCost(compute=1.0, requests=9.0))))
    assert found.severity is Severity.INFO
    (found,) = RULE.check(place_evidence(oversized(cost=None), prices=None))
    assert found.saving is None
    assert (found.confidence, found.severity) == (Confidence.LOW, Severity.MEDIUM)


def test_less_than_a_cent_is_no_finding() -> None:
    best = cheapest(expect(oversized(), PRICES, least_mb=180, most_mb=1023))
    assert best is not None
    for dollars, reported in ((0.0099, False), (0.0101, True)):
        cost = MonthlyCost(compute=dollars / (1 - best.ratio), requests=9.0, provisioned=500.0)
        assert bool(list(RULE.check(place_evidence(oversized(cost=cost))))) is reported


def test_provisioned_concurrency_is_not_in_the_saving_and_the_finding_says_so() -> None:
    (found,) = RULE.check(place_evidence(oversized(provisioned=(provisioned(),))))
    assert "it has provisioned concurrency, which is not in the saving" in [fact.text for fact in found.facts]


@pytest.mark.parametrize(
    "other",
    [
        oversized(environment=WORKING),
        oversized(memory=None),
        oversized(memory=memory_use(615)),
        oversized(memory=memory_use(230, at_mb=256)),
        oversized(function=scanned_function(memory_mb=128), memory=memory_use(10, at_mb=128)),
        oversized(usage=None),
        oversized(usage=FunctionUsage(days=14)),
        oversized(function=scanned_function(compute=Compute.MANAGED_INSTANCES)),
        oversized(edge=True),
    ],
    ids=["works", "no evidence", "used", "full when seen", "smallest", "unknown", "idle", "instances", "edge"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_a_name_may_start_with_a_digit() -> None:
    (found,) = RULE.check(place_evidence(oversized(function=scanned_function("123456789012"), usage=busy())))
    assert found.next_step.startswith("powertune run arn:aws:lambda:us-east-1:123456789012:function:123456789012 ")
