"""A comparison of runs as what the person asked to see."""

import io
import shutil
import sys
from collections.abc import Sequence

from powertune.analysis import Contrast, analyze, compare_runs
from powertune.model import Goal, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.report.contrast_report import CONTRAST_FORMATS, HEADERS, footnotes, heading, rows
from powertune.report.visualizer import compare_url, render_visualizer
from powertune.units import printable

COMPARE_FORMATS = ("table", *CONTRAST_FORMATS, "visualizer")
#: Where there is no terminal whose width could be asked for.
_WIDTH = 80


def render_comparison(runs: Sequence[TuningRun], prices: PriceTable, usage: Usage, format_: str) -> bytes:
    """One run's architectures, or two runs, in one of `COMPARE_FORMATS`.

    Raises:
        UsageError: one run of one architecture, or prices that are not known.
    """
    baseline, candidate = runs[0], runs[1] if len(runs) > 1 else None
    if format_ == "visualizer":
        analyses = [analyze(run, prices, Goal(), usage) for run in runs]
        if len(analyses) == 1:
            return render_visualizer(analyses[0])
        return f"{compare_url(*analyses) or '# nothing was judged in both'}\n".encode()
    contrast = compare_runs(baseline, candidate, prices, usage)
    return _table(contrast) if format_ == "table" else CONTRAST_FORMATS[format_](contrast)


def _table(contrast: Contrast) -> bytes:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    buffer = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    console = Console(file=buffer, no_color=True, width=width, highlight=False)
    console.print(Text(printable(heading(contrast))))
    table = Table(box=None, pad_edge=False)
    for name in HEADERS:
        # On a narrow terminal a ratio gives way: its interval moves to a second line.
        figure = name in ("duration", "cost")
        table.add_column(name, justify="right" if figure else "left", no_wrap=not figure)
    for row in rows(contrast):
        table.add_row(*map(Text, row))
    if contrast.pairs:
        console.print(table)
    for note in footnotes(contrast):
        console.print(Text(note))
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines()).encode()
