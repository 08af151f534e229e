"""Which places are scanned, and what cannot be."""

import pytest
from fake_places import FakeWayIn

from powertune.aws.organization import Organization
from powertune.aws.regions import EnabledRegions
from powertune.config.accounts import ScanAccount
from powertune.config.region_option import ALL_REGIONS
from powertune.engine.scanning.targets import ScanScope, ScanTargets, find_targets
from powertune.errors import AccessDenied, IdentityError, UsageError
from powertune.scan.coverage import Gap
from powertune.scan.evidence import AccountRegion

OWN, TWO, THREE = "111111111111", "222222222222", "333333333333"
DENIED = AccessDenied("cannot assume the role", hint="create it")


def places(found: ScanTargets) -> list[tuple[str, str]]:
    return [(each.place.account_id, each.place.region) for each in found.places]


def gaps(found: ScanTargets) -> list[tuple[str, str, str, str]]:
    return [(gap.place.account_id, gap.place.region, gap.what, gap.reason) for gap in found.gaps]


def test_by_default_it_is_the_own_account_in_the_region_of_the_identity_and_nothing_is_asked() -> None:
    way_in = FakeWayIn(region="eu-west-1")
    found = find_targets(ScanScope(), way_in)
    assert (places(found), found.gaps) == ([(OWN, "eu-west-1")], ())
    assert (way_in.entered, way_in.asked_regions) == ([], [])


def test_whoever_connects_enters_the_account_then() -> None:
    way_in = FakeWayIn()
    found = find_targets(ScanScope(accounts=(ScanAccount(account_id=TWO),)), way_in)
    with found.places[0].connect() as connection:
        assert connection.region == "us-east-1"
    assert way_in.entered == [TWO]
    assert [(each.account_id, each.region, each.closed) for each in way_in.connections] == [(TWO, "us-east-1", 1)]


def test_regions_of_the_option_beat_those_of_an_account_which_beat_that_of_the_identity() -> None:
    accounts = (ScanAccount(account_id=TWO, regions=("eu-west-1", "eu-west-2")), ScanAccount(account_id=THREE))
    way_in = FakeWayIn()
    assert places(find_targets(ScanScope(accounts=accounts), way_in)) == [
        *((TWO, "eu-west-1"), (TWO, "eu-west-2"), (THREE, "us-east-1")),
    ]
    assert places(find_targets(ScanScope(accounts=accounts, regions=("us-west-1",)), way_in)) == [
        *((TWO, "us-west-1"), (THREE, "us-west-1")),
    ]
    assert way_in.asked_regions == []


def test_all_regions_are_those_that_each_account_has_enabled() -> None:
    way_in = FakeWayIn()
    found = find_targets(ScanScope(regions=ALL_REGIONS, accounts=(ScanAccount(account_id=TWO),)), way_in)
    assert (places(found), found.gaps) == ([(TWO, "af-south-1"), (TWO, "us-east-1")], ())


def test_a_region_that_is_not_enabled_is_a_gap_and_the_others_are_scanned() -> None:
    way_in = FakeWayIn()
    found = find_targets(ScanScope(regions=("us-east-1", "af-south-1", "me-south-1")), way_in)
    assert places(found) == [(OWN, "us-east-1"), (OWN, "af-south-1")]
    assert gaps(found) == [(OWN, "me-south-1", "", "the region is not enabled in the account")]


@pytest.mark.parametrize(
    ("wanted", "scanned", "instead"),
    [
        (ALL_REGIONS, ["us-east-1", "us-west-2"], "only those are scanned that every account has"),
        (("me-south-1", "us-west-2"), ["me-south-1", "us-west-2"], "all named ones are tried"),
    ],
    ids=["all", "named"],
)
def test_an_account_that_does_not_tell_its_regions_is_scanned_as_well_as_can_be(
    wanted: tuple[str, ...], scanned: list[str], instead: str
) -> None:
    way_in = FakeWayIn(
        enabled=EnabledRegions(names=("us-east-1", "us-west-2"), unknown="denied", action="account:ListRegions")
    )
    found = find_targets(ScanScope(regions=wanted), way_in)
    assert [region for _, region in places(found)] == scanned
    assert found.gaps == (
        Gap(
            place=AccountRegion(account_id=OWN, region="*"),
            what="regions",
            reason=f"denied; {instead}",
            action="account:ListRegions",
        ),
    )


def test_an_account_that_cannot_be_entered_is_a_gap_and_the_others_are_scanned() -> None:
    way_in = FakeWayIn(refused={TWO: DENIED})
    accounts = (ScanAccount(account_id=TWO, name="orders"), ScanAccount(account_id=THREE))
    found = find_targets(ScanScope(regions=ALL_REGIONS, accounts=accounts), way_in)
    assert places(found) == [(THREE, "af-south-1"), (THREE, "us-east-1")]
    assert gaps(found) == [(TWO, "*", "", "cannot assume the role (create it)")]
    assert (str(found.gaps[0].place), found.gaps[0].action) == ("orders (222222222222) *", "sts:AssumeRole")


def test_regions_of_another_partition_are_gaps() -> None:
    found = find_targets(ScanScope(regions=("cn-north-1", "us-east-1")), FakeWayIn())
    assert places(found) == [(OWN, "us-east-1")]
    assert gaps(found) == [(OWN, "cn-north-1", "", "the region is in aws-cn, and the identity belongs to aws")]


def test_an_organization_is_its_active_accounts_and_the_others_are_gaps() -> None:
    organization = Organization(
        accounts=(ScanAccount(account_id=OWN, name="main"), ScanAccount(account_id=TWO, name="orders")),
        unusable=((ScanAccount(account_id=THREE, name="old"), "PENDING_CLOSURE"),),
    )
    found = find_targets(ScanScope(organization=True), FakeWayIn(members=organization))
    assert [str(each.place) for each in found.places] == [
        "main (111111111111) us-east-1",
        "orders (222222222222) us-east-1",
    ]
    assert gaps(found) == [(THREE, "*", "", "the account is pending closure")]


def test_an_organization_keeps_the_order_of_its_accounts_however_many_there_are() -> None:
    accounts = tuple(ScanAccount(account_id=f"{number:012}") for number in range(300))
    way_in = FakeWayIn(members=Organization(accounts=accounts))
    found = find_targets(ScanScope(organization=True, regions=ALL_REGIONS), way_in)
    assert [account for account, _ in places(found)][::2] == [each.account_id for each in accounts]


@pytest.mark.parametrize("error", [DENIED, UsageError("in no organization"), IdentityError("expired")])
def test_without_the_organization_there_is_no_scan(error: AccessDenied | UsageError | IdentityError) -> None:
    with pytest.raises(type(error), match=error.message):
        find_targets(ScanScope(organization=True), FakeWayIn(members=error))


def test_an_organization_and_a_file_of_accounts_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="either --organization or --accounts"):
        find_targets(ScanScope(organization=True, accounts=(ScanAccount(account_id=TWO),)), FakeWayIn())
