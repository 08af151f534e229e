"""Paid for waiting: long, flat, and shown to use hardly any CPU; a long duration alone proves nothing."""

from typing import Any

import pytest
from scanned import PRICES, busy, known, memory_use, place_evidence, provisioned, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, EnvironmentUse, FunctionEvidence, MonthlyCost, Tuned
from powertune.scan.expectation import expect
from powertune.scan.rules.waiting_function import RULE
from powertune.units import MB_PER_VCPU

ARM = Architecture.ARM64
#: 5 s each, and hardly ever longer.
LONG = {"invocations": 1_000, "duration_sum_ms": 5_000_000.0, "p50_ms": 4_900.0, "p95_ms": 5_600.0}


def cpu(share: float) -> EnvironmentUse:
    return EnvironmentUse(cpu_ms=share * 5_000 * 1024 / MB_PER_VCPU)


def waiting(*, compute: Compute = Compute.ON_DEMAND, usage: dict[str, Any] | None = None, **changes: Any) -> Any:
    cost = MonthlyCost(compute=80.0, requests=1.0)
    return known(
        scanned_function(compute=compute),
        usage=busy(**{**LONG, **(usage or {})}),
        **{"cost": cost, "environment": cpu(0.05), **changes},
    )


def tuned(*durations_ms: tuple[int, float], architecture: Architecture = ARM) -> Tuned:
    durations = tuple((Configuration(memory_mb=size, architecture=architecture), ms) for size, ms in durations_ms)
    return Tuned(run_id="earlier", measured_at=0.0, recommended=None, durations_ms=durations)


def test_lambda_insights_shows_it() -> None:
    (found,) = RULE.check(place_evidence(waiting()))
    assert [fact.text for fact in found.facts] == [
        "mean 5,000 ms, p50 4,900 ms, p95 5,600 ms",
        "uses 5 % of the CPU time that its size gives it",
    ]
    assert found.summary == "it waits for most of its 5,000 ms, and is paid for it"
    assert found.saving is None
    assert "powertune run" not in found.next_step


def test_the_saving_is_that_of_the_smallest_size_that_holds_it() -> None:
    function = waiting(memory=memory_use(200))
    (found,) = RULE.check(place_evidence(function))
    smallest = expect(function, PRICES, least_mb=240)[0]
    assert smallest.configuration.memory_mb == 256
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(80 * (1 - smallest.ratio), abs=1e-9)
    assert found.saving.expected == pytest.approx(80 * 0.75, rel=0.15)
    assert "or measure smaller sizes: `powertune run " in found.next_step
    assert " --memory 256,384,1024 " in found.next_step


def test_a_size_that_saves_less_than_a_cent_is_not_proposed() -> None:
    smallest = expect(waiting(), PRICES, least_mb=240)[0]
    for dollars, proposed in ((0.0099, False), (0.0101, True)):
        cost = MonthlyCost(compute=dollars / (1 - smallest.ratio), requests=1.0, provisioned=500.0)
        (found,) = RULE.check(place_evidence(waiting(memory=memory_use(200), cost=cost)))
        assert (found.saving is not None) is proposed
        assert ("powertune run" in found.next_step) is proposed


def test_provisioned_concurrency_is_not_in_the_saving_and_the_finding_says_so() -> None:
    (found,) = RULE.check(place_evidence(waiting(memory=memory_use(200), provisioned=(provisioned(),))))
    assert found.facts[-1].text == "it has provisioned concurrency, which is not in the saving"


def test_a_function_that_has_the_smallest_size_saves_nothing_by_another() -> None:
    (found,) = RULE.check(place_evidence(waiting(memory=memory_use(900))))
    assert found.saving is None


def test_an_earlier_run_shows_it() -> None:
    earlier = tuned((256, 5_100.0), (512, 5_050.0), (1024, 5_000.0), (4096, 2_000.0))
    (found,) = RULE.check(place_evidence(waiting(environment=None, tuned=earlier)))
    assert found.facts[1].text == "took 5,100 ms at 256 MB and 5,000 ms at 1,024 MB"


@pytest.mark.parametrize(
    "earlier",
    [
        tuned((256, 20_000.0), (1024, 5_000.0)),
        tuned((1024, 5_000.0), (1536, 5_000.0)),
        tuned((1769, 5_000.0), (4096, 5_000.0)),
        tuned((256, 5_000.0), (1024, 5_000.0), architecture=Architecture.X86_64),
        tuned(),
        None,
    ],
    ids=["falls", "too near", "above one vCPU", "elsewhere", "nothing", "no run"],
)
def test_an_earlier_run_may_not_show_it(earlier: Tuned | None) -> None:
    assert not list(RULE.check(place_evidence(waiting(environment=None, tuned=earlier))))


@pytest.mark.parametrize(
    "other",
    [
        waiting(environment=cpu(0.11)),
        # What Lambda Insights says of now counts more than what an earlier run saw.
        waiting(environment=cpu(0.5), tuned=tuned((256, 5_000.0), (1024, 5_000.0))),
        waiting(usage={"duration_sum_ms": 1_000_000.0}),
        waiting(usage={"p95_ms": 7_350.0}),
        waiting(usage={"p95_ms": None}),
        waiting(usage={"invocations": 0}),
        waiting(compute=Compute.MANAGED_INSTANCES),
        waiting(edge=True),
        known(usage=None, environment=cpu(0.05)),
    ],
    ids=["works", "works now", "short", "varies", "no p95", "idle", "instances", "edge", "unknown"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
