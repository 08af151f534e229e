"""Reserved concurrency that holds a function back, or switches it off."""

import pytest
from scanned import busy, known, place_evidence

from powertune.scan.evidence import FunctionEvidence
from powertune.scan.finding import Severity
from powertune.scan.rules.reserved_starving import RULE


@pytest.mark.parametrize(("throttles", "severity"), [(10, Severity.MEDIUM), (250_000, Severity.HIGH)])
def test_holds_a_function_back(throttles: int, severity: Severity) -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(throttles=throttles), reserved=10)))

    assert (found.severity, found.saving) == (severity, None)
    assert found.summary == "its reserved concurrency of 10 is used up, and requests are throttled"
    assert [fact.text for fact in found.facts] == [
        "its reserved concurrency is 10",
        "10 ran at the same time",
        f"{throttles:,} throttles in 14 days",
    ]
    assert found.next_step == (
        "raise it with `aws lambda put-function-concurrency --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --reserved-concurrent-executions N "
        "--region us-east-1`, or remove it"
    )


def test_of_zero_switches_a_function_off() -> None:
    (tried,) = RULE.check(place_evidence(known(usage=busy(invocations=0, throttles=3), reserved=0)))
    assert tried.severity is Severity.MEDIUM
    assert tried.summary == "it is switched off by a reserved concurrency of 0, but still invoked"
    assert [fact.text for fact in tried.facts] == ["its reserved concurrency is 0", "3 requests rejected in 14 days"]
    assert tried.next_step == (
        "ask its owner; `aws lambda delete-function-concurrency --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --region us-east-1` switches it on again"
    )


@pytest.mark.parametrize(
    "other",
    [
        known(usage=busy(throttles=250_000)),
        known(reserved=10),
        known(usage=busy(throttles=9), reserved=10),
        known(usage=busy(throttles=250_000), reserved=11),
        known(usage=None, reserved=10),
        known(usage=busy(invocations=0), reserved=0),
        known(usage=None, reserved=0),
    ],
    ids=["none reserved", "no throttles", "few", "not used up", "unknown", "off", "off and unknown"],
)
def test_is_not_said_otherwise(other: FunctionEvidence) -> None:
    assert not list(RULE.check(place_evidence(other)))
