"""Several functions at a terminal: plans, one question, progress, interruptions, and what became of each."""

import shlex
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import __version__, files
from powertune.analysis import analyze
from powertune.aws.identity import SESSION_ENDS, about_end
from powertune.cli.console import confirmed, say, terminal_width
from powertune.cli.interrupts import interruptible
from powertune.cli.many.planning import FunctionToTune, PlannedFunctions, plan_functions
from powertune.cli.many.progress import FunctionsProgress
from powertune.cli.many.sites import Sites
from powertune.cli.outputs import Output, refuse_overwriting
from powertune.cli.rendering import show
from powertune.cli.tables.functions import plans_text
from powertune.cli.trust import trusted
from powertune.engine.many.runs import EndedFunction, FunctionRuns, ManyTerms, PlannedFunction
from powertune.errors import Interrupted, NotRestored, PowertuneError, UsageError
from powertune.model import Advisory, TuningRun
from powertune.report import FUNCTION_PLANS, FUNCTIONS, TABLE
from powertune.report.functions import (
    FunctionPlans,
    FunctionResult,
    FunctionResults,
    FunctionStatus,
    RefusedFunction,
)
from powertune.units import plural, printable

SUMMARY = "summary.json"
#: How many functions may be measured at a time: as many as make good use of the calls per second that they share.
PARALLEL = 4
_RESTORING = "restoring the functions"
_INSIST = "restoring the functions; press Ctrl-C once more to leave them as they are"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyWishes:
    """What is to be asked, shown and written.

    `save` is the folder for results files and a summary; None for the usual one, without a summary. `at_once` is how
    many functions may be measured at a time. `own_budgets`: each function may spend what its options say; else all
    of them together.
    """

    at_once: int
    own_budgets: bool = False
    outputs: Sequence[Output] = ()
    save: Path | None = None
    dry_run: bool = False
    ask: bool = True
    quiet: bool = False


def tune_functions(
    wanted: Sequence[FunctionToTune], sites: Sites, wishes: ManyWishes, signals: ExitStack
) -> FunctionResults | None:
    """Plan all functions, ask once, and measure them; None if nothing was to be measured, or nobody agreed.

    Args:
        signals: until it is closed, a second signal loses no report.

    Raises:
        NotRestored: what a dead run had left could not be undone.
        UsageError: regions with different currencies are to share a budget; a plan or a results file cannot be
            written; or a report would overwrite a results file.
        PowertuneError: a plan that was asked for cannot be made.
    """
    started_at = time.time()
    planned = plan_functions(wanted, sites, save=wishes.save, quiet=wishes.quiet)
    plans = _plans(planned, wishes)
    _check_places(planned.functions, wishes)
    if wishes.dry_run:
        show(FUNCTION_PLANS, plans, wishes.outputs, quiet=True)
        if planned.refusals:
            raise _tell(planned.refusals)
        return None
    if plans.plans and not _agreed(plans, planned.functions, wishes):
        say("nothing was changed")
        return None
    found, spent = _measured(planned.functions, plans, wishes, signals)
    refused = [FunctionResult(target=each.target, failed=each.error) for each in planned.refusals]
    order = {each.target: number for number, each in enumerate(wanted)}
    return FunctionResults(
        results=tuple(sorted((*found, *refused), key=lambda each: order[each.target])),
        max_spend=plans.max_spend,
        spent=spent,
        currency=plans.currency,
        started_at=started_at,
        finished_at=time.time(),
        tool_version=__version__,
        interrupted=any(isinstance(each.failed, Interrupted) for each in found),
    )


def finish(results: FunctionResults, wishes: ManyWishes) -> None:
    """Write the summary and the reports, whatever became of the functions, and end as they did.

    What was paid for is not lost with a report that cannot be written: then there is a table on stdout.

    Raises:
        UsageError: a report cannot be written.
        PowertuneError: as `ending` says.
    """
    failure = ending(results)
    unwritten = _write_all(results, wishes)
    if unwritten:
        if not any(output.on_stdout for output in wishes.outputs):
            show(FUNCTIONS, results, (Output(format=TABLE, path=None),))
        for each in results.results:
            if each.file is not None:
                say(printable(f"the results of {each.target} are in {each.file}"))
        # That a report cannot be written must not hide that a function is not restored.
        if not isinstance(failure, NotRestored | Interrupted):
            raise unwritten[0]
        say(f"error: {printable(unwritten[0].message)}")
    if failure is not None:
        raise failure


def ending(results: FunctionResults) -> PowertuneError | None:
    """The error that the command ends with, after a line that says of how many functions; None if all is well."""
    failure = results.failure
    if failure is None:
        return None
    unrestored = [each.error for each in results.unanswered if each.status is FunctionStatus.NOT_RESTORED]
    if len(unrestored) > 1:
        messages = "; ".join(error.message for error in unrestored if error is not None)
        commands = "; ".join(error.hint for error in unrestored if error is not None and error.hint)
        return NotRestored(messages, hint=commands)
    if isinstance(failure, NotRestored):
        return failure
    if isinstance(failure, Interrupted):
        return _interrupted(results)
    without, count = results.unanswered, len(results.results)
    if count > 1:
        names = ", ".join(each.target for each in without)
        say(f"{len(without)} of {plural(count, 'function')} {_have(len(without))} no answer: {printable(names)}")
    return failure


