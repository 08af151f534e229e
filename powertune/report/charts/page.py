"""The page: who, the answer in words, what the marks mean, and the panels, each at its place in inches."""

import re
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from powertune.report.charts.cold import draw_cold_starts
from powertune.report.charts.distribution import draw_distributions
from powertune.report.charts.memory import draw_memory
from powertune.report.charts.pareto import draw_pareto
from powertune.report.charts.points import architectures, legend_handles
from powertune.report.charts.rows import panel_inches
from powertune.report.charts.texts import clean, wrapped
from powertune.report.palette import INK, MUTED, PAPER
from powertune.report.report_text import ReportText

WIDTH = 14.0
DPI = 110
_MARGIN = 0.4
#: In points.
_TEXT_WIDTH = (WIDTH - 2 * _MARGIN) * 72
_LINE = 0.25
_MOST_LINES = 4
_UPPER = 4.5
_BETWEEN = 1.3
_FOOT = 0.95


@dataclass(frozen=True, slots=True)
class _Page:
    """A figure on which things are placed in inches from the left and from the top."""

    figure: Figure
    height: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A panel."""
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        return self.figure.add_axes(box)

    def text(self, top: float, text: str, size: float, color: str = INK, weight: str = "normal") -> None:
        """A line of text, its baseline so far from the top."""
        place = (_MARGIN / WIDTH, 1 - top / self.height)
        self.figure.text(*place, text, fontsize=size, color=color, fontweight=weight, va="baseline")


def draw_page(report: ReportText) -> Figure:
    """The whole figure, ready to be written."""
    analysis = report.analysis
    figure = Figure(figsize=(WIDTH, 1.0), dpi=DPI, facecolor=PAPER)
    text = re.sub(r"(?<=\d) (?=MB|ms|%)", "\u00a0", clean(report.headline, 1200))
    lines = wrapped(text, size=12, width=_TEXT_WIDTH, lines=_MOST_LINES)
    head = 1.2 + _LINE * len(lines) + 1.05
    lower = panel_inches(len(analysis.profiles))
    page = _Page(figure, head + _UPPER + _BETWEEN + lower + _FOOT)
    figure.set_size_inches(WIDTH, page.height)
    _draw_head(page, report, lines)
    left = 1.0 if len(architectures(analysis)) < 2 else 1.45
    column = (WIDTH - 2 * left - _MARGIN - 0.55) / 2
    second = 2 * left + column + 0.35
    above = 0.62 * _UPPER
    draw_memory(
        page.axes(left, head, column, above),
        page.axes(left, head + above + 0.12, column, _UPPER - above - 0.12),
        analysis,
    )
    draw_pareto(page.axes(second, head, column, _UPPER), analysis)
    below = head + _UPPER + _BETWEEN
    draw_distributions(page.axes(left, below, column, lower), analysis)
    draw_cold_starts(page.axes(second, below, column, lower), analysis)
    return figure


def _draw_head(page: _Page, report: ReportText, lines: list[str]) -> None:
    for line in wrapped(clean(report.title, 100), size=20, width=_TEXT_WIDTH, lines=1, weight="bold"):
        page.text(0.58, line, 20, weight="bold")
    page.text(0.86, clean(report.subtitle, 120), 10, MUTED)
    for number, line in enumerate(lines):
        page.text(1.2 + _LINE * number, line, 12)
    measured = dict(report.facts).get("Measured")
    if measured is not None:
        page.text(page.height - 0.2, clean(f"measured {measured}", 160), 7.5, MUTED)
    handles = legend_handles(report.analysis)
    if not handles:
        return
    top = 1 - (1.08 + _LINE * len(lines)) / page.height
    page.figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=((_MARGIN - 0.06) / WIDTH, top),
        ncols=8,
        frameon=False,
        fontsize=9,
        handlelength=2.6,
        columnspacing=2.2,
        borderaxespad=0,
        labelcolor=INK,
    )
