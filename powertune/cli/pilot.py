"""One run of the autopilot at a terminal or in CI: scan, tune what is due, and settle every proposal."""

import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from powertune.autopilot.spending import MonthlyBudget, SpendingRecord
from powertune.autopilot.verification import DayOfUse
from powertune.aws.connection import connect
from powertune.aws.identity import ConnectionOptions
from powertune.aws.lambda_function import LambdaFunction
from powertune.aws.usage.daily import read_days
from powertune.cli import scanning
from powertune.cli.console import confirmed, on_terminal, say, write_stdout
from powertune.cli.pilot_places import OpenedForge, ProposalPlace, check_state, open_forge
from powertune.cli.pilot_tuning import BudgetedTuning, DueRun, allowed, check_named, due_runs, not_due_lines
from powertune.cli.scanning import FoundScan, Reached, ScanQuestions
from powertune.config.autopilot_options import AutopilotOptions
from powertune.engine.autopilot.protocols import ChangesCode
from powertune.engine.autopilot.settling import Handled, SettledFunction, Settling, settled_functions
from powertune.engine.autopilot.state import AutopilotState
from powertune.engine.scanning.earlier_runs import judge_earlier_runs
from powertune.errors import PowertuneError, UsageError
from powertune.model import FunctionRef
from powertune.prices import PriceTable
from powertune.report.scan.text import gap_lines
from powertune.scan.evidence import FunctionEvidence
from powertune.units import format_usd, plural, printable

_CURRENCY_OF_SCANS = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotWishes:
    """What a person wants of the autopilot. With `dry_run`, nothing is tuned, and no proposal is touched."""

    options: AutopilotOptions
    place: ConnectionOptions
    proposals: ProposalPlace
    state: str
    days: str | None = None
    prices: str | None = None
    ask: bool = True
    dry_run: bool = False
    quiet: bool = False

    @property
    def budget(self) -> MonthlyBudget:
        """What may be spent in a month."""
        amount, currency = self.options.monthly_budget
        return MonthlyBudget(amount=amount, currency=currency)