def _write_all(results: FunctionResults, wishes: ManyWishes) -> list[PowertuneError]:
    """Write what can be written; returns why the rest cannot."""
    unwritten = []
    if wishes.save is not None:
        try:
            files.write(FUNCTIONS.render(results, "json"), wishes.save / SUMMARY)
            if not wishes.quiet:
                say(f"saved {wishes.save / SUMMARY}")
        except PowertuneError as error:
            unwritten.append(error)
    for output in wishes.outputs:
        try:
            show(FUNCTIONS, results, (output,), quiet=wishes.quiet)
        except PowertuneError as error:
            unwritten.append(error)
    return unwritten


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _interrupted(results: FunctionResults) -> Interrupted:
    """What an interruption has left: which functions are to be run again."""
    left = [
        each.target
        for each in results.results
        if each.status in (FunctionStatus.INTERRUPTED, FunctionStatus.NOT_BEGUN)
    ]
    count = len(results.results)
    return Interrupted(
        f"interrupted; every function is restored; {count - len(left)} of {count} are done",
        hint=f"with the same options: {shlex.join(('powertune', 'run', *left))}",
    )


def _plans(planned: PlannedFunctions, wishes: ManyWishes) -> FunctionPlans:
    """The plans, and what they share.

    Raises:
        UsageError: their prices are in different currencies.
    """
    currencies = sorted({each.prices.currency for each in planned.functions})
    if len(currencies) > 1:
        raise UsageError(
            f"one --max-spend cannot be in {' and '.join(currencies)}", hint="tune the regions in separate runs"
        )
    embedded = any(each.plan.function.platform is not None for each in planned.functions)
    # That the session ends is said once, for the time that all of them take.
    alone = [replace(each.plan, advisories=_lasting(each.plan.advisories)) for each in planned.functions]
    budgets = [each.options.max_spend for each in planned.functions]
    plans = FunctionPlans(
        plans=tuple(alone),
        refusals=planned.refusals,
        max_spend=sum(budgets) if wishes.own_budgets else max(budgets, default=0.0),
        currency=currencies[0] if currencies else "USD",
        at_once=1 if embedded else max(1, min(wishes.at_once, len(planned.functions))),
    )
    ends = (each.subject.access.ends_at for each in planned.functions)
    soonest = min((end for end in ends if end is not None), default=None)
    return replace(plans, advisories=about_end(soonest, plans.typical_s, time.time()))


def _check_places(functions: Sequence[PlannedFunction], wishes: ManyWishes) -> None:
    """See that results files can be written, and that no report replaces one.

    Raises:
        UsageError: one cannot, or would be replaced.
    """
    refuse_overwriting([output.path for output in wishes.outputs], [each.path for each in functions])
    if not wishes.dry_run:
        for each in functions:
            files.check_writable(each.path)


def _lasting(advisories: Sequence[Advisory]) -> tuple[Advisory, ...]:
    """The advisories but for that about the session."""
    return tuple(each for each in advisories if each.code != SESSION_ENDS)


def _tell(refusals: Sequence[RefusedFunction]) -> PowertuneError:
    """Say why functions have no plan; returns the first reason."""
    for each in refusals:
        say(f"{each.target} cannot be tuned: {each.error.message}")
    return refusals[0].error


def _agreed(plans: FunctionPlans, functions: Sequence[PlannedFunction], wishes: ManyWishes) -> bool:
    """Show what is going to happen, and ask.

    Raises:
        UsageError: a configuration file names what is of another account, and nobody can be asked about it.
    """
    if wishes.ask or not wishes.quiet:
        say(plans_text(plans, width=terminal_width(sys.stderr)).rstrip())
    else:
        for advisory in plans.advisories:
            say(f"warning: {advisory.message}; {advisory.next_step}")
    told = {repr(each.plan.from_file): each.plan.from_file for each in functions}
    if not all(trusted(each, ask=wishes.ask) for each in told.values()):
        return False
    return not wishes.ask or confirmed(f"measure {plural(len(functions), 'function')}?")


def _measured(
    functions: Sequence[PlannedFunction], plans: FunctionPlans, wishes: ManyWishes, signals: ExitStack
) -> tuple[tuple[FunctionResult, ...], float]:
    """Measure all functions, with progress; what became of each, and what was spent."""
    known: dict[str, FunctionResult] = {}

    def tell(ended: EndedFunction) -> None:
        result = known[ended.function.target] = _result(ended)
        progress.ended(ended.function, result)

    embedded = any(plan.function.platform is not None for plan in plans.plans)
    terms = ManyTerms(
        max_spend=plans.max_spend,
        at_once=plans.at_once,
        clock=time.time,
        timer=time.monotonic,
        sleep=time.sleep,
    )
    interrupts = signals.enter_context(interruptible(_RESTORING, _INSIST))
    with FunctionsProgress(plans.max_spend, plans.currency, embedded=embedded, quiet=wishes.quiet) as progress:
        runs = FunctionRuns(functions, terms, progress.observe, tell)
        try:
            runs.start()
            runs.wait()
        except KeyboardInterrupt:
            interrupts.restoring = True
            runs.stop()
            progress.say(_RESTORING)
            try:
                runs.wait()
            except KeyboardInterrupt:
                runs.abandon()
        interrupts.writing()
        return tuple(known.get(each.function.target) or _result(each) for each in runs.ended), runs.spent


def _result(ended: EndedFunction) -> FunctionResult:
    function, run = ended.function, ended.run
    analysis, failed = None, ended.error
    if run is not None and (failed is None or _measured_anything(run)):
        try:
            analysis = analyze(run, function.prices, function.options.goal, function.options.usage)
        except PowertuneError as error:
            failed = failed or error
    return FunctionResult(
        target=function.target,
        function=function.plan.function,
        analysis=analysis,
        failed=failed,
        file=str(function.path) if analysis is not None and function.path.is_file() else None,
        begun=ended.begun,
    )


def _measured_anything(run: TuningRun) -> bool:
    return any(len(each.invocations) for each in run.measurements)
