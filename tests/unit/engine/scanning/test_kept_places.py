"""Places that an interrupted scan has kept: they hold for a day, for the same questions, if all could be read."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_places import FakeWayIn, scanned_place
from scanned import NOW, PRICES

from powertune.aws.connection import Connection
from powertune.config.accounts import ScanAccount
from powertune.engine.scanning.kept_places import PlaceFolder
from powertune.engine.scanning.many import PlacesScan
from powertune.engine.scanning.targets import ScanScope, find_targets
from powertune.errors import IdentityError, UsageError
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion

ONE = AccountRegion(account_id="111111111111", region="us-east-1", account_name="main")
TWO = AccountRegion(account_id="222222222222", region="us-east-1")


def folder_at(path: Path, **changes: Any) -> PlaceFolder:
    return PlaceFolder(path, **{"days": 14, "clock": lambda: NOW + 3600, "prices": lambda region: PRICES, **changes})


def test_each_place_is_a_file_of_its_own_and_gets_the_prices_of_now(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "scan")
    assert folder.kept(ONE) is None
    folder.keep(scanned_place(ONE))
    assert [path.name for path in (tmp_path / "scan" / "places").iterdir()] == ["111111111111-us-east-1.json"]
    kept = folder.kept(ONE)
    assert kept is not None
    assert kept.evidence.functions == scanned_place(ONE).evidence.functions
    assert kept.evidence.prices == PRICES
    assert kept.evidence.place.account_name == "main"
    assert folder.kept(TWO) is None


@pytest.mark.parametrize(
    ("kept", "changes"),
    [
        (scanned_place(ONE, days=7), {}),
        (scanned_place(ONE), {"days": 30}),
        (scanned_place(ONE), {"clock": lambda: NOW + 24 * 3600 + 1}),
        (scanned_place(ONE), {"clock": lambda: NOW - 1}),
        (scanned_place(ONE), {"asked": ("usage", "triggers")}),
        (scanned_place(ONE, gaps=(Gap(place=ONE, what="", reason="denied"),)), {}),
        (scanned_place(TWO), {}),
        (scanned_place(replace(ONE, account_name="renamed")), {}),
    ],
    ids=["shorter", "longer", "old", "future", "asked about less", "not read", "another", "renamed"],
)
def test_what_does_not_hold_any_more_is_asked_again(
    tmp_path: Path, kept: ScannedPlace, changes: dict[str, Any]
) -> None:
    folder_at(tmp_path).keep(kept)
    (path,) = (tmp_path / "places").iterdir()
    path.rename(path.with_name("111111111111-us-east-1.json"))
    assert folder_at(tmp_path, **changes).kept(ONE) is None


@pytest.mark.parametrize(
    ("gaps", "changes"),
    [
        ((), {"clock": lambda: NOW + 24 * 3600}),
        ((Gap(place=ONE, what="triggers", reason="denied"),), {}),
        ((Gap(place=ONE, what="inventory", reason="odd", subjects=("fn",)),), {}),
    ],
    ids=["a day old", "without triggers", "without one function"],
)
def test_what_was_read_as_far_as_it_can_be_holds_for_a_day(
    tmp_path: Path, gaps: tuple[Gap, ...], changes: dict[str, Any]
) -> None:
    folder_at(tmp_path).keep(scanned_place(ONE, gaps=gaps))
    assert folder_at(tmp_path, **changes).kept(ONE) is not None


def test_the_same_questions_in_another_order_are_the_same(tmp_path: Path) -> None:
    folder_at(tmp_path, asked=("usage", "triggers")).keep(scanned_place(ONE))
    assert folder_at(tmp_path, asked=("triggers", "usage")).kept(ONE) is not None


@pytest.mark.parametrize("data", [b"", b"{", b'{"schema": "powertune/scanned-place/9"}'])
def test_a_file_that_cannot_be_read_is_asked_again(tmp_path: Path, data: bytes) -> None:
    folder_at(tmp_path).keep(scanned_place(ONE))
    (tmp_path / "places" / "111111111111-us-east-1.json").write_bytes(data)
    assert folder_at(tmp_path).kept(ONE) is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "places").write_text("a file")
    with pytest.raises(UsageError, match="cannot make"):
        folder_at(tmp_path).keep(scanned_place(ONE))


def test_a_scan_that_was_interrupted_goes_on_with_what_is_left(tmp_path: Path) -> None:
    """The session expires after two of four places; signed in again, only the other two are asked."""
    accounts = tuple(ScanAccount(account_id=str(number) * 12) for number in range(1, 5))
    expired = True

    def read(connection: Connection, place: AccountRegion) -> ScannedPlace:
        if expired and place.account_id > "222222222222":
            raise IdentityError("expired")
        return scanned_place(place)

    scan = PlacesScan(read=read, days=14, clock=lambda: NOW, keeping=folder_at(tmp_path), threads=1)
    first = scan.go(find_targets(ScanScope(accounts=accounts), FakeWayIn()).places)
    assert [bool(each.gaps) for each in first.places] == [False, False, True, True]

    expired, way_in = False, FakeWayIn()
    second = scan.go(find_targets(ScanScope(accounts=accounts), way_in).places)
    assert [bool(each.gaps) for each in second.places] == [False] * 4
    assert way_in.entered == ["333333333333", "444444444444"]


def test_only_what_was_kept_is_forgotten(tmp_path: Path) -> None:
    scan, other = tmp_path / "scan", tmp_path / "other"
    for path in (scan, other):
        folder_at(path).keep(scanned_place(ONE))
        folder_at(path).keep(scanned_place(TWO))
    (other / "places" / "notes.json").write_text("{}")
    folder_at(scan).forget()
    folder_at(other).forget()
    assert not scan.exists()
    assert [path.name for path in other.rglob("*")] == ["places", "notes.json"]
    folder_at(tmp_path / "nowhere").forget()


def test_a_folder_that_cannot_be_made_is_found_out_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot make '.*file/places': Not a directory"):
        folder_at(tmp_path / "file").prepare()
    folder_at(tmp_path / "new").prepare()
    assert (tmp_path / "new" / "places").is_dir()
