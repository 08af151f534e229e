"""Progress of an execution: as that of a run on this machine, and its states where no more can be seen."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from powertune.cli.console import say
from powertune.cli.interrupts import Interrupts
from powertune.cli.progress import RunObserver
from powertune.measure import Observer
from powertune.model import TuningRun
from powertune.plan import Plan


class ExecutionProgress:
    """A `stepfunctions.Watcher` that shows what it is told; the bars are gone when its block ends.

    Args:
        save: keeps what was measured until now.
    """

    def __init__(self, save: Callable[[TuningRun], None], *, quiet: bool) -> None:
        self._save = save
        self._quiet = quiet
        self._shown = ExitStack()
        self._observer: RunObserver | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()

    def entered(self, state: str) -> None:
        """Tell of a state, unless there are bars, which say more."""
        if self._observer is None or not self._observer.watched:
            self._say(f"state {state}")

    def planned(self, plan: Plan) -> Observer:
        """Show the bars."""
        # The execution restores its function whatever signals come here: these flags are nobody's.
        flags = Interrupts()
        observer = RunObserver(plan, self._save, flags, quiet=self._quiet, in_batches=True)
        self._observer = self._shown.enter_context(observer)
        return self._observer

    def unseen(self, why: str) -> None:
        """Say why there are no bars."""
        self._say(f"note: what is measured cannot be seen from here until the end: {why}")

    def _say(self, text: str) -> None:
        if not self._quiet:
            say(text)
