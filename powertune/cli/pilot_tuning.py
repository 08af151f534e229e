"""Which functions the autopilot tunes, and tuning them one after another, within what is left to spend."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import results
from powertune.analysis import Analysis, analyze
from powertune.autopilot.due import DueFunction, agenda, can_be_tuned, matches, why_due, why_not_due
from powertune.autopilot.pull_request import IGNORE
from powertune.autopilot.spending import MonthlyBudget, SpendingLedger, SpendingRecord
from powertune.aws.identity import ConnectionOptions
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli import tuning
from powertune.cli.command_line_checks import region_of
from powertune.cli.console import say
from powertune.cli.many.planning import plan_one
from powertune.cli.opportunities import Opportunity, largest
from powertune.cli.site import open_site
from powertune.config import parse_judgement
from powertune.config.autopilot_options import AutopilotOptions
from powertune.engine.autopilot.settling import SettledFunction
from powertune.engine.autopilot.state import AutopilotState
from powertune.errors import Interrupted, NotFound, NotRestored, PowertuneError
from powertune.model import DAYS_PER_MONTH, FunctionRef
from powertune.region_prices import RegionPrices
from powertune.scan.evidence import FunctionEvidence
from powertune.scan.scan import Scan
from powertune.units import format_usd, plural, shown

#: The most functions that a scan names because measuring may help them.
_MOST = 100_000
#: A run ends after it has refused this many functions: to look at one takes a dozen calls.
_MOST_REFUSED = 20
#: How many functions that are left alone for the same reason are named.
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRun:
    """A function that is due, with what is known of it, and what its run is told."""

    due: DueFunction
    known: FunctionEvidence
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.known.name


def due_runs(
    scan: Scan,
    functions: Sequence[FunctionEvidence],
    settled: Sequence[SettledFunction],
    options: AutopilotOptions,
    now: float,
) -> tuple[DueRun, ...]:
    """The functions that are due, those with the largest expected saving first.

    Args:
        functions: those that may be tuned.
        settled: those of them that were tuned before.
        now: seconds since the epoch.
    """
    before = {each.arn: each.before for each in settled}
    promising = {each.function.arn: each for each in largest(scan, _MOST)}
    known = {each.function.arn: each for each in functions if can_be_tuned(each)}
    due = []
    for arn, each in known.items():
        found = why_due(each, before.get(arn), now)
        if found is not None:
            expected = promising[arn].saving if arn in promising else 0.0
            due.append(DueFunction(arn=arn, reason=found[0], detail=found[1], expected=expected))
    return tuple(
        DueRun(due=each, known=known[each.arn], options=_options(known[each.arn], promising.get(each.arn), options))
        for each in agenda(due)
    )


def allowed(functions: Sequence[FunctionEvidence], options: AutopilotOptions) -> tuple[FunctionEvidence, ...]:
    """The functions that the options name and do not ignore."""
    return tuple(
        each
        for each in functions
        if matches(each.name, each.function.arn, options.functions) and not _ignored(each, options)
    )


def check_named(functions: Sequence[FunctionEvidence], options: AutopilotOptions) -> None:
    """Warn of what the options name and the scan has not found: a scheduled job would never tell of a typo.

    Raises:
        NotFound: it has found nothing that they name. An account without functions has all that "*" names.
    """
    unknown = [
        pattern
        for pattern in options.functions
        if pattern != "*" and not any(matches(each.name, each.function.arn, (pattern,)) for each in functions)
    ]
    words = f"--functions {shown(','.join(unknown))} matches no function that the scan has found"
    if unknown and len(unknown) == len(options.functions):
        raise NotFound(words, hint="check the names and the regions (--regions)")
    if unknown:
        say(f"warning: {words}")


def not_due_lines(
    functions: Sequence[FunctionEvidence],
    due: Sequence[DueRun],
    settled: Sequence[SettledFunction],
    options: AutopilotOptions,
    now: float,
) -> tuple[str, ...]:
    """Why the other functions that the options name are not due: a line for each reason."""
    before = {each.arn: each.before for each in settled}
    tuned = {each.due.arn for each in due}
    reasons: dict[str, list[str]] = {}
    for each in functions:
        function = each.function
        if function.arn not in tuned and matches(each.name, function.arn, options.functions):
            reason = "ignored" if _ignored(each, options) else why_not_due(each, before.get(function.arn), now)
            reasons.setdefault(reason, []).append(f"{each.name} in {function.place.region}")
    return tuple(f"not due: {_some(names)}: {reason}" for reason, names in sorted(reasons.items()))


def _ignored(known: FunctionEvidence, options: AutopilotOptions) -> bool:
    return matches(known.name, known.function.arn, options.ignore)


def _some(names: Sequence[str]) -> str:
    more = f" and {plural(len(names) - _MOST_NAMES, 'other')}" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetedTuning:
    """Tunes functions as `powertune run` does, as long as the budget admits it."""

    state: AutopilotState
    budget: MonthlyBudget
    place: ConnectionOptions
    ask: bool
    quiet: bool

    def tune(self, runs: Sequence[DueRun], most: int) -> tuple[PowertuneError, ...]:
        """Tune functions until `most` are measured. One that fails does not end the others.

        Returns:
            Why they could not be tuned, if that is so of all of them; else nothing.

        Raises:
            Interrupted: by the person; the function that was measured is restored.
            NotRestored: a function may still hold a trial configuration; no other is begun.
        """
        failures: list[PowertuneError] = []
        measured = 0
        for looked_at, run in enumerate(runs):
            if measured == most or looked_at == most + _MOST_REFUSED:
                say(f"{run.name} and what follows wait for the next run (--max-functions)")
                break
            try:
                measured += self._tune(run)
            except (Interrupted, NotRestored):
                raise
            except PowertuneError as error:
                say(f"{run.name} was not tuned: {error.message}{'' if error.hint is None else f' ({error.hint})'}")
                failures.append(error)
        return tuple(failures) if len(failures) == len(runs) else ()

    def ledger(self) -> SpendingLedger:
        """What was spent this month, by what is kept at this moment: another run may be under way."""
        return SpendingLedger(budget=self.budget, records=self.state.records(), now=time.time())

    def _tune(self, run: DueRun) -> bool:
        """Tune a function; False if it was not."""
        arn = run.due.arn
        place = replace(self.place, region=region_of(FunctionRef.parse(arn), None))
        with open_site(arn, place, quiet=self.quiet) as site:
            tags = LambdaFunction(site.connection.aws(), site.ref).tags(arn)
            if IGNORE in tags:
                say(f"{run.name} was left alone: it has the tag {IGNORE}")
                return False
            architecture = run.known.function.architecture
            options, prices, plan = plan_one(site, run.options, name=run.name, alone=architecture)
            if not tuning.agreed(plan, ask=self.ask, quiet=self.quiet):
                return False
            record = SpendingRecord(
                run_id=plan.run_id,
                function_arn=arn,
                started_at=time.time(),
                currency=prices.currency,
                reserved=min(plan.estimate.worst_usd, plan.max_spend),
                production_p50_ms=None if run.known.usage is None else run.known.usage.p50_ms,
            )
            if not self._reserved(record, run.name):
                return False
            path = tuning.results_path(self.state.results, plan)
            with _settled_afterward(lambda: self._settle(record, path, prices)):
                tuning.measure_plan(site, options, plan, path, quiet=self.quiet)
        return True

    def _reserved(self, record: SpendingRecord, name: str) -> bool:
        """Set aside what a run may cost at most, if the budget admits it.

        Another autopilot may look at the same moment. So it is looked again once the record is kept; if both see each
        other, both give up.
        """
        ledger, kept = self.ledger(), False
        if ledger.admits(record.reserved, record.currency):
            self.state.keep(record)
            ledger, kept = self.ledger(), True
        if kept and ledger.spent <= ledger.budget.amount:
            return True
        if kept:
            self.state.keep(replace(record, spent=0.0))
        say(f"{name} was not tuned: {_refusal(ledger, record)}")
        return False

    def _settle(self, record: SpendingRecord, path: Path, prices: RegionPrices) -> None:
        """Keep what was measured, also of a run that was interrupted, and what it has cost."""
        if not path.is_file():
            return
        self.state.keep_results(path.name)
        analysis = _judged(path, prices)
        spent = record.reserved if analysis.spent is None else analysis.spent
        self.state.keep(replace(record, spent=spent, results=path.name))


@contextmanager
def _settled_afterward(settle: Callable[[], None]) -> Iterator[None]:
    """Settle a run, whatever it ends with, which counts for more than a failure to settle it."""
    try:
        yield
    except BaseException:
        try:
            settle()
        except PowertuneError as error:
            say(f"what was measured could not be kept: {error.message}")
        raise
    settle()


def _judged(path: Path, prices: RegionPrices) -> Analysis:
    run = results.load(path)
    return analyze(run, prices, *parse_judgement({}, run.design.goal, run.design.usage))


def _options(known: FunctionEvidence, promising: Opportunity | None, options: AutopilotOptions) -> dict[str, str]:
    """What a run is told: the traffic that the scan has seen, the architectures, and the event."""
    usage = known.usage
    month = 0.0 if usage is None else usage.invocations / usage.counted_days * DAYS_PER_MONTH
    told = {"invocations_per_month": f"{month:.0f}"} if month >= 1 else {}
    payload = options.payload(known.name, known.function.arn)
    told |= {} if payload is None else {"payload": payload}
    return told | ({"arch": "both"} if promising is not None and promising.both else {})


def _refusal(ledger: SpendingLedger, record: SpendingRecord) -> str:
    if record.currency != ledger.budget.currency:
        return f"the budget is in {ledger.budget.currency}, and its prices are in {record.currency}"
    left, most = (format_usd(amount, record.currency) for amount in (ledger.left, record.reserved))
    return f"it may cost {most}, and {left} of {ledger.budget} are left this month"
