"""A tuning run by the state machine, at a terminal: what is asked, shown and told around that engine."""

import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from powertune import files
from powertune.aws.connection import Connection, connect
from powertune.aws.executions import ExecutionArn, Executions, MachineArn
from powertune.aws.identity import ConnectionOptions
from powertune.cli import rendering, tuning
from powertune.cli.command_line_checks import check_region
from powertune.cli.console import confirmed, say, terminal_width
from powertune.cli.endings import outranked
from powertune.cli.execution_session import ExecutionSession
from powertune.cli.outputs import Output
from powertune.cli.site import Site
from powertune.cli.sources import load_prices
from powertune.cli.tables.plan import plan_text
from powertune.cli.trust import trusted
from powertune.config import RunOptions, load_run
from powertune.config.execution_input import TuningRequest
from powertune.config.execution_writing import execution_input
from powertune.config.from_file import foreign_settings
from powertune.engine.execution_bill import execution_bill
from powertune.engine.state_machine import find_machine, machine_of
from powertune.engine.stepfunctions import Ending, Followed
from powertune.errors import AccessDenied, UsageError
from powertune.model import FunctionRef, Goal, Usage
from powertune.plan import Plan
from powertune.prices import PriceTable
from powertune.region_prices import RegionPrices
from powertune.report import PLAN
from powertune.units import format_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineNames:
    """The state machine as the command line names it: by its stack, by its ARN, or not at all.

    `payload_s3` is where the events are, if they are in S3.
    """

    stack_name: str | None = None
    arn: str | None = None
    payload_s3: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutputs:
    """What is to be written, shown and asked. `save` is the results file that was named, if one was."""

    outputs: Sequence[Output]
    save: str | None
    quiet: bool
    dry_run: bool = False
    ask: bool = False


def run(
    site: Site,
    options: RunOptions,
    prices: RegionPrices,
    place: ConnectionOptions,
    names: MachineNames,
    wishes: RunOutputs,
) -> None:
    """Show the plan, start an execution, follow it to its end, and report what it has measured.

    Raises:
        Interrupted: the person has detached from the execution, or stopped it, and the function is restored.
        NotFound: there is no state machine.
        NotRestored: the function is not known to be restored.
        UsageError: the input of the execution would be too large, or a file cannot be written.
        PowertuneError: as the execution has failed.
    """
    plan = _plan(site, options, prices, dry_run=wishes.dry_run)
    if plan is not None and wishes.dry_run:
        rendering.show(PLAN, plan, wishes.outputs, quiet=True)
        say(bill_line(plan, prices))
        return
    with _reach(site.connection, place, names.arn) as connection:
        aws = connection.aws()
        machine = find_machine(aws, stack_name=names.stack_name, arn=names.arn)
        ref = _as_seen_from(machine.arn, site)
        asked = TuningRequest(target=ref, options=options)
        document = execution_input(asked, payload_s3=names.payload_s3)
        if not _agreed(plan, site, options, prices, wishes):
            return
        name = f"{ref.name}-{secrets.token_hex(4)}"
        arn = machine.arn.execution(name)
        followed = Followed(aws, arn, machine, place=connection.place, ref=ref, clock=time.time, sleep=time.sleep)
        ExecutionSession(followed, _path(wishes, options, followed), quiet=wishes.quiet).run(
            lambda: Executions(aws=aws).start(machine.arn, name, document),
            lambda ending: show(ending, prices, (options.goal, options.usage), wishes),
        )


def attach(
    arn: str, place: ConnectionOptions, stack_name: str | None, results_folder: str | None, wishes: RunOutputs
) -> None:
    """Follow an execution that was started elsewhere to its end, and report what it has measured.

    Raises:
        Interrupted: the person has detached from the execution, or stopped it, and the function is restored.
        NotFound: there is no such execution.
        NotRestored, PowertuneError, UsageError: as `run`.
    """
    execution = ExecutionArn.parse(arn)
    region = execution.machine.region
    check_region(place.region)
    if place.region and place.region != region:
        raise UsageError(f"--region {place.region} is not the region of {arn}", hint="leave --region out")
    options = load_run(Path(), os.environ, {"results_folder": results_folder}, lambda _text, _folder: b"{}")
    prices = load_prices(options.prices)
    with connect(replace(place, region=region)) as connection:
        aws = connection.aws()
        known = Executions(aws=aws).read(execution)
        machine = machine_of(aws, execution.machine, stack_name=stack_name)
        followed = Followed(aws, execution, machine, place=connection.place, clock=time.time, sleep=time.sleep)
        followed.know(known)
        session = ExecutionSession(followed, _path(wishes, options, followed), quiet=wishes.quiet)
        session.run(lambda: None, lambda ending: show(ending, prices, None, wishes))


