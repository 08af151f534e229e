"""A scan for the terminal: findings by money, totals, what is new, what could not be read, and what was asked."""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from powertune.cli.tables.screen import Screen
from powertune.report.scan import ReportedScan
from powertune.report.scan.steps import plain_step
from powertune.report.scan.text import FindingText, ScanText, write_scan_text
from powertune.report.scan.totals_text import OVERLAP, GroupText, TotalsText
from powertune.units import printable

#: The least that figures fit into; from where on there is room for columns, and for one more, the place.
_LEAST, _COLUMNS, _WIDE = 60, 100, 150
_INDENT = 4
_NAME_WIDTH, _WIDE_NAME_WIDTH = 26, 40
#: How many groups, and lines of a list, are shown: the other formats have all of them.
_MOST_LINES = 20
_SEVERITY_STYLES = {"high": "bold red", "medium": "yellow", "low": "", "info": "dim"}
_SINCE_STYLES = {"new": "bold cyan", "changed": "cyan", "": ""}


def render_scan_table(reported: ReportedScan, screen: Screen) -> bytes:
    """The findings and all that belongs to them, as text no wider than the screen, of 60 columns at least.

    Lines are broken between words where there are any, and no figure is cut.
    """
    text = write_scan_text(reported)
    buffer = io.StringIO()
    columns = max(_LEAST, screen.width)
    console = Console(
        file=buffer, force_terminal=screen.color, no_color=not screen.color, width=columns, highlight=False
    )
    console.print(_text(text.title, "bold"))
    console.print(_text(text.subtitle, "dim"))
    console.print()
    if text.rows:
        shown = text.rows[: reported.most_findings]
        _print_findings(console, shown, columns)
        if len(shown) < len(text.rows):
            console.print(_text(f"and {len(text.rows) - len(shown):,} more (--top)", "dim"))
        console.print()
    console.print(_text(text.headline, "bold"))
    for totals in text.totals:
        console.print(_text(totals.sentence))
    for totals in text.totals:
        _print_totals(console, totals)
    if any(group.saves for totals in text.totals for group in totals.by_rule):
        console.print()
        console.print(_text(OVERLAP, "dim"))
    _print_changes(console, text)
    _print_list(console, "suppressed", text.suppressed)
    _print_list(console, "could not be read", text.gaps, style="yellow")
    _print_list(console, "asked", ("; ".join(text.effort),))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines()).encode(screen.encoding, "replace")


def _text(words: str, style: str = "") -> Text:
    """A text as it is, without what steers a terminal."""
    return Text(printable(words), style=style, overflow="fold")


def _print_findings(console: Console, rows: Iterable[FindingText], width: int) -> None:
    """A table; where it is narrow, a paragraph for each finding, so that commands are not folded needlessly."""
    if width >= _COLUMNS:
        console.print(_findings(rows, width))
        return
    for row in rows:
        finding = row.finding
        money = Text.assemble((row.saving, "bold"), *((" ", (row.interval, "dim")) if row.interval else ()))
        severity = _text(f"  {finding.severity}", _SEVERITY_STYLES[finding.severity])
        console.print(Text.assemble(money, severity, "  ", _text(finding.name, "bold"), overflow="fold"))
        place = _text(str(finding.place), "dim")
        for line in (place, _found(row), _rule(row), _text(plain_step(row.next_step))):
            console.print(Padding(line, (0, 0, 0, _INDENT)))


def _findings(rows: Iterable[FindingText], width: int) -> Table:
    """A row for each finding, with the place below the function, or in a column of its own."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    name_width = _WIDE_NAME_WIDTH if width >= _WIDE else _NAME_WIDTH
    table.add_column("saving\na month", justify="right", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("function", max_width=name_width, overflow="fold")
    if width >= _WIDE:
        table.add_column("where", max_width=_NAME_WIDTH, overflow="fold")
    table.add_column("finding", overflow="fold", ratio=1)
    table.add_column("next step", overflow="fold", ratio=1)
    for row in rows:
        table.add_row(*_cells(row, width))
    return table


def _cells(row: FindingText, width: int) -> list[Text]:
    finding = row.finding
    saving = _lines(Text(row.saving, "bold"), *([Text(row.interval, "dim")] if row.interval else ()))
    severity = _text(str(finding.severity), _SEVERITY_STYLES[finding.severity])
    name, place = _text(finding.name), _text(str(finding.place), "dim")
    names = (name, place) if width >= _WIDE else (_lines(name, place),)
    because = [_text(f"because: {row.because}", "dim")] if row.because else []
    found = _lines(_found(row), *because, _rule(row))
    return [saving, severity, *names, found, _text(plain_step(row.next_step))]


def _rule(row: FindingText) -> Text:
    """What a suppression and --fail-on call it, and how sure its dollars are."""
    return _text(f"{row.finding.rule}, {row.finding.confidence} confidence", "dim")


def _found(row: FindingText) -> Text:
    """What was found, and whether that is new."""
    found = _text(row.finding.summary)
    if row.since:
        found.append(printable(f" ({row.was if row.since == 'changed' else row.since})"), _SINCE_STYLES[row.since])
    return found


def _lines(*texts: Text) -> Text:
    return Text("\n", overflow="fold").join(texts)


def _print_totals(console: Console, totals: TotalsText) -> None:
    for heading, groups in totals.saving_groups:
        if groups:
            console.print()
            console.print(_group_table(f"{heading} ({totals.currency})", groups, totals.cost_heading))
            if len(groups) > _MOST_LINES:
                console.print(_text(f"  and {len(groups) - _MOST_LINES:,} more", "dim"))


def _group_table(heading: str, groups: tuple[GroupText, ...], cost_heading: str) -> Table:
    with_cost = any(group.cost for group in groups)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(heading, overflow="fold")
    costs = (cost_heading.replace("before ", "before\n"),) if with_cost else ()
    for name in ("findings", "saving a month", *costs):
        table.add_column(name, justify="right", no_wrap=True)
    for group in groups[:_MOST_LINES]:
        cost = (Text(group.cost),) if with_cost else ()
        table.add_row(_text(group.name), Text(group.findings), Text(group.saving), *cost)
    return table


def _print_changes(console: Console, text: ScanText) -> None:
    if not text.since:
        return
    if not text.changes:
        console.print()
        console.print(f"Nothing has changed since {text.since}.")
    for heading, lines in text.changes:
        _print_list(console, f"{heading} since {text.since}", lines)


def _print_list(console: Console, heading: str, lines: tuple[str, ...], style: str = "") -> None:
    if not lines:
        return
    console.print()
    console.print(_text(heading, "bold"))
    more = (f"and {len(lines) - _MOST_LINES:,} more",) if len(lines) > _MOST_LINES else ()
    for line in (*lines[:_MOST_LINES], *more):
        console.print(Padding(_text(line, style), (0, 0, 0, 2)))
