"""A comparison of runs as what the person asked to see."""

import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence

from powertune.analysis import Contrast, analyze, compare_runs
from powertune.cli.outputs import TABLE, Output, formats
from powertune.model import Goal, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.report.contrast_report import CONTRAST_FORMATS, HEADERS, footnotes, heading, rows
from powertune.report.visualizer import compare_url, render_visualizer
from powertune.units import printable

_VISUALIZER = "visualizer"
#: Where there is no terminal whose width could be asked for.
_WIDTH = 80
_GAP = "  "
#: Columns that hold figures, which are aligned on the right.
_FIGURES = tuple(column for column, header in enumerate(HEADERS) if header in ("duration", "cost"))


def compare_formats() -> Mapping[str, tuple[str, ...]]:
    """The formats of a comparison, with the endings of their files."""
    wanted = (TABLE, *CONTRAST_FORMATS, _VISUALIZER)
    return {name: suffixes for name, suffixes in formats().items() if name in wanted}


def render_comparison(runs: Sequence[TuningRun], prices: PriceTable, usage: Usage, output: Output) -> bytes:
    """One run's architectures, or two runs, in one of `compare_formats`.

    The visualizer draws also what cannot be compared: one run of one architecture, by itself.

    Raises:
        UsageError: prices are not known; or, but for the visualizer, as `compare_runs`.
    """
    if output.format == _VISUALIZER:
        analyses = [analyze(run, prices, Goal(), usage) for run in runs]
        if len(analyses) == 1:
            return render_visualizer(analyses[0])
        return f"{compare_url(*analyses) or '# nothing was judged in both'}\n".encode()
    contrast = compare_runs(runs[0], runs[1] if len(runs) > 1 else None, prices, usage)
    if output.format != TABLE:
        return CONTRAST_FORMATS[output.format](contrast)
    on_screen = output.on_stdout and sys.stdout.isatty()
    return render_contrast_table(contrast, width=shutil.get_terminal_size().columns if on_screen else _WIDTH).encode()


def render_contrast_table(contrast: Contrast, *, width: int) -> str:
    """The comparison for a person: a line for each pair; where that is too wide, intervals below their ratios.

    Nothing but headings and notes is ever broken, in between words.
    """
    table = [HEADERS, *rows(contrast)] if contrast.pairs else []
    lines = _aligned(table)
    if any(len(line) > width for line in lines):
        lines = _aligned([line for row in table for line in _stacked(row)], figures=())
    above, below = [printable(heading(contrast))], footnotes(contrast)
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
