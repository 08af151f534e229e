"""A scan as GitHub-flavored Markdown: a job summary, an issue, or a comment."""

from collections.abc import Callable, Iterable

from powertune.report.markdown import code, details, escape, listed, table_line
from powertune.report.scan.reported import ReportedScan
from powertune.report.scan.text import FindingText, ScanText, write_scan_text
from powertune.report.scan.totals_text import OVERLAP, TotalsText
from powertune.units import plural

#: What GitHub accepts as the summary of a job (1 MiB), and as a comment.
SUMMARY_BYTES, COMMENT_BYTES = 1_048_576, 65_536


def render_scan_markdown(reported: ReportedScan) -> bytes:
    """The headline, totals, findings by money, what is new, and what could not be read; at most 1 MiB.

    It shows as many findings as `most_findings` allows.
    """
    return scan_markdown(reported, SUMMARY_BYTES)


def scan_markdown(reported: ReportedScan, most_bytes: int) -> bytes:
    """The report in as many bytes: each table and list has as many lines as fit, and says how many are left out.

    Without any lines, it has some thousand bytes, which is the least.
    """
    text, most = write_scan_text(reported), reported.most_findings
    lines = max(len(text.rows), len(text.gaps), len(text.suppressed), *(len(items) for _, items in text.changes), 0)
    best = _rendered(text, lines, most)
    fits, too_many = (lines, lines + 1) if len(best) <= most_bytes else (0, lines)
    if not fits:
        best = _rendered(text, 0, most)
    while fits + 1 < too_many:
        lines = (fits + too_many) // 2
        data = _rendered(text, lines, most)
        if len(data) <= most_bytes:
            fits, best = lines, data
        else:
            too_many = lines
    return best


def _rendered(text: ScanText, lines: int, most: int | None) -> bytes:
    blocks = [
        f"### {escape(text.title)}",
        f"**{escape(text.headline)}**",
        escape(text.subtitle),
        *(escape(each.sentence) for each in text.totals),
        _findings(text, lines, most),
        *_changes(text, lines),
        *(_groups(each, lines) for each in text.totals),
        _folded("could not be read", "thing", text.gaps, lines),
        _folded("suppressed", "finding", text.suppressed, lines),
        f"The scan asked: {escape('; '.join(text.effort))}.",
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def _findings(text: ScanText, lines: int, most: int | None) -> str:
    if not text.rows:
        return ""
    headers = ("saving a month", "function", "where", "finding", "rule", "severity", "next step")
    alignments = ("---:", *("---",) * 6)
    wanted = text.rows[:most]
    shown = wanted[:lines]
    table = "\n".join(map(table_line, (headers, alignments, *map(_cells, shown)))) if shown else ""
    left = len(text.rows) - len(shown)
    more = f"and {left:,} more (--top)" if left and shown == wanted else _left_out(left, "finding")
    return "\n\n".join(filter(None, (table, more)))


def _cells(row: FindingText) -> Iterable[str]:
    finding = row.finding
    since = {"": "", "new": " **new**", "changed": f" ({escape(row.was)})"}[row.since]
    return (
        escape(" ".join(filter(None, (row.saving, row.interval)))),
        escape(finding.name),
        escape(str(finding.place)),
        f"{escape(finding.summary)}{since}",
        f"{code(finding.rule)}, {finding.confidence} confidence",
        str(finding.severity),
        "".join(code(piece) if is_command else _spaced(piece) for piece, is_command in row.next_step).strip(),
    )


def _spaced(words: str) -> str:
    """Words beside a command, with the space that parts them from it."""
    before, after = (" " if end.isspace() else "" for end in (words[:1], words[-1:]))
    return f"{before}{escape(words)}{after}"


def _changes(text: ScanText, lines: int) -> Iterable[str]:
    if not text.since:
        return
    if not text.changes:
        yield f"Nothing has changed since {escape(text.since)}."
        return
    counts = ", ".join(f"{heading}: {len(items):,}" for heading, items in text.changes)
    yield f"Since {escape(text.since)}, {counts}."
    for heading, items in text.changes:
        yield details(f"{heading.capitalize()} since the last scan", _limited(items, lines))


def _groups(totals: TotalsText, lines: int) -> str:
    tables = []
    for heading, groups in totals.saving_groups:
        if not groups:
            continue
        with_cost = any(group.cost for group in groups)
        headers = (
            heading.removeprefix("by "),
            "findings",
            "saving a month",
            *((totals.cost_heading,) if with_cost else ()),
        )
        rows = [
            (escape(group.name), group.findings, escape(group.saving), *((escape(group.cost),) if with_cost else ()))
            for group in groups[:lines]
        ]
        alignments = ("---", *("---:",) * (len(headers) - 1))
        tables.append("\n".join(map(table_line, (headers, alignments, *rows))))
    return details(
        f"Totals by rule, account and region in {escape(totals.currency)}", "\n\n".join((*tables, OVERLAP))
    )


def _folded(what: str, noun: str, items: tuple[str, ...], lines: int) -> str:
    return details(f"{plural(len(items), noun)} {what}", _limited(items, lines)) if items else ""


def _limited(items: tuple[str, ...], lines: int, write: Callable[[str], str] = escape) -> str:
    left = len(items) - lines
    return "\n\n".join(filter(None, (listed(map(write, items[:lines])), _left_out(left, "line"))))


def _left_out(count: int, noun: str) -> str:
    return f"{plural(count, noun)} more than fit here." if count > 0 else ""
