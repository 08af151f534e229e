"""Measuring for a gate at a terminal: options, consent, progress, results files, and interruptions."""

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from powertune.aws.connection import Connection
from powertune.aws.objects import Objects
from powertune.cli.console import confirmed, say
from powertune.cli.gate_progress import GateObserver
from powertune.cli.gate_request import GateRequest
from powertune.cli.interrupts import interruptible
from powertune.cli.sources import payload_reader
from powertune.cli.trust import settings_lines, trusted
from powertune.cli.tuning import results_file
from powertune.config import RunOptions, load_run
from powertune.config.gate_options import GateOptions
from powertune.engine.gate_plan import LivePair, PlannedGate, plan_gate
from powertune.engine.gating import GateTerms, JudgedGate, judge_live
from powertune.errors import Interrupted
from powertune.prices import PriceTable
from powertune.units import format_usd, plural

#: Nothing is spent on this machine, so that no budget is meant to end a gate there.
NO_BUDGET = 1e6
_ENDING = "ending the gate; what was measured is saved"


@contextmanager
def ending_gently() -> Iterator[None]:
    """One interruption ends the block; those after it only get notice, so that cleaning up is not interrupted.

    Raises:
        Interrupted: in the place of KeyboardInterrupt.
    """
    with interruptible(_ENDING, _ENDING, keyboard=lambda: False):
        try:
            yield
        except KeyboardInterrupt:
            raise Interrupted("interrupted", hint="what was measured is saved; nothing was changed") from None


def run_options_of(
    request: GateRequest, gate_options: GateOptions, folder: Path, payload: str | None, connection: Connection
) -> RunOptions:
    """The options that measuring takes, also those of the table [run].

    Args:
        folder: whose configuration file holds.
        payload: the usual one.

    Raises:
        UsageError: a value that is not what its option takes.
    """

    def read_s3(bucket: str, key: str) -> bytes:
        return Objects(aws=connection.aws(), bucket=bucket).read(key)

    given = {name: value for name, value in request.subject.for_runs.items() if value is not None}
    found = load_run(folder, os.environ, given, payload_reader(read_s3), usual_payload=payload)
    traffic = gate_options.invocations_per_month or found.usage.invocations_per_month
    return replace(
        found,
        memory=None,
        max_spend=gate_options.max_spend,
        results_folder=found.results_folder if request.keeping.save is None else Path(request.keeping.save),
        usage=replace(found.usage, invocations_per_month=traffic),
    )


def plan_now(
    connection: Connection, pairs: tuple[LivePair, ...], options: RunOptions, prices: PriceTable
) -> PlannedGate:
    """Look at the functions, under a new id.

    Raises:
        NotFound, FunctionRefused, FunctionBusy, UsageError: as `plan_gate`.
    """
    return plan_gate(connection, pairs, options, prices, run_id=secrets.token_hex(4), now=time.time())


def agreed(gate: PlannedGate, request: GateRequest, options: RunOptions) -> bool:
    """Show what is going to be measured, and ask; whoever says no is told that nothing was done.

    Raises:
        UsageError: a configuration file names what is of another account, and nobody can be asked about it.
    """
    ask, told = not request.yes, gate.sides[0].plan.from_file
    if ask or not request.quiet:
        for side in gate.sides:
            at_once = plural(side.plan.design.concurrency, "invocation")
            say(f"{side.label} is invoked as it is, at {side.plan.function.current}: at most {at_once} at one time")
        currency = gate.sides[0].plan.prices.currency
        say(f"together this costs at most {format_usd(options.max_spend, currency)}; nothing is changed")
        for line in settings_lines(told):
            say(line)
    for side in gate.sides:
        for advisory in (*side.before, *(() if request.quiet else side.plan.advisories)):
            say(f"warning: {side.label}: {advisory.message}; {advisory.next_step}")
    if trusted(told, ask=ask) and (not ask or confirmed("measure?")):
        return True
    say("nothing was measured")
    return False


def result_files(gate: PlannedGate, folder: Path) -> Mapping[str, Path]:
    """Where the run of each side is saved.

    Raises:
        UsageError: the folder cannot be made.
    """
    return {
        side.name: results_file(folder, side.plan.function.name, f"{side.plan.run_id}-{side.name.partition(' ')[0]}")
        for side in gate.sides
    }


def measured_gate(
    connection: Connection, gate: PlannedGate, options: RunOptions, terms: GateTerms, *, quiet: bool
) -> JudgedGate:
    """Measure and judge, with progress, and save every round.

    Raises:
        FunctionFailed, Inconclusive, Changed, ...: as `judge_live`.
    """
    files = result_files(gate, options.results_folder)
    try:
        with GateObserver(gate, files, quiet=quiet) as observer:
            return judge_live(connection, gate, options, terms, observer, clock=time.time, sleep=time.sleep)
    finally:
        for path in files.values():
            if path.exists() and not quiet:
                say(f"saved {path}")
