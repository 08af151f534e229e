"""Tuning the functions that a scan expects to save most, one after another, and what came of it."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from powertune.aws.identity import ConnectionOptions
from powertune.cli.console import on_terminal, say, write_stdout
from powertune.cli.many.finishing import ending
from powertune.cli.many.planning import FunctionToTune
from powertune.cli.many.sites import open_sites
from powertune.cli.many.tuning import PARALLEL, ManyWishes, tune_functions
from powertune.cli.scanning import ScanQuestions, ScanWishes
from powertune.config.values import whole
from powertune.engine.scanning.earlier_runs import judge_earlier_runs
from powertune.errors import Bug, Interrupted, NotRestored, UsageError
from powertune.model import DAYS_PER_MONTH
from powertune.prices import PriceTable
from powertune.report.functions import FunctionResults
from powertune.report.scan.tuned import MeasuredFunction, measured_table
from powertune.scan.scan import FunctionLine, Scan
from powertune.scan.totals import savings_by_function
from powertune.units import format_usd

_MOST = 50
#: What the next step names if both architectures have to be measured.
_BOTH = "--arch both"
#: What ends a scan, whatever came of the other functions.
_ENDS = (Bug, Interrupted, NotRestored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A function that another configuration may make cheaper, and what is expected of that in 30 days.

    `both`: the other architecture is one of these configurations. `invocations_per_month` is None where nobody knows.
    """

    function: FunctionLine
    saving: float
    currency: str
    both: bool = False
    invocations_per_month: float | None = None

    @property
    def options(self) -> dict[str, str]:
        """What a run has to be told, as on its command line."""
        month = self.invocations_per_month
        traffic = {} if not month else {"invocations_per_month": f"{month:.0f}"}
        return {**traffic, **({"arch": "both"} if self.both else {})}


def check_then_run(then_run: str | None, *, yes: bool, dry_run: bool) -> int:
    """How many functions to tune after a scan; 0 if that is not wanted.

    Raises:
        UsageError: not a number, or nobody can be asked.
    """
    if then_run is None:
        return 0
    if dry_run:
        raise UsageError("--dry-run makes no scan that functions could be chosen from", hint="leave --then-run out")
    count = whole(1, _MOST)("then_run", then_run)
    if not (yes or on_terminal()):
        raise UsageError(
            "no terminal to ask on before functions are measured", hint="add --yes to measure without being asked"
        )
    return count


def largest(scan: Scan, count: int, account_id: str | None = None) -> tuple[Opportunity, ...]:
    """The functions with the largest expected savings that measuring can prove, in that order.

    Args:
        account_id: only those of this account; None for all.
    """
    to_measure = tuple(each for each in scan.findings if each.measured_at_once)
    savings = savings_by_function(replace(scan, findings=to_measure))
    both = {each.subject for each in to_measure if _BOTH in each.next_step}
    found = [
        Opportunity(
            function=line,
            saving=savings[line.arn].expected,
            currency=scan.currency(line.place),
            both=line.arn in both,
            invocations_per_month=None if line.invocations is None else line.invocations / scan.days * DAYS_PER_MONTH,
        )
        for line in scan.functions
        if line.arn in savings and account_id in (None, line.place.account_id)
    ]
    return tuple(sorted((each for each in found if each.saving > 0), key=lambda each: -each.saving)[:count])


def tune_largest(
    scan: Scan, count: int, account_id: str, place: ConnectionOptions, wishes: ScanWishes, *, ask: bool
) -> None:
    """Tune the functions that promise most, after asking, and print what came of it.

    Only those of the account that `place` leads to: roles for scans may change nothing. A function that fails does
    not end the others.

    Raises:
        Interrupted: by the person; the functions that were measured are restored.
        NotRestored: a function may still hold a trial configuration; no other is begun.
        PowertuneError: no function could be tuned; the first reason.
    """
    chosen = largest(scan, count, account_id)
    if not chosen:
        say(f"no function of account {account_id} has a saving that measuring could prove")
        return
    for each in chosen:
        line = each.function
        say(f"{line.name} in {line.place.region}: {format_usd(each.saving, each.currency)} a month expected")
    questions = wishes.questions
    told = {"results_folder": str(questions.results_folder)}
    wanted = [
        FunctionToTune(
            target=each.function.arn,
            told=told | each.options,
            alone=each.function.architecture if each.both else None,
        )
        for each in chosen
    ]
    many = ManyWishes(at_once=PARALLEL, own_budgets=True, ask=ask, quiet=wishes.quiet)
    with ExitStack() as signals:
        with open_sites([each.target for each in wanted], replace(place, region=None), quiet=wishes.quiet) as sites:
            results = tune_functions(wanted, sites, many, signals)
        if results is not None:
            _tell(results, [each.function for each in chosen], questions)


def _tell(results: FunctionResults, functions: Sequence[FunctionLine], questions: ScanQuestions) -> None:
    """Print what came of functions, and end as they did, as `tune_largest` says."""
    names = {each.arn: each.name for each in functions}
    for result in results.unanswered:
        if result.failed is not None:
            say(f"{names[result.target]} was not tuned: {result.failed.message}")
    write_stdout(what_was_measured(functions, questions.results_folder, questions.prices).encode())
    failure = ending(results)
    if failure is not None and (len(results.unanswered) == len(functions) or isinstance(failure, _ENDS)):
        raise failure


def what_was_measured(functions: Sequence[FunctionLine], folder: Path, prices: PriceTable) -> str:
    """A table of what was measured of functions, and the line that applies it."""
    judged = judge_earlier_runs(folder, prices, {each.arn for each in functions})
    files = {arn: (analysis, str(path)) for arn, (path, analysis) in judged.items()}
    measured = ((each, *files.get(each.arn, (None, ""))) for each in functions)
    return measured_table([MeasuredFunction(function=f, analysis=a, file=file) for f, a, file in measured])
