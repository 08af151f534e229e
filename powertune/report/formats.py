"""The registry of formats, and for each subject of a report the functions that render it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TYPE_CHECKING, Generic, TypeVar

from powertune.errors import LibraryMissing, UsageError

if TYPE_CHECKING:
    from powertune.analysis import Analysis
    from powertune.gate.result import GateResult
    from powertune.plan import Plan
    from powertune.prices import PriceTable
    from powertune.report.comparison_report import ComparedRuns
    from powertune.report.functions import FunctionPlans, FunctionResults
    from powertune.report.scan import ReportedScan

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of reports. `suffixes` are file endings, the usual one first; `binary` is not for a terminal."""

    suffixes: tuple[str, ...]
    binary: bool = False


#: The libraries of `dependencies` that requirements/slim.txt leaves out: they weigh more than everything else.
SLIM_LEAVES_OUT = ("matplotlib", "pandas")
#: The format that only a terminal interface can draw, so that its renderers are there.
TABLE = "table"
#: Every format by the name that --format takes.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        TABLE: Format(suffixes=(".txt",)),
        "json": Format(suffixes=(".json",)),
        "html": Format(suffixes=(".html", ".htm")),
        "markdown": Format(suffixes=(".md", ".markdown")),
        "csv": Format(suffixes=(".csv",)),
        "raw-csv": Format(suffixes=(".raw.csv",)),
        "junit": Format(suffixes=(".xml",)),
        "png": Format(suffixes=(".png",), binary=True),
        "svg": Format(suffixes=(".svg",)),
        "visualizer": Format(suffixes=(".url",)),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[_T]):
    """What reports are about: its name, and by format the function that renders it.

    A renderer is `module:function` in `powertune.report`. It is imported on first use, so that matplotlib and jinja2
    load only for the formats that need them.
    """

    name: str
    renderers: Mapping[str, str]

    @property
    def formats(self) -> Mapping[str, Format]:
        """The formats of this subject, the table included."""
        return {name: known for name, known in FORMATS.items() if name == TABLE or name in self.renderers}

    def render(self, value: _T, format: str) -> bytes:  # noqa: A002 - the name of the option
        """The value as the bytes of a file in this format.

        Raises:
            UsageError: the subject has no such format.
            LibraryMissing: it needs a library that is not installed.
        """
        renderer = self.renderers.get(format)
        if renderer is None:
            raise UsageError(f"unknown format {format!r}", hint=f"one of: {', '.join(sorted(self.renderers))}")
        try:
            found: Callable[[_T], bytes] = resolve_name(f"powertune.report.{renderer}")
            return found(value)
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            if library not in SLIM_LEAVES_OUT:
                raise
            raise LibraryMissing(f"format {format}", library) from error


RUN: "Subject[Analysis]" = Subject(
    name="run",
    renderers=MappingProxyType(
        {
            "json": "json_report:render_json",
            "html": "html:render_html",
            "markdown": "markdown:render_markdown",
            "csv": "csv_report:render_csv",
            "raw-csv": "csv_report:render_raw_csv",
            "junit": "junit:render_junit",
            "png": "charts:render_png",
            "svg": "charts:render_svg",
            "visualizer": "visualizer:render_visualizer",
        }
    ),
)
COMPARISON: "Subject[ComparedRuns]" = Subject(
    name="comparison",
    renderers=MappingProxyType(
        {
            "json": "comparison_report:render_comparison_json",
            "markdown": "comparison_report:render_comparison_markdown",
            "visualizer": "comparison_report:render_comparison_visualizer",
        }
    ),
)
PLAN: "Subject[Plan]" = Subject(name="plan", renderers=MappingProxyType({"json": "plan_report:render_plan_json"}))
#: Several functions that were tuned together, and the plans for it.
FUNCTIONS: "Subject[FunctionResults]" = Subject(
    name="functions",
    renderers=MappingProxyType(
        {
            "json": "functions.machine:render_functions_json",
            "markdown": "functions.markdown:render_functions_markdown",
            "csv": "functions.machine:render_functions_csv",
        }
    ),
)
FUNCTION_PLANS: "Subject[FunctionPlans]" = Subject(
    name="plans", renderers=MappingProxyType({"json": "functions.machine:render_plans_json"})
)
PRICES: "Subject[PriceTable]" = Subject(
    name="price table", renderers=MappingProxyType({"json": "price_report:render_prices_json"})
)
GATE: "Subject[GateResult]" = Subject(
    name="gate",
    renderers=MappingProxyType(
        {
            "json": "gate.machine:render_gate_json",
            "markdown": "gate.markdown:render_gate_markdown",
            "junit": "gate.gate_junit:render_gate_junit",
        }
    ),
)
SCAN: "Subject[ReportedScan]" = Subject(
    name="scan",
    renderers=MappingProxyType(
        {
            "json": "scan.machine:render_scan_json",
            "html": "html.scan_page:render_scan_html",
            "markdown": "scan.markdown:render_scan_markdown",
            "csv": "scan.machine:render_scan_csv",
        }
    ),
)
