"""Accounts to scan without AWS: the way into them, connections, and who follows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, cast

from scanned import NOW, known

from powertune.aws.connection import Connection
from powertune.aws.organization import Organization
from powertune.aws.regions import EnabledRegions
from powertune.config.accounts import ScanAccount
from powertune.errors import PowertuneError
from powertune.scan.coverage import ScannedPlace
from powertune.scan.evidence import AccountRegion, PlaceEvidence


class FakePlaceConnection:
    """A connection that only knows where it leads, and whether it was closed."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id, self.region = account_id, region
        self.closed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed += 1


@dataclass
class FakeEntered:
    account_id: str
    way_in: "FakeWayIn"

    def connection(self, region: str) -> Connection:
        made = FakePlaceConnection(self.account_id, region)
        self.way_in.connections.append(made)
        return cast(Connection, made)

    def regions(self) -> EnabledRegions:
        self.way_in.asked_regions.append(self.account_id)
        return self.way_in.enabled


@dataclass
class FakeWayIn:
    """`refused` are the accounts that cannot be entered, and why."""

    own_id: str = "111111111111"
    region: str = "us-east-1"
    partition: str = "aws"
    members: Organization | PowertuneError = field(default_factory=lambda: Organization(accounts=()))
    enabled: EnabledRegions = field(default_factory=lambda: EnabledRegions(names=("af-south-1", "us-east-1")))
    refused: dict[str, PowertuneError] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    asked_regions: list[str] = field(default_factory=list)
    connections: list[FakePlaceConnection] = field(default_factory=list)

    def organization(self) -> Organization:
        if isinstance(self.members, PowertuneError):
            raise self.members
        return self.members

    def enter(self, account: ScanAccount) -> FakeEntered:
        self.entered.append(account.account_id)
        if account.account_id in self.refused:
            raise self.refused[account.account_id]
        return FakeEntered(account.account_id, self)


@dataclass
class FakePlacesObserver:
    """What was told, in order: `started`, `done` or `kept`, and the place."""

    told: list[tuple[str, str]] = field(default_factory=list)
    on_done: Callable[[AccountRegion], None] = lambda place: None

    def place_started(self, place: AccountRegion) -> None:
        self.told.append(("started", str(place)))

    def place_done(self, scanned: ScannedPlace, *, kept: bool) -> None:
        self.told.append(("kept" if kept else "done", str(scanned.evidence.place)))
        self.on_done(scanned.evidence.place)


def scanned_place(place: AccountRegion, *, now: float = NOW, days: float = 14, **more: Any) -> ScannedPlace:
    """A place with one function, without prices and gaps."""
    evidence = PlaceEvidence(place=place, now=now, days=days, functions=(known(),), prices=None)
    return ScannedPlace(evidence=evidence, **more)
