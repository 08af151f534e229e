"""A scan as a versioned JSON document: what the next scan is compared with, and what reports are made from later."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from powertune import documents
from powertune.documents import Document, Schema
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import AccountRegion
from powertune.scan.finding import Finding
from powertune.scan.scan import (
    AccountFreeTier,
    CheckedRule,
    CostedPlace,
    FunctionLine,
    Payer,
    Scan,
    SuppressedFinding,
)

SCHEMA = Schema(
    kind="powertune/scan",
    version=1,
    called="scan",
    remedy="scan again, or give a file that `powertune scan` wrote",
    mistaken=(
        ("powertune/run", "not a scan but the results file of a run", "give it to `powertune report`"),
        ("powertune/analysis", "not a scan but the analysis of a run", "give a file that `powertune scan` wrote"),
    ),
)
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ScanDocument(Document):
    """The file as a whole: the fields of a scan."""

    scanned_at: float
    days: float
    tool_version: str
    rules: tuple[CheckedRule, ...]
    places: tuple[CostedPlace, ...]
    functions: tuple[FunctionLine, ...]
    findings: tuple[Finding, ...]
    effort: ScanEffort
    suppressed: tuple[SuppressedFinding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    free_tiers: tuple[AccountFreeTier, ...] = ()
    payer: Payer = Payer.ACCOUNT


def scan_document(scan: Scan) -> dict[str, Any]:
    """The scan as JSON objects, for `documents.write`. More may be added: whoever reads it back ignores that."""
    return {"schema": SCHEMA.header, **{f.name: getattr(scan, f.name) for f in fields(Scan)}}


def dump_scan(scan: Scan) -> bytes:
    """The document of a scan, as UTF-8.

    Raises:
        ValueError: a figure is NaN or infinite.
    """
    return documents.write(scan_document(scan))


def parse_scan(data: bytes) -> Scan:
    """The scan that a document holds.

    Raises:
        UsageError: not a scan, incomplete, damaged, or written by a newer powertune.
    """
    document = documents.read(data, _ScanDocument, SCHEMA)
    scan = Scan(**{f.name: getattr(document, f.name) for f in fields(Scan)})
    _check_whole(scan)
    return scan


def _check_whole(scan: Scan) -> None:
    """Refuse what each field may be, but not all of them together."""
    _check_once((f"{each.place.account_id} {each.place.region}" for each in scan.places), "places")
    _check_once((line.arn for line in scan.functions), "functions")
    _check_once((rule.id for rule in scan.rules), "rules")
    _check_once((each.account_id for each in scan.free_tiers), "free_tiers")
    places = {each.place for each in scan.places}
    for index, each in enumerate(scan.places):
        if not re.fullmatch("[A-Z]{3}", each.currency, re.ASCII):
            raise SCHEMA.wrong(f"places[{index}].currency", each.currency)
    for index, line in enumerate(scan.functions):
        _check_place(line.place, places, f"functions[{index}].place")
    for index, finding in enumerate(scan.findings):
        _check_finding(finding, places, f"findings[{index}]")
    for index, suppressed in enumerate(scan.suppressed):
        _check_finding(suppressed.finding, places, f"suppressed[{index}].finding")
        if suppressed.until is not None and not _DAY.fullmatch(suppressed.until):
            raise SCHEMA.wrong(f"suppressed[{index}].until", suppressed.until, "expected YYYY-MM-DD")


def _check_once(keys: Iterable[str], where: str) -> None:
    for key, count in Counter(keys).items():
        if count > 1:
            raise SCHEMA.wrong(where, key, f"it occurs {count:,} times")


def _check_place(place: AccountRegion, places: set[AccountRegion], where: str) -> None:
    if place not in places:
        raise SCHEMA.wrong(where, str(place), "it is not among the places")


def _check_finding(finding: Finding, places: set[AccountRegion], where: str) -> None:
    _check_place(finding.place, places, f"{where}.place")
    saving = finding.saving
    if saving is not None and not saving.low <= saving.expected <= saving.high:
        raise SCHEMA.wrong(f"{where}.saving.expected", saving.expected, "it is not between low and high")