def check_consent(options: AutopilotOptions, *, yes: bool, dry_run: bool) -> AutopilotOptions:
    """The options, if they say which functions may be invoked, and somebody agrees; a dry run looks at all functions.

    Raises:
        UsageError: nobody has named the functions; or nobody can be asked.
    """
    if not options.functions and not dry_run:
        raise UsageError(
            "no functions are named, and tuning invokes them",
            hint='name those that may be invoked at any time, as --functions "orders-*,resize", or --functions "*"',
        )
    if not (yes or dry_run or on_terminal()):
        raise UsageError(
            "no terminal to ask on before functions are measured", hint="add --yes to measure without being asked"
        )
    return options if options.functions else replace(options, functions=("*",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is opened before AWS is asked: what the scan asks, where proposals go, and the code that they change."""

    questions: ScanQuestions
    opened: OpenedForge
    code: ChangesCode


def check_regions(region: str | None, regions: str | None) -> None:
    """See that one option says where to scan.

    Raises:
        UsageError: both do; the second one would count, and the first one go unnoticed.
    """
    if region and regions:
        raise UsageError("--region and --regions both say where to scan", hint="leave one of them out")


def prepare(wishes: PilotWishes) -> Prepared:
    """Open what is on this machine and at the forge: nothing is spent if proposals could not be made afterward.

    Raises:
        UsageError: an option is wrong.
        PlaceNotFound: there is no infrastructure code.
        AccessDenied, Unavailable, ForgeFailed: as git and the forge say.
    """
    from powertune.cli.pilot_code import TagReader, code_of

    questions = scanning.ask_for({"days": wishes.days}, prices=wishes.prices, results_folder=None)
    check_state(wishes.state)
    opened = open_forge(wishes.proposals, dry_run=wishes.dry_run)
    opened.forge.open_branches()
    code = code_of(opened, wishes.proposals, dict(wishes.options.resources), TagReader(wishes.place))
    return Prepared(questions=questions, opened=opened, code=code)


def fly(reached: Reached, state: AutopilotState, wishes: PilotWishes, prepared: Prepared) -> None:
    """One run, whose outcome is printed.

    Raises:
        Interrupted, NotRestored: as for `powertune run`; nothing else is begun.
        NotFound: none of the functions that are named exists.
        PowertuneError: none of the functions that are due could be tuned, or a proposal could not be made; the first
            reason.
    """
    tuning = BudgetedTuning(state=state, budget=wishes.budget, place=wishes.place, ask=wishes.ask, quiet=wishes.quiet)
    found, prices = _scan(reached, state, tuning, wishes, prepared.questions), prepared.questions.prices
    every = [each for place in found.read for each in place.evidence.functions]
    check_named(every, wishes.options)
    functions = allowed(every, wishes.options)
    settled = _settled(functions, state, prices)
    due = due_runs(found.scan, functions, settled, wishes.options, time.time())
    for line in () if wishes.quiet else not_due_lines(every, due, settled, wishes.options, time.time()):
        say(line)
    failures = _tune(due, tuning, wishes)
    settling = Settling(
        forge=prepared.opened.forge,
        code=prepared.code,
        state=state,
        use=_UseReader(wishes.place),
        prices=prices,
        now=time.time(),
        labels=wishes.options.labels,
        most_open=wishes.options.max_open,
        only_look=wishes.dry_run,
    )
    handled = settling.go(settled if wishes.dry_run else _settled(functions, state, prices))
    ledger = tuning.ledger()
    spent = f"spent {format_usd(ledger.spent, ledger.budget.currency)} of {ledger.budget} this month"
    lines = [*(line for each in handled for line in _lines(each)), spent]
    write_stdout("".join(f"{printable(line)}\n" for line in lines).encode())
    errors = [each.error for each in handled if each.error is not None]
    if errors or failures:
        raise [*errors, *failures][0]


@dataclass(frozen=True, slots=True)
class _UseReader:
    """Reads how functions are used, each in its region."""

    place: ConnectionOptions

    def days(self, function: FunctionRef, start: float, end: float) -> Sequence[DayOfUse]:
        with connect(replace(self.place, region=function.region)) as connection:
            return read_days(connection.aws(), function.name, start, end)

    def aliases(self, function: FunctionRef) -> Mapping[str, tuple[str, ...]]:
        with connect(replace(self.place, region=function.region)) as connection:
            found = LambdaFunction(connection.aws(), function).aliases()
        return {name: alias.versions for name, alias in found.items()}


def _scan(
    reached: Reached, state: AutopilotState, tuning: BudgetedTuning, wishes: PilotWishes, questions: ScanQuestions
) -> FoundScan:
    """Scan, keep what that has cost, and say what could not be read."""
    left = tuning.ledger().left if wishes.budget.currency == _CURRENCY_OF_SCANS else 0.0
    most = 0.0 if wishes.dry_run else min(questions.options.max_spend, left)
    limited = replace(questions.options, max_spend=most)
    questions = replace(questions, options=limited, results_folder=state.results)
    record = SpendingRecord(
        run_id=f"scan-{secrets.token_hex(4)}",
        function_arn="",
        started_at=time.time(),
        currency=_CURRENCY_OF_SCANS,
        reserved=most,
    )
    if most:
        state.keep(record)
    with tempfile.TemporaryDirectory(prefix="powertune-scan-") as folder:
        scanned = scanning.scan_places(
            reached,
            scanning.ScanWishes(questions=questions, outputs=(), scans=folder, quiet=wishes.quiet),
            resume=None,
        )
    if not wishes.dry_run:
        state.keep(replace(record, spent=scanned.scan.effort.usd))
    for line in () if wishes.quiet else gap_lines(scanned.scan.gaps):
        say(f"not read: {line}")
    return scanned


def _settled(
    functions: Sequence[FunctionEvidence], state: AutopilotState, prices: PriceTable
) -> tuple[SettledFunction, ...]:
    arns = {each.function.arn for each in functions}
    judged = {arn: analysis for arn, (_, analysis) in judge_earlier_runs(state.results, prices, arns).items()}
    return settled_functions(functions, judged, state.records())


def _tune(due: Sequence[DueRun], tuning: BudgetedTuning, wishes: PilotWishes) -> tuple[PowertuneError, ...]:
    """Tune what is due, after asking; returns why nothing could be tuned."""
    for each in due:
        expected = f", {format_usd(each.due.expected)} a month expected" if each.due.expected else ""
        say(f"due: {each.name} in {each.known.function.place.region}: {each.due.detail}{expected}")
    if not due:
        say("nothing is due")
    most = wishes.options.max_functions
    if not due or wishes.dry_run:
        return ()
    if wishes.ask and not confirmed(f"plan to measure {plural(min(most, len(due)), 'function')}, one after another?"):
        say("no function was measured")
        return ()
    return tuning.tune(due, most)


def _lines(handled: Handled) -> list[str]:
    """What became of a function: one line, and one for each figure."""
    ref = FunctionRef.parse(handled.function_arn)
    pull_request, error = handled.pull_request, handled.error
    about = "" if pull_request is None else f" {pull_request.url or pull_request.name}"
    words = f"{ref.name} in {ref.region}: {handled.decision.step}{about}"
    if error is not None:
        return [f"{words}: failed: {error.message}"]
    return [f"{words}: {handled.decision.why}", *(f"  {line}" for line in handled.lines)]
