"""Progress of a gate on a terminal, a bar for each side, and its results files, saved after each round."""

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from powertune.cli.progress import Bars, RunningMean
from powertune.engine.gate_plan import PlannedGate
from powertune.engine.saving import Saver
from powertune.model import Invocation, TuningRun
from powertune.units import format_usd, printable


class GateObserver:
    """Has every round saved, and shows the progress if somebody watches.

    Args:
        files: where the run of each side is saved, by its name.
        terminal: where to show the progress; by default stderr, if it is a terminal.
    """

    def __init__(
        self, gate: PlannedGate, files: Mapping[str, Path], *, quiet: bool, terminal: Console | None = None
    ) -> None:
        self._savers = {name: Saver(path, timer=time.monotonic) for name, path in files.items()}
        self._currency = gate.sides[0].plan.prices.currency
        self._embedded = gate.sides[0].plan.function.platform is not None
        watched = terminal is not None or sys.stderr.isatty()
        self._progress = Bars(terminal or Console(stderr=True), disable=quiet or not watched)
        self._running = {side.name: RunningMean() for side in gate.sides}
        self._tasks = {
            side.name: self._progress.add_task("", total=0, size=escape(printable(side.label)), note="waiting")
            for side in gate.sides
        }

    def __enter__(self) -> "GateObserver":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # the terminal may be gone by now
            self._progress.stop()

    def expected(self, name: str, invocations: int) -> None:
        """Show how many more there are to make."""
        task = self._tasks[name]
        self._progress.update(task, total=self._progress.tasks[task].completed + invocations)

    def invoked(self, name: str, invocation: Invocation, spent: float) -> None:
        """Count an invocation, and bring mean and spending up to date."""
        running = self._running[name]
        if invocation.duration_ms is not None and invocation.init_ms is None and not invocation.status.failed:
            running.add(invocation.duration_ms)
        task = self._tasks[name]
        known = self._progress.tasks[task]
        total = max(known.total or 0, known.completed + 1)
        note = str(invocation.status) if invocation.status.failed else str(running)
        self._progress.update(task, advance=1, total=total, note=note)
        # On the embedded AWS nothing is spent: what AWS would charge is counted all the same.
        paid = "at AWS's prices" if self._embedded else "spent"
        self._progress.summary = f"{format_usd(spent, self._currency)} {paid}"

    def saved(self, runs: Mapping[str, TuningRun]) -> None:
        """Have the round saved."""
        for name, run in runs.items():
            self._savers[name](run)
