"""One execution at a terminal, or without one: followed, let go of, or stopped, and the person is told which."""

import shlex
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from powertune import results
from powertune.aws.executions import ABORTED, ExecutionArn
from powertune.aws.identity import ConnectionOptions
from powertune.cli.console import confirmed, say
from powertune.cli.endings import outranked
from powertune.cli.execution_progress import ExecutionProgress
from powertune.cli.interrupts import Interrupts, at_keyboard, interruptible
from powertune.engine.saving import Saver
from powertune.engine.stepfunctions import Ending, Followed
from powertune.errors import Interrupted, NotFound, NotRestored, PowertuneError
from powertune.model import TuningRun

#: What to say of signals that come while a stopped execution restores its function.
_STOPPING = "the execution is stopped; waiting until its function is restored"
_INSIST = f"{_STOPPING}; press Ctrl-C once more not to wait"
#: A terminal that is gone: nobody can be asked, and nobody has asked for an end.
_HUNG_UP = getattr(signal, "SIGHUP", None)


class ExecutionSession:
    """One execution at a terminal, or without one: until it has ended, or is let go of.

    Args:
        path: the results file.
        ask: asks a person, who says yes or no.
        keyboard: whether there is one.
    """

    def __init__(
        self,
        followed: Followed,
        path: Path,
        *,
        quiet: bool,
        ask: Callable[[str], bool] = confirmed,
        keyboard: Callable[[], bool] = at_keyboard,
    ) -> None:
        self._ask = ask
        self._keyboard = keyboard
        self._followed = followed
        self._path = path
        self._quiet = quiet
        self._started = self._ended = False
        #: Whether the results file holds what was measured until now.
        self._kept = False

    def run(self, start: Callable[[], object], report: Callable[[Ending], None]) -> None:
        """Start the execution, follow it, and save and report what it has measured.

        Args:
            report: signals wait for it. It raises the error that the execution has ended with.

        Raises:
            Interrupted, NotRestored: as `_interrupted`.
            PowertuneError: as `report`; or the results file cannot be written.
        """
        with interruptible(_STOPPING, _INSIST, keyboard=self._keyboard) as interrupts:
            try:
                ending = self._follow(start)
            except KeyboardInterrupt:
                ending = self._interrupted(interrupts)
            interrupts.writing()
            report(self._saved(ending))

    def _saved(self, ending: Ending) -> Ending:
        """Save what was measured; an interruption says where."""
        if ending.run is None:
            return ending
        with outranked(ending.error):
            results.save(ending.run, self._path)
            if not self._quiet:
                say(f"saved {self._path}")
            if isinstance(ending.error, Interrupted):
                saved = f"{ending.error.message}; what was measured is in {self._path}"
                return replace(ending, error=Interrupted(saved, hint=f"powertune report {self._path}"))
        return ending

    def _follow(self, start: Callable[[], object]) -> Ending:
        start()
        self._started = True
        if not self._quiet:
            say(f"execution {self._followed.arn}")
            say(f"run {self._followed.run_id}")
        save = Saver(self._path, timer=time.monotonic)

        def keep(run: TuningRun) -> None:
            save(run)
            self._kept = any(len(each.invocations) for each in run.measurements)

        with ExecutionProgress(keep, quiet=self._quiet) as progress:
            try:
                execution = self._followed.follow(progress)
            except PowertuneError as error:
                raise self._out_of_sight(error) from error
            self._ended = True
            return self._followed.end(execution)

    def _interrupted(self, interrupts: Interrupts) -> Ending:
        """Stop the execution, or leave it to itself, and say which.

        Raises:
            Interrupted: it goes on.
            NotRestored: it was stopped, and nobody has waited until the function was restored.
            PowertuneError: it could not be stopped.
        """
        if self._ended:
            raise self._not_awaited("has ended")
        if self._started and self._is_to_go_on(interrupts):
            raise self._detached()
        interrupts.restoring = True
        say("stopping the execution")
        try:
            return self._stop()
        except KeyboardInterrupt:
            raise self._not_awaited("is stopped") from None

    def _is_to_go_on(self, interrupts: Interrupts) -> bool:
        """Whether the person leaves the execution to itself. Who ends a process without a terminal ends both."""
        if interrupts.number == _HUNG_UP:
            return True
        if interrupts.number != signal.SIGINT or not self._keyboard():
            return False
        interrupts.restoring = False  # the next Ctrl-C is an answer as well
        try:
            return not self._ask("stop the execution? Answering no leaves it running.")
        except KeyboardInterrupt:
            return True

    def _stop(self) -> Ending:
        followed = self._followed
        try:
            execution = followed.stop()
        except NotFound:
            raise Interrupted(
                f"interrupted before the execution was started; {followed.name} was not touched",
                hint=f"should it have started all the same: {self._attach}",
            ) from None
        except PowertuneError as error:
            raise self._out_of_sight(error) from error
        ending = followed.end(execution)
        if execution.status != ABORTED or isinstance(ending.error, NotRestored):
            return ending
        stopped = Interrupted(
            f"execution {followed.arn.name} is stopped; {followed.name} is restored", hint="nothing was measured yet"
        )
        return replace(ending, error=stopped, judged=False)

    def _out_of_sight(self, error: PowertuneError) -> PowertuneError:
        """The error, and that the execution does not end with it."""
        return type(error)(
            f"{error.message}; execution {self._followed.arn.name} goes on without being followed", hint=self._attach
        )

    @property
    def _attach(self) -> str:
        return attach_command(self._followed.arn, self._followed.place)

    def _detached(self) -> Interrupted:
        name = self._followed.name
        goes_on = f"detached: execution {self._followed.arn.name} goes on, and restores {name} when it ends"
        if not self._kept:
            return Interrupted(goes_on, hint=self._attach)
        return Interrupted(
            f"{goes_on}; {self._path} holds what was measured so far",
            hint=f"to get the whole: {self._attach}",
        )

    def _not_awaited(self, what: str) -> NotRestored:
        return NotRestored(
            f"{self._followed.name} may still hold a trial configuration: execution {self._followed.arn.name} "
            f"{what}, and restoring was not waited for",
            hint=self._followed.restore_command,
        )


def attach_command(arn: ExecutionArn, place: ConnectionOptions) -> str:
    """What to type to follow an execution."""
    options = {"--profile": place.profile, "--endpoint-url": place.endpoint_url}
    given = [word for name, value in options.items() if value for word in (name, value)]
    return shlex.join(["powertune", "run", "--attach", arn.text, *given])
