"""A scan that was kept, as `powertune report` shows it: with what was measured of the functions it names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from powertune.cli.console import write_stdout
from powertune.cli.opportunities import what_was_measured
from powertune.cli.options import Reports
from powertune.cli.outputs import name_outputs, refuse_overwriting
from powertune.cli.rendering import show
from powertune.errors import UsageError
from powertune.prices import PriceTable
from powertune.report import SCAN, TABLE
from powertune.report.scan.reported import ReportedScan
from powertune.scan.scan_document import SCHEMA, parse_scan

#: The header of a document is in its first line.
_HEAD = 200


def is_scan(path: Path) -> bool:
    """Whether a file says that it holds a scan. A file that cannot be read is none."""
    try:
        with path.open("rb") as file:
            return f'"{SCHEMA.kind}/'.encode() in file.read(_HEAD)
    except OSError:
        return False


def check_options(given: Mapping[str, Any]) -> None:
    """See that no option is given that is about a run.

    Raises:
        UsageError: one is.
    """
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if named:
        raise UsageError(f"{' and '.join(named)} cannot apply to a scan", hint="leave it out, or give a results file")


def report_scan(
    path: Path, prices: PriceTable, reports: Reports, more: Sequence[str] | None, *, folder: Path, quiet: bool
) -> None:
    """Show a scan, and on stdout what was measured of its functions since, unless another format is there.

    Args:
        folder: with the results files of runs.

    Raises:
        UsageError: the scan is damaged, or a report cannot be made of it.
    """
    if reports.raw or reports.open_:
        raise UsageError("--raw and --open are about runs, and this is a scan", hint="write a file: -o scan.html")
    outputs = name_outputs(reports.format_, reports.output or (), more or (), SCAN.formats)
    refuse_overwriting([output.path for output in outputs], [path])
    scan = parse_scan(path.read_bytes())
    show(SCAN, ReportedScan(scan=scan), outputs, quiet=quiet)
    subjects = {finding.subject for finding in scan.findings if finding.measured_at_once}
    functions = [line for line in scan.functions if line.arn in subjects]
    if functions:
        measured = what_was_measured(functions, folder, prices)
        if any(output.on_stdout and output.format == TABLE for output in outputs):
            measured = f"\n{measured}"
        elif any(output.on_stdout for output in outputs):
            return
        write_stdout(measured.encode())
