"""What was measured of the functions that a scan names: one table, with the line that applies each answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis import Analysis
from powertune.report.answer_cells import apply_cell, saving_cell
from powertune.scan.scan import FunctionLine
from powertune.units import printable

_HEADER = ("function", "measured", "recommended", "saving a month", "to apply it")
_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFunction:
    """A function of a scan, and the judgement of its newest run; None where it was not measured.

    `file` is where the results of that run are.
    """

    function: FunctionLine
    analysis: Analysis | None
    file: str = ""


def measured_table(measured: Sequence[MeasuredFunction]) -> str:
    """A line for each function, below a header; lines are as long as they are."""
    rows = [_HEADER, *(_row(each) for each in measured)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{printable(line)}\n" for line in lines)


def _row(measured: MeasuredFunction) -> tuple[str, str, str, str, str]:
    line, analysis = measured.function, measured.analysis
    if analysis is None:
        return line.name, "not measured", "", "", ""
    sizes = ", ".join(f"{profile.configuration.memory_mb}" for profile in analysis.profiles) + " MB"
    found = analysis.recommendation
    if found is None:
        return line.name, sizes, "no answer", "", ""
    current = analysis.run.function.current
    if found.configuration == current:
        return line.name, sizes, f"stay at {current}", "", ""
    saving, apply = saving_cell(found, analysis.currency), apply_cell(analysis, found, measured.file)
    return line.name, sizes, str(found.configuration), saving, apply
