"""Fills the HTML template: policy, styles, script and data of the page."""

import re
from collections.abc import Sequence

from powertune.analysis import Analysis, Outcome
from powertune.model import Strategy
from powertune.report.change import shell_lines
from powertune.report.html.charts import draw_charts
from powertune.report.html.choice import candidates
from powertune.report.html.frame import asset, policy, script_data, template
from powertune.report.html.tables import BADGES, COLUMNS, cold_starts, key_figures, sort_keys
from powertune.report.html.theme import theme_css
from powertune.report.html.traces import Chart
from powertune.report.report_text import ReportText, write_report_text

#: Where the slider stands at first: the weight of cost in percent that comes nearest to what was asked for.
_WEIGHTS = {Strategy.COST: 100, Strategy.SPEED: 0, Strategy.TOLERANCE: 50}
_COMMAND_WIDTH = 100
#: plotly.js adds two style elements to the page. Where elements with their ids are there already it adds none, and so
#: the page needs no permission for styles that it does not know.
_GLOBAL_STYLE = "plotly.js-style-global"
_INJECTED_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')


def render_html(analysis: Analysis) -> bytes:
    """The report as HTML in UTF-8. The bytes are the same for the same analysis."""
    from markupsafe import Markup

    report = write_report_text(analysis)
    charts = draw_charts(report)
    plotly, script, style = asset("plotly-basic.min.js"), asset("report.js"), theme_css() + asset("report.css")
    page = template("report.html.j2").render(
        version=analysis.run.tool_version,
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
        policy=policy(scripts=(plotly, script), styles=(style, "")),
        style_ids=(_GLOBAL_STYLE, *_INJECTED_STYLE.findall(plotly)),
        plotly=Markup(plotly),  # noqa: S704 - these four come from this package, or are escaped by _data
        script=Markup(script),  # noqa: S704
        style=Markup(style),  # noqa: S704
        data=Markup(_data(report, charts)),  # noqa: S704
    )
    return page.encode()


def _commands(report: ReportText) -> list[str]:
    """The lines to copy that apply the answer."""
    commands = () if report.change is None else report.change.commands
    return [line for command in commands for line in shell_lines(command, _COMMAND_WIDTH)]


def _data(report: ReportText, charts: Sequence[Chart]) -> str:
    """What the script works with."""
    return script_data(
        {
            "charts": {chart.name: chart.figure for chart in charts if chart.figure is not None},
            "candidates": candidates(report),
        }
    )


def _weight(analysis: Analysis) -> int:
    goal = analysis.goal
    return _WEIGHTS.get(goal.strategy, round(100 * goal.balanced_weight))
