"""What the slider chooses from: the configurations that an answer may come from, written out for each."""

import math

from powertune.analysis import Profile, ProfileStatus
from powertune.report.report_text import ReportText, Row
from powertune.units import PER_MILLION, format_ratio, printable

#: As for a recommendation: a single invocation is no evidence.
_FEWEST = 2


def candidates(report: ReportText) -> list[dict[str, object]]:
    """Where each candidate lies, and what to say of it; those that can be judged and meet every constraint.

    `position` has the coordinates in the charts, by the name of their axis: MB, ms, and currency per million.
    """
    found: list[dict[str, object]] = []
    for row in report.rows:
        position = coordinates(row.profile)
        if position is not None and _eligible(row.profile):
            found.append(
                {
                    "name": name(row),
                    "recommended": row.recommended,
                    "position": position,
                    "figures": _figures(row),
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
        "cost": significant(cost.mean * PER_MILLION),
    }


def significant(value: float) -> float:
    """With as many digits as a drawing needs."""
    return float(f"{value:.6g}")


def _eligible(profile: Profile) -> bool:
    usable = profile.status is ProfileStatus.OK and profile.ruled_out is None
    return usable and not profile.unmet and profile.judged >= _FEWEST


def _figures(row: Row) -> list[str]:
    """Cost and duration, and what they are of those now."""
    figures = [f"{row.cost_interval} per million", row.duration_interval]
    cost, duration = row.profile.cost_ratio, row.profile.duration_ratio
    if row.current:
        figures.append("what it has now")
    elif cost is not None and duration is not None:
        figures.append(f"{format_ratio(cost)} the cost and {format_ratio(duration)} the duration of now")
    return figures
