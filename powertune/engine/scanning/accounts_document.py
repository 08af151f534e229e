"""The accounts of a scheduled scan as a document in S3, so that its workers need no YAML."""

from dataclasses import dataclass

from powertune import documents
from powertune.config.accounts import ScanAccount
from powertune.documents import Document, Schema

_SCHEMA = Schema(
    kind="powertune/scan-accounts",
    version=1,
    called="list of accounts",
    remedy="deploy again: powertune deploy --scan-accounts FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Accounts(Document):
    accounts: tuple[ScanAccount, ...]


def write_scan_accounts(accounts: tuple[ScanAccount, ...]) -> bytes:
    """The document, as UTF-8 JSON: the same accounts give the same bytes."""
    return documents.write({"schema": _SCHEMA.header, "accounts": accounts})


def read_scan_accounts(data: bytes) -> tuple[ScanAccount, ...]:
    """The accounts of a document.

    Raises:
        UsageError: it is no such document, or it is damaged.
    """
    return documents.read(data, _Accounts, _SCHEMA).accounts
