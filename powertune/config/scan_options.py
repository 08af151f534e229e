"""The options of a scan: the table [scan] of the configuration file, then the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.config import values
from powertune.config.toml import read_table, refuse_unknown
from powertune.config.values import Parser
from powertune.errors import UsageError
from powertune.units import shown

SCANS_FOLDER = "powertune-scans"
#: CloudWatch keeps points of an hour for 455 days; what was used longer ago says little about next month.
MOST_DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to scan. `max_spend` is in US dollars, for Logs Insights; `rate` in control-plane calls per second.

    `per_function_calls` is the most calls about single functions in one account and region. `top` is how many
    findings a table shows. `fail_on` are conditions and `suppress` tables, neither parsed yet: they are about rules.
    """

    days: int = 14
    top: int = 50
    max_spend: float = 0.25
    parallel: int = 4
    rate: float = 5.0
    per_function_calls: int = 500
    fail_on: tuple[str, ...] = ()
    suppress: tuple[Mapping[str, Any], ...] = ()


def load_scan(folder: Path, options: Mapping[str, Any]) -> ScanOptions:
    """Options from the command line, then the `scan` table of the configuration file.

    The file may be somebody else's: it can set neither where to scan, as whom, nor what to spend.

    Args:
        options: from the command line; None means not given.

    Raises:
        UsageError: an unknown key, or an invalid value.
    """
    table = read_table(folder, "scan")
    refuse_unknown(table, _FROM_FILE, "the table [scan]")
    given = {name: value for name, value in options.items() if value not in (None, [])}
    return ScanOptions(**{name: _SCAN[name](name, value) for name, value in {**table, **given}.items()})


def _texts(name: str, value: Any) -> tuple[str, ...]:
    """A text, or a list of them."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list):
        raise UsageError(f"{values.dashed(name)} {shown(value)} is not a list of texts", hint='write ["...", "..."]')
    return tuple(values.text(values.dashed(name), each) for each in given)


def _tables(name: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UsageError(f"{name} {shown(value)} is not a list of tables", hint=f"write [[scan.{name}]]")
    return tuple(value)


_SCAN: Mapping[str, Parser] = {
    "days": values.whole(1, MOST_DAYS),
    "top": values.whole(1, 100_000),
    "max_spend": values.amount,
    "parallel": values.whole(1, 64),
    "rate": values.positive,
    "per_function_calls": values.whole(0, 1_000_000),
    "fail_on": _texts,
    "suppress": _tables,
}
_FROM_FILE = ("days", "top", "fail_on", "suppress")
