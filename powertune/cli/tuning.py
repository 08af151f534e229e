"""The steps of a tuning run at a terminal: what is asked, shown and refused around the engine."""

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from powertune import files, results
from powertune.aws.identity import SESSION_ENDS
from powertune.aws.journal import Journal, read_journal
from powertune.aws.lambda_function import LambdaFunction
from powertune.cli import rendering
from powertune.cli.console import confirmed, on_terminal, say, terminal_width
from powertune.cli.endings import outranked
from powertune.cli.interrupts import Interrupts, interruptible
from powertune.cli.outputs import Output, check_place, refuse_overwriting
from powertune.cli.progress import RunObserver
from powertune.cli.restoring import restore_now
from powertune.cli.site import Site
from powertune.cli.sources import load_prices, parse_folder, payload_reader
from powertune.cli.tables.plan import plan_text
from powertune.cli.trust import trusted
from powertune.config import RUN_OPTIONS, RunOptions, load_run
from powertune.engine import direct
from powertune.engine.saving import Saver
from powertune.engine.stopping import StopRequest
from powertune.errors import FunctionBusy, PowertuneError, UsageError
from powertune.model import TuningRun
from powertune.plan import Plan
from powertune.region_prices import RegionPrices
from powertune.units import format_seconds, shown

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def load_options(
    site: Site, given: Mapping[str, Any], read: Callable[[str, Path], bytes] | None = None
) -> RunOptions:
    """Options from the command line, the environment and the configuration file; a payload is fetched.

    Args:
        read: fetches a payload, as what `payload_reader` returns.
    """
    given = {name: value for name, value in given.items() if name in RUN_OPTIONS}
    reader = read or payload_reader(site.read_s3)
    return load_run(site.folder, os.environ, given, reader, usual_payload=site.payload)


def check_outputs(outputs: Sequence[Output], save: str | None, read: Sequence[str | None], *, dry_run: bool) -> None:
    """Refuse, before anything is opened, reports that could not be made or would replace another file.

    Args:
        save: the results file that was named, if one was.
        read: the files that the run reads; None is no file.

    Raises:
        UsageError: a plan has no such format; a file that is read, or the results file, would be overwritten; or the
            results file cannot be written.
    """
    if dry_run:
        rendering.check_plan_outputs(outputs)
    if save is not None:
        _check_save(save)
    refuse_overwriting([Path(save) if save else None], read)
    refuse_overwriting([output.path for output in outputs], [save or None, *read])


def check_consent(target: str, *, yes: bool, dry_run: bool) -> None:
    """Refuse, before anything is opened, a run that would change a function on AWS with nobody there to be asked.

    Raises:
        UsageError: there is neither a terminal nor --yes; or `target` is a path, and there is no such file.
    """
    if parse_folder(target) is None and not (yes or dry_run or on_terminal()):
        code = f"; or write ./{target} to measure the code in that folder" if Path(target).is_dir() else ""
        raise UsageError(
            f"no terminal to ask on before measuring {target} on AWS",
            hint=f"add --yes to measure without being asked, or --dry-run to see the plan{code}",
        )


def region_prices(site: Site, options: RunOptions) -> RegionPrices:
    """The prices where the function is.

    Raises:
        UsageError: they are not known, or not in the currency that the goal names.
    """
    prices = load_prices(options.prices).region(site.connection.region)
    options.goal.check_currency(prices.currency)
    return prices


def plan_run(site: Site, options: RunOptions, prices: RegionPrices, *, earlier: str | None = None) -> Plan:
    """Offer to undo what a dead run left on the function, look at it, and decide what to do.

    Args:
        earlier: the results file of a run that was made before.
    """
    before = None if earlier is None else results.load(Path(earlier))
    function = LambdaFunction(site.connection.aws(rate=options.rate), site.ref)
    journal = read_journal(function)
    if journal is not None:
        _offer_restore(function, journal, site.restore_command)
    return direct.plan_run(
        site.subject, options, prices, run_id=secrets.token_hex(4), now=time.time(), earlier=before
    )


