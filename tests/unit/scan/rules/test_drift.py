"""Tuned, and since then changed: the code, the median duration by 30 %, or the size."""

from typing import Any

import pytest
from scanned import DAY_S, NOW, PRICES, busy, known, place_evidence, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, FunctionEvidence, MonthlyCost, Tuned
from powertune.scan.expectation import expect
from powertune.scan.finding import Severity
from powertune.scan.rules.drift import RULE


def configuration(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.ARM64)


def tuned(**changes: Any) -> Tuned:
    """A run that recommended what is there, measured what is there, and of this code."""
    run = {
        "run_id": "r7",
        "measured_at": NOW - 40 * DAY_S,
        "recommended": configuration(1024),
        "p50s_ms": ((configuration(1024), 95.0),),
        "code_sha256": "sha-of-orders",
        **changes,
    }
    return Tuned(**run)


def drifted(run: Tuned, **changes: Any) -> FunctionEvidence:
    return known(**{"tuned": run, "cost": MonthlyCost(compute=60.0, requests=1.0), **changes})


def test_other_code() -> None:
    (found,) = RULE.check(place_evidence(drifted(tuned(code_sha256="another"))))
    assert [fact.text for fact in found.facts] == [
        "run r7 measured it 40 days ago",
        "its code is not the one that was measured",
    ]
    assert found.summary == "since it was tuned, its code is not the one that was measured"
    assert found.severity is Severity.LOW
    assert found.saving is None
    assert found.next_step == (
        "run `powertune run arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1` again,"
        " and compare both results files with `powertune compare`"
    )


def test_a_median_that_rose_by_30_percent() -> None:
    (found,) = RULE.check(
        place_evidence(drifted(tuned(p50s_ms=((configuration(1024), 100.0),)), usage=busy(recent_p50_ms=130.0)))
    )
    assert found.facts[1].text == "its median of 130 ms is 1.30x what was measured at 1024 MB arm64"
    assert found.severity is Severity.MEDIUM


def test_who_follows_the_recommendation_of_a_smaller_size_has_not_drifted() -> None:
    """80 ms at 1,024 MB, then 512 MB were recommended and set, where 150 ms had been measured."""
    run = tuned(recommended=configuration(512), p50s_ms=((configuration(512), 150.0), (configuration(1024), 80.0)))
    smaller = {"function": scanned_function(memory_mb=512)}
    assert not list(RULE.check(place_evidence(drifted(run, **smaller, usage=busy(recent_p50_ms=194.9)))))
    (found,) = RULE.check(place_evidence(drifted(run, **smaller, usage=busy(recent_p50_ms=195.0))))
    assert found.facts[1].text == "its median of 195 ms is 1.30x what was measured at 512 MB arm64"


def test_a_size_that_was_not_measured_says_nothing_about_duration() -> None:
    run = tuned(recommended=None, p50s_ms=((configuration(1024), 10.0),))
    other = drifted(run, function=scanned_function(memory_mb=768))
    assert not list(RULE.check(place_evidence(other)))


def test_another_size_than_the_recommended_one() -> None:
    run = tuned(
        recommended=configuration(512), durations_ms=((configuration(512), 101.0), (configuration(1024), 100.0))
    )
    function = drifted(run)
    (found,) = RULE.check(place_evidence(function))
    assert found.facts[1].text == "it has 1024 MB arm64, and 512 MB arm64 was recommended"
    (there,) = expect(function, PRICES, least_mb=512, most_mb=512)
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(60 * (1 - there.ratio), abs=1e-9)
    assert found.saving.expected == pytest.approx(60 * (1 - 101 / 100 / 2), rel=0.1)


@pytest.mark.parametrize("memory_mb", [4096, 777])
def test_a_recommended_size_that_costs_more_saves_nothing(memory_mb: int) -> None:
    run = tuned(recommended=configuration(memory_mb), durations_ms=((configuration(memory_mb), 900.0),))
    (found,) = RULE.check(place_evidence(drifted(run, tuned=run, usage=busy(recent_p50_ms=None))))
    assert (found.saving is None) == (memory_mb == 4096)


def test_all_of_it_at_once() -> None:
    run = tuned(recommended=configuration(512), code_sha256="another", p50s_ms=((configuration(1024), 50.0),))
    (found,) = RULE.check(place_evidence(drifted(run, cost=None), prices=None))
    assert len([fact for fact in found.facts if fact.source.value != "duration model"]) == 4
    assert found.saving is None


@pytest.mark.parametrize(
    "other",
    [
        drifted(tuned()),
        drifted(tuned(p50s_ms=((configuration(1024), 100.0),)), usage=busy(recent_p50_ms=129.9)),
        drifted(tuned(p50s_ms=(), code_sha256="", recommended=None), usage=busy(recent_p50_ms=1e6)),
        drifted(tuned(), usage=None),
        drifted(tuned(code_sha256="another"), function=scanned_function(code_sha256="")),
        drifted(tuned(code_sha256="another"), function=scanned_function(compute=Compute.MANAGED_INSTANCES)),
        known(),
    ],
    ids=["as it was", "29.9 percent", "unknown then", "no usage", "unknown now", "instances", "never tuned"],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
