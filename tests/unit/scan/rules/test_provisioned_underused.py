"""Provisioned concurrency below its break-even, which follows from the prices of the region."""

from dataclasses import replace

import pytest
from scanned import PRICES, known, place_evidence

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.scan.evidence import Provisioned
from powertune.scan.finding import Confidence, CostPart
from powertune.scan.provisioning import ProvisioningPrices
from powertune.scan.rules.provisioned_underused import RULE

#: 25,920,000 GB-seconds in a month.
UNDERUSED = Provisioned(
    qualifier="live",
    requested=10,
    memory_mb=1024,
    architecture=Architecture.ARM64,
    utilization=0.3,
    peak_utilization=0.55,
    invocations=1_000,
    spilled=0,
)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
REMOVE = f"aws lambda delete-provisioned-concurrency-config --function-name {ARN} --qualifier live --region us-east-1"


def test_the_break_even_follows_from_prices() -> None:
    prices = ProvisioningPrices.of(PRICES, Architecture.ARM64)
    assert prices is not None
    assert prices.break_even == pytest.approx(3.3334 / (13.3334 - 7.7778))
    assert ProvisioningPrices(configured=1.0, running=2.0, on_demand=2.0).break_even == float("inf")


def test_reducing_it_comes_first_and_running_on_demand_is_cheaper_still() -> None:
    (found,) = RULE.check(place_evidence(known(provisioned=(UNDERUSED,))))

    assert found.saving is not None
    # Kept at 3.3334 per million, used for 30 % at a price that is 5.5556 lower.
    assert found.saving.high == pytest.approx(25.92 * (3.3334 - 0.3 * 5.5556))
    # At most 55 % of 10 were in use, so that 4 were not.
    assert found.saving.expected == found.saving.low == pytest.approx(0.4 * 25.92 * 3.3334)
    assert found.next_step == (
        f"reduce it with `aws lambda put-provisioned-concurrency-config --function-name {ARN} --qualifier live "
        f"--provisioned-concurrent-executions 6 --region us-east-1`, schedule it with Application Auto Scaling, "
        f"or remove it with `{REMOVE}`"
    )
    assert (found.confidence, found.part) == (Confidence.MEDIUM, CostPart.PROVISIONED)
    assert found.summary == "30 % of the provisioned concurrency of live is in use; it pays for itself from 60 %"
    assert [fact.text for fact in found.facts] == [
        "10 provisioned for live, of which 30 % were in use on average, and 55 % at most"
    ]


def test_reducing_it_may_save_more() -> None:
    (found,) = RULE.check(
        place_evidence(known(provisioned=(replace(UNDERUSED, utilization=0.5, peak_utilization=0.6),)))
    )
    assert found.saving is not None
    assert found.saving.low == pytest.approx(25.92 * (3.3334 - 0.5 * 5.5556))
    assert found.saving.expected == found.saving.high == pytest.approx(0.4 * 25.92 * 3.3334)


def test_where_all_were_in_use_at_a_time_there_is_nothing_to_reduce() -> None:
    (found,) = RULE.check(place_evidence(known(provisioned=(replace(UNDERUSED, peak_utilization=1.0),))))
    assert found.saving is not None
    assert (found.saving.low, found.saving.expected) == (0.0, found.saving.high)
    assert found.saving.high == pytest.approx(25.92 * (3.3334 - 0.3 * 5.5556))
    assert found.next_step == f"schedule it with Application Auto Scaling, or remove it with `{REMOVE}`"


def test_no_less_than_one_can_be_kept() -> None:
    unseen = replace(UNDERUSED, requested=2, utilization=0.0, peak_utilization=0.0)
    (found,) = RULE.check(place_evidence(known(provisioned=(unseen,))))
    assert found.saving is not None
    # 2,592,000 GB-seconds of one environment, and of both.
    assert found.saving.expected == found.saving.low == pytest.approx(2.592 * 3.3334)
    assert found.saving.high == pytest.approx(2 * 2.592 * 3.3334)
    assert "--provisioned-concurrent-executions 1 " in found.next_step


def test_each_alias_is_a_finding_of_its_own() -> None:
    well_used = replace(UNDERUSED, qualifier="busy", utilization=0.8)
    live, other = RULE.check(
        place_evidence(known(provisioned=(UNDERUSED, replace(UNDERUSED, qualifier="b"), well_used)))
    )

    assert [each.subject for each in (live, other)] == [f"{ARN}:live", f"{ARN}:b"]
    assert live.saving == other.saving


def test_what_was_configured_within_the_window_may_be_there_for_a_part_of_the_time() -> None:
    (found,) = RULE.check(place_evidence(known(provisioned=(replace(UNDERUSED, observed_days=3.5),))))
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(0.4 * 25.92 * 3.3334)
    assert found.saving.low == pytest.approx(3.5 / 14 * 0.4 * 25.92 * 3.3334)
    assert found.confidence is Confidence.MEDIUM


def test_if_its_number_has_changed_it_may_have_paid_for_itself() -> None:
    resized = replace(UNDERUSED, observed_days=13.5, resized=True)
    (found,) = RULE.check(place_evidence(known(provisioned=(resized,))))
    assert found.saving is not None
    assert found.saving.expected == pytest.approx(0.4 * 25.92 * 3.3334)
    # No more than the 3 of 10 that were in use.
    assert found.saving.low == pytest.approx(0.3 * 25.92 * (3.3334 - 5.5556))
    assert found.confidence is Confidence.LOW
    assert found.facts[1].text == "the number for live has changed meanwhile, and what it was before is not known"


@pytest.mark.parametrize(
    "provisioned",
    [
        None,
        (),
        (replace(UNDERUSED, utilization=0.61),),
        (replace(UNDERUSED, utilization=0.0, peak_utilization=0.0, invocations=0),),
        (replace(UNDERUSED, observed_days=2.99),),
    ],
    ids=["unknown", "none", "pays for itself", "idle", "new"],
)
def test_is_not_said_otherwise(provisioned: tuple[Provisioned, ...] | None) -> None:
    assert not list(RULE.check(place_evidence(known(provisioned=provisioned))))


def test_is_not_said_without_prices() -> None:
    for prices in (None, PriceTable.bundled().region("cn-north-1")):
        assert not list(RULE.check(place_evidence(known(provisioned=(UNDERUSED,)), prices=prices)))
