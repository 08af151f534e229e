"""The steps of a scheduled scan: which places there are, what is in each, and one scan of all of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from powertune import __version__
from powertune.aws.connection import Connection
from powertune.aws.objects import Objects
from powertune.aws.reaching import AwsAccounts, RoleOptions
from powertune.config.accounts import ScanAccount
from powertune.config.region_option import parse_regions
from powertune.config.scan_options import ScanOptions
from powertune.engine.scanning.accounts_document import read_scan_accounts
from powertune.engine.scanning.archive import EarlierScans
from powertune.engine.scanning.logs_budget import LogsBudget
from powertune.engine.scanning.many import PlacesScan, check_read, unread_place
from powertune.engine.scanning.place_questions import PlaceQuestions, needs_of
from powertune.engine.scanning.targets import ScanScope, WayIn, find_targets, place_to_scan
from powertune.engine.steps.scan_store import SCANS, ScanErrand, ScanStore
from powertune.engine.steps.worker import Worker, run_id_of
from powertune.prices import PriceTable
from powertune.report import SCAN
from powertune.report.scan.message import write_scan_message
from powertune.report.scan.reported import ReportedScan
from powertune.scan.concluding import ScanOccasion, conclude
from powertune.scan.coverage import Gap, ScannedPlace
from powertune.scan.evidence import AccountRegion
from powertune.scan.history import LOOK_BACK, comparable
from powertune.scan.rule_table import RULES
from powertune.scan.scan import Scan
from powertune.scan.scan_document import parse_scan

#: How a worker gets into accounts.
GettingIn = Callable[[Connection, RoleOptions], WayIn]

State = dict[str, Any]


def find_places(worker: Worker, event: Mapping[str, Any], getting_in: GettingIn = AwsAccounts) -> State:
    """Find the places to scan, and write their list; returns the id of the scan, and the keys that the map takes.

    Args:
        event: `execution`, its ARN, and `settings`, texts as the template has them.
        getting_in: how accounts are entered.

    Raises:
        AccessDenied, UsageError: the accounts cannot be found.
    """
    settings = event["settings"]
    with _store(worker, run_id_of(event["execution"])) as (own, store):
        listed = _deployed(own, worker, settings, "accounts")
        accounts = () if listed is None else read_scan_accounts(listed)
        scope = ScanScope(
            regions=parse_regions("--scan-regions", settings["regions"]) if settings["regions"] else None,
            accounts=accounts,
            organization=settings["organization"] == "true",
        )
        roles = RoleOptions(role=settings["role"], external_id=settings["externalId"] or None)
        targets = find_targets(scope, getting_in(own, roles))
        places = tuple(each.place for each in targets.places)
        errand = ScanErrand(
            now=worker.clock(),
            days=int(settings["days"]),
            max_spend_usd=float(settings["maxSpend"]) / max(len(places), 1),
            role=roles.role,
            external_id=roles.external_id,
            accounts=tuple(account for account in accounts if account.roles or account.external_id),
            gaps=targets.gaps,
            payer=scope.payer,
        )
        store.begin(errand, places, _deployed(own, worker, settings, "suppressions"))
        return {
            "scan": store.scan_id,
            "places": len(places),
            "placesKey": store.places_key,
            "resultsPrefix": store.results_prefix,
            "sideBySide": int(settings["sideBySide"]),
        }


def scan_place(worker: Worker, event: Mapping[str, Any], getting_in: GettingIn = AwsAccounts) -> State:
    """Scan one place, and keep what is found. That a place cannot be entered is kept as well, and is no failure.

    Args:
        event: the `scan`, and the `place`.
        getting_in: how accounts are entered.
    """
    place = AccountRegion(**event["place"])
    with _store(worker, event["scan"]) as (own, store):
        errand, options = store.errand, ScanOptions()
        questions = PlaceQuestions(
            days=errand.days,
            now=errand.now,
            needs=needs_of(RULES),
            prices=PriceTable.bundled(),
            budget=LogsBudget(errand.max_spend_usd, slots=1),
            per_function_calls=options.per_function_calls,
            rate=options.rate,
        )
        account = next(
            (each for each in errand.accounts if each.account_id == place.account_id),
            ScanAccount(account_id=place.account_id, name=place.account_name),
        )
        way_in = getting_in(own, RoleOptions(role=errand.role, external_id=errand.external_id))
        PlacesScan(read=questions.ask, days=errand.days, clock=lambda: errand.now, keeping=store, threads=1).go(
            [place_to_scan(account, place.region, way_in)]
        )
    return {}


def combine(worker: Worker, event: Mapping[str, Any]) -> State:
    """Judge all places, and keep the scan and its page; returns where they are, and the message about them.

    Args:
        event: the `scan`, and `manifest`, the key of what Step Functions has written about the places, or None.

    Raises:
        AccessDenied, Unavailable: nothing could be read anywhere.
    """
    with _store(worker, event["scan"]) as (_, store):
        errand, places = store.errand, store.places
        read = tuple(_all(store, places, errand, event["manifest"]))
        check_read(read, errand.gaps)
        saved = store.saved
        if saved is None:
            occasion = ScanOccasion(now=errand.now, days=errand.days, tool_version=__version__)
            scan = conclude(read, occasion, gaps=errand.gaps, suppressions=store.suppressions, payer=errand.payer)
            saved = store.archive.save(scan)
            store.note_saved(saved)
        else:
            scan = parse_scan(store.objects.read(_key(store, saved)))
        return _told(store, scan, saved, store.archive.earlier(LOOK_BACK, before=scan.scanned_at))


def _told(store: ScanStore, scan: Scan, saved: str, earlier: EarlierScans) -> State:
    reported = ReportedScan(scan=scan, earlier=comparable(scan, earlier.scans))
    page = f"{saved.removesuffix('.json')}.html"
    store.objects.write(_key(store, page), SCAN.render(reported, "html"), "text/html; charset=utf-8")
    message = write_scan_message(
        reported,
        (
            f"The scan: {saved}",
            f"As a page: {page}",
            f"To read it: powertune scan --from {store.objects.uri(SCANS.rstrip('/'))}",
            *map(str, earlier.skipped),
        ),
    )
    changes = reported.changes
    return {
        "results": saved,
        "page": page,
        "functions": len(scan.functions),
        "findings": len(scan.findings),
        "new": None if changes is None else len(changes.new),
        "fixed": None if changes is None else len(changes.fixed),
        "gaps": len(scan.gaps),
        "savings": {each.currency: each.saving.expected for each in reported.totals},
        "subject": message.subject,
        "message": message.text,
    }


def _all(
    store: ScanStore, places: tuple[AccountRegion, ...], errand: ScanErrand, manifest: str | None
) -> Iterator[ScannedPlace]:
    """All places, in their order: one that no worker has kept has a gap, which says why."""
    scanned = store.scanned(places)
    failures = store.failures(manifest) if None in scanned else {}
    for place, known in zip(places, scanned, strict=True):
        if known is not None:
            yield known
            continue
        reason = failures.get((place.account_id, place.region), "its worker has left nothing")
        yield unread_place(Gap(place=place, what="", reason=reason), now=errand.now, days=errand.days)


def _deployed(own: Connection, worker: Worker, settings: Mapping[str, str], word: str) -> bytes | None:
    """A document that was deployed with the scan; None if it has none of this word."""
    key = settings[f"{word}Key"]
    objects = Objects(aws=own.aws(), bucket=settings["artifactBucket"], owner=worker.account)
    return objects.read(key) if key else None


@contextmanager
def _store(worker: Worker, scan_id: str) -> Iterator[tuple[Connection, ScanStore]]:
    with worker.connect(None, None) as own:
        yield (
            own,
            ScanStore(objects=Objects(aws=own.aws(), bucket=worker.bucket, owner=worker.account), scan_id=scan_id),
        )


def _key(store: ScanStore, uri: str) -> str:
    return uri.removeprefix(store.objects.uri(""))
