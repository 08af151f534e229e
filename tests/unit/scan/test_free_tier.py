"""The free tier: once for a payer, for all regions, and never more than what it covers."""

from dataclasses import replace

import pytest
from scanned import PLACE, known, place_evidence, scanned_function

from powertune.model import Architecture
from powertune.prices import PriceTable
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion, FunctionEvidence, FunctionUsage, PlaceEvidence, Provisioned
from powertune.scan.free_tier import free_tiers
from powertune.scan.scan import Payer
from powertune.scan.totals import totals_of

US, OTHER = PLACE.account_id, "999999999999"
#: 3 million invocations of 99.5 ms in 30 days: 300,000 billed seconds. None waits for INIT.
MONTH = FunctionUsage(days=30, invocations=3_000_000, duration_sum_ms=298_500_000.0, active_days=30)
#: A hundredth of that.
SMALL = replace(MONTH, invocations=30_000, duration_sum_ms=2_985_000.0)


def used(usage: FunctionUsage = MONTH, provisioned: tuple[Provisioned, ...] = ()) -> FunctionEvidence:
    return known(scanned_function(), usage=usage, provisioned=provisioned)


def month(*functions: FunctionEvidence, account: str = US, region: str = "us-east-1") -> PlaceEvidence:
    place = AccountRegion(account_id=account, region=region)
    prices = PriceTable.bundled().region(region)
    moved = (replace(each, function=replace(each.function, place=place)) for each in functions)
    return place_evidence(*moved, place=place, prices=prices, days=30, log_groups={})


def test_it_is_taken_off_once_for_all_regions() -> None:
    # 6 million requests, one million free: a sixth of $1.20. 600,000 GB-seconds, 400,000 free: 2/3 of $8.00004.
    places = (month(used()), month(used(), region="us-west-2"))
    assert free_tiers(places) == {US: pytest.approx(0.2 + 5.33336, abs=1e-9)}


def test_it_never_exceeds_the_bill() -> None:
    assert free_tiers((month(used(SMALL)),)) == {US: pytest.approx(0.006 + 0.0400002, abs=1e-9)}
    nothing = (month(used(FunctionUsage(days=30))), place_evidence(used(), prices=None))
    assert free_tiers(nothing) == {US: 0.0}
    assert free_tiers(()) == {}


def test_provisioned_concurrency_has_none() -> None:
    provisioned = Provisioned(
        qualifier="live",
        requested=2,
        memory_mb=1024,
        architecture=Architecture.X86_64,
        utilization=0.5,
        peak_utilization=1.0,
        invocations=1_000_000,
        spilled=0,
    )
    assert free_tiers((month(used(provisioned=(provisioned,))),)) == {US: 0.0}


def test_accounts_that_pay_for_themselves_each_have_it() -> None:
    # A third of $0.60 for 3 million requests, and all of $4.00002 for 300,000 GB-seconds.
    places = (month(used()), month(used(SMALL), account=OTHER))
    assert free_tiers(places, Payer.ACCOUNT) == {
        US: pytest.approx(0.2 + 4.00002, abs=1e-9),
        OTHER: pytest.approx(0.006 + 0.0400002, abs=1e-9),
    }


def test_accounts_of_an_organization_share_it_by_what_they_use() -> None:
    # 6 million requests and 600,000 GB-seconds together: half of $0.20 and of $5.33336 for each of them.
    places = (month(used()), month(used(), account=OTHER))
    assert free_tiers(places, Payer.ORGANIZATION) == {
        US: pytest.approx(0.1 + 2.66668, abs=1e-9),
        OTHER: pytest.approx(0.1 + 2.66668, abs=1e-9),
    }
    # And 101 parts of 3.03 million requests, of which a million is free; the GB-seconds are all free.
    places = (month(used()), month(used(SMALL), account=OTHER))
    assert free_tiers(places, Payer.ORGANIZATION) == {
        US: pytest.approx(0.2 / 1.01 + 4.00002, abs=1e-9),
        OTHER: pytest.approx(0.002 / 1.01 + 0.0400002, abs=1e-9),
    }


@pytest.mark.parametrize(
    ("payer", "free_tier"),
    [(Payer.ACCOUNT, 2 * (0.2 + 4.00002)), (Payer.ORGANIZATION, 0.2 + 5.33336), (Payer.UNKNOWN, 0.0)],
)
def test_a_scan_says_who_pays_and_takes_it_off_its_total(payer: Payer, free_tier: float) -> None:
    read = [ScannedPlace(evidence=month(used(), account=account)) for account in (US, OTHER)]
    scan = conclude(read, ScanOccasion(now=0.0, days=30, tool_version="1"), rules=(), payer=payer)
    assert scan.payer is payer
    assert [each.account_id for each in scan.free_tiers] == ([] if payer is Payer.UNKNOWN else [US, OTHER])
    read_twice = replace(
        scan,
        functions=tuple(replace(line, arn=f"{line.arn}-{number}") for number, line in enumerate(scan.functions)),
    )
    (totals,) = totals_of(read_twice)
    assert totals.cost == pytest.approx(2 * 4.60002)
    assert totals.free_tier == pytest.approx(free_tier)
