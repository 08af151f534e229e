"""A scanned place as a document (`powertune/scanned-place/1`): everything that was read, but the prices."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from powertune.documents import Document, Schema, read, write
from powertune.figures import SMALLEST
from powertune.region_prices import RegionPrices
from powertune.scan.coverage import Gap, ScanEffort, ScannedPlace
from powertune.scan.evidence import AccountRegion, FunctionEvidence, FunctionLogGroup, PlaceEvidence

SCANNED_PLACE = Schema(
    kind="powertune/scanned-place",
    version=1,
    called="scanned place",
    remedy="scan the place again: delete the file, and run `powertune scan`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDocument(Document):
    """`asked` is what the scan asked about the place. Log groups are a list; null where they could not be read."""

    place: AccountRegion
    now: float
    days: float
    functions: tuple[FunctionEvidence, ...]
    log_groups: tuple[FunctionLogGroup, ...] | None
    gaps: tuple[Gap, ...]
    effort: ScanEffort
    asked: tuple[str, ...] = ()


def write_scanned_place(scanned: ScannedPlace, asked: tuple[str, ...] = ()) -> bytes:
    """The document of a place, as UTF-8 JSON."""
    evidence = scanned.evidence
    groups = evidence.log_groups
    document = PlaceDocument(
        schema=SCANNED_PLACE.header,
        place=evidence.place,
        now=evidence.now,
        days=evidence.days,
        functions=tuple(map(_writable, evidence.functions)),
        log_groups=None if groups is None else tuple(groups[name] for name in sorted(groups)),
        gaps=scanned.gaps,
        effort=scanned.effort,
        asked=asked,
    )
    return write({f.name: getattr(document, f.name) for f in fields(document)})


def _writable(known: FunctionEvidence) -> FunctionEvidence:
    """The same without costs that are too small for a document, and for anybody: less than 1e-12 is 0."""
    if known.cost is None:
        return known
    amounts = {f.name: getattr(known.cost, f.name) for f in fields(known.cost) if f.type is float}
    nothing: Any = {name: 0.0 for name, amount in amounts.items() if amount < SMALLEST}
    return replace(known, cost=replace(known.cost, **nothing))


def read_scanned_place(
    data: bytes, prices: Callable[[str], RegionPrices | None]
) -> tuple[ScannedPlace, tuple[str, ...]]:
    """A place from its document, and what the scan asked about it.

    Args:
        data: the document.
        prices: the prices of a region, which a document does not hold.

    Raises:
        UsageError: it is no such document, or it is damaged.
    """
    document = read(data, PlaceDocument, SCANNED_PLACE)
    groups = document.log_groups
    evidence = PlaceEvidence(
        place=document.place,
        now=document.now,
        days=document.days,
        functions=document.functions,
        prices=prices(document.place.region),
        log_groups=None if groups is None else {group.name: group for group in groups},
    )
    return ScannedPlace(evidence=evidence, gaps=document.gaps, effort=document.effort), document.asked
