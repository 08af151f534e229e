"""Cold starts: the init phase, the invocation it delays, and a warm one to compare with."""

from dataclasses import replace
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from powertune.analysis import Analysis, ColdStarts, Profile, Summary
from powertune.report.charts.points import Ends
from powertune.report.charts.rows import Rows, name_rows, rows_of, say_in_row
from powertune.report.charts.scales import (
    Segment,
    apply_scale,
    milliseconds,
    plain,
    say,
    segments,
    width_points,
    zero_based,
)
from powertune.report.charts.texts import text_width
from powertune.report.palette import ARCHITECTURES, GRID, INK, MUTED, PAPER
from powertune.units import format_ms

#: A mean of warm invocations is drawn if it is at most this multiple of the longest bar; else it is written.
_COMPARABLE = 2.0
_TITLE_ABOVE = 8.0
_NOTE = "means, with 95 % intervals; the duration is that of the cold invocations"
_GAP = 7.0


def draw_cold_starts(axes: Axes, analysis: Analysis) -> None:
    """A bar for each configuration of which a cold start was seen."""
    rows = rows_of(analysis)
    if analysis.run.design.only_cold_starts:  # there is no warm mean to compare with
        rows = replace(rows, profiles=tuple(replace(profile, duration=None) for profile in rows.profiles))
    plain(axes, "Cold starts", _NOTE, above=_TITLE_ABOVE)
    if not any(profile.cold for profile in rows.profiles):
        say(axes, "No cold start was seen.")
        return
    longest = max(_end(profile.cold) for profile in rows.profiles if profile.cold)
    axes.set_xlabel("ms", color=INK)
    name_rows(axes, analysis, rows)
    words = [_words(profile, longest) for profile in rows.profiles]
    reach = [_reach(profile, longest) for profile in rows.profiles]
    widest = max(text_width(text, rows.small_text) for text in words) + 2 * _GAP
    share = min(0.6, widest / width_points(axes))
    apply_scale(axes, "x", zero_based(reach, room=share / (1 - share)), milliseconds)
    _draw_bars(axes, rows)
    _draw_whiskers(axes, rows, longest)
    for row, profile in enumerate(rows.profiles):
        if profile.cold is None:
            say_in_row(axes, rows, row, "none seen")
        elif row % rows.every == 0:
            _write(axes, rows, (reach[row], row), words[row])
    _explain(axes)


def _end(cold: ColdStarts) -> float:
    return cold.init.mean + cold.duration.mean


def _reach(profile: Profile, longest: float) -> float:
    """How far to the right a row gets, its intervals included as far as they are not absurdly wide."""
    cold, warm = profile.cold, profile.duration
    if cold is None:
        return 0.0
    ends: list[float] = [_end(cold), *(_shifted(cold.duration, cold.init.mean) or ())]
    if warm is not None and warm.mean <= _COMPARABLE * longest:
        ends += [warm.mean, *(warm.interval or ())]
    return min(max(ends), _COMPARABLE * longest)


def _words(profile: Profile, longest: float) -> str:
    cold, warm = profile.cold, profile.duration
    if cold is None:
        return ""
    text = f"{format_ms(cold.init.mean)} + {format_ms(cold.duration.mean)}, n = {cold.init.n:,}"
    return text if warm is None or warm.mean <= _COMPARABLE * longest else f"{text}; warm {format_ms(warm.mean)}"


def _draw_bars(axes: Axes, rows: Rows) -> None:
    found = [(row, profile.cold, profile.configuration) for row, profile in enumerate(rows.profiles) if profile.cold]
    places = [row for row, _, _ in found]
    init, duration = [cold.init.mean for _, cold, _ in found], [cold.duration.mean for _, cold, _ in found]
    styles = [ARCHITECTURES[configuration.architecture] for _, _, configuration in found]
    colors, pale = [style.color for style in styles], [style.pale for style in styles]
    look: dict[str, Any] = {"height": rows.thickness, "edgecolor": colors, "linewidth": 0.8, "zorder": 2}
    axes.barh(places, init, color=colors, **look)
    axes.barh(places, duration, left=init, color=pale, **look)


def _draw_whiskers(axes: Axes, rows: Rows, longest: float) -> None:
    """The intervals of the parts of each bar in its upper half, the mean of warm invocations in its lower one."""
    lines: list[Segment] = []
    for row, profile in enumerate(rows.profiles):
        upper, lower = row - 0.3 * rows.thickness, row + 0.16 * rows.thickness
        if profile.cold is not None:
            lines += _whisker(upper, profile.cold.init, 0.0)
            lines += _whisker(upper, profile.cold.duration, profile.cold.init.mean)
            if profile.duration is not None and profile.duration.mean <= _COMPARABLE * longest:
                lines += _whisker(lower, profile.duration, 0.0)
                marker = ARCHITECTURES[profile.configuration.architecture].marker
                look: dict[str, Any] = {
                    "markersize": min(5.5, 0.5 * rows.height),
                    "color": INK,
                    "markerfacecolor": PAPER,
                }
                axes.plot([profile.duration.mean], [lower], marker, zorder=6, **look)
    limit = _COMPARABLE * longest
    beyond = [y for _, y, high, _ in lines if high > limit]
    lines = [(min(low, limit), y, min(high, limit), y) for low, y, high, _ in lines]
    # Edged in white, so that they stand out from the bars.
    segments(axes, lines, PAPER, width=3.0, layer=3)
    segments(axes, lines, INK, width=1.3, layer=4)
    axes.plot([limit] * len(beyond), beyond, ">", color=INK, markersize=3.5, zorder=4)


def _whisker(place: float, summary: Summary, offset: float) -> list[Segment]:
    ends = _shifted(summary, offset)
    return [] if ends is None else [(max(0.0, ends[0]), place, ends[1], place)]


def _shifted(summary: Summary, offset: float) -> Ends | None:
    return None if summary.interval is None else (offset + summary.interval[0], offset + summary.interval[1])


def _write(axes: Axes, rows: Rows, place: tuple[float, float], words: str) -> None:
    size = rows.small_text
    axes.annotate(words, place, (_GAP, 0), textcoords="offset points", va="center", color=MUTED, fontsize=size)


def _explain(axes: Axes) -> None:
    """What the parts of a row are, at the right of the title."""
    warm = Line2D(
        [], [], marker="o", color=INK, markerfacecolor=PAPER, linewidth=1.2, markersize=5, label="warm mean"
    )
    height = axes.get_window_extent().height * 72 / axes.figure.dpi
    axes.legend(
        handles=[Patch(color=MUTED, label="init"), Patch(facecolor=GRID, edgecolor=MUTED, label="duration"), warm],
        loc="lower right",
        bbox_to_anchor=(1.0, 1 + (_TITLE_ABOVE + 12) / height),
        ncols=3,
        frameon=False,
        fontsize=8,
        handlelength=1.6,
        borderaxespad=0,
        borderpad=0.2,
    )
