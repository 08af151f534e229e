"""What every report for people says, and in which order, with figures already written out.

Machine-readable formats take the analysis itself.
"""

from dataclasses import dataclass

from powertune.analysis import Analysis, Comparison, Cost, Profile, ProfileStatus, Saving, Summary, limits
from powertune.model import Advisory, Configuration, Strategy
from powertune.units import format_ms, format_ratio, format_usd, plural

_MILLION = 1_000_000
#: Beyond this, a ratio only says that nothing is known.
_LARGEST_RATIO = 1_000

#: What each strategy looks for, after "Recommended: ".
STRATEGY_WORDS = {
    Strategy.TOLERANCE: "fastest within {tolerance:.3g} % of the cheapest",
    Strategy.COST: "lowest cost",
    Strategy.SPEED: "lowest duration",
    Strategy.BALANCED: "best balance of cost and duration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One configuration, written out. A figure that is not known is `-`.

    `notes` are what to know of it: cheapest, fastest, now, recommended, knee, why it has no figures. `profile` holds
    the same as numbers.
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
class Document:
    """A whole report. `headline` is the answer in a sentence or two; `reasons` say why; `facts` how it was measured.

    Texts may hold anything that a name or an error message holds: each format makes them harmless in its own way.
    """

    title: str
    subtitle: str
    headline: str
    reasons: tuple[str, ...]
    rows: tuple[Row, ...]
    advisories: tuple[Advisory, ...]
    facts: tuple[tuple[str, str], ...]
    analysis: Analysis


def write_document(analysis: Analysis) -> Document:
    """Everything there is to say of an analysis to a person."""
    function = analysis.function
    where = (
        f"on embedded AWS ({function.platform}, {function.cores:g} cores)"
        if function.platform and function.cores
        else f"in {function.region}"
    )
    qualifier = f":{function.qualifier}" if function.qualifier else ""
    return Document(
        title=f"{function.name}{qualifier}",
        subtitle=f"{function.runtime} {where}",
        headline=headline(analysis),
        reasons=() if analysis.recommendation is None else analysis.recommendation.reasons,
        rows=tuple(_row(analysis, profile) for profile in analysis.profiles),
        advisories=analysis.advisories,
        facts=_facts(analysis),
        analysis=analysis,
    )


def headline(analysis: Analysis) -> str:
    """The answer: what to use and what that gains, or why there is none."""
    recommendation = analysis.recommendation
    if recommendation is None:
        return f"No recommendation: {analysis.explanation}."
    words = STRATEGY_WORDS[recommendation.strategy].format(tolerance=100 * analysis.goal.cost_tolerance)
    sentences = [f"Recommended: {recommendation.configuration}, {words}{_change(analysis)}."]
    if recommendation.equivalent:
        same = names(recommendation.equivalent, recommendation.configuration)
        sentences.append(f"It cannot be told apart from {same}.")
    if recommendation.saving is not None and recommendation.configuration != analysis.current:
        sentences.append(saving_words(recommendation.saving, analysis.currency))
    return " ".join(sentences)


def names(configurations: tuple[Configuration, ...], chosen: Configuration) -> str:
    """Configurations in a row: by memory size alone where all have the architecture of the chosen one."""
    if all(c.architecture is chosen.architecture for c in configurations):
        return ", ".join(f"{c.memory_mb} MB" for c in configurations)
    return ", ".join(map(str, configurations))


def saving_words(saving: Saving, currency: str) -> str:
    """What a change saves, in a sentence."""
    proven = saving.interval is None or not saving.interval[0] <= 0 <= saving.interval[1]
    bounds = ""
    if saving.interval is not None:
        # What it costs is said as a positive amount, and so is how sure that is.
        ends = sorted(map(abs, saving.interval)) if proven else saving.interval
        bounds = " [{}, {}]".format(*(format_usd(end, currency) for end in ends))
    if not proven:
        return f"At today's traffic that changes the bill by no proven amount{bounds} a month."
    verb = "saves" if saving.per_month > 0 else "costs"
    month, year = (format_usd(abs(amount), currency) for amount in (saving.per_month, saving.per_year))
    text = f"At today's traffic that {verb} {month}{bounds} a month, {year} a year"
    return f"{text}; {payback_words(saving.payback_days)}." if saving.payback_days is not None else f"{text}."


def payback_words(days: float) -> str:
    """When measuring has paid for itself."""
    if days < 1 / 24:
        return "measuring is paid for within an hour"
    if days < 2:
        return f"measuring is paid for within {plural(max(1, round(24 * days)), 'hour')}"
    return f"measuring is paid for within {plural(round(days), 'day')}"


def ratio_words(comparison: Comparison, what: str) -> str:
    """`0.83x [0.81, 0.85] the cost`."""
    if comparison.ratio is None:
        return f"an unknown ratio to {what}"
    bounds = "" if comparison.interval is None else " [{}, {}]".format(*map(_bound, comparison.interval))
    return f"{format_ratio(comparison.ratio)}{bounds} {what}"


def _bound(ratio: float) -> str:
    """An end of an interval: that of a tiny sample may have hundreds of digits."""
    return f"{ratio:.2f}" if ratio < _LARGEST_RATIO else f"over {_LARGEST_RATIO:,}"


def _change(analysis: Analysis) -> str:
    recommendation = analysis.recommendation
    assert recommendation is not None
    now = analysis.profile(analysis.current)
    if now is not None and now.status is ProfileStatus.INFEASIBLE:
        return f"; {analysis.current}, which it has now, {now.reason}"
    if recommendation.configuration == analysis.current:
        return ", which it has now"
    if recommendation.cost_ratio is None or recommendation.duration_ratio is None:
        return ""
    cost = ratio_words(recommendation.cost_ratio, "the cost")
    return f": {cost} and {ratio_words(recommendation.duration_ratio, 'the duration')} of now"


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
        p95="-" if duration is None else format_ms(duration.p95),
        billed="-" if profile.billed_ms_mean is None else format_ms(profile.billed_ms_mean),
        duration_interval=_duration(duration),
        cost="-" if cost is None else format_usd(cost.mean * _MILLION, analysis.currency),
        cost_interval=_cost(cost, analysis.currency),
        against_now=_against_now(analysis, profile),
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
    text = format_usd(cost.mean * _MILLION, currency)
    if cost.interval is None:
        return text
    low, high = (format_usd(end * _MILLION, currency).lstrip("$¥") for end in cost.interval)
    return f"{text} [{low}, {high}]"


def _against_now(analysis: Analysis, profile: Profile) -> str:
    now = analysis.profile(analysis.current)
    if now is None or now.cost is None or profile.cost is None or now.cost.mean == 0:
        return "-"
    if profile is now:
        return "1.00"
    return f"{profile.cost.mean / now.cost.mean:.2f}"


def _notes(analysis: Analysis, profile: Profile) -> tuple[str, ...]:
    """Why a configuration has no figures, or what it is best at; whether it is the current one."""
    notes = []
    if profile.status is not ProfileStatus.OK:
        notes.append(profile.reason or str(profile.status))
    elif profile.cost is not None and profile.duration is not None:
        able = [p for p in analysis.profiles if p.status is ProfileStatus.OK]
        if profile.cost.mean == min(p.cost.mean for p in able if p.cost):
            notes.append("cheapest")
        if profile.duration.mean == min(p.duration.mean for p in able if p.duration):
            notes.append("fastest")
    if analysis.recommendation is not None and analysis.recommendation.configuration == profile.configuration:
        notes.append("recommended")
    if analysis.knee == profile.configuration:
        notes.append("knee")
    if profile.configuration == analysis.current:
        notes.append("now")
    return (*notes, *profile.unmet)


def _facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """How it was measured, as pairs of a label and a text."""
    run, billing, goal = analysis.run, analysis.billing, analysis.goal
    design = run.design
    traffic = (
        "not known"
        if billing.invocations_per_month is None
        else f"{billing.invocations_per_month:,.0f} invocations a month"
    )
    words = STRATEGY_WORDS[goal.strategy].format(tolerance=100 * goal.cost_tolerance)
    constraints = limits(goal, analysis.currency)
    return (
        ("Goal", f"{words}, with {constraints}" if constraints else words),
        (
            "Measured",
            f"{_moment(run.started_at)}, run {run.run_id}, powertune {run.tool_version}, engine {run.engine}",
        ),
        (
            "Invocations",
            f"{design.invocations} warm ones asked for per configuration, over {plural(design.lanes, 'lane')}, "
            f"interleaved in random order (seed {design.seed})",
        ),
        ("Intervals", "95 %, of the mean; the execution environment is the sampling unit where there are several"),
        ("Cold starts", f"{billing.cold_share:.2%} of invocations, {billing.cold_source}"),
        ("Traffic", f"{traffic}, {billing.traffic_source}"),
        ("Spent", "not known" if analysis.spent is None else format_usd(analysis.spent, analysis.currency)),
    )


def _moment(seconds: float) -> str:
    """UTC, without the clock's own time zone: the same file gives the same report everywhere."""
    from datetime import UTC, datetime, timedelta

    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return "at an unknown time"
    return moment.strftime("%Y-%m-%d %H:%M UTC")