def agreed(plan: Plan, *, ask: bool, quiet: bool) -> bool:
    """Show what is going to happen, and ask. Whoever says no is told that nothing was changed.

    Raises:
        UsageError: a configuration file names what is of another account, and nobody can be asked about it.
    """
    if ask or not quiet:
        say(plan_text(plan, width=terminal_width(sys.stderr)).rstrip())
    else:
        for advisory in (each for each in plan.advisories if each.code == SESSION_ENDS):
            say(f"warning: {advisory.message}; {advisory.next_step}")
    if trusted(plan.from_file, ask=ask) and (not ask or confirmed("measure?")):
        return True
    say("nothing was changed")
    return False


def results_path(folder: Path, plan: Plan) -> Path:
    """Where the run of a plan is saved unless a file was named, as `results_file`."""
    return results_file(folder, plan.function.name, plan.run_id)


def results_file(folder: Path, function: str, run_id: str) -> Path:
    """Where a run is saved unless a file was named. A folder that this makes is one that git ignores.

    Raises:
        UsageError: the folder cannot be made.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {str(folder)!r} for results: {error.strerror}",
            hint="choose another with --results-folder, or name a file with --save",
        ) from None
    return folder / f"{as_file_name(f'{function}-{run_id}')}.json"


def as_file_name(text: str) -> str:
    """A name without what Lambda allows in no name of a function: an endpoint may tell any, such as a path."""
    return _UNSAFE.sub("-", text)


def measure_plan(site: Site, options: RunOptions, plan: Plan, path: Path, *, quiet: bool) -> TuningRun:
    """Measure, with progress, and save every round.

    Raises:
        Interrupted: by the person; the function is restored, and what was measured is saved.
        NotRestored: the person, or a failure, kept the function from being restored.
    """
    with interruptible() as interrupts:
        return _measured(site, options, plan, Saver(path, timer=time.monotonic), interrupts, quiet=quiet)


def measure_and_report(
    site: Site, options: RunOptions, plan: Plan, path: Path, outputs: Sequence[Output], *, quiet: bool
) -> None:
    """As `measure_plan`, and write the reports, also those of a run that ended early.

    Raises:
        Interrupted, NotRestored: as `measure_plan`.
        FunctionFailed, Inconclusive, UsageError: as `rendering.show_run`.
    """
    judgement = (options.goal, options.usage)
    save = Saver(path, timer=time.monotonic)
    with interruptible() as interrupts:
        try:
            run = _measured(site, options, plan, save, interrupts, quiet=quiet)
        except PowertuneError as pending:
            interrupts.writing()
            if save.saved is not None:
                with outranked(pending):
                    rendering.show_run_so_far(save.saved, plan.prices, judgement, outputs, quiet=quiet)
            raise
        rendering.show_run(run, plan.prices, judgement, outputs, quiet=quiet)


def _measured(
    site: Site, options: RunOptions, plan: Plan, save: Saver, interrupts: Interrupts, *, quiet: bool
) -> TuningRun:
    files.check_writable(save.path)
    request = StopRequest()
    interrupts.end_by(request)
    with RunObserver(plan, save, interrupts, quiet=quiet) as observer:
        try:
            run = direct.measure_plan(
                site.subject, options, plan, observer, request, clock=time.time, sleep=time.sleep
            )
            request.check()
            interrupts.writing()  # the run is complete: a signal no longer ends it
        except KeyboardInterrupt:
            raise direct.interrupted(request, site.subject, save.path) from None
    if not quiet:
        say(f"saved {save.path}")
    return run


def _check_save(save: str) -> None:
    """See that the results file of one function is one, and can be written.

    Raises:
        UsageError: it is empty or a folder; or it cannot be written.
    """
    if not save:
        raise UsageError("--save names no file", hint="name one, or leave --save out")
    if save.endswith("/") or Path(save).is_dir():
        raise UsageError(
            f"--save {shown(save)} is a folder, and one function is named",
            hint=f"name a file in it: --save {shown(str(Path(save) / 'results.json'))}",
        )
    check_place(Path(save))


def _offer_restore(function: LambdaFunction, journal: Journal, command: str) -> None:
    """A journal means a run that is active or has died; only the person can tell which."""
    age = format_seconds(max(0.0, time.time() - journal.started_at))
    words = f"{journal.what} started {age} ago on {function.ref.name} and has not been undone"
    if not on_terminal() or not confirmed(f"{words}. If it is not running any more, restore the function now?"):
        raise FunctionBusy(words, hint=f"wait until it has ended; if it has died: {command}")
    restore_now(function, journal, command)
