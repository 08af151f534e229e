"""What earlier runs have measured of the functions of a scan, from a folder of results files."""

import statistics
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from powertune import results
from powertune.analysis import Analysis, analyze
from powertune.config import parse_judgement
from powertune.errors import PowertuneError
from powertune.model import Configuration, FunctionRef, Measurement, Population, TuningRun
from powertune.prices import PriceTable
from powertune.scan.evidence import Tuned

#: Results files may be large, and a folder may collect them for years: only this many of the newest ones are read.
_MOST_FILES = 1_000


def read_earlier_runs(folder: Path, prices: PriceTable) -> Mapping[str, Tuned]:
    """The newest run of each function, by the function's ARN without a qualifier.

    What is no results file is left out, as the folder may hold anything.
    """
    return {arn: _tuned(run, prices, path) for arn, (path, run) in _newest(folder).items()}


def judge_earlier_runs(
    folder: Path, prices: PriceTable, arns: Collection[str]
) -> Mapping[str, tuple[Path, Analysis]]:
    """The newest results file of each of these functions, and its judgement, as far as there is one."""
    newest = {arn: found for arn, found in _newest(folder).items() if arn in arns}
    judged = {arn: (path, _judged(run, prices)) for arn, (path, run) in newest.items()}
    return {arn: (path, analysis) for arn, (path, analysis) in judged.items() if analysis is not None}


def newest_runs(folder: Path) -> dict[str, TuningRun]:
    """The newest run of each function, by the function's ARN without a qualifier."""
    return {arn: run for arn, (_, run) in _newest(folder).items()}


def _newest(folder: Path) -> dict[str, tuple[Path, TuningRun]]:
    newest: dict[str, tuple[Path, TuningRun]] = {}
    for path, run in _runs(folder):
        arn = FunctionRef.parse(run.function.arn).unqualified
        if arn not in newest or newest[arn][1].started_at < run.started_at:
            newest[arn] = path, run
    return newest


def _runs(folder: Path) -> Iterator[tuple[Path, TuningRun]]:
    """The runs in a folder. Those on the embedded AWS are of functions of an account that nobody has."""
    paths = sorted(folder.glob("*.json"), key=_modified_at, reverse=True)
    for path in paths[:_MOST_FILES]:
        with suppress(PowertuneError):
            yield path, results.load(path)


def _modified_at(path: Path) -> tuple[float, Path]:
    """When a file was written; a link that leads nowhere, or a file that is gone by now, comes last."""
    try:
        return path.stat().st_mtime, path
    except OSError:
        return 0.0, path


def _tuned(run: TuningRun, prices: PriceTable, path: Path) -> Tuned:
    return Tuned(
        run_id=run.run_id,
        measured_at=max(run.started_at, run.finished_at),
        recommended=recommended(run, prices),
        durations_ms=tuple(
            (measurement.configuration, sum(billed) / len(billed))
            for measurement in run.measurements
            if not measurement.infeasible and (billed := _warm(measurement, "billed_ms"))
        ),
        code_sha256=run.function.code_sha256,
        file=str(path),
        p50s_ms=tuple(
            (measurement.configuration, statistics.median(durations))
            for measurement in run.measurements
            if not measurement.infeasible and (durations := _warm(measurement, "duration_ms"))
        ),
    )


def _warm(measurement: Measurement, field: str) -> tuple[float, ...]:
    values = measurement.invocations.select(Population.WARM, field)
    return tuple(float(value) for value in values if value is not None)


def recommended(run: TuningRun, prices: PriceTable) -> Configuration | None:
    """What a run recommended; None where it could not."""
    analysis = _judged(run, prices)
    return None if analysis is None or analysis.recommendation is None else analysis.recommendation.configuration


def _judged(run: TuningRun, prices: PriceTable) -> Analysis | None:
    """The judgement of a run by its own goal; None where nothing has a price."""
    try:
        return analyze(run, prices, *parse_judgement({}, run.design.goal, run.design.usage))
    except PowertuneError:
        return None
