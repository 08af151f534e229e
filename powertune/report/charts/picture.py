"""Writes the figure as PNG or SVG under fixed matplotlib settings."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

from powertune.analysis import Analysis
from powertune.report.report_text import ReportText, write_report_text
from powertune.units import printable

#: On top of matplotlib's own defaults. No text is read as mathematics: a dollar sign is a dollar sign.
#: An SVG holds text as outlines, as every label is placed by its measured extent: a viewer without the font would
#: show other widths, and so collisions. What the figure says stands in its title and description, as text.
_SETTINGS: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.parse_math": False,
    "axes.unicode_minus": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "powertune",
    "path.simplify": False,
}
_NO_METADATA: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))


def render_png(analysis: Analysis) -> bytes:
    """The figure as PNG. The bytes are the same for the same run and the same version of matplotlib."""
    with own_settings():
        from powertune.report.charts.page import draw_page

        buffer = BytesIO()
        draw_page(write_report_text(analysis)).savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()


def render_svg(analysis: Analysis) -> bytes:
    """The figure as SVG: well-formed XML without script, and without a reference to anything outside of it."""
    with own_settings():
        from powertune.report.charts.page import draw_page

        report = write_report_text(analysis)
        buffer = BytesIO()
        draw_page(report).savefig(buffer, format="svg", metadata=_NO_METADATA)
        return _described(buffer.getvalue().decode(), report).encode()


@contextmanager
def own_settings() -> Iterator[None]:
    """With our settings and nobody else's, and in silence: where its cache is, is not the reader's concern."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        import matplotlib

        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(_SETTINGS)
            yield
    finally:
        logger.setLevel(level)


def _described(svg: str, report: ReportText) -> str:
    """With a title and a description for those who do not see it, and without the reference to a DTD."""
    start = svg.index("<svg")
    end = svg.index(">", start) + 1
    title, text = (escape(printable(text)) for text in (report.title, report.headline))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n{svg[start : end - 1]} role="img">'
        f"\n <title>{title}</title>\n <desc>{text}</desc>{svg[end:]}"
    )
