"""An analysis for the terminal: the table, a plot, the answer and what to know before believing it."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from powertune.analysis import Analysis
from powertune.model import Advisory
from powertune.report.document import Document, Row, write_document
from powertune.report.plot import draw_plot
from powertune.report.wording import cold_words
from powertune.units import printable

#: Where there is no terminal whose width could be asked for, and the least that figures fit into.
_WIDTH = 80
_LEAST = 40
_NOTES_WIDTH = 14
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


def render_table(analysis: Analysis, *, color: bool, width: int | None, encoding: str = "utf-8") -> bytes:
    """The table, the plot, the answer and the advisories, as text of at most `width` columns (None: 80).

    Drawn in ASCII where `encoding`, that of the terminal, has no other characters.
    """
    document = write_document(analysis)
    buffer = io.StringIO()
    columns = max(_LEAST, width or _WIDTH)
    console = Console(file=buffer, force_terminal=color, no_color=not color, width=columns, highlight=False)
    console.print(Text(printable(_heading(document)), style="bold"))
    console.print(_table(document, columns) if document.rows else "Nothing was measured.")
    console.print()
    for line in draw_plot(analysis, width=columns, unicode=_has_unicode(encoding)):
        console.print(Text(line), no_wrap=True)
    console.print()
    console.print(Text(printable(document.headline)))
    console.print(Text(f"Cold starts: {cold_words(analysis.billing)}."))
    if document.advisories:
        console.print()
        console.print(_advisories(document.advisories))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines()).encode(encoding, "replace")


def _has_unicode(encoding: str) -> bool:
    return encoding.lower().replace("-", "").startswith("utf")


def _heading(document: Document) -> str:
    architectures = _architectures(document)
    only = f", {architectures[0]}" if len(architectures) == 1 else ""
    return f"{document.title} ({document.subtitle}{only})"


def _architectures(document: Document) -> list[str]:
    return sorted({row.architecture for row in document.rows})


def _table(document: Document, width: int) -> Table:
    cells = {name: [_cell(row, name) for row in document.rows] for name in _HEADERS}
    # The heading names the architecture, if there is but one.
    hidden = () if len(_architectures(document)) > 1 else ("architecture",)
    layouts = [[name for name in layout.split() if name not in hidden] for layout in _LAYOUTS]
    names = next((layout for layout in layouts if _width(cells, layout) <= width), layouts[-1])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        if name == "notes":
            table.add_column("", min_width=_NOTES_WIDTH, overflow="fold")
        else:
            left = name == "architecture"
            table.add_column(_HEADERS[name], justify="left" if left else "right", no_wrap=True, vertical="top")
    for index, row in enumerate(document.rows):
        style = "bold green" if row.recommended else ""
        table.add_row(*(Text(cells[name][index], style=style) for name in names))
    return table


def _cell(row: Row, name: str) -> str:
    return printable(", ".join(row.notes)) if name == "notes" else str(getattr(row, name))


def _width(cells: dict[str, list[str]], names: list[str]) -> int:
    """The columns that a table takes when no cell but the last is folded."""
    figures = [max(map(len, (*_HEADERS[name].split("\n"), *cells[name]))) for name in names[:-1]]
    return sum(figures) + _NOTES_WIDTH + 2 * len(figures)


def _advisories(advisories: tuple[Advisory, ...]) -> Table:
    """Each finding with its next step below it, wrapped behind its mark."""
    table = Table.grid(padding=(0, 1))
    for advisory in dict.fromkeys(advisories):
        table.add_row(Text("!", style="yellow"), Text(printable(advisory.message), style="yellow", overflow="fold"))
        table.add_row("", Text(printable(f"Next: {advisory.next_step}"), overflow="fold"))
    return table
