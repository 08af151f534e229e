"""What was measured of the functions that a scan names: one table, with the line that applies each answer."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis import Analysis, Recommendation
from powertune.scan.scan import FunctionLine
from powertune.units import format_usd, printable

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
    return line.name, sizes, str(found.configuration), _saving(found, analysis.currency), _apply(measured, found)


def _saving(found: Recommendation, currency: str) -> str:
    if found.saving is None:
        return "unknown traffic"
    text = format_usd(found.saving.per_month, currency)
    if found.saving.interval is None:
        return text
    low, high = (format_usd(amount, currency) for amount in found.saving.interval)
    return f"{text} [{low}, {high}]"


def _apply(measured: MeasuredFunction, found: Recommendation) -> str:
    """The command that gives the function its size. Another architecture takes code that was built for it."""
    line, configuration = measured.function, found.configuration
    if configuration.architecture is not line.architecture:
        return f"deploy it for {configuration.architecture} with {configuration.memory_mb} MB"
    return shlex.join(("powertune", "apply", measured.file, "--region", line.place.region))
