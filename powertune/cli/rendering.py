"""Every subject of a report in the format that was asked for, to where it was asked for."""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from types import MappingProxyType
from typing import TypeVar

from powertune.cli.console import say, write_stdout
from powertune.cli.outputs import Output, write_file
from powertune.cli.tables.screen import Screen
from powertune.errors import UsageError
from powertune.model import Goal, TuningRun, Usage
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.report import (
    COMPARISON,
    FUNCTION_PLANS,
    FUNCTIONS,
    GATE,
    PLAN,
    PRICES,
    RUN,
    SCAN,
    TABLE,
    Subject,
)
from powertune.units import printable

_T = TypeVar("_T")
#: The table of each subject, as `module:function` in `powertune.cli.tables`; imported on first use.
TABLES: Mapping[str, str] = MappingProxyType(
    {
        RUN.name: "run:render_run_table",
        COMPARISON.name: "comparison:render_comparison_table",
        PLAN.name: "plan:render_plan_table",
        PRICES.name: "prices:render_prices_table",
        SCAN.name: "scan:render_scan_table",
        GATE.name: "gate:render_gate_table",
        FUNCTIONS.name: "functions:render_functions_table",
        FUNCTION_PLANS.name: "functions:render_plans_table",
    }
)


def render(subject: Subject[_T], value: _T, format_: str, screen: Screen) -> bytes:
    """The value as the bytes of a file; only a table depends on where it is shown.

    Raises:
        UsageError: the subject has no such format, or as its renderer says.
    """
    if format_ != TABLE:
        return subject.render(value, format_)
    table: Callable[[_T, Screen], bytes] = resolve_name(f"powertune.cli.tables.{TABLES[subject.name]}")
    return table(value, screen)


def show(subject: Subject[_T], value: _T, outputs: Iterable[Output], *, quiet: bool = False) -> None:
    """Write every report that was asked for.

    Raises:
        UsageError: a report cannot be made or written.
    """
    for output in outputs:
        screen = Screen.of_stdout() if output.on_stdout else Screen()
        _deliver(render(subject, value, output.format, screen), output, quiet=quiet)


def show_run(
    run: TuningRun,
    prices: RegionPrices | PriceTable,
    judgement: tuple[Goal, Usage],
    outputs: Sequence[Output],
    *,
    quiet: bool = False,
) -> None:
    """Analyze a run, and write every report that was asked for.

    Raises:
        FunctionFailed, Inconclusive: there is no recommendation; what there is was written.
        UsageError: a report cannot be written, or prices are not known.
    """
    from powertune.analysis import analyze
    from powertune.report.wording import headline

    analysis = analyze(run, prices, *judgement)
    show(RUN, analysis, outputs, quiet=quiet)
    if not quiet and not any(output.on_stdout for output in outputs):
        say(printable(headline(analysis)))
    if analysis.failure is not None:
        raise analysis.failure


def show_run_so_far(
    run: TuningRun,
    prices: RegionPrices | PriceTable,
    judgement: tuple[Goal, Usage],
    outputs: Sequence[Output],
    *,
    quiet: bool = False,
) -> None:
    """Write the reports of a run that ended early, without a browser.

    How the run ended says more than the want of a recommendation or of a report, and is for the caller to raise.

    Raises:
        UsageError: a report cannot be written, or prices are not known.
    """
    from powertune.analysis import analyze

    written = [replace(output, shown=False) for output in outputs if output.path is not None or output.on_stdout]
    show(RUN, analyze(run, prices, *judgement), written, quiet=quiet)


def _deliver(data: bytes, output: Output, *, quiet: bool) -> None:
    """Write a report to its file, or to stdout; show it, if that was asked for."""
    if output.on_stdout:
        write_stdout(data)
        return
    path = output.path or Path(tempfile.mkdtemp(prefix="powertune-")) / f"report.{output.format}"
    write_file(data, path)
    if not quiet:
        say(f"wrote {path}")
    if output.shown:
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            say(f"note: no browser was found; open {path}")


def check_plan_outputs(outputs: Sequence[Output]) -> None:
    """Find out whether a plan can be written as the outputs say.

    Raises:
        UsageError: a plan has no such format.
    """
    for output in outputs:
        if output.shown:
            raise UsageError("--open shows the report of a run, and --dry-run makes none", hint="leave one out")
        if output.format not in PLAN.formats:
            raise UsageError(
                f"a plan has no format {output.format}", hint=f"with --dry-run, one of {', '.join(PLAN.formats)}"
            )
