"""Large sizes that nobody advises on: found from a dollar per month, and once only."""

from typing import Any

import pytest
from scanned import PRICES, known, memory_use, place_evidence, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, FunctionEvidence, MonthlyCost, Tuned
from powertune.scan.expectation import cheapest, expect
from powertune.scan.finding import Confidence
from powertune.scan.rule import Need
from powertune.scan.rules import memory_oversized
from powertune.scan.rules.memory_unadvised import RULE

COST = MonthlyCost(compute=100.0, requests=2.0)


def large(memory_mb: int = 3008, **changes: Any) -> FunctionEvidence:
    function = scanned_function(memory_mb=memory_mb, compute=changes.pop("compute", Compute.ON_DEMAND))
    return known(function, **{"cost": COST, **changes})


def test_without_evidence_of_memory_no_money_is_stated() -> None:
    (found,) = RULE.check(place_evidence(large()))
    assert found.saving is None
    assert found.confidence is Confidence.LOW
    assert [fact.text for fact in found.facts] == [
        "3,008 MB, 1.7 vCPUs: a single thread uses one",
        "its invocations on demand cost $102.00 per month",
    ]
    assert " --memory 1024,1769,3008 " in found.next_step


def test_with_evidence_the_saving_is_the_expected_one() -> None:
    # 2,000 of 3,008 MB are too much to call it oversized; with 20 % they fit into 3,008 MB and no smaller usual size.
    (found,) = RULE.check(place_evidence(large(memory=memory_use(2_000, at_mb=3008))))
    assert found.saving is None
    # 1,300 MB of 2,048 MB fit into 1,769 MB.
    function = large(2048, memory=memory_use(1_300, at_mb=2048))
    (found,) = RULE.check(place_evidence(function))
    best = cheapest(expect(function, PRICES, least_mb=1_560))
    assert best is not None
    assert best.configuration.memory_mb == 1769
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(100 * (1 - best.ratio), abs=1e-9)
    assert " --memory 1769,2048 " in found.next_step


def test_what_is_known_to_be_oversized_is_reported_once() -> None:
    evidence = place_evidence(large(memory=memory_use(300, at_mb=3008)))
    assert len(list(memory_oversized.RULE.check(evidence))) == 1
    assert not list(RULE.check(evidence))


def tuned(*sizes_mb: int, architecture: Architecture = Architecture.ARM64) -> Tuned:
    """An earlier run at these sizes, of which the last is recommended."""
    measured = [Configuration(memory_mb=size, architecture=architecture) for size in sizes_mb]
    durations = tuple((each, 100.0) for each in measured)
    return Tuned(run_id="r", measured_at=0.0, recommended=measured[-1], durations_ms=durations)


@pytest.mark.parametrize(
    ("run", "reported"),
    [
        (tuned(1769, 3008), False),
        (tuned(3008, 4096), True),
        (tuned(1024, 1769), True),
        (tuned(1769, 3008, architecture=Architecture.X86_64), True),
    ],
    ids=["smaller", "larger", "not the present size", "another architecture"],
)
def test_a_run_that_measured_less_has_answered_it(run: Tuned, reported: bool) -> None:
    assert RULE.needs[-1] is Need.RESULTS
    assert bool(list(RULE.check(place_evidence(large(tuned=run))))) is reported


@pytest.mark.parametrize(
    "other",
    [
        large(1792),
        large(cost=MonthlyCost(compute=0.5, requests=0.4, provisioned=1_000.0)),
        large(cost=None),
        large(compute=Compute.MANAGED_INSTANCES),
        large(usage=None, cost=None),
    ],
    ids=["advised", "cheap", "no price", "instances", "unknown"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_a_dollar_is_enough_and_usage_need_not_be_known() -> None:
    one = MonthlyCost(compute=0.6, requests=0.4)
    assert list(RULE.check(place_evidence(large(cost=one, usage=None, memory=memory_use(2_000, at_mb=3008)))))
