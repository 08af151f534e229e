"""What every report of a scan says to people, and in which order, with figures already written out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from powertune.report.scan.amounts import interval_words, monthly
from powertune.report.scan.reported import ReportedScan
from powertune.report.scan.steps import step_pieces
from powertune.report.scan.totals_text import TotalsText, write_headline, write_totals
from powertune.scan.coverage import Gap, ScanEffort
from powertune.scan.evidence import AccountRegion
from powertune.scan.finding import Finding
from powertune.scan.history import ScanChanges
from powertune.scan.rule import Need
from powertune.scan.scan import Scan
from powertune.scan.totals import grouped
from powertune.units import format_usd, plural

_GIB, _DAY_S = 2**30, 86_400
#: Less than this would be shown as nothing.
_LEAST_GIB = 0.005
#: What people call what was asked, where that is not its own name.
_NOUNS: Mapping[str, str] = {Need.MEMORY: "memory use", Need.ENVIRONMENT: "use of CPU and /tmp"}
#: How many subjects of a gap are named.
_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingText:
    """One finding, written out. `since` is `new`, `changed` or empty; `was` what a changed one was before.

    `saving` and `interval` are `-` and empty where there is no saving; `interval` is empty where it is exact.
    `next_step` is in pieces, each with whether it is a command.
    """

    finding: Finding
    currency: str
    title: str
    saving: str
    interval: str
    since: str
    was: str
    next_step: tuple[tuple[str, bool], ...]

    @property
    def because(self) -> str:
        """The first thing that it rests on."""
        return self.finding.facts[0].text if self.finding.facts else ""

    @property
    def amount(self) -> float | None:
        """The expected saving, as a number."""
        return None if self.finding.saving is None else self.finding.saving.expected


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanText:
    """A whole report. `rows` are sorted by money; `changes` are headings with a line for each thing that changed.
    `effort` is what was asked in all, and `calls` has a line for each operation.

    Texts may hold anything that a name or an error message holds: each format makes them harmless in its own way.
    """

    title: str
    subtitle: str
    headline: str
    rows: tuple[FindingText, ...]
    totals: tuple[TotalsText, ...]
    since: str
    changes: tuple[tuple[str, tuple[str, ...]], ...]
    suppressed: tuple[str, ...]
    gaps: tuple[str, ...]
    effort: tuple[str, ...]
    calls: tuple[str, ...]


def write_scan_text(reported: ReportedScan) -> ScanText:
    """Everything there is to say of a scan to a person."""
    scan, changes, totals = reported.scan, reported.changes, reported.totals
    accounts = len({each.place.account_id for each in scan.places})
    regions = len({each.place.region for each in scan.places})
    currencies = currencies_of(scan)
    return ScanText(
        title=f"Scan of {plural(accounts, 'account')} in {plural(regions, 'region')}",
        subtitle=f"{moment(scan.scanned_at)}, usage of {window_words(scan)}, powertune {scan.tool_version}",
        headline=write_headline(scan, totals),
        rows=_rows(scan, currencies, changes),
        totals=write_totals(totals, scan.payer),
        since="" if changes is None else moment(changes.since),
        changes=() if changes is None else _changes(changes, currencies),
        suppressed=tuple(
            f"{each.finding.name} ({each.finding.place}): {each.finding.rule}, {each.reason}"
            f"{'' if each.until is None else f', until {each.until}'}"
            for each in scan.suppressed
        ),
        gaps=gap_lines(scan.gaps),
        effort=_effort(scan.effort, len(scan.functions)),
        calls=tuple(f"{operation}: {count:,}" for operation, count in scan.effort.calls),
    )


def currencies_of(scan: Scan) -> Mapping[AccountRegion, str]:
    """The currency of each place."""
    return {each.place: each.currency for each in scan.places}


def moment(seconds: float) -> str:
    """UTC, without the clock's own time zone: the same file gives the same report everywhere."""
    found = _utc(seconds)
    return "at an unknown time" if found is None else found.strftime("%Y-%m-%d %H:%M UTC")


def window_words(scan: Scan) -> str:
    """`14 days (2027-01-01 to 2027-01-14, UTC)`: whole days before the one on which it was scanned."""
    days, midnight = plural_days(scan.days), scan.scanned_at // _DAY_S * _DAY_S
    first, last = _utc(midnight - scan.days * _DAY_S), _utc(midnight - _DAY_S)
    if first is None or last is None:
        return days
    dates = dict.fromkeys(f"{each:%Y-%m-%d}" for each in (first, last))
    return f"{days} ({' to '.join(dates)}, UTC)"


