"""The tables and key figures of the HTML report: columns, what they are sorted by, and what stands in them."""

from powertune.analysis import Amount, ColdStarts, Comparison, Saving
from powertune.report.report_text import ReportText, Row
from powertune.units import PER_MILLION, format_ms, format_ratio, format_usd

#: A label, a value, and what to know of it.
KeyFigure = tuple[str, str, str]


def key_figures(report: ReportText) -> tuple[KeyFigure, ...]:
    """What is recommended against what there is now; nothing without a recommendation."""
    recommendation = report.analysis.recommendation
    chosen = next((row for row in report.rows if row.recommended), None)
    if recommendation is None or chosen is None:
        return ()
    now = next((row for row in report.rows if row.current), None)
    kept = "as now" if chosen.current else f"now {report.analysis.current}"
    cost, duration = (
        "as now" if chosen.current else _then(None if now is None else was(now), comparison)
        for was, comparison in ((_cost, recommendation.cost_ratio), (_duration, recommendation.duration_ratio))
    )
    figures = [
        ("Configuration", f"{chosen.memory} {chosen.architecture}", kept),
        ("Cost per million", _cost(chosen), cost),
        ("Mean duration", _duration(chosen), duration),
    ]
    if recommendation.saving is not None and not chosen.current:
        figures.append(_saving(recommendation.saving, report.analysis.currency))
    elif recommendation.saved_per_million is not None and not chosen.current:
        figures.append(_per_million(recommendation.saved_per_million, report.analysis.currency))
    return tuple(figures)


def _cost(row: Row) -> str:
    return row.cost


def _duration(row: Row) -> str:
    return row.duration_interval.partition(" [")[0]


def _then(value: str | None, comparison: Comparison | None) -> str:
    if value in (None, "-"):
        return "now not measured"
    ratio = "" if comparison is None or comparison.ratio is None else f", {format_ratio(comparison.ratio)}"
    return f"now {value}{ratio}"


def _per_million(saved: Amount, currency: str) -> KeyFigure:
    if not saved.is_proven:
        return "Saving", "not proven", "per million invocations"
    return (
        ("Saves" if saved.value > 0 else "Costs more"),
        format_usd(abs(saved.value), currency),
        "per million invocations",
    )


def _saving(saving: Saving, currency: str) -> KeyFigure:
    if saving.interval is not None and saving.interval[0] <= 0 <= saving.interval[1]:
        return "Saving", "not proven", "at today's traffic"
    month, year = (format_usd(abs(amount), currency) for amount in (saving.per_month, saving.per_year))
    verb = "Saves a month" if saving.per_month > 0 else "Costs more a month"
    return verb, month, f"{year} a year, at today's traffic"


#: Short notes, which stand in a frame of their own.
BADGES = ("cheapest", "cheapest (tied)", "fastest", "fastest (tied)", "knee", "recommended", "now")
#: The columns of the table: heading, field of a row, and whether its figures stand to the right.
COLUMNS = (
    ("Memory", "memory", True),
    ("Architecture", "architecture", False),
    ("Cost per million", "cost_interval", True),
    ("vs now", "against_now", True),
    ("Mean duration", "duration_interval", True),
    ("Median", "median", True),
    ("p95", "p95", True),
    ("Billed", "billed", True),
    ("Init", "init", True),
    ("Memory used", "used", True),
    ("Warm/cold", "counts", True),
    ("Notes", "notes", False),
)


def sort_keys(row: Row) -> dict[str, float | str]:
    """What each column is sorted by; an empty text is not known, and comes last."""
    profile = row.profile
    duration, cost, cold = profile.duration, profile.cost, profile.cold
    mean_cost = "" if cost is None else cost.mean
    return {
        "memory": profile.configuration.memory_mb,
        "architecture": row.architecture,
        "cost_interval": mean_cost,
        "against_now": mean_cost,
        "duration_interval": "" if duration is None else duration.mean,
        "median": "" if duration is None else duration.median,
        "p95": "" if duration is None or duration.p95_seen is None else duration.p95_seen,
        "billed": "" if profile.billed_ms_mean is None else profile.billed_ms_mean,
        "init": "" if cold is None else cold.init.mean,
        "used": "" if profile.max_memory_used_mb is None else profile.max_memory_used_mb,
        "counts": profile.judged,
        "notes": " ".join(row.notes),
    }


def cold_starts(report: ReportText) -> tuple[tuple[str, ...], ...]:
    """Every configuration with cold starts: which, how many, init, its p95, duration, billed, cost of one million."""
    currency = report.analysis.currency
    return tuple(
        (f"{row.memory} {row.architecture}", *_cold(row.profile.cold, currency))
        for row in report.rows
        if row.profile.cold is not None
    )


def _cold(cold: ColdStarts, currency: str) -> tuple[str, ...]:
    return (
        f"{cold.init.n:,}",
        format_ms(cold.init.mean),
        "-" if cold.init.p95_seen is None else format_ms(cold.init.p95_seen),
        format_ms(cold.duration.mean),
        format_ms(cold.billed_ms_mean),
        format_usd(cold.cost * PER_MILLION, currency),
    )
