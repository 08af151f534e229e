"""What the slider chooses from: the configurations that an answer may come from, written out for each."""

import math

from powertune.analysis import Analysis, Profile, ProfileStatus
from powertune.report.document import Document, Row
from powertune.units import format_ratio, printable

_MILLION = 1_000_000
#: As for a recommendation: a single invocation is no evidence.
_FEWEST = 2


def candidates(document: Document) -> list[dict[str, object]]:
    """Where each candidate lies, and what to say of it; those that can be judged and meet every constraint.

    `position` has the coordinates in the charts, by the name of their axis: MB, ms, and currency per million.
    """
    found: list[dict[str, object]] = []
    for row in document.rows:
        position = coordinates(row.profile)
        if position is not None and _eligible(row.profile):
            found.append(
                {
                    "name": name(row),
                    "recommended": row.recommended,
                    "position": position,
                    "figures": _figures(document.analysis, row),
                }
            )
    return found


def name(row: Row) -> str:
    """How a configuration is called, here and in the table."""
    return printable(f"{row.memory} {row.architecture}")


def coordinates(profile: Profile) -> dict[str, float] | None:
    """Where a configuration is drawn; None where it has no figures, or some that no axis can show."""
    duration, cost = profile.duration, profile.cost
    if duration is None or cost is None or not (0 < duration.mean < math.inf and 0 < cost.mean < math.inf):
        return None
    return {
        "memory": profile.configuration.memory_mb,
        "duration": significant(duration.mean),
        "cost": significant(cost.mean * _MILLION),
    }


def significant(value: float) -> float:
    """With as many digits as a drawing needs."""
    return float(f"{value:.6g}")


def _eligible(profile: Profile) -> bool:
    return profile.status is ProfileStatus.OK and not profile.unmet and profile.counts.warm >= _FEWEST


def _figures(analysis: Analysis, row: Row) -> list[str]:
    """Cost and duration, and what they are of those now."""
    figures = [f"{row.cost_interval} per million", row.duration_interval]
    now = analysis.profile(analysis.current)
    here, there = coordinates(row.profile), None if now is None else coordinates(now)
    if row.current:
        figures.append("what it has now")
    elif here is not None and there is not None:
        cost, duration = (format_ratio(here[axis] / there[axis]) for axis in ("cost", "duration"))
        figures.append(f"{cost} the cost and {duration} the duration of now")
    return figures
