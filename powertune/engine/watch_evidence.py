"""What is known of the functions to watch: their configuration, the runs that measured them, and their traffic."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from powertune import results
from powertune.aws.client import Aws
from powertune.aws.usage.watched import read_unreserved_concurrency, read_use, read_watched
from powertune.config.watch_options import WatchOptions
from powertune.engine.scanning.earlier_runs import newest_runs, recommended
from powertune.errors import AccessDenied, PowertuneError, Unavailable, UsageError
from powertune.model import FunctionRef, Population, TuningRun
from powertune.prices import PriceTable
from powertune.units import plural
from powertune.watch import (
    ProductionUse,
    RunEvidence,
    Watch,
    WatchedFunction,
    WatchEvidence,
    make_watch,
    sample_p95,
)

#: Ids have 15 characters.
_LONGEST_ID = 40
#: Without CloudWatch, limits may still be known.
_UNANSWERED: tuple[type[PowertuneError], ...] = (AccessDenied, Unavailable, UsageError)


def plan_watch(
    aws: Aws,
    refs: Sequence[FunctionRef],
    runs: "RunSources",
    prices: PriceTable,
    wanted: WatchOptions,
    *,
    now: float,
) -> Watch:
    """Decide what to watch, and every limit; changes nothing.

    Args:
        refs: the functions, all of the region of `aws`.
        now: seconds since the epoch.

    Raises:
        FunctionRefused: a function is not charged by its duration.
        NotFound: a function, version or alias does not exist.
        UsageError: a function is named twice, or is in another account than the others; a limit is for none of
            them, or is not known; a results file is of none of them; the region has no prices.
    """
    region = prices.region(aws.region)
    wanted.max_cost_per_day.check_currency("--max-cost-per-day", region.currency)
    functions = tuple(read_watched(aws, ref) for ref in refs)
    _check(functions, wanted)
    known = runs.of(functions)
    evidence = tuple(_evidence(aws, function, known.get(function.arn), prices, now) for function in functions)
    return make_watch(evidence, region, wanted, unreserved_concurrency=read_unreserved_concurrency(aws))


class RunSources:
    """Results files that were named, and the folder with all others.

    Args:
        files: each of another function.
        folder: where the newest run of a function counts that no file is of.
    """

    def __init__(self, files: Sequence[Path], folder: Path) -> None:
        self._files, self._folder = files, folder

    def of(self, functions: Sequence[WatchedFunction]) -> Mapping[str, TuningRun]:
        """The run of each function, by its ARN, as far as there is one.

        Raises:
            UsageError: a file is no results file, is of none of them, or of the same function as another one.
        """
        wanted = {function.arn for function in functions}
        named: dict[str, tuple[Path, TuningRun]] = {}
        for path in self._files:
            run = results.load(path)
            arn = FunctionRef.parse(run.function.arn).unqualified
            if arn not in wanted:
                raise UsageError(f"{str(path)!r} is a run of {arn}, which is not watched", hint="check --run")
            if arn in named:
                raise UsageError(
                    f"{str(named[arn][0])!r} and {str(path)!r} are runs of the same function, {run.function.name}",
                    hint="name the one that counts",
                )
            named[arn] = path, run
        others = {} if named.keys() == wanted else newest_runs(self._folder)
        return {arn: run for arn, run in others.items() if arn in wanted} | {a: r for a, (_, r) in named.items()}


def _check(functions: Sequence[WatchedFunction], wanted: WatchOptions) -> None:
    labels = Counter(function.label for function in functions)
    for label, count in labels.items():
        if count > 1:
            raise UsageError(f"function {label} is named {plural(count, 'time')}", hint="name each function once")
    accounts = sorted({function.account_id for function in functions})
    if len(accounts) > 1:
        raise UsageError(
            f"the functions are in different accounts: {', '.join(accounts)}",
            hint="watch the functions of each account with a stack of its own",
        )
    for option, chosen in (("--max-p95", wanted.max_p95_ms), ("--max-cost-per-day", wanted.max_cost_per_day)):
        for label in chosen.by_label:
            if label not in labels:
                raise UsageError(
                    f"{option} is given for {label!r}, which is not watched", hint=f"one of {', '.join(labels)}"
                )


def _evidence(
    aws: Aws, function: WatchedFunction, run: TuningRun | None, prices: PriceTable, now: float
) -> WatchEvidence:
    use: ProductionUse | None = None
    unknown = ""
    try:
        use = read_use(aws, function, now=now)
    except _UNANSWERED as error:
        unknown = error.message
    return WatchEvidence(
        function=function,
        run=None if run is None else _measured(run, function),
        use=use,
        unknown=unknown,
        notes=() if run is None else tuple(_about_run(run, function, prices)),
    )


def _measured(run: TuningRun, function: WatchedFunction) -> RunEvidence:
    """The warm invocations at the configuration that the function has now: a limit of another one is none of its."""
    measurement = run.measurement(function.configuration)
    durations = () if measurement is None else measurement.invocations.select(Population.WARM, "duration_ms")
    return RunEvidence(run_id=_run_id(run), p95_ms=sample_p95([each for each in durations if each is not None]))


def _run_id(run: TuningRun) -> str:
    """The id of a run, which is to stand in descriptions and Markdown: a file may hold anything."""
    return re.sub(r"[^A-Za-z0-9_-]", "?", run.run_id)[:_LONGEST_ID]


def _about_run(run: TuningRun, function: WatchedFunction, prices: PriceTable) -> Iterator[str]:
    best = recommended(run, prices)
    if best is not None and best != function.configuration:
        yield (
            f"{function.label} has {function.configuration}, and run {_run_id(run)} recommends {best}: "
            "watch again after you have applied it"
        )
    if function.code_sha256 and run.function.code_sha256 not in ("", function.code_sha256):
        yield f"the code of {function.label} has changed since run {_run_id(run)}"
