"""Tuned, and since then changed: the code, or the median duration by 30 %."""

from typing import Any

import pytest
from scanned import DAY_S, NOW, busy, known, place_evidence, scanned_function

from powertune.model import Architecture, Configuration
from powertune.scan.evidence import Compute, FunctionEvidence, MonthlyCost, Tuned
from powertune.scan.finding import Severity
from powertune.scan.rules.drift import RULE

#: When the window ends: the midnight before now.
END = 20_833 * DAY_S


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


def slower(*, measured_at: float = NOW - 40 * DAY_S, **changes: Any) -> FunctionEvidence:
    """It took 100 ms, and takes 130 ms."""
    run = tuned(p50s_ms=((configuration(1024), 100.0),), measured_at=measured_at)
    return drifted(run, **{"usage": busy(recent_p50_ms=130.0), **changes})


def test_other_code() -> None:
    (found,) = RULE.check(place_evidence(drifted(tuned(code_sha256="another"))))
    assert [fact.text for fact in found.facts] == ["run r7 measured it 40 days ago", "its code has changed"]
    assert found.summary == "since it was tuned, its code has changed"
    assert found.severity is Severity.LOW
    assert found.saving is None
    assert found.next_step == (
        "run `powertune run arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1` again,"
        " and compare both results files with `powertune compare`"
    )


def test_a_median_that_rose_by_30_percent() -> None:
    (found,) = RULE.check(place_evidence(slower()))
    assert found.facts[1].text == "its median duration at 1024 MB arm64 rose from 100 ms to 130 ms (1.30x)"
    assert found.summary == f"since it was tuned, {found.facts[1].text}"
    assert found.severity is Severity.MEDIUM
    assert found.saving is None


@pytest.mark.parametrize(("seconds", "reported"), [(0, True), (1, False)])
def test_only_days_after_the_run_are_compared_with_it(seconds: int, reported: bool) -> None:
    evidence = place_evidence(slower(measured_at=END - 2 * DAY_S + seconds))
    assert bool(list(RULE.check(evidence))) is reported


@pytest.mark.parametrize(("seconds", "reported"), [(0, True), (1, False)])
def test_only_days_after_the_last_change_are_compared(seconds: int, reported: bool) -> None:
    function = scanned_function(modified_at=END - 2 * DAY_S + seconds)
    assert bool(list(RULE.check(place_evidence(slower(function=function))))) is reported


@pytest.mark.parametrize(
    ("days_before", "first_day", "reported"),
    [(4.99, None, False), (5, None, True), (2.99, 11, False), (3, 11, True)],
    ids=["three may be the last", "before them", "one may be the last", "before it"],
)
def test_days_without_invocations_may_have_been_the_last_ones(
    days_before: float, first_day: int | None, reported: bool
) -> None:
    """Of 14 days 11 had invocations, or of the 11 since the first of them, 10 had."""
    first_at = None if first_day is None else END - first_day * DAY_S
    active_days = 11 if first_day is None else first_day - 1
    usage = busy(recent_p50_ms=130.0, active_days=active_days, first_at=first_at)
    evidence = place_evidence(slower(measured_at=END - days_before * DAY_S, usage=usage))
    assert bool(list(RULE.check(evidence))) is reported


def test_who_follows_the_recommendation_of_a_smaller_size_has_not_drifted() -> None:
    """80 ms at 1,024 MB, then 512 MB were recommended and set, where 150 ms had been measured."""
    run = tuned(recommended=configuration(512), p50s_ms=((configuration(512), 150.0), (configuration(1024), 80.0)))
    smaller = {"function": scanned_function(memory_mb=512)}
    assert not list(RULE.check(place_evidence(drifted(run, **smaller, usage=busy(recent_p50_ms=194.9)))))
    (found,) = RULE.check(place_evidence(drifted(run, **smaller, usage=busy(recent_p50_ms=195.0))))
    assert found.facts[1].text == "its median duration at 512 MB arm64 rose from 150 ms to 195 ms (1.30x)"


def test_a_size_that_was_not_measured_says_nothing_about_duration() -> None:
    run = tuned(recommended=None, p50s_ms=((configuration(1024), 10.0),))
    other = drifted(run, function=scanned_function(memory_mb=768))
    assert not list(RULE.check(place_evidence(other)))


def test_both_at_once() -> None:
    run = tuned(code_sha256="another", p50s_ms=((configuration(1024), 50.0),))
    (found,) = RULE.check(place_evidence(drifted(run, cost=None), prices=None))
    assert found.summary == (
        "since it was tuned, its code has changed and "
        "its median duration at 1024 MB arm64 rose from 50.0 ms to 95.0 ms (1.90x)"
    )
    assert len(found.facts) == 3


@pytest.mark.parametrize(
    "other",
    [
        drifted(tuned()),
        drifted(tuned(p50s_ms=((configuration(1024), 100.0),)), usage=busy(recent_p50_ms=129.9)),
        drifted(tuned(p50s_ms=(), code_sha256="", recommended=None), usage=busy(recent_p50_ms=1e6)),
        drifted(tuned(), usage=None),
        drifted(tuned(code_sha256="another"), function=scanned_function(code_sha256="")),
        drifted(tuned(code_sha256="another"), function=scanned_function(compute=Compute.MANAGED_INSTANCES)),
        drifted(tuned(recommended=configuration(512))),
        known(),
    ],
    ids=[
        "as it was",
        "29.9 percent",
        "unknown then",
        "no usage",
        "unknown now",
        "instances",
        "not applied",
        "never tuned",
    ],
)
def test_is_not_said_of_others(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
