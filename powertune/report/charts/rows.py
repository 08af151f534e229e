"""What the panels with a row per configuration share."""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from powertune.analysis import Analysis, Profile
from powertune.report.charts.points import architectures, roles
from powertune.report.charts.scales import width_points
from powertune.report.charts.texts import clean, wrapped
from powertune.report.palette import ARCHITECTURES, INK, MUTED

#: The height of a row in inches: as drawn if there is room, and all rows together at most.
ROW_INCHES = 0.17
MOST_INCHES = 13.0
LEAST_INCHES = 2.4
_SMALLEST_TEXT = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A row per configuration from the top down, `height` points high; its number is its y coordinate."""

    profiles: tuple[Profile, ...]
    height: float

    @property
    def text_size(self) -> float:
        """The size of text that fits into a row."""
        return min(8.0, max(_SMALLEST_TEXT, 0.72 * self.height))

    @property
    def small_text(self) -> float:
        """The size of remarks."""
        return min(7.5, self.text_size)

    @property
    def thickness(self) -> float:
        """How thick a bar is, as a share of the row: slender even where there are few rows."""
        return min(0.64, 24 / self.height)

    @property
    def every(self) -> int:
        """Each how many rows there is room for a text."""
        return max(1, round(1.2 * self.text_size / self.height))

    @property
    def mark_size(self) -> float:
        """The diameter of the largest mark that stays within a row."""
        return min(14.0, 0.95 * self.height)


def panel_inches(count: int) -> float:
    """The height of a panel by its number of rows."""
    return min(MOST_INCHES, max(LEAST_INCHES, ROW_INCHES * count))


def rows_of(analysis: Analysis) -> Rows:
    """The rows of an analysis."""
    count = len(analysis.profiles)
    return Rows(profiles=analysis.profiles, height=72 * panel_inches(count) / max(count, 1))


def name_rows(axes: Axes, analysis: Analysis, rows: Rows) -> None:
    """Name the rows on the left, and leave as many of them unnamed as it takes to be legible."""
    several = len(architectures(analysis)) > 1
    shown = range(0, len(rows.profiles), rows.every)
    names = [_name(rows.profiles[row], several) for row in shown]
    axes.set_ylim(len(rows.profiles) - 0.5, -0.5)
    axes.yaxis.set_major_locator(FixedLocator(list(shown)))
    axes.yaxis.set_major_formatter(FixedFormatter(names))
    axes.tick_params(axis="y", labelsize=rows.text_size, length=0)
    axes.grid(visible=False, axis="y")
    for row, label in zip(shown, axes.get_yticklabels(), strict=True):
        configuration = rows.profiles[row].configuration
        label.set_color(ARCHITECTURES[configuration.architecture].color if several else INK)
        if {"now", "recommended"} & set(roles(analysis, configuration)):
            label.set_fontweight("bold")


def say_in_row(axes: Axes, rows: Rows, row: int, words: str) -> None:
    """Words in place of what a row would have shown."""
    if row % rows.every:
        return
    lines = wrapped(clean(words, 200), size=rows.text_size, width=0.97 * width_points(axes), lines=1)
    look: dict[str, Any] = {"va": "center", "color": MUTED, "fontsize": rows.text_size, "fontstyle": "italic"}
    axes.text(0.012, row, "".join(lines), transform=axes.get_yaxis_transform(), **look)


def say_after_row(axes: Axes, rows: Rows, row: int, words: str) -> None:
    """Words at the right of a row, outside of the panel."""
    if row % rows.every == 0:
        place = axes.get_yaxis_transform()
        axes.text(1.012, row, words, transform=place, va="center", color=MUTED, fontsize=rows.small_text)


def _name(profile: Profile, several: bool) -> str:
    return str(profile.configuration) if several else f"{profile.configuration.memory_mb} MB"
