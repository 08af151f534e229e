"""What is written of several functions that were measured, and how the command ends."""

import shlex

from powertune import files
from powertune.cli.console import say
from powertune.cli.endings import outranked
from powertune.cli.many.tuning import ManyWishes
from powertune.cli.outputs import Output
from powertune.cli.rendering import show
from powertune.errors import Bug, Interrupted, NotRestored, PowertuneError
from powertune.report import FUNCTIONS, TABLE
from powertune.report.functions import FunctionResults, FunctionStatus
from powertune.units import plural, printable

SUMMARY = "summary.json"
#: What no report that cannot be written may hide.
_LAST = (NotRestored, Bug, Interrupted)


def finish(results: FunctionResults, wishes: ManyWishes) -> None:
    """Write the summary and the reports, whatever became of the functions, and end as they did.

    What was paid for is not lost with a report that cannot be written: then there is a table on stdout.

    Raises:
        UsageError: a report cannot be written.
        PowertuneError: as `ending` says.
    """
    failure = ending(results)
    try:
        unwritten = _write_all(results, wishes)
    except KeyboardInterrupt:
        # Whoever does not wait for the reports is told all the same what is to be done about the functions.
        if isinstance(failure, _LAST):
            raise failure from None
        raise
    if unwritten:
        if not any(output.on_stdout for output in wishes.outputs):
            with outranked(failure or unwritten[0]):
                show(FUNCTIONS, results, (Output(format=TABLE, path=None),))
        for each in results.results:
            if each.file is not None:
                say(printable(f"the results of {each.target} are in {each.file}"))
        # That a report cannot be written must not hide that a function is not restored, nor a bug.
        with outranked(failure if isinstance(failure, _LAST) else None):
            raise unwritten[0]
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
        except Exception as bug:  # carried past the other reports, to where it is shown
            unwritten.append(Bug(bug))
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
