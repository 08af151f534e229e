"""Invocations that fail: what they cost, how many may be retries, and which failures are too few."""

import pytest
from scanned import busy, known, place_evidence

from powertune.scan.evidence import FunctionUsage, MonthlyCost
from powertune.scan.finding import Confidence, Severity
from powertune.scan.rules.failing_invocations import RULE

#: On demand: 4.2 in a month, for 1,000,000 / 14 * 30 invocations.
COST = MonthlyCost(compute=3.0, requests=1.0, init=0.2, provisioned=50.0)


def test_cost_as_much_as_other_invocations_do() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=200_000), cost=COST)))

    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.LOW)
    # A fifth of 4.2; at least 428,571 requests at 0.0000002; at most all of it, as 900 ms each would come to 5.23.
    assert found.summary == "20 % of its invocations fail, and cost about $0.84 a month"
    assert [fact.text for fact in found.facts] == [
        "200,000 errors in 1,000,000 invocations in 14 days",
        "they cost about $0.84 a month, from $0.0857 to $4.20, as how long they took is not known",
    ]
    # Those that no longer fail are charged as well.
    assert found.saving is not None
    assert (found.saving.low, found.saving.expected) == (0.0, 0.0)
    assert found.saving.high == pytest.approx(4.2)
    assert found.next_step == (
        "look for the errors with `aws logs tail /aws/lambda/orders --since 1d --region us-east-1`"
    )


def test_the_longest_duration_bounds_what_they_cost() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=10_000), cost=COST)))

    # 21,428.57 errors a month: 900 ms of a GB at 0.0000133334 a second, and a request each.
    assert found.saving is not None
    assert found.summary == "1 % of its invocations fail, and cost about $0.042 a month"
    assert found.saving.high == pytest.approx(21_428.571_43 * (0.000_012_000_06 + 0.000_000_2))


def test_never_cost_less_than_is_expected() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=100_000, max_ms=100.0), cost=COST)))

    # 100 ms each would come to 0.33, which is less than a tenth of what was paid.
    assert found.saving is not None
    assert found.saving.high == pytest.approx(0.42)


@pytest.mark.parametrize(("asynchronous", "retries"), [(100_000, "133,333"), (50_000, "100,000")])
def test_says_how_many_are_retries_at_most(asynchronous: int, retries: str) -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=200_000, asynchronous=asynchronous))))

    assert found.saving is None
    assert found.summary == "20 % of its invocations fail, and are charged"
    assert found.facts[1].text == f"at most {retries} of them are retries, of {asynchronous:,} asynchronous events"


def test_half_of_the_retries_that_there_may_be_are_expected_to_be_saved() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=200_000, asynchronous=50_000), cost=COST)))

    # 100,000 retries at most, of 200,000 errors that cost 0.84.
    assert found.saving is not None
    assert found.saving.low == 0.0
    assert found.saving.expected == pytest.approx(0.84 / 2 / 2)
    assert found.saving.high == pytest.approx(4.2)


@pytest.mark.parametrize(
    ("errors", "severity"),
    [(10_000, Severity.LOW), (100_000, Severity.MEDIUM), (500_000, Severity.HIGH)],
)
def test_matters_by_its_share(errors: int, severity: Severity) -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=errors))))
    assert found.severity is severity


@pytest.mark.parametrize(
    "usage",
    [None, busy(), busy(errors=9_999), busy(invocations=10, errors=9), FunctionUsage(days=14, errors=20)],
    ids=["unknown", "none", "rare", "few", "not invoked"],
)
def test_is_not_said_of_few_errors(usage: FunctionUsage | None) -> None:
    assert not list(RULE.check(place_evidence(known(usage=usage))))


def test_without_prices_the_range_is_open() -> None:
    (found,) = RULE.check(place_evidence(known(usage=busy(errors=200_000), cost=COST), prices=None))

    assert found.saving is not None
    assert (found.saving.low, found.saving.high) == (0.0, 4.2)
    assert found.facts[1].text == (
        "they cost about $0.84 a month, from $0.00 to $4.20, as how long they took is not known"
    )
