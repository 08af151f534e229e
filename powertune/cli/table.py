"""An analysis as a table for the terminal, with one sentence that says what to do."""

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from powertune.analysis import Analysis, Comparison, Profile, ProfileStatus, Recommendation
from powertune.units import format_ms, format_usd, printable

_PER = 1_000_000
_MARK_WIDTH = 17
#: Where there is no terminal whose width could be asked for.
_WIDTH = 120


def render_table(analysis: Analysis, *, color: bool, width: int | None) -> bytes:
    """The table, the recommendation and the advisories, as text of at most `width` columns (None: as it comes)."""
    buffer = io.StringIO()
    console = Console(
        file=buffer, force_terminal=color, no_color=not color, width=width or _WIDTH, highlight=False, soft_wrap=False
    )
    console.print(_heading(analysis))
    console.print(_table(analysis, console.width))
    console.print()
    console.print(Text(printable(_sentence(analysis))))
    for advisory in analysis.advisories:
        console.print(Text(printable(f"! {advisory.message}: {advisory.next_step}")), style="yellow")
    return "".join(f"{line.rstrip()}\n" for line in buffer.getvalue().splitlines()).encode()


def _heading(analysis: Analysis) -> Text:
    function = analysis.function
    where = f"embedded AWS ({function.platform}, {function.cores:g} cores)" if function.cores else function.region
    qualifier = f":{function.qualifier}" if function.qualifier else ""
    return Text(printable(f"{function.name}{qualifier} ({function.runtime}) on {where}"))


#: The columns, and the order in which they give way to a narrow terminal: a figure is left out, never cut.
_COLUMNS = ("memory", "arch", "warm/cold", "median", "p95", "mean billed", "cost per million", "vs now", "used", "")
_GIVE_WAY = ("mean billed", "p95", "used", "vs now", "warm/cold", "cost per million", "arch")


def _table(analysis: Analysis, width: int) -> Table:
    rows = [(*_row(analysis, p), printable(_mark(analysis, p))) for p in analysis.profiles]
    kept = list(range(len(_COLUMNS)))
    for name in _GIVE_WAY:
        if _width(rows, kept) <= width:
            break
        kept.remove(_COLUMNS.index(name))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (_COLUMNS[index] for index in kept):
        if name == "":
            table.add_column(name, min_width=_MARK_WIDTH, overflow="fold")
        else:
            table.add_column(name, justify="left" if name == "arch" else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(row[index]) for index in kept))
    return table


def _width(rows: list[tuple[str, ...]], kept: list[int]) -> int:
    """The columns that a table takes when no cell but the last is folded."""
    figures = [max(len(text) for text in (_COLUMNS[index], *(row[index] for row in rows))) for index in kept[:-1]]
    return sum(figures) + _MARK_WIDTH + 2 * len(figures)


def _row(analysis: Analysis, profile: Profile) -> tuple[str, ...]:
    size = f"{profile.configuration.memory_mb} MB"
    counts = f"{profile.counts.warm}/{profile.counts.cold}"
    used = f"{profile.max_memory_used_mb} MB" if profile.max_memory_used_mb is not None else "-"
    head = (size, str(profile.configuration.architecture), counts)
    if profile.duration is None or profile.cost is None:
        return (*head, "-", "-", "-", "-", "-", used)
    return (
        *head,
        format_ms(profile.duration.median),
        format_ms(profile.duration.p95),
        format_ms(profile.billed_ms_mean) if profile.billed_ms_mean is not None else "-",
        _cost(profile, analysis.currency),
        _against_now(analysis, profile),
        used,
    )


def _cost(profile: Profile, currency: str) -> str:
    assert profile.cost is not None
    text = format_usd(profile.cost.mean * _PER, currency)
    if profile.cost.interval is None:
        return text
    low, high = (format_usd(bound * _PER, currency).lstrip("$¥") for bound in profile.cost.interval)
    return f"{text} [{low}, {high}]"


def _against_now(analysis: Analysis, profile: Profile) -> str:
    now = analysis.profile(analysis.current)
    if now is None or now.cost is None or profile.cost is None:
        return "-"
    if profile.configuration == analysis.current:
        return "1.00"
    return f"{profile.cost.mean / now.cost.mean:.2f}"


def _mark(analysis: Analysis, profile: Profile) -> str:
    """Why a size has no figures, or what it is best at, and whether it is the current one."""
    marks = []
    if profile.status is not ProfileStatus.OK:
        marks.append(profile.reason or str(profile.status))
    elif profile.cost is not None and profile.duration is not None:
        able = [p for p in analysis.profiles if p.status is ProfileStatus.OK]
        if profile.cost.mean == min(p.cost.mean for p in able if p.cost):
            marks.append("cheapest")
        if profile.duration.mean == min(p.duration.mean for p in able if p.duration):
            marks.append("fastest")
    if profile.configuration == analysis.current:
        marks.append("now")
    return ", ".join(marks)


def _sentence(analysis: Analysis) -> str:
    recommendation = analysis.recommendation
    if recommendation is None:
        return f"No recommendation: {analysis.explanation}."
    choice = f"Recommended for {recommendation.strategy}: {recommendation.configuration}"
    return f"{choice}{_change(analysis, recommendation)}"


def _change(analysis: Analysis, recommendation: Recommendation) -> str:
    same = ", ".join(f"{c.memory_mb} MB" for c in recommendation.equivalent)
    tail = f" It cannot be told apart from {same}." if same else ""
    now = analysis.profile(analysis.current)
    if now is not None and now.status is ProfileStatus.INFEASIBLE:
        return f". {analysis.current}, which it has now, {now.reason}.{tail}"
    if recommendation.configuration == analysis.current:
        return f", which it has now.{tail}"
    if recommendation.cost_ratio is None or recommendation.duration_ratio is None:
        return f".{tail}"
    cost = _ratio(recommendation.cost_ratio, "the cost")
    duration = _ratio(recommendation.duration_ratio, "the duration")
    return f": {cost} and {duration} of now.{tail}"


def _ratio(comparison: Comparison, what: str) -> str:
    interval = comparison.interval
    bounds = f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else ""
    return f"{comparison.ratio:.2f}{bounds} times {what}"
