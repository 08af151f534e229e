"""The steps of `powertune gate calibrate`: what is measured twice, and what is told of its noise."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from powertune.aws.connection import Connection, connect
from powertune.cli.console import write_stdout
from powertune.cli.gate_measuring import NO_BUDGET, agreed, ending_gently, plan_now, result_files, run_options_of
from powertune.cli.gate_progress import GateObserver
from powertune.cli.gate_request import GateRequest
from powertune.cli.local_sides import deploy_sides, find_candidate
from powertune.cli.outputs import write_file
from powertune.cli.sources import load_prices
from powertune.config import RunOptions
from powertune.config.gate_options import GateOptions
from powertune.engine.calibrating import ENVIRONMENTS, measure_noise
from powertune.engine.gate_plan import LiveFunction, LivePair, PlannedGate
from powertune.errors import UsageError
from powertune.gate.calibration import Calibration, calibrate, dump_calibration, toml_snippet
from powertune.gate.model import Case
from powertune.model import FunctionRef
from powertune.prices import PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A function that is calibrated, with what measuring it takes."""

    connection: Connection
    gate: PlannedGate
    options: RunOptions


def calibrate_gate(request: GateRequest, repeats: int, file: str | None) -> None:
    """Measure the same code as both sides, and tell how much that differs.

    Args:
        file: where to write what `--min-effect` takes; None for nowhere.

    Raises:
        UsageError, FunctionFailed, Inconclusive: it cannot be measured.
        Interrupted: by the person.
    """
    options = request.options(os.environ)
    prices = load_prices(Path(request.prices) if request.prices else None)
    with ending_gently(), _opened(request, options, prices, repeats) as opened:
        cases = None if opened is None else _measured(opened, request, repeats)
    if cases is None:
        return
    found = calibrate(cases, prices)
    if file is not None:
        write_file(dump_calibration(found), Path(file))
    write_stdout(calibration_text(found).encode())


def calibration_text(found: Calibration) -> str:
    """The noise of each metric, and what to put into powertune.toml."""
    heads = ("metric", "within environments", "between environments", "drift", "smallest effect")
    rows = [
        (
            each.metric,
            *(f"{100 * share:.1f} %" for share in (each.within, each.between, each.drift, each.min_effect)),
        )
        for each in found.metrics
    ]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
    return "\n".join([*lines, "", "in powertune.toml:", "", toml_snippet(found)])


@contextmanager
def _opened(
    request: GateRequest, options: GateOptions, prices: PriceTable, repeats: int
) -> Iterator[Calibrated | None]:
    """The function, planned; None if a person does not agree to measure it."""
    if request.subject.local is not None:
        candidate = find_candidate(request.subject.local)
        with deploy_sides(candidate, candidate, options.memory, fresh=repeats, quiet=request.quiet) as deployed:
            connection, folder = deployed.served.connection, candidate.folder.path
            found = run_options_of(request, options, folder, candidate.options.payload, connection)
            found = replace(found, max_spend=NO_BUDGET if request.limits.max_spend is None else found.max_spend)
            yield _planned(connection, deployed.pairs, found, prices, 2 * ENVIRONMENTS * len(deployed.pairs))
        return
    if options.memory is not None:
        raise UsageError("a function on AWS is calibrated as it is, and --memory names sizes", hint="leave it out")
    pairs = tuple(LivePair(candidate=LiveFunction(ref=FunctionRef.parse(run))) for run in request.subject.run or ())
    with connect(replace(request.place, region=request.region)) as connection:
        found = run_options_of(request, options, Path(), None, connection)
        opened = _planned(connection, pairs, found, prices, 2 * ENVIRONMENTS * len(pairs))
        yield opened if agreed(opened.gate, request, found) else None


def _planned(
    connection: Connection, pairs: tuple[LivePair, ...], options: RunOptions, prices: PriceTable, concurrency: int
) -> Calibrated:
    options = replace(options, concurrency=2 * concurrency)
    gate = plan_now(connection, pairs, options, prices)
    return Calibrated(connection=connection, gate=gate, options=options)


def _measured(opened: Calibrated, request: GateRequest, repeats: int) -> tuple[Case, ...]:
    files = result_files(opened.gate, opened.options.results_folder)
    with GateObserver(opened.gate, files, quiet=request.quiet) as observer:
        return measure_noise(
            opened.connection,
            opened.gate,
            opened.options,
            observer,
            repeats=repeats,
            clock=time.time,
            sleep=time.sleep,
        )
