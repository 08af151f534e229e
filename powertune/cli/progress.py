"""Live progress on a terminal: one bar per size, with n, running mean and interval, money spent and time left."""

import math
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from powertune import results
from powertune.cli.console import say
from powertune.cli.interrupts import Interrupts
from powertune.model import UNDER_WAY, Batch, Configuration, Invocation, Leader, TuningRun
from powertune.plan import Plan
from powertune.units import format_ms, format_seconds, format_usd, printable

#: Half-width of a 95 % interval, in standard errors. Good enough for a running figure; the analysis does it properly.
_Z = 1.96


@dataclass(slots=True)
class _Running:
    """Mean and variance of what has come in so far (Welford's method)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.squares += delta * (value - self.mean)

    def __str__(self) -> str:
        if self.count == 0:
            return ""
        if self.count == 1:
            return format_ms(self.mean)
        error = _Z * math.sqrt(self.squares / (self.count - 1) / self.count)
        return f"{format_ms(self.mean)} ± {100 * error / self.mean if self.mean else 0:.0f} %"


class RunObserver:
    """Saves every round, and shows the progress if somebody watches."""

    def __init__(self, plan: Plan, path: Path, interrupts: Interrupts, *, quiet: bool) -> None:
        self._plan = plan
        self._path = path
        self._interrupts = interrupts
        self._quiet = quiet
        self._running: dict[Configuration, _Running] = {}
        self._tasks: dict[Configuration, TaskID] = {}
        self._spent = 0.0
        self._leader: Leader | None = None
        self._saved_at = 0.0
        self._saving_s = 0.0
        self._progress = Progress(
            TextColumn("{task.fields[size]:>18}"),
            BarColumn(bar_width=20),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
            disable=quiet or not sys.stderr.isatty(),
            transient=True,
        )
        each = plan.design.invocations + plan.design.lanes
        for configuration in plan.design.configurations:
            self._task(configuration, each)
        self._total = self._progress.add_task("", total=each * len(self._tasks), size="all", note="")

    def __enter__(self) -> "RunObserver":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # the terminal may be gone by now
            self._progress.stop()

    def chosen(self, batch: Batch) -> None:
        """Show what a search measures next and why, and what its best answer is until now."""
        for trial in batch.trials:
            for task in (self._task(trial.configuration, 0), self._total):
                known = self._progress.tasks[task].total or 0
                self._progress.update(task, total=known + trial.invocations)
        self._leader = batch.leader or self._leader
        self._progress.update(self._total, note=self._summary())
        if batch.trials:
            sizes = ", ".join(str(trial.configuration) for trial in batch.trials)
            self.say(f"{sizes}: {batch.why}")

    def waiting(self, configuration: Configuration, what: str) -> None:
        """Show what a size waits for."""
        self._progress.update(self._tasks[configuration], note=what)

    def published(self, configuration: Configuration) -> None:
        """Show that a size can be invoked."""
        self._progress.update(self._tasks[configuration], note="published")

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """Show that a size is left out."""
        self._progress.update(self._tasks[configuration], note="left out")
        self.say(f"{configuration} is left out: {reason}")

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """Count an invocation, and bring mean, spending and time left up to date."""
        running = self._running.setdefault(configuration, _Running())
        if invocation.duration_ms is not None and invocation.init_ms is None and not invocation.status.failed:
            running.add(invocation.duration_ms)
        note = invocation.status if invocation.status.failed else str(running)
        self._progress.update(self._tasks[configuration], advance=1, note=note)
        self._spent = spent
        self._progress.update(self._total, advance=1, note=self._summary())

    def saved(self, run: TuningRun) -> None:
        """Write the results file; a run that has measured nothing leaves none.

        While a large run is under way, rounds are skipped so that saving takes a twentieth of the time at most.
        """
        began = time.monotonic()
        due = run.stopped != UNDER_WAY or began - self._saved_at >= 20 * self._saving_s
        if due and any(len(measurement.invocations) for measurement in run.measurements):
            results.save(run, self._path)
            self._saved_at = time.monotonic()
            self._saving_s = self._saved_at - began
        if self._interrupts.restored:
            # What is left, looking up environments, may be interrupted at once.
            self._interrupts.restoring = False

    def restoring(self) -> None:
        """From here on, an interrupt must not stop us."""
        self._interrupts.restoring = True
        self._progress.update(self._total, note="restoring the function")

    def restored(self) -> None:
        """The function is as it was found: an interruption may say so."""
        self._interrupts.restored = True

    def say(self, text: str) -> None:
        """A line beside the bars."""
        if not self._quiet:
            if self._progress.disable:
                say(text)
            else:
                with suppress(OSError, ValueError):
                    self._progress.console.print(printable(text), markup=False, highlight=False)

    def _task(self, configuration: Configuration, total: int) -> TaskID:
        """The bar of a configuration, a new one if it has none yet."""
        if configuration not in self._tasks:
            self._tasks[configuration] = self._progress.add_task(
                "", total=total, size=str(configuration), note="waiting"
            )
        return self._tasks[configuration]

    def _summary(self) -> str:
        """Money spent of what may be; the time left of a grid, or the best answer of a search."""
        currency = self._plan.prices.currency
        money = f"{format_usd(self._spent, currency)} of {format_usd(self._plan.max_spend, currency)} spent"
        if self._plan.design.exploration is None:
            left = self._progress.tasks[self._total].time_remaining
            return money + (f", {format_seconds(left)} left" if left is not None else "")
        if self._leader is None:
            return money
        low, high = (format_usd(1e6 * cost, currency) for cost in self._leader.cost)
        return f"{money}, best {self._leader.configuration} at {low} to {high} per million"
