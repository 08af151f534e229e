"""Live progress on a terminal: one bar per size, with n, running mean and interval, money spent and time left."""

import math
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from powertune.cli.console import say
from powertune.cli.interrupts import Interrupts
from powertune.cli.pace import BatchPace
from powertune.model import Advisory, Batch, Configuration, GridDesign, Invocation, Leader, TuningRun
from powertune.plan import Plan
from powertune.units import format_ms, format_seconds, format_usd, printable

#: Half-width of a 95 % interval, in standard errors. Good enough for a running figure; the analysis does it properly.
_Z = 1.96
#: Advisories that make the rest of the run worthless, for most people.
SAID_AT_ONCE = frozenset({"error-answer"})


@dataclass(slots=True)
class RunningMean:
    """Mean and variance of what has come in so far (Welford's method)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        """One more value."""
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


class Note(ProgressColumn):
    """What there is to say of a size, cut where the terminal ends: it is the only column that is."""

    def render(self, task: Task) -> Text:
        """The note, on one line."""
        return Text(printable(str(task.fields["note"])), no_wrap=True, overflow="ellipsis")


class Bars(Progress):
    """One bar per size; below them a summary, which is wider than a column may be."""

    summary = ""

    def __init__(self, console: Console, *, disable: bool) -> None:
        whole = Column(no_wrap=True)
        super().__init__(
            TextColumn("{task.fields[size]}", justify="right"),
            BarColumn(bar_width=max(8, min(20, console.width // 6)), table_column=whole),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            Note(),
            console=console,
            disable=disable,
            transient=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars, and the summary."""
        yield self.make_tasks_table(self.tasks)
        yield Text(printable(self.summary))


class RunObserver:
    """Has every round saved, and shows the progress if somebody watches."""

    def __init__(
        self,
        plan: Plan,
        save: Callable[[TuningRun], None],
        interrupts: Interrupts,
        *,
        quiet: bool,
        terminal: Console | None = None,
        in_batches: bool = False,
    ) -> None:
        """Args:
        terminal: where to show the progress; by default stderr, if it is a terminal.
        in_batches: sizes are not measured evenly from the start, as by a state machine.
        """
        self._plan = plan
        self._save = save
        self._interrupts = interrupts
        self._quiet = quiet
        self._running: dict[Configuration, RunningMean] = {}
        self._tasks: dict[Configuration, TaskID] = {}
        self._spent = 0.0
        self._leader: Leader | None = None
        self._said: list[Advisory] = []
        watched = terminal is not None or sys.stderr.isatty()
        self._progress = Bars(terminal or Console(stderr=True), disable=quiet or not watched)
        self._pace = BatchPace(plan.design.configurations) if in_batches else None
        total = 0
        if isinstance(plan.design.search, GridDesign):
            each = plan.design.search.invocations + plan.design.lanes
            for configuration in plan.design.search.configurations:
                self._task(configuration, each)
                total += each
        self._total = self._progress.add_task("", total=total, size="all", note="")

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
        self._progress.summary = self._summary()
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
        if self._pace is not None:
            self._pace.dropped(configuration)
        self.say(f"{configuration} is left out: {reason}")

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """Count an invocation, and bring mean, spending and time left up to date."""
        running = self._running.setdefault(configuration, RunningMean())
        if invocation.duration_ms is not None and invocation.init_ms is None and not invocation.status.failed:
            running.add(invocation.duration_ms)
        note = invocation.status if invocation.status.failed else str(running)
        self._count(self._tasks[configuration], note=note)
        self._spent = spent
        self._count(self._total, note="")
        if self._pace is not None:
            self._pace.invoked(
                configuration,
                warm=invocation.init_ms is None,
                completed=self._progress.tasks[self._total].completed,
                now=self._progress.get_time(),
            )
        self._progress.summary = self._summary()

    def saved(self, run: TuningRun) -> None:
        """Have the round saved, and say what a person might end the run for."""
        self._save(run)
        for advisory in run.advisories:
            if advisory.code in SAID_AT_ONCE and advisory not in self._said:
                self._said.append(advisory)
                self.say(f"warning: {advisory.message}; {advisory.next_step}")
        if self._interrupts.restored:
            # What is left, looking up environments, may be interrupted at once.
            self._interrupts.restoring = False

    def restoring(self) -> None:
        """From here on, an interrupt must not stop us."""
        self._interrupts.restoring = True
        self._progress.summary = "restoring the function"

    def restored(self) -> None:
        """The function is as it was found: an interruption may say so."""
        self._interrupts.restored = True

    @property
    def watched(self) -> bool:
        """Whether there are bars."""
        return not self._progress.disable

    def say(self, text: str) -> None:
        """A line beside the bars."""
        if not self._quiet:
            if self._progress.disable:
                say(text)
            else:
                with suppress(OSError, ValueError):
                    self._progress.console.print(printable(text), markup=False, highlight=False)

    def _count(self, task: TaskID, *, note: object) -> None:
        """Count an invocation. Where more are made than was expected, there are as many to make."""
        known = self._progress.tasks[task]
        total = max(known.total or 0, known.completed + 1)
        self._progress.update(task, advance=1, total=total, note=note)

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
        money = f"{format_usd(self._spent, currency)} of {format_usd(self._plan.max_spend, currency)} "
        # On the embedded AWS nothing is spent: what AWS would charge is counted all the same.
        money += "spent" if self._plan.function.platform is None else "at AWS's prices"
        if isinstance(self._plan.design.search, GridDesign):
            task = self._progress.tasks[self._total]
            left = task.time_remaining if self._pace is None else self._pace.left_s(task.total or 0)
            return money + (f", {format_seconds(left)} left" if left is not None else "")
        if self._leader is None:
            return money
        low, high = (format_usd(1e6 * cost, currency) for cost in self._leader.cost)
        return f"{money}, best {self._leader.configuration} at {low} to {high} per million"
