"""Provisioned concurrency without any invocation costs all that it costs."""

from dataclasses import replace

import pytest
from scanned import known, place_evidence

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.scan.evidence import Provisioned
from powertune.scan.finding import Confidence, CostPart, MonthlySaving, Severity
from powertune.scan.rules.provisioned_idle import RULE

IDLE = Provisioned(
    qualifier="live",
    requested=10,
    memory_mb=2048,
    architecture=Architecture.ARM64,
    utilization=0.0,
    peak_utilization=0.0,
    invocations=0,
    spilled=0,
)
X86 = replace(IDLE, qualifier="old", requested=1, memory_mb=1024, architecture=Architecture.X86_64)


def test_all_of_it_can_be_saved() -> None:
    (found,) = RULE.check(place_evidence(known(provisioned=(IDLE,))))

    # 10 environments of 2 GB for 2,592,000 s at 0.0000033334.
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(172.803456)
    assert found.saving == MonthlySaving.exactly(found.saving.expected)
    assert (found.severity, found.confidence, found.part) == (Severity.HIGH, Confidence.HIGH, CostPart.PROVISIONED)
    assert found.summary == "10 provisioned environments stood idle for 14 days"
    assert [fact.text for fact in found.facts] == ["10 provisioned for live, unused in 14 days"]
    assert found.next_step == (
        "`aws lambda delete-provisioned-concurrency-config --function-name "
        "arn:aws:lambda:us-east-1:123456789012:function:orders --qualifier live --region us-east-1`"
    )


def test_aliases_of_a_function_are_one_finding() -> None:
    used = replace(IDLE, qualifier="canary", utilization=0.1, peak_utilization=0.5, invocations=100)
    (found,) = RULE.check(place_evidence(known(provisioned=(IDLE, X86, used))))

    assert found.saving is not None
    assert found.saving.expected == pytest.approx(172.803456 + 2_592_000 * 0.0000041667)
    assert len(found.facts) == 2


def test_no_more_is_said_than_was_seen() -> None:
    since_then = (replace(IDLE, observed_days=14.3), replace(IDLE, observed_days=3.5))
    (found,) = RULE.check(place_evidence(known(provisioned=since_then)))
    assert found.summary == "20 provisioned environments stood idle for 3 days"
    assert [fact.text for fact in found.facts] == [
        "10 provisioned for live, unused in 14 days",
        "10 provisioned for live, unused in 3 days",
    ]
    # The second one may be there for a quarter of the time only: 3.5 of 14 days.
    assert found.saving is not None
    assert found.saving.expected == found.saving.high == pytest.approx(2 * 172.803456)
    assert found.saving.low == pytest.approx(1.25 * 172.803456)
    assert (found.severity, found.confidence) == (Severity.MEDIUM, Confidence.MEDIUM)


@pytest.mark.parametrize(
    "provisioned",
    [
        None,
        (),
        (replace(IDLE, invocations=1),),
        (replace(IDLE, utilization=0.01),),
        (replace(IDLE, peak_utilization=0.1),),
        (replace(IDLE, observed_days=2.99),),
    ],
    ids=["unknown", "none", "invoked", "used", "used today", "new"],
)
def test_is_not_said_of_what_is_used(provisioned: tuple[Provisioned, ...] | None) -> None:
    assert not list(RULE.check(place_evidence(known(provisioned=provisioned))))


def test_has_no_price_where_the_region_has_none() -> None:
    china = PriceTable.bundled().region("cn-north-1")
    for prices in (None, china):
        (found,) = RULE.check(place_evidence(known(provisioned=(IDLE,)), prices=prices))
        assert found.saving is None
