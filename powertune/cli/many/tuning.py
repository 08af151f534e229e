"""Several functions at a terminal: plans, one question, progress, interruptions, and what became of each."""

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
from powertune.engine.stopping import StopRequest
from powertune.errors import Bug, Interrupted, PowertuneError, UsageError
from powertune.model import Advisory, TuningRun
from powertune.report import FUNCTION_PLANS
from powertune.report.functions import (
    FunctionPlans,
    FunctionResult,
    FunctionResults,
    RefusedFunction,
)
from powertune.units import plural

#: How many functions may be measured at a time: as many as make good use of the calls per second that they share.
PARALLEL = 4
_RESTORING = "restoring the functions"
_INSIST = "restoring the functions; press Ctrl-C once more to leave them as they are"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyWishes:
    """What is to be asked, shown and written.

    `save` is the folder for results files and a summary; None for the usual one, without a summary. `at_once` is how
    many functions may be measured at a time. `own_budgets`: each function may spend what its options say; else all
    of them together. `max_spend` is what that is where no function can be planned.
    """

    at_once: int
    max_spend: float = 0.0
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
        interrupted=_any_failed(found, Interrupted) and not _any_failed(found, Bug),
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
        max_spend=sum(budgets) if wishes.own_budgets else max(budgets, default=wishes.max_spend),
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
    interrupts.end_by(request := StopRequest())
    with FunctionsProgress(plans.max_spend, plans.currency, embedded=embedded, quiet=wishes.quiet) as progress:
        runs = FunctionRuns(functions, terms, progress.observe, tell)
        try:
            runs.start()
            runs.wait(request.check)
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
        except Exception as bug:  # it must not hide what became of this function and the others
            failed = failed or Bug(bug)
    return FunctionResult(
        target=function.target,
        function=function.plan.function,
        analysis=analysis,
        failed=failed,
        file=str(function.path) if analysis is not None and function.path.is_file() else None,
        begun=ended.begun,
    )


def _any_failed(found: Sequence[FunctionResult], kind: type[PowertuneError]) -> bool:
    return any(isinstance(each.failed, kind) for each in found)


def _measured_anything(run: TuningRun) -> bool:
    return any(len(each.invocations) for each in run.measurements)
