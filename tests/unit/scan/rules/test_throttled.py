"""Throttled functions: by their share of requests, and whether reserved concurrency is the reason."""

import pytest
from scanned import busy, known, place_evidence

from powertune.scan.evidence import FunctionEvidence
from powertune.scan.finding import Severity
from powertune.scan.rules import reserved_starving
from powertune.scan.rules.throttled import RULE

ACCOUNT = (
    "compare the concurrency of the account with its quota: `aws lambda get-account-settings --region us-east-1`"
)


@pytest.mark.parametrize(
    ("throttles", "severity"),
    [(10_102, Severity.LOW), (52_632, Severity.MEDIUM), (250_000, Severity.HIGH)],
)
def test_matters_by_its_share(throttles: int, severity: Severity) -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(throttles=throttles))))
    assert (found.severity, found.saving) == (severity, None)


def test_says_what_was_counted() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(throttles=250_000))))

    assert found.summary == "20 % of the requests to invoke it are throttled"
    assert [fact.text for fact in found.facts] == [
        "250,000 throttles and 1,000,000 invocations in 14 days",
        "at most 10 ran at the same time",
    ]
    assert found.next_step == ACCOUNT


def test_a_reserve_that_is_not_used_up_is_named_and_is_not_the_reason() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(throttles=250_000), reserved=11)))

    assert found.facts[-1].text == "its reserved concurrency is 11"
    assert found.next_step == ACCOUNT


def test_a_reserve_that_is_used_up_is_reported_once() -> None:
    evidence = place_evidence(known(usage=busy(throttles=250_000), reserved=10))
    found = [each for rule in (RULE, reserved_starving.RULE) for each in rule.check(evidence)]
    assert [each.rule for each in found] == ["reserved-starving"]


@pytest.mark.parametrize(
    "other",
    [
        known(),
        known(usage=None),
        known(usage=busy(throttles=10_000)),
        known(usage=busy(invocations=1, throttles=9)),
        known(usage=busy(throttles=250_000), reserved=0),
    ],
    ids=["none", "unknown", "rare", "few", "switched off"],
)
def test_is_not_said_otherwise(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
