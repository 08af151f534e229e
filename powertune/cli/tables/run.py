"""An analysis for the terminal: the table, a plot, the answer and what to know before believing it."""

import io

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from powertune.analysis import Analysis
from powertune.cli.tables.screen import Screen
from powertune.model import Advisory
from powertune.report.change import Change, shell_lines
from powertune.report.plot import draw_plot
from powertune.report.report_text import ReportText, Row, write_report_text
from powertune.report.wording import cold_words, price_words
from powertune.units import printable

#: The least that figures fit into.
_LEAST = 40
_NOTES_WIDTH = 14
_INDENT = 2
_HEADERS = {
    "memory": "memory",
    "architecture": "arch",
    "counts": "warm/\ncold",
    "duration_interval": "mean duration",
    "median": "median",
    "p95": "p95",
    "billed": "mean\nbilled",
    "cost_interval": "cost per million",
    "cost": "cost per\nmillion",
    "against_now": "vs\nnow",
    "used": "memory\nused",
    "init": "init",
    "notes": "",
}
#: The columns, for ever narrower terminals: a figure is left out, never cut.
_LAYOUTS = (
    "memory architecture counts duration_interval median p95 billed cost_interval against_now used init notes",
    "memory architecture counts duration_interval median p95 cost_interval against_now used notes",
    "memory architecture counts duration_interval p95 cost_interval against_now used notes",
    "memory architecture counts duration_interval cost_interval against_now notes",
    "memory architecture duration_interval cost_interval against_now notes",
    "memory architecture median cost_interval against_now notes",
    "memory architecture median cost against_now notes",
    "memory architecture median cost notes",
    "memory architecture median notes",
)


def render_run_table(analysis: Analysis, screen: Screen) -> bytes:
    """The table, the plot, the answer and the advisories, as text no wider than the screen.

    Drawn in ASCII where the screen has no other characters.
    """
    report = write_report_text(analysis)
    buffer = io.StringIO()
    columns = max(_LEAST, screen.width)
    console = Console(
        file=buffer, force_terminal=screen.color, no_color=not screen.color, width=columns, highlight=False
    )
    console.print(Text(printable(_heading(report)), style="bold"))
    console.print(_table(report, columns) if report.rows else "Nothing was measured.")
    console.print()
    for line in draw_plot(analysis, width=columns, unicode=_has_unicode(screen.encoding)):
        console.print(Text(line), no_wrap=True)
    console.print()
    console.print(Text(printable(report.headline)))
    console.print(Text(f"Cold starts: {cold_words(analysis.billing)}."))
    console.print(Text(f"Prices: {price_words(analysis)}."))
    if report.change is not None:
        console.print("\nTo apply it:")
        console.print(Padding(_change(report.change, columns - _INDENT), (0, 0, 0, _INDENT)))
    if report.advisories:
        console.print()
        console.print(_advisories(report.advisories))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines()).encode(screen.encoding, "replace")


def _has_unicode(encoding: str) -> bool:
    return encoding.lower().replace("-", "").startswith("utf")


def _heading(report: ReportText) -> str:
    architectures = _architectures(report)
    only = f", {architectures[0]}" if len(architectures) == 1 else ""
    return f"{report.title} ({report.subtitle}{only})"


def _architectures(report: ReportText) -> list[str]:
    return sorted({row.architecture for row in report.rows})


def _table(report: ReportText, width: int) -> Table:
    cells = {name: [_cell(row, name) for row in report.rows] for name in _HEADERS}
    # The heading names the architecture, if there is but one.
    hidden = () if len(_architectures(report)) > 1 else ("architecture",)
    layouts = [[name for name in layout.split() if name not in hidden] for layout in _LAYOUTS]
    names = next((layout for layout in layouts if _width(cells, layout) <= width), layouts[-1])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        if name == "notes":
            table.add_column("", min_width=_NOTES_WIDTH, overflow="fold")
        else:
            left = name == "architecture"
            table.add_column(_HEADERS[name], justify="left" if left else "right", no_wrap=True, vertical="top")
    for index, row in enumerate(report.rows):
        style = "bold green" if row.recommended else ""
        table.add_row(*(Text(cells[name][index], style=style) for name in names))
    return table


def _cell(row: Row, name: str) -> str:
    return printable(", ".join(row.notes)) if name == "notes" else str(getattr(row, name))


def _width(cells: dict[str, list[str]], names: list[str]) -> int:
    """The columns that a table takes when no cell but the last is folded."""
    figures = [max(map(len, (*_HEADERS[name].split("\n"), *cells[name]))) for name in names[:-1]]
    return sum(figures) + _NOTES_WIDTH + 2 * len(figures)


def _change(change: Change, width: int) -> Table:
    """How to apply the answer: commands to copy, folded only where a shell permits it, and a row for each tool."""
    commands = "\n".join(printable(line) for command in change.commands for line in shell_lines(command, width))
    notes = () if change.note is None else (Text(change.note),)
    tools = Table.grid(padding=(0, 2))
    for tool, properties in change.definitions:
        tools.add_row(tool, Text("\n".join(properties), overflow="fold"))
    whole = Table.grid()
    for part in (Text(commands, overflow="fold"), *notes, tools):
        whole.add_row(part)
    return whole


def _advisories(advisories: tuple[Advisory, ...]) -> Table:
    """Each finding with its next step below it, wrapped behind its mark."""
    table = Table.grid(padding=(0, 1))
    for advisory in dict.fromkeys(advisories):
        table.add_row(Text("!", style="yellow"), Text(printable(advisory.message), style="yellow", overflow="fold"))
        table.add_row("", Text(printable(f"Next: {advisory.next_step}"), overflow="fold"))
    return table
