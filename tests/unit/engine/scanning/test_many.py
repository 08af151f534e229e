"""Many places: none of them ends the others, and what was read is kept, whatever happens."""

from collections.abc import Collection
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import Any

import pytest
from fake_places import FakePlacesObserver, FakeWayIn, scanned_place
from scanned import NOW

from powertune.aws.connection import Connection
from powertune.config.accounts import ScanAccount
from powertune.engine.scanning.many import PlaceReader, PlacesScan
from powertune.engine.scanning.targets import PlaceToScan, ScanScope, find_targets
from powertune.errors import AccessDenied, IdentityError, UsageError
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion

IDS = tuple(str(number) * 12 for number in range(1, 7))
PLACES = [AccountRegion(account_id=account_id, region="us-east-1") for account_id in IDS]


@dataclass
class KeptInMemory:
    """What is kept, by place; `full` raises as a full disk does."""

    places: dict[AccountRegion, ScannedPlace] = field(default_factory=dict)
    full: bool = False

    def kept(self, place: AccountRegion, /) -> ScannedPlace | None:
        return self.places.get(place)

    def keep(self, scanned: ScannedPlace) -> None:
        if self.full:
            raise UsageError("cannot write")
        self.places[scanned.evidence.place] = scanned


def read(connection: Connection, place: AccountRegion) -> ScannedPlace:
    assert connection.region == place.region
    return scanned_place(place)


def targets(way_in: FakeWayIn | None = None) -> tuple[PlaceToScan, ...]:
    accounts = tuple(ScanAccount(account_id=account_id) for account_id in IDS)
    return find_targets(ScanScope(accounts=accounts), way_in or FakeWayIn()).places


def scan(read: PlaceReader = read, **more: Any) -> PlacesScan:
    return PlacesScan(**{"read": read, "days": 14, "clock": lambda: NOW, "threads": 1, **more})


def account_ids(scanned: Collection[ScannedPlace]) -> list[str]:
    return [each.evidence.place.account_id for each in scanned]


def test_all_places_are_read_in_their_order_told_of_kept_and_their_connections_closed() -> None:
    way_in, observer, keeping = FakeWayIn(), FakePlacesObserver(), KeptInMemory()
    found = scan(observer=observer, keeping=keeping).go(targets(way_in))
    assert found.places == tuple(scanned_place(place) for place in PLACES)
    assert found.left == ()
    assert list(keeping.places) == PLACES
    assert [each.closed for each in way_in.connections] == [1] * 6
    assert observer.told[:4] == [
        *(("started", f"{IDS[0]} us-east-1"), ("done", f"{IDS[0]} us-east-1")),
        *(("started", f"{IDS[1]} us-east-1"), ("done", f"{IDS[1]} us-east-1")),
    ]
    assert len(observer.told) == 12


@pytest.mark.parametrize("threads", [1, 4])
def test_so_many_places_are_read_at_once_and_no_more(threads: int) -> None:
    together = Barrier(threads)
    reading: list[int] = []
    most: list[int] = []

    def counted(connection: Connection, place: AccountRegion) -> ScannedPlace:
        reading.append(1)
        most.append(len(reading))
        if place in PLACES[:threads]:
            together.wait(10)  # which fails unless all are here
        reading.pop()
        return scanned_place(place)

    found = scan(counted, threads=threads).go(targets())
    assert account_ids(found.places) == list(IDS)
    assert max(most) == threads


def test_a_role_that_does_not_exist_is_a_gap_of_its_place() -> None:
    denied = AccessDenied("cannot assume the role", hint="create it")
    found = scan().go(targets(FakeWayIn(refused={IDS[1]: denied})))
    assert account_ids(found.places) == list(IDS)
    assert [len(each.evidence.functions) for each in found.places] == [1, 0, 1, 1, 1, 1]
    lost = found.places[1]
    assert lost.gaps == (
        Gap(place=PLACES[1], what="", reason="cannot assume the role (create it)", action="sts:AssumeRole"),
    )
    assert (lost.evidence.now, lost.evidence.days, lost.evidence.prices) == (NOW, 14, None)