def _utc(seconds: float) -> datetime | None:
    """None where there is no such time."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None


def plural_days(days: float) -> str:
    """`14 days`, `1 day`, `1.5 days`."""
    return f"{days:,g} {'day' if days == 1 else 'days'}"


def gap_lines(gaps: Iterable[Gap]) -> tuple[str, ...]:
    """A line for each thing that could not be read for the same reason, with all the places where that was so."""
    lines = []
    # A gap without subjects is about all of them, and one with some is only about these.
    alike = grouped(gaps, lambda gap: (gap.what, gap.reason, gap.action, bool(gap.subjects)))
    for (what, reason, action, _), its in alike.items():
        places = ", ".join(dict.fromkeys(str(gap.place) for gap in its))
        subjects = tuple(dict.fromkeys(subject for gap in its for subject in gap.subjects))
        about = f" of {_some(subjects)}" if subjects else ""
        needs = f"; it needs {action}" if action else ""
        noun = _NOUNS.get(what, what)
        unread = f"{noun}{about} {'are' if noun.endswith('s') else 'is'} unknown" if what else "nothing was read"
        lines.append(f"{places}: {unread}: {reason}{needs}")
    return tuple(lines)


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
    return ", ".join(names[:_FEW]) + more


def _rows(
    scan: Scan, currencies: Mapping[AccountRegion, str], changes: ScanChanges | None
) -> tuple[FindingText, ...]:
    new = set() if changes is None else {id(finding) for finding in changes.new}
    before = {} if changes is None else {id(each.after): each.before for each in changes.changed}
    titles = {rule.id: rule.title for rule in scan.rules}
    rows = [
        _row(
            finding,
            currencies.get(finding.place, "USD"),
            titles.get(finding.rule, finding.rule),
            is_new=id(finding) in new,
            before=before.get(id(finding)),
        )
        for finding in scan.findings
    ]
    return tuple(sorted(rows, key=_order))


def _order(row: FindingText) -> tuple[object, ...]:
    """Dollars before other currencies, the most of them first; then what is about no money, the worst first."""
    finding, amount = row.finding, row.amount
    money = (0, row.currency != "USD", row.currency, -amount) if amount is not None else (1, False, "", 0.0)
    return (*money, -finding.severity.rank, finding.name, finding.key)


def _row(finding: Finding, currency: str, title: str, *, is_new: bool, before: Finding | None) -> FindingText:
    saving = finding.saving
    return FindingText(
        finding=finding,
        currency=currency,
        title=title,
        saving="-" if saving is None else monthly(saving.expected, currency),
        interval="" if saving is None else interval_words(saving, currency),
        since="new" if is_new else "" if before is None else "changed",
        was="" if before is None else _was(before, finding, currency),
        next_step=step_pieces(finding.next_step),
    )


def _was(before: Finding, after: Finding, currency: str) -> str:
    """What a changed finding was: `was $3.00`, `was low`, or both."""
    said = []
    if before.saving != after.saving:
        said.append("-" if before.saving is None else monthly(before.saving.expected, currency))
    if before.severity is not after.severity:
        said.append(str(before.severity))
    return f"was {', '.join(said)}"


def _changes(
    changes: ScanChanges, currencies: Mapping[AccountRegion, str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    def told(finding: Finding, extra: str = "") -> str:
        saving, currency = finding.saving, currencies.get(finding.place, "USD")
        money = "" if saving is None else f", {monthly(saving.expected, currency)} a month"
        return f"{finding.name} ({finding.place}): {finding.summary}{money}{extra}"

    parts = (
        ("new", tuple(map(told, changes.new))),
        (
            "changed",
            tuple(
                told(each.after, f", {_was(each.before, each.after, currencies.get(each.after.place, 'USD'))}")
                for each in changes.changed
            ),
        ),
        ("fixed", tuple(map(told, changes.fixed))),
        ("not looked for this time", tuple(map(told, changes.unseen))),
        ("functions created", tuple(f"{line.name} ({line.place})" for line in changes.appeared)),
        ("functions deleted", tuple(f"{line.name} ({line.place})" for line in changes.vanished)),
    )
    return tuple((heading, lines) for heading, lines in parts if lines)


def _effort(effort: ScanEffort, functions: int) -> tuple[str, ...]:
    calls = sum(count for _, count in effort.calls)
    each = f", {calls / functions:.2g} for each function" if functions else ""
    lines = [f"{plural(calls, 'call')}{each}"]
    if effort.metrics:
        lines.append(f"{plural(effort.metrics, 'metric')} of CloudWatch")
    if effort.scanned_bytes:
        read = effort.scanned_bytes / _GIB
        lines.append(f"{read:,.2f} GiB of logs" if read >= _LEAST_GIB else f"<{2 * _LEAST_GIB:.2f} GiB of logs")
    lines.append(f"cost {format_usd(effort.usd)}")
    return tuple(lines)
