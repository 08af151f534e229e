"""Analysis to bytes: a renderer per format. Opens no file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from powertune.analysis import Analysis
from powertune.errors import UsageError
from powertune.report.charts import render_png, render_svg
from powertune.report.csv_report import render_csv, render_raw_csv
from powertune.report.html import render_html
from powertune.report.json_report import render_json
from powertune.report.junit import render_junit
from powertune.report.markdown import render_markdown
from powertune.report.visualizer import render_visualizer

Renderer = Callable[[Analysis], bytes]


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write an analysis down. `suffixes` are the endings of the files that hold it, the usual one first."""

    render: Renderer
    suffixes: tuple[str, ...]


#: Every format by the name that --format takes.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "json": Format(render_json, (".json",)),
        "html": Format(render_html, (".html", ".htm")),
        "markdown": Format(render_markdown, (".md", ".markdown")),
        "csv": Format(render_csv, (".csv",)),
        "raw-csv": Format(render_raw_csv, (".raw.csv",)),
        "junit": Format(render_junit, (".xml",)),
        "png": Format(render_png, (".png",)),
        "svg": Format(render_svg, (".svg",)),
        "visualizer": Format(render_visualizer, (".url",)),
    }
)


def render(analysis: Analysis, format: str) -> bytes:  # noqa: A002 - the name of the option
    """The analysis in one of `FORMATS`.

    Raises:
        UsageError: there is no such format.
    """
    known = FORMATS.get(format)
    if known is None:
        raise UsageError(f"unknown format {format!r}", hint=f"one of: {', '.join(sorted(FORMATS))}")
    return known.render(analysis)
