"""Baselines for the terminal: a line for each."""

from powertune.engine.baselines.store import Baseline, Listing
from powertune.model import Population
from powertune.units import plural

_HEADS = ("saved", "function", "size", "events", "branch", "commit", "samples", "where")


def baselines_text(found: Listing) -> str:
    """The newest first, and how many there are beyond these."""
    if not found.baselines:
        return "no baselines\n"
    rows = [_HEADS, *map(_row, found.baselines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if found.more:
        lines.append(f"{plural(found.more, 'baseline')} more: --top lists them")
    return "".join(f"{line}\n" for line in lines)


def _row(baseline: Baseline) -> tuple[str, ...]:
    name, (measurement,) = baseline.name, baseline.run.measurements
    return (
        f"{name.saved[:4]}-{name.saved[4:6]}-{name.saved[6:8]} {name.saved[9:11]}:{name.saved[11:13]}",
        name.key.function,
        str(name.key.configuration),
        name.key.payload,
        name.branch,
        name.commit,
        str(measurement.invocations.count(Population.WARM)),
        baseline.where,
    )
