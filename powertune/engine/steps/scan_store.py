"""What the workers of one scan hand on to each other in S3, under `scan-runs/`; scans are kept under `scans/`."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any

from powertune import documents
from powertune.aws.objects import Objects
from powertune.config.accounts import ScanAccount
from powertune.documents import Document, Schema
from powertune.engine.scanning.archive import BucketArchive
from powertune.engine.scanning.place_questions import lookup
from powertune.engine.scanning.suppressions_document import read_scan_suppressions
from powertune.errors import PowertuneError, UsageError
from powertune.prices import PriceTable
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.scan.place_document import read_scanned_place, write_scanned_place
from powertune.scan.rule_table import RULES
from powertune.scan.scan import Payer
from powertune.scan.suppressions import Suppression
from powertune.units import shortened

#: What the keys of all scans begin with that are kept.
SCANS = "scans/"
_SCHEMA = Schema(
    kind="powertune/scan-errand", version=1, called="scan errand", remedy="start another execution of the scan"
)
#: How many objects are read at one time, and how many characters of an error are shown.
_THREADS, _SHOWN = 8, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanErrand(Document):
    """What all workers of a scan have to know. `now` is when it began, in seconds since the epoch.

    `role` and `external_id` lead into accounts that are not among `accounts`: those that say it themselves. `gaps` is
    what was known beforehand that cannot be scanned. `max_spend_usd` is for each place.
    """

    now: float
    days: int
    max_spend_usd: float
    role: str
    external_id: str | None = None
    accounts: tuple[ScanAccount, ...] = ()
    gaps: tuple[Gap, ...] = ()
    payer: Payer = Payer.ACCOUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanStore:
    """The objects of one scan. Each is written once, or again with the same content."""

    objects: Objects
    scan_id: str

    @property
    def places_key(self) -> str:
        """The key of the list that Step Functions goes through: a JSON array of places."""
        return self._key("places.json")

    @property
    def results_prefix(self) -> str:
        """Where Step Functions writes what has become of each place, without a slash at the end."""
        return self._key("map")

    @property
    def archive(self) -> BucketArchive:
        """Where scans are kept."""
        return BucketArchive(objects=self.objects, prefix=SCANS)

    @property
    def errand(self) -> ScanErrand:
        """What was asked for."""
        return documents.read(self.objects.read(self._key("errand.json")), ScanErrand, _SCHEMA)

    @property
    def places(self) -> tuple[AccountRegion, ...]:
        """The places to scan, in their order."""
        return tuple(AccountRegion(**each) for each in json.loads(self.objects.read(self.places_key)))

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The findings that are not told, and why."""
        data = self.objects.find(self._key("suppressions.json"))
        return () if data is None else read_scan_suppressions(data, [rule.id for rule in RULES])

    def begin(self, errand: ScanErrand, places: tuple[AccountRegion, ...], suppressions: bytes | None = None) -> None:
        """Keep what all workers need.

        Args:
            errand: what was asked for.
            places: where to scan.
            suppressions: the document that they were deployed as; None if there are none.
        """
        if suppressions is not None:
            self.objects.write(self._key("suppressions.json"), suppressions)
        told = {f.name: getattr(errand, f.name) for f in fields(errand)} | {"schema": _SCHEMA.header}
        self.objects.write(self._key("errand.json"), documents.write(told))
        self.objects.write(self.places_key, json.dumps([asdict(place) for place in places]).encode())

    def kept(self, place: AccountRegion) -> ScannedPlace | None:
        """What an earlier attempt has read of a place, unless nothing could be."""
        data = self.objects.find(self._place_key(place))
        scanned = None if data is None else _parsed(data)
        return None if scanned is None or any(gap.of_whole_place for gap in scanned.gaps) else scanned

    def keep(self, scanned: ScannedPlace) -> None:
        """Keep a place that has been read."""
        self.objects.write(self._place_key(scanned.evidence.place), write_scanned_place(scanned))

    def scanned(self, places: tuple[AccountRegion, ...]) -> tuple[ScannedPlace | None, ...]:
        """What was kept of each place, in their order; None where nothing was, or nothing that can be read."""
        there = set(self.objects.keys(self._key("places/")))

        def read(place: AccountRegion) -> ScannedPlace | None:
            key = self._place_key(place)
            return _parsed(self.objects.read(key)) if key in there else None

        with ThreadPoolExecutor(_THREADS) as pool:
            return tuple(pool.map(read, places))

    def failures(self, manifest: str | None) -> Mapping[tuple[str, str], str]:
        """Why workers have failed, by account and region, as far as Step Functions tells.

        Args:
            manifest: the key of what the ResultWriter has written; None if there is none.
        """
        try:
            return {} if manifest is None else dict(self._failures(manifest))
        except (PowertuneError, KeyError, TypeError, ValueError):
            return {}  # which is no reason to lose the scan: the gap then says less

    @property
    def saved(self) -> str | None:
        """The `s3://` address of the finished scan; None before it is kept."""
        data = self.objects.find(self._key("saved"))
        return None if data is None else data.decode()

    def note_saved(self, uri: str) -> None:
        """Note where the finished scan is, so that another attempt does not keep it twice."""
        self.objects.write(self._key("saved"), uri.encode(), "text/plain")

    def _failures(self, manifest: str) -> Iterator[tuple[tuple[str, str], str]]:
        for file in json.loads(self.objects.read(manifest))["ResultFiles"]["FAILED"]:
            for record in json.loads(self.objects.read(file["Key"])):
                place = json.loads(record["Input"])["place"]
                yield (place["account_id"], place["region"]), _reason(record)

    def _key(self, name: str) -> str:
        return f"scan-runs/{self.scan_id}/{name}"

    def _place_key(self, place: AccountRegion) -> str:
        return self._key(f"places/{place.account_id}-{place.region}.json")


def _parsed(data: bytes) -> ScannedPlace | None:
    try:
        return read_scanned_place(data, lookup(PriceTable.bundled()))[0]
    except UsageError:
        return None


def _reason(record: Mapping[str, Any]) -> str:
    """Why a worker has failed: Lambda wraps what it says in JSON."""
    cause = str(record.get("Cause", ""))
    with suppress(KeyError, TypeError, ValueError):
        cause = str(json.loads(cause)["errorMessage"])
    said = ": ".join(filter(None, (str(record.get("Error", "")), cause))) or str(record.get("Status", "no word"))
    return shortened(f"its worker failed: {said}", _SHOWN)
