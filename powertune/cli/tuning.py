"""The steps of a tuning run, from options to a measured run."""

import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from powertune import files, results
from powertune.aws.functions import LambdaFunction
from powertune.aws.identity import SESSION_ENDS, about_end
from powertune.aws.journal import Journal, read_journal
from powertune.aws.portability import check_copies
from powertune.aws.preflight import preflight
from powertune.aws.target import AwsTarget
from powertune.cli import rendering
from powertune.cli.console import confirmed, on_terminal, say
from powertune.cli.interrupts import Interrupts, interruptible
from powertune.cli.outputs import Output, refuse_overwriting
from powertune.cli.progress import RunObserver
from powertune.cli.restoring import restore_now
from powertune.cli.site import Site
from powertune.cli.sources import load_prices, payload_reader
from powertune.cli.trust import trusted
from powertune.config import RUN_OPTIONS, RunOptions, load_run
from powertune.config.from_file import FromFile, foreign_settings
from powertune.errors import FunctionBusy, Interrupted, NotRestored, UsageError
from powertune.measure import measure
from powertune.model import Advisory, FunctionRef, FunctionState, TuningRun
from powertune.plan import Plan, make_plan
from powertune.prices import RegionPrices
from powertune.search.hints import hints_of
from powertune.units import format_seconds

#: How long a function, such as a processor, may run at most.
LONGEST_TIMEOUT_S = 900


def load_options(site: Site, given: Mapping[str, Any]) -> RunOptions:
    """Options from the command line, the environment and the configuration file; a payload is fetched."""
    given = {name: value for name, value in given.items() if name in RUN_OPTIONS}
    return load_run(site.folder, os.environ, given, payload_reader(site.read_s3), usual_payload=site.payload)


def check_outputs(outputs: Sequence[Output], given: Mapping[str, Any]) -> None:
    """Refuse, before anything is opened, reports that could not be made or would replace another file.

    Args:
        given: the options of the command line.

    Raises:
        UsageError: a plan has no such format; or a file that is read, or the results file, would be overwritten.
    """
    if given["dry_run"]:
        rendering.check_plan_outputs(outputs)
    payload, save = given["payload"], given["save"]
    read = [given["prices"], given["from_"], payload[1:] if payload is not None and payload.startswith("@") else None]
    refuse_overwriting([Path(save) if save else None], read)
    refuse_overwriting([output.path for output in outputs], [save or None, *read])


def region_prices(site: Site, options: RunOptions) -> RegionPrices:
    """The prices where the function is.

    Raises:
        UsageError: they are not known, or not in the currency that the goal names.
    """
    prices = load_prices(options.prices).region(site.connection.region)
    options.goal.check_currency(prices.currency)
    return prices


def plan_run(site: Site, options: RunOptions, prices: RegionPrices, *, earlier: str | None = None) -> Plan:
    """Look at the function, offer to undo what a dead run left on it, and decide what to do.

    Args:
        earlier: the results file of a run that was made before.
    """
    if earlier is not None and not options.adaptive:
        raise UsageError("--from is not for the grid search", hint="leave --memory and --search grid out")
    before = None if earlier is None else results.load(Path(earlier))
    aws = site.connection.aws(rate=options.rate)
    function = LambdaFunction(aws, site.ref)
    journal = read_journal(function)
    if journal is not None:
        _offer_restore(function, journal, site.restore_command)
    found = preflight(aws, site.ref, now=time.time(), usage=options.usage)
    told = _by_file(options, found.state)
    # What a file names in another account is not even looked at before a person has agreed to it.
    distrusted = () if told is None else tuple(item.key for item in told.foreign)
    for key, processor in (("pre_processor", options.pre_processor), ("post_processor", options.post_processor)):
        if processor is not None and key not in distrusted:
            LambdaFunction(aws, processor).read(processor.qualifier)
    plan = make_plan(
        options,
        found.state,
        prices,
        run_id=secrets.token_hex(4),
        account_concurrency=found.account_concurrency,
        average_ms=found.average_ms,
        traffic=found.traffic,
        hints=(*(() if before is None else hints_of(before)), *found.hints),
        production=found.production,
    )
    about_copies = check_copies(LambdaFunction.of(aws, plan.function), plan)
    about_session = about_end(site.connection.ends_at, plan.estimate.typical_s, time.time())
    advisories = (
        *about_session,
        *plan.advisories,
        *found.advisories,
        *about_copies,
        *_another_function(before, plan),
    )
    return replace(plan, advisories=advisories, from_file=told)


