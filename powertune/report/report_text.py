"""What every report for people says, and in which order, with figures already written out.

Machine-readable formats take the analysis itself.
"""

from dataclasses import dataclass

from powertune.analysis import (
    Analysis,
    Cost,
    Profile,
    ProfileStatus,
    Rank,
    Summary,
)
from powertune.model import Advisory, Exploration, GridDesign
from powertune.report.change import Change, change_of
from powertune.report.wording import cold_words, goal_words, headline, price_words, search_words
from powertune.units import PER_MILLION, format_ms, format_usd, plural

_BY_ENVIRONMENT = "95 %, of the mean; the execution environment is the sampling unit where there are several"
_BY_CURVE = (
    "95 %, of the mean, as the search believes it: what was measured nearby counts, and how environments differ"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration, written out. A figure that is not known is `-`.

    `notes` are what to know of it: cheapest, fastest, now, recommended, knee, why it has no figures. Cheapest and
    fastest are `(tied)` where another one cannot be told apart from it. `profile` holds the same as numbers.
    """

    profile: Profile
    memory: str
    architecture: str
    counts: str
    median: str
    p95: str
    billed: str
    duration_interval: str
    cost: str
    cost_interval: str
    against_now: str
    used: str
    init: str
    notes: tuple[str, ...]
    recommended: bool
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportText:
    """A whole report. `headline` is the answer in a sentence or two; `reasons` say why; `facts` how it was measured.

    `change` says how to put the answer into effect, None where there is nothing to do.

    Texts may hold anything that a name or an error message holds: each format makes them harmless in its own way.
    """

    title: str
    subtitle: str
    headline: str
    reasons: tuple[str, ...]
    change: Change | None
    rows: tuple[Row, ...]
    advisories: tuple[Advisory, ...]
    facts: tuple[tuple[str, str], ...]
    analysis: Analysis


def write_report_text(analysis: Analysis) -> ReportText:
    """Everything there is to say of an analysis to a person."""
    function = analysis.function
    where = (
        f"on embedded AWS ({function.platform}, {function.cores:g} cores)"
        if function.platform and function.cores
        else f"in {function.region}"
    )
    qualifier = f":{function.qualifier}" if function.qualifier else ""
    return ReportText(
        title=f"{function.name}{qualifier}",
        subtitle=f"{function.runtime} {where}",
        headline=headline(analysis),
        reasons=() if analysis.recommendation is None else analysis.recommendation.reasons,
        change=change_of(analysis),
        rows=tuple(_row(analysis, profile) for profile in analysis.profiles),
        advisories=analysis.advisories,
        facts=_facts(analysis),
        analysis=analysis,
    )


def _row(analysis: Analysis, profile: Profile) -> Row:
    duration, cost, cold = profile.duration, profile.cost, profile.cold
    counts = profile.counts
    recommendation = analysis.recommendation
    return Row(
        profile=profile,
        memory=f"{profile.configuration.memory_mb} MB",
        architecture=str(profile.configuration.architecture),
        counts=f"{counts.warm}/{counts.cold}",
        median="-" if duration is None else format_ms(duration.median),
        p95="-" if duration is None or duration.p95_seen is None else format_ms(duration.p95_seen),
        billed="-" if profile.billed_ms_mean is None else format_ms(profile.billed_ms_mean),
        duration_interval=_duration(duration),
        cost="-" if cost is None else format_usd(cost.mean * PER_MILLION, analysis.currency),
        cost_interval=_cost(cost, analysis.currency),
        against_now=_against_now(profile),
        used="-" if profile.max_memory_used_mb is None else f"{profile.max_memory_used_mb} MB",
        init="-" if cold is None else format_ms(cold.init.mean),
        notes=_notes(analysis, profile),
        recommended=recommendation is not None and recommendation.configuration == profile.configuration,
        current=profile.configuration == analysis.current,
    )


def _duration(duration: Summary | None) -> str:
    if duration is None:
        return "-"
    text = format_ms(duration.mean)
    if duration.interval is None:
        return text
    low, high = (format_ms(end).removesuffix(" ms") for end in duration.interval)
    return f"{text} [{low}, {high}]"


def _cost(cost: Cost | None, currency: str) -> str:
    if cost is None:
        return "-"
    text = format_usd(cost.mean * PER_MILLION, currency)
    if cost.interval is None:
        return text
    low, high = (format_usd(end * PER_MILLION, currency).lstrip("$¥") for end in cost.interval)
    return f"{text} [{low}, {high}]"


def _against_now(profile: Profile) -> str:
    return "-" if profile.cost_ratio is None else f"{profile.cost_ratio:.2f}"


def _notes(analysis: Analysis, profile: Profile) -> tuple[str, ...]:
    """Why a configuration has no figures, or what it is best at; whether it is the current one."""
    notes = []
    if profile.status is not ProfileStatus.OK:
        notes.append(profile.reason or str(profile.status))
    for word, rank in (("cheapest", profile.cheapest), ("fastest", profile.fastest)):
        if rank is not None:
            notes.append(word if rank is Rank.ALONE else f"{word} (tied)")
    if analysis.recommendation is not None and analysis.recommendation.configuration == profile.configuration:
        notes.append("recommended")
    if analysis.knee == profile.configuration:
        notes.append("knee")
    if profile.configuration == analysis.current:
        notes.append("now")
    if profile.ruled_out is not None:
        notes.append(profile.ruled_out)
    return (*notes, *profile.unmet)


def _facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """How it was measured, as pairs of a label and a text."""
    run, billing = analysis.run, analysis.billing
    traffic = (
        "not known"
        if billing.invocations_per_month is None
        else f"{billing.invocations_per_month:,.0f} invocations a month"
    )
    return (
        ("Goal", goal_words(analysis)),
        (
            "Measured",
            f"{_moment(run.started_at)}, run {run.run_id}, powertune {run.tool_version}, engine {run.engine}",
        ),
        _chosen(analysis),
        ("Intervals", _BY_CURVE if analysis.searched is not None else _BY_ENVIRONMENT),
        ("Cold starts", cold_words(billing)),
        ("Traffic", f"{traffic}, {billing.traffic_source}"),
        ("Prices", price_words(analysis)),
        ("Spent", "not known" if analysis.spent is None else format_usd(analysis.spent, analysis.currency)),
    )


def _chosen(analysis: Analysis) -> tuple[str, str]:
    """How it was decided what to measure, and how often."""
    design = analysis.run.design
    match design.search:
        case GridDesign(invocations=invocations):
            if design.only_cold_starts:
                words = f"{invocations} cold starts asked for per configuration, at one time"
                return "Invocations", f"{words}; one configuration after the other"
            words = f"{invocations} warm ones asked for per configuration, over {plural(design.lanes, 'environment')}"
            return "Invocations", f"{words}, interleaved in random order (seed {design.seed})"
        case Exploration():
            return "Search", search_words(analysis)


def _moment(seconds: float) -> str:
    """UTC, without the clock's own time zone: the same file gives the same report everywhere."""
    from datetime import UTC, datetime, timedelta

    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return "at an unknown time"
    return moment.strftime("%Y-%m-%d %H:%M UTC")