def _plan(site: Site, options: RunOptions, prices: RegionPrices, *, dry_run: bool) -> Plan | None:
    """What the state machine will decide as well. None where this identity may not look at the function.

    Raises:
        AccessDenied: it may not, and nothing but the plan was asked for.
    """
    try:
        return tuning.plan_run(site, options, prices)
    except AccessDenied as denied:
        if dry_run:
            raise
        say(f"note: no plan can be shown: {denied.message}")
        return None


def bill_line(plan: Plan, prices: RegionPrices) -> str:
    """What the state machine itself takes, for a person."""
    bill = execution_bill(plan, prices)
    most = bill.most or bill
    cost = "an amount that is not known"
    if bill.cost is not None and most.cost is not None:
        low, high = format_usd(bill.cost, prices.currency), format_usd(most.cost, prices.currency)
        cost = f"about {low}" if low == high else f"usually about {low}, and at most {high}"
    free = ", which the embedded AWS does not charge" if plan.function.platform else ""
    rest = "" if bill.measuring else "; its workers wait for the invocations as well, whose duration is not known"
    return (
        f"the state machine itself costs {cost}{free}: about {_range(bill.transitions, most.transitions)} state "
        f"transitions, {_range(bill.worker_gb_seconds, most.worker_gb_seconds)} GB-seconds and "
        f"{_range(bill.s3_requests, most.s3_requests)} requests to S3{rest}"
    )


def _range(usual: float, most: float) -> str:
    low, high = f"{usual:,.0f}", f"{most:,.0f}"
    return low if low == high else f"{low} to {high}"


def _agreed(plan: Plan | None, site: Site, options: RunOptions, prices: RegionPrices, wishes: RunOutputs) -> bool:
    """Show what is going to happen, and ask. Whoever says no is told that nothing was changed.

    Raises:
        UsageError: a configuration file names what is of another account, and nobody can be asked about it.
    """
    told = options.from_file if plan is None else plan.from_file
    if plan is None and told is not None:
        told = replace(told, foreign=foreign_settings(told, site.ref.account_id or ""))
    if wishes.ask or not wishes.quiet:
        if plan is None:
            money = format_usd(options.max_spend, prices.currency)
            say(f"{site.ref}: measured by the state machine, which plans itself; stops before {money} is spent")
        else:
            say(plan_text(plan, width=terminal_width(sys.stderr)).rstrip())
            say(bill_line(plan, prices))
    if trusted(told, ask=wishes.ask) and (not wishes.ask or confirmed("start the execution?")):
        return True
    say("nothing was changed")
    return False


def _path(wishes: RunOutputs, options: RunOptions, followed: Followed) -> Path:
    """The results file.

    Raises:
        UsageError: it cannot be written.
    """
    named = wishes.save
    path = Path(named) if named else tuning.results_file(options.results_folder, followed.name, followed.run_id)
    files.check_writable(path)
    return path


def show(
    ending: Ending, prices: RegionPrices | PriceTable, judgement: tuple[Goal, Usage] | None, wishes: RunOutputs
) -> None:
    """Report what was measured as a run from this machine is reported, and fail as the execution did.

    Args:
        judgement: None for the goal and the usage that the execution was started with.
    """
    if ending.run is not None:
        goal, usage = judgement or (ending.run.design.goal or Goal(), ending.run.design.usage or Usage())
        report = rendering.show_run if ending.judged else rendering.show_run_so_far
        with outranked(None if ending.judged else ending.error):
            report(ending.run, prices, (goal, usage), wishes.outputs, quiet=wishes.quiet)
    if ending.error is not None:
        raise ending.error


@contextmanager
def _reach(connection: Connection, place: ConnectionOptions, arn: str | None) -> Iterator[Connection]:
    """The way to a state machine: that to the function, unless the machine is in another region."""
    region = None if arn is None else MachineArn.parse(arn).region
    if region in (None, connection.region):
        yield connection
        return
    with connect(replace(place, region=region)) as other:
        yield other


def _as_seen_from(machine: MachineArn, site: Site) -> FunctionRef:
    """The function, with its region and account where the workers would look in another place."""
    region = site.ref.region or site.connection.region
    if region == machine.region:
        return site.ref
    account, partition = site.ref.account_id or machine.account_id, site.ref.partition or machine.partition
    return replace(site.ref, region=region, account_id=account, partition=partition)