def test_a_session_that_expires_in_the_middle_leaves_gaps_and_what_was_read_before() -> None:
    way_in, keeping = FakeWayIn(), KeptInMemory()

    def until_then(connection: Connection, place: AccountRegion) -> ScannedPlace:
        if place in PLACES[3:]:
            raise IdentityError("AWS does not accept the credentials: expired")
        return scanned_place(place)

    found = scan(until_then, keeping=keeping).go(targets(way_in))
    assert [bool(each.gaps) for each in found.places] == [False] * 3 + [True] * 3
    assert {(gap.what, gap.reason, gap.action) for each in found.places for gap in each.gaps} == {
        ("", "AWS does not accept the credentials: expired", "")
    }
    assert list(keeping.places) == PLACES
    assert [each.closed for each in way_in.connections] == [1] * 6


def test_places_that_are_kept_are_not_asked_again() -> None:
    way_in, observer = FakeWayIn(), FakePlacesObserver()
    keeping = KeptInMemory({place: scanned_place(place, now=NOW - 60) for place in PLACES[:5]})
    found = scan(observer=observer, keeping=keeping).go(targets(way_in))
    assert account_ids(found.places) == list(IDS)
    assert [each.evidence.now for each in found.places] == [NOW - 60] * 5 + [NOW]
    assert way_in.entered == [IDS[5]]
    assert [what for what, _ in observer.told] == ["kept"] * 5 + ["started", "done"]


def test_no_place_is_begun_once_the_scan_is_to_stop() -> None:
    stop = Event()
    observer = FakePlacesObserver(on_done=lambda place: stop.set() if place == PLACES[1] else None)
    found = scan(observer=observer, stop=stop).go(targets())
    assert account_ids(found.places) == list(IDS[:2])
    assert found.left == tuple(PLACES[2:])
    assert len(observer.told) == 4


def test_ctrl_c_finishes_what_is_being_read_and_begins_nothing_else() -> None:
    stop, keeping, second_begun = Event(), KeptInMemory(), Event()

    def slow(connection: Connection, place: AccountRegion) -> ScannedPlace:
        if place == PLACES[1]:
            second_begun.set()
            assert stop.wait(10)
        return scanned_place(place)

    def press(begun: Collection[Future[ScannedPlace | None]]) -> None:
        assert second_begun.wait(10)
        raise KeyboardInterrupt

    found = scan(slow, keeping=keeping, wait=press, stop=stop).go(targets())
    assert account_ids(found.places) == list(IDS[:2])
    assert found.left == tuple(PLACES[2:])
    assert list(keeping.places) == PLACES[:2]


def test_ctrl_c_after_the_last_place_loses_nothing() -> None:
    def press(begun: Collection[Future[ScannedPlace | None]]) -> None:
        wait(begun)
        raise KeyboardInterrupt

    found = scan(wait=press).go(targets())
    assert (len(found.places), found.left) == (6, ())


@pytest.mark.parametrize("threads", [1, 2])
def test_a_bug_is_raised_after_what_was_begun_and_ends_the_rest(threads: int) -> None:
    keeping = KeptInMemory()

    def broken(connection: Connection, place: AccountRegion) -> ScannedPlace:
        if place == PLACES[2]:
            raise ZeroDivisionError
        return scanned_place(place)

    with pytest.raises(ZeroDivisionError):
        scan(broken, keeping=keeping, threads=threads).go(targets())
    assert set(PLACES[:2]) <= set(keeping.places)
    assert PLACES[2] not in keeping.places


def test_a_place_that_cannot_be_kept_ends_the_scan_at_once() -> None:
    way_in = FakeWayIn()
    with pytest.raises(UsageError, match="cannot write"):
        scan(keeping=KeptInMemory(full=True)).go(targets(way_in))
    assert len(way_in.entered) == 1


def test_nobody_follows_and_nothing_is_kept_unless_somebody_says_so() -> None:
    assert len(scan().go(targets()).places) == 6
    assert scan().go(()).places == ()