def _by_file(options: RunOptions, function: FunctionState) -> FromFile | None:
    """What a configuration file has set, and which of it leads to another account than the function's."""
    told = options.from_file
    account = FunctionRef.parse(function.arn).account_id
    if told is None or account is None:
        return told
    return replace(told, foreign=foreign_settings(told, account))


def _another_function(before: TuningRun | None, plan: Plan) -> tuple[Advisory, ...]:
    """That an earlier run was of another function: its curve may have another shape."""
    if before is None or before.function.name == plan.function.name:
        return ()
    advisory = Advisory(
        code="another-function",
        message=f"the search begins where a run of {before.function.name} was best, which is another function",
        next_step=f"give --from a run of {plan.function.name}, or leave it out",
    )
    return (advisory,)


def agreed(plan: Plan, *, ask: bool, quiet: bool) -> bool:
    """Show what is going to happen; on a terminal, ask.

    Raises:
        UsageError: a configuration file names what is of another account, and nobody can be asked about it.
    """
    ask = ask and on_terminal()
    if ask or not quiet:
        say(rendering.plan_text(plan).rstrip())
    else:
        for advisory in (each for each in plan.advisories if each.code == SESSION_ENDS):
            say(f"warning: {advisory.message}; {advisory.next_step}")
    return trusted(plan.from_file, ask=ask) and (not ask or confirmed("measure?"))


def measure_plan(site: Site, options: RunOptions, plan: Plan, path: Path, *, quiet: bool) -> TuningRun:
    """Measure, with progress, and save every round.

    Raises:
        Interrupted: by the person; the function is restored, and what was measured is saved.
        NotRestored: the person, or a failure, kept the function from being restored.
    """
    files.check_writable(path)
    # Said before the run, it is of no use in a report of it.
    plan = replace(plan, advisories=tuple(each for each in plan.advisories if each.code != SESSION_ENDS))
    processors = (options.pre_processor, options.post_processor)
    timeout_s = plan.function.timeout_s if processors == (None, None) else LONGEST_TIMEOUT_S
    aws = site.connection.aws(function_timeout_s=timeout_s, concurrency=plan.design.concurrency, rate=options.rate)
    target = AwsTarget(
        aws,
        plan,
        restore_command=site.restore_command,
        processors=processors,
        clock=time.time,
    )
    with interruptible() as interrupts, RunObserver(plan, path, interrupts, quiet=quiet) as observer:
        try:
            run = measure(plan, target, observer, clock=time.time, sleep=time.sleep)
        except KeyboardInterrupt:
            undo_once_more(target.undo, interrupts)
            raise _interrupted(interrupts, site, path) from None
    if not quiet:
        say(f"saved {path}")
    return run


def undo_once_more(undo: Callable[[], None], interrupts: Interrupts) -> None:
    """Undo what an interruption has kept from being undone, unless a person has insisted on that.

    The first signal may arrive in the instant in which measuring has ended and undoing has not yet begun. Undoing
    twice is harmless.

    Raises:
        NotRestored: it could not be done.
    """
    if interrupts.restored or interrupts.insisted:
        return
    with suppress(KeyboardInterrupt):  # now they insist
        undo()
        interrupts.restored = True


def _interrupted(interrupts: Interrupts, site: Site, path: Path) -> Interrupted | NotRestored:
    if not interrupts.restored:
        return NotRestored(
            f"{site.ref.name} may still hold a trial configuration: restoring was abandoned",
            hint=site.restore_command,
        )
    if not path.exists():
        return Interrupted(f"interrupted; {site.ref.name} is restored", hint="nothing was measured yet")
    return Interrupted(
        f"interrupted; {site.ref.name} is restored; what was measured is in {path}", hint=f"powertune report {path}"
    )


def _offer_restore(function: LambdaFunction, journal: Journal, command: str) -> None:
    """A journal means a run that is active or has died; only the person can tell which."""
    age = format_seconds(max(0.0, time.time() - journal.started_at))
    words = f"run {journal.run_id} started {age} ago on {function.ref.name} and has not been undone"
    if not on_terminal() or not confirmed(f"{words}. If it is not running any more, restore the function now?"):
        raise FunctionBusy(words, hint=f"wait until it has ended; if it has died: {command}")
    restore_now(function, journal, command)
