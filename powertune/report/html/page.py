"""Fills the HTML template: policy, styles, script and data of the page."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from powertune.analysis import Analysis, Outcome
from powertune.model import Strategy
from powertune.report.change import shell_lines
from powertune.report.html.charts import draw_charts
from powertune.report.html.choice import candidates
from powertune.report.html.tables import BADGES, COLUMNS, cold_starts, key_figures, sort_keys
from powertune.report.html.theme import theme_css
from powertune.report.html.traces import Chart
from powertune.report.report_text import ReportText, write_report_text
from powertune.units import printable

#: Where the slider stands at first: the weight of cost in percent that comes nearest to what was asked for.
_WEIGHTS = {Strategy.COST: 100, Strategy.SPEED: 0, Strategy.TOLERANCE: 50}
_COMMAND_WIDTH = 100
#: plotly.js adds two style elements to the page. Where elements with their ids are there already it adds none, and so
#: the page needs no permission for styles that it does not know.
_GLOBAL_STYLE = "plotly.js-style-global"
_INJECTED_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')


def render_html(analysis: Analysis) -> bytes:
    """The report as HTML in UTF-8. The bytes are the same for the same analysis."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    def harmless(value: object) -> object:
        return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_asset),
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    report = write_report_text(analysis)
    charts = draw_charts(report)
    plotly, script, style = _asset("plotly-basic.min.js"), _asset("report.js"), theme_css() + _asset("report.css")
    page = environment.get_template("report.html.j2").render(
        report=report,
        analysis=analysis,
        charts=charts,
        commands=_commands(report),
        figures=key_figures(report),
        cold_starts=cold_starts(report),
        badges=BADGES,
        columns=COLUMNS,
        sort_keys=sort_keys,
        weight=_weight(analysis),
        answered=analysis.outcome is Outcome.RECOMMENDED,
        policy=_policy(scripts=(plotly, script), styles=(style, "")),
        style_ids=(_GLOBAL_STYLE, *_INJECTED_STYLE.findall(plotly)),
        plotly=Markup(plotly),  # noqa: S704 - these four come from this package, or are escaped by _data
        script=Markup(script),  # noqa: S704
        style=Markup(style),  # noqa: S704
        data=Markup(_data(report, charts)),  # noqa: S704
    )
    return page.encode()


@cache
def _asset(name: str) -> str:
    """A file of the template folder, with the line endings that a browser sees when it checks the digest."""
    text = (resources.files("powertune.report.html") / "templates" / name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


def _policy(*, scripts: Sequence[str], styles: Sequence[str]) -> str:
    """A Content-Security-Policy that lets exactly these texts run, and nothing be fetched.

    Images are what the charts make of themselves when they are saved.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, scripts))}",
            f"style-src {' '.join(map(_digest, styles))}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _commands(report: ReportText) -> list[str]:
    """The lines to copy that apply the answer."""
    commands = () if report.change is None else report.change.commands
    return [line for command in commands for line in shell_lines(command, _COMMAND_WIDTH)]


def _data(report: ReportText, charts: Sequence[Chart]) -> str:
    """What the script works with, as JSON without any character that means something to HTML."""
    data = {
        "charts": {chart.name: chart.figure for chart in charts if chart.figure is not None},
        "candidates": candidates(report),
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _weight(analysis: Analysis) -> int:
    goal = analysis.goal
    return _WEIGHTS.get(goal.strategy, round(100 * goal.balanced_weight))
