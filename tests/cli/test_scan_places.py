"""The accounts of an organization on the embedded AWS: entered by roles, read side by side, and kept."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from settled import settle

from powertune.aws.connection import Connection, connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.reaching import AwsAccounts, RoleOptions
from powertune.aws.regions import DEFAULT_REGIONS
from powertune.aws.scanning.place import read_place
from powertune.config.accounts import ScanAccount
from powertune.config.region_option import ALL_REGIONS
from powertune.engine.scanning.kept_places import PlaceFolder
from powertune.engine.scanning.many import PlacesScan, ScannedPlaces
from powertune.engine.scanning.targets import ScanScope, find_targets
from powertune.local.embedded import EmbeddedAWS
from powertune.local.package import zip_folder
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.scan.request import ScanRequest

OWN, OTHER = "123456789012", "222222222222"


@pytest.fixture
def one_function(aws_environment: EmbeddedAWS, client: Any, source: Path) -> Iterator[None]:
    client.create_function(
        FunctionName="found-by-scan",
        Runtime="python3.13",
        Role=aws_environment.role_arn,
        Handler="app.handler",
        Code={"ZipFile": zip_folder(source)},
    )
    settle(client, "found-by-scan")
    yield
    client.delete_function(FunctionName="found-by-scan")


def scan(scope: ScanScope, folder: Path) -> tuple[ScannedPlaces, tuple[Gap, ...]]:
    """The places, and what cannot be scanned, of a scan that only lists functions."""
    now = time.time()

    def read(connection: Connection, place: AccountRegion) -> ScannedPlace:
        return read_place(connection.aws(rate=1000), place, ScanRequest(days=14, now=now, needs=frozenset()))

    keeping = PlaceFolder(folder, days=14, clock=time.time, prices=lambda region: None)
    with connect(ConnectionOptions()) as base:
        targets = find_targets(scope, AwsAccounts(base, RoleOptions()))
        return PlacesScan(read=read, days=14, clock=time.time, keeping=keeping).go(targets.places), targets.gaps


def functions(found: ScannedPlaces) -> dict[str, list[str]]:
    return {str(each.evidence.place): [known.name for known in each.evidence.functions] for each in found.places}


def test_all_regions_of_the_own_account_are_read_and_an_interrupted_scan_goes_on(
    one_function: None, tmp_path: Path
) -> None:
    """The embedded AWS does not tell which regions are enabled; neither does an account without the permission."""
    found, gaps = scan(ScanScope(regions=ALL_REGIONS), tmp_path)
    assert functions(found) == {
        f"{OWN} {region}": ["found-by-scan"] if region == "us-east-1" else [] for region in DEFAULT_REGIONS
    }
    assert [gap.what for gap in gaps] == ["regions"]

    (tmp_path / "places" / f"{OWN}-eu-west-1.json").unlink()
    again, _ = scan(ScanScope(regions=ALL_REGIONS), tmp_path)
    assert functions(again) == functions(found)
    asked_again = [
        new.evidence.place.region
        for old, new in zip(found.places, again.places, strict=True)
        if old.evidence.now != new.evidence.now
    ]
    assert asked_again == ["eu-west-1"]


def test_accounts_are_told_apart_by_the_roles_that_lead_into_them(one_function: None, tmp_path: Path) -> None:
    accounts = (ScanAccount(account_id=OTHER, name="other"), ScanAccount(account_id=OWN, name="own"))
    found, gaps = scan(ScanScope(accounts=accounts), tmp_path)
    assert functions(found) == {f"other ({OTHER}) us-east-1": [], f"own ({OWN}) us-east-1": ["found-by-scan"]}
    assert gaps == ()
    assert sorted(path.name for path in (tmp_path / "places").iterdir()) == [
        *(f"{OWN}-us-east-1.json", f"{OTHER}-us-east-1.json"),
    ]


def test_the_accounts_of_an_organization_are_scanned_by_their_names(one_function: None, tmp_path: Path) -> None:
    with contextlib.closing(boto3.Session().client("organizations")) as organizations:
        organizations.create_organization(FeatureSet="ALL")
        created = organizations.create_account(AccountName="orders", Email="orders@example.com")
        account_id = created["CreateAccountStatus"]["AccountId"]
        try:
            found, gaps = scan(ScanScope(organization=True), tmp_path)
            master, orders = f"master ({OWN}) us-east-1", f"orders ({account_id}) us-east-1"
            assert functions(found) == {master: ["found-by-scan"], orders: []}
            assert gaps == ()

            organizations.close_account(AccountId=account_id)
            found, gaps = scan(ScanScope(organization=True), tmp_path)
            assert functions(found) == {master: ["found-by-scan"]}
            assert [(gap.place.account_id, gap.reason) for gap in gaps] == [(account_id, "the account is suspended")]
        finally:
            organizations.remove_account_from_organization(AccountId=account_id)
            organizations.delete_organization()
