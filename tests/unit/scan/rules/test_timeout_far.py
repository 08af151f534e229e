"""Timeouts that are far longer than any invocation: what one that hangs costs, and when nothing is said."""

import pytest
from scanned import busy, known, place_evidence, scanned_function

from powertune.scan.evidence import FunctionEvidence
from powertune.scan.finding import Severity
from powertune.scan.rules.timeout_far import RULE

PATIENT = scanned_function(timeout_s=900)


def test_says_what_an_invocation_that_hangs_costs() -> None:
    (found,) = RULE.check(place_evidence(known(PATIENT)))

    assert (found.severity, found.saving) == (Severity.INFO, None)
    assert found.next_step == (
        "lower the timeout with `aws lambda update-function-configuration --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --timeout SECONDS --region us-east-1`"
    )
    assert found.summary == "its timeout is 900 s, but no invocation took longer than 900 ms"
    assert [fact.text for fact in found.facts] == [
        "the longest of 1,000,000 invocations took 900 ms",
        "its timeout is 900 s",
        "one that hangs costs $0.012",  # 900 s of a GB at 0.0000133334
    ]


def test_knows_no_cost_without_prices() -> None:
    (found,) = RULE.check(place_evidence(known(PATIENT), prices=None))
    assert len(found.facts) == 2


@pytest.mark.parametrize(
    "other",
    [
        known(),
        known(PATIENT, usage=None),
        known(scanned_function(timeout_s=60)),
        known(PATIENT, usage=busy(max_ms=90_001.0)),
        known(PATIENT, usage=busy(invocations=999)),
        known(PATIENT, usage=busy(active_days=6)),
    ],
    ids=["short", "unknown", "a minute", "used to a tenth", "few invocations", "few days"],
)
def test_is_not_said_otherwise(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))


def test_is_said_at_ten_times_the_longest_invocation() -> None:
    assert list(RULE.check(place_evidence(known(PATIENT, usage=busy(max_ms=90_000.0)))))
