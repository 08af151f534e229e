"""The suppressions of a scheduled scan as a document in S3: what the configuration file said when it was deployed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from powertune import documents
from powertune.documents import Document, Schema
from powertune.scan.suppressions import EVERY, Suppression, parse_suppressions

_SCHEMA = Schema(
    kind="powertune/scan-suppressions",
    version=1,
    called="list of suppressions",
    remedy="deploy again: powertune deploy --scan-suppressions FOLDER",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SuppressionEntry:
    """A table [[scan.suppress]]; what is None is not there."""

    rule: str
    function: str
    reason: str
    account: str | None = None
    region: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suppressions(Document):
    suppressions: tuple[_SuppressionEntry, ...]


def write_scan_suppressions(suppressions: Sequence[Suppression]) -> bytes:
    """The document, as UTF-8 JSON: the same suppressions give the same bytes."""
    entries = tuple(
        _SuppressionEntry(
            rule=each.rule,
            function=each.function,
            reason=each.reason,
            account=each.account,
            region=each.region,
            until=None if each.until is None else each.until.isoformat(),
        )
        for each in suppressions
    )
    return documents.write({"schema": _SCHEMA.header, "suppressions": entries})


def read_scan_suppressions(data: bytes, rules: Sequence[str]) -> tuple[Suppression, ...]:
    """The suppressions of a document; those of rules that there are no more are left out.

    Args:
        data: the document.
        rules: the ids of all rules.

    Raises:
        UsageError: it is no such document, or it is damaged.
    """
    entries = documents.read(data, _Suppressions, _SCHEMA).suppressions
    tables = [
        {f.name: value for f in fields(_SuppressionEntry) if (value := getattr(entry, f.name)) is not None}
        for entry in entries
        if entry.rule in (EVERY, *rules)
    ]
    return parse_suppressions(tables, rules)
