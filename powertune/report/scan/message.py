"""A scan as a message that somebody gets by mail: totals, what saves most, what is new, and what was not read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from powertune.report.scan.reported import ReportedScan
from powertune.report.scan.text import FindingText, ScanText, write_scan_text
from powertune.units import format_usd, plural, printable

#: How many findings a message tells, and how many lines of changes and of gaps.
_FINDINGS, _CHANGES, _GAPS = 5, 10, 20
#: A line may begin with the names of thousands of places, and say what is wrong at its end: so much is told of both.
_HALF = 200
#: SNS takes a subject of fewer than 100 ASCII characters in one line.
_SUBJECT = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMessage:
    """A subject of one short line in ASCII, and a text that SNS takes: less than 160 kB."""

    subject: str
    text: str


def write_scan_message(reported: ReportedScan, places: Iterable[str]) -> ScanMessage:
    """The message about a scan.

    Args:
        reported: the scan, and those before it.
        places: lines that say where the scan and its reports are.
    """
    text = write_scan_text(reported)
    blocks = (
        [text.headline, text.title + ", " + text.subtitle, *(each.sentence for each in text.totals)],
        [*_largest(text)],
        *_changes(text),
        [*_listed("Not read", text.gaps, _GAPS)] if text.gaps else [],
        [*places],
    )
    lines = "\n\n".join("\n".join(printable(_cut(line)) for line in block) for block in blocks if block)
    return ScanMessage(subject=_subject(reported, text), text=f"{lines}\n")


def _subject(reported: ReportedScan, text: ScanText) -> str:
    saved = [each for each in reported.totals if each.saving.expected > 0]
    amounts = " and ".join(format_usd(each.saving.expected, each.currency) for each in saved)
    parts = [f"{amounts} a month could be saved" if amounts else plural(len(text.rows), "finding")]
    if reported.changes is not None:
        parts.append(f"{len(reported.changes.new):,} new")
    if text.gaps:
        parts.append("not everything was read")
    line = printable(f"powertune scan: {', '.join(parts)}").encode("ascii", "replace").decode()
    return line[:_SUBJECT]


def _largest(text: ScanText) -> Iterator[str]:
    if not text.rows:
        return
    yield "What saves most:" if text.rows[0].amount is not None else "What was found:"
    yield from map(_finding, text.rows[:_FINDINGS])
    if len(text.rows) > _FINDINGS:
        yield f"  and {plural(len(text.rows) - _FINDINGS, 'more finding')}"


def _finding(row: FindingText) -> str:
    finding = row.finding
    saving = " ".join(filter(None, (row.saving, row.interval)))
    new = " (new)" if row.since == "new" else ""
    money = "" if row.amount is None else f"{saving} a month: "
    return f"  {money}{finding.name} ({finding.place}): {finding.summary} [{finding.rule}]{new}"


def _changes(text: ScanText) -> Iterator[list[str]]:
    if not text.since:
        yield ["This is the first scan: the next one says what is new."]
        return
    if not text.changes:
        yield [f"Nothing has changed since {text.since}."]
        return
    yield [f"Since {text.since}:"]
    for heading, lines in text.changes:
        yield [*_listed(heading.capitalize(), lines, _CHANGES)]


def _cut(line: str) -> str:
    return line if len(line) <= 2 * _HALF else f"{line[:_HALF]} ... {line[-_HALF:]}"


def _listed(heading: str, lines: tuple[str, ...], most: int) -> Iterator[str]:
    yield f"{heading}: {len(lines):,}"
    yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {plural(len(lines) - most, 'more line')}"
