"""A comparison of runs for the terminal."""

import textwrap
from collections.abc import Sequence

from powertune.analysis import RunComparison
from powertune.cli.tables.screen import Screen
from powertune.report.comparison_report import HEADERS, ComparedRuns, footnotes, heading, rows
from powertune.units import printable

_GAP = "  "
#: Columns that hold figures, which are aligned on the right.
_FIGURES = tuple(column for column, header in enumerate(HEADERS) if header in ("duration", "cost"))


def render_comparison_table(compared: ComparedRuns, screen: Screen) -> bytes:
    """The comparison as a table.

    Raises:
        UsageError: as `compare_runs`.
    """
    return draw_comparison(compared.comparison(), width=screen.width).encode()


def draw_comparison(compared: RunComparison, *, width: int) -> str:
    """The comparison for a person: a line for each pair; where that is too wide, intervals below their ratios.

    Nothing but headings and notes is ever broken, in between words.
    """
    table = [HEADERS, *rows(compared)] if compared.pairs else []
    lines = _aligned(table)
    if any(len(line) > width for line in lines):
        lines = _aligned([line for row in table for line in _stacked(row)], figures=())
    above, below = [printable(heading(compared))], footnotes(compared)
    return "".join(f"{line}\n" for line in (*_wrapped(above, width), *lines, *_wrapped(below, width)))


def _stacked(row: Sequence[str]) -> list[tuple[str, ...]]:
    """A row as `0.83x  faster` for duration and for cost, and the intervals as a line of their own below."""
    name, *judged = row
    pairs = [(ratio.partition(" "), verdict) for ratio, verdict in zip(judged[::2], judged[1::2], strict=True)]
    first = (name, *(f"{ratio}{_GAP}{verdict}" for (ratio, _, _), verdict in pairs))
    second = ("", *(interval for (_, _, interval), _ in pairs))
    return [first, second] if any(second) else [first]


def _aligned(table: Sequence[Sequence[str]], figures: Sequence[int] = _FIGURES) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]

    def line(row: Sequence[str], right: Sequence[int]) -> str:
        cells = enumerate(zip(row, widths, strict=True))
        return _GAP.join(cell.rjust(width) if n in right else cell.ljust(width) for n, (cell, width) in cells)

    return [line(row, figures if number else ()).rstrip() for number, row in enumerate(table)]


def _wrapped(texts: Sequence[str], width: int) -> list[str]:
    return [
        line
        for text in texts
        for line in textwrap.wrap(text, max(1, width), break_long_words=False, break_on_hyphens=False)
    ]
