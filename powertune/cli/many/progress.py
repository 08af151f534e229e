"""Progress of several functions: a bar for each on a terminal, and lines that name their function elsewhere."""

import sys
from contextlib import suppress
from threading import Lock
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import TaskID

from powertune.cli.console import say
from powertune.cli.progress import SAID_AT_ONCE, Bars, RunningMean
from powertune.engine.many.runs import PlannedFunction
from powertune.model import Advisory, Batch, Configuration, Design, GridDesign, Invocation, TuningRun
from powertune.report.functions import FunctionResult
from powertune.report.functions.text import outcome_words
from powertune.units import format_usd, printable

#: The most of a path that is shown beside a bar.
_LONGEST = 40


class FunctionsProgress:
    """What is shown of all functions. Each is told of by a thread of its own.

    Args:
        terminal: where to show the bars; by default stderr, if it is a terminal.
    """

    def __init__(
        self, max_spend: float, currency: str, *, embedded: bool, quiet: bool, terminal: Console | None = None
    ) -> None:
        self._quiet = quiet
        self._limit, self._currency, self._embedded = max_spend, currency, embedded
        self._spent: dict[FunctionObserver, float] = {}
        self._lock = Lock()
        watched = terminal is not None or sys.stderr.isatty()
        self.bars = Bars(terminal or Console(stderr=True), disable=quiet or not watched)

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError, ValueError):  # the terminal may be gone by now
            self.bars.stop()

    def observe(self, function: PlannedFunction) -> "FunctionObserver":
        """The observer of a function that begins."""
        name = _called(function)
        self.say(f"{name}: begun")
        return FunctionObserver(self, name, function.plan.design)

    def ended(self, function: PlannedFunction, result: FunctionResult) -> None:
        """Say what became of a function."""
        self.say(f"{_called(function)}: {outcome_words(result)}")

    def spend(self, observer: "FunctionObserver", amount: float) -> None:
        """What a function has spent until now."""
        with self._lock:
            self._spent[observer] = amount
            total = sum(self._spent.values())
        paid = "at AWS's prices" if self._embedded else "spent"
        spent, limit = (format_usd(each, self._currency) for each in (total, self._limit))
        self.bars.summary = f"{spent} of {limit} {paid}"

    def say(self, text: str) -> None:
        """A line beside the bars."""
        if self._quiet:
            return
        if self.bars.disable:
            say(text)
        else:
            with suppress(OSError, ValueError):
                self.bars.console.print(printable(text), markup=False, highlight=False)


class FunctionObserver:
    """Watches the run of one function, and has it shown; a `measure.Observer`."""

    def __init__(self, progress: FunctionsProgress, name: str, design: Design) -> None:
        self._progress = progress
        self._name = name
        self._bars = progress.bars
        grid = design.search if isinstance(design.search, GridDesign) else None
        total = 0 if grid is None else len(grid.configurations) * (grid.invocations + design.lanes)
        self._task: TaskID = self._bars.add_task("", total=total, size=escape(printable(name)), note="begun")
        self._running: dict[Configuration, RunningMean] = {}
        self._best = ""
        self._said: list[Advisory] = []

    def chosen(self, batch: Batch) -> None:
        """Show what a search measures next, and why."""
        expected = sum(trial.invocations for trial in batch.trials)
        self._bars.update(self._task, total=self._known + expected)
        if batch.leader is not None:
            self._best = f", best {batch.leader.configuration}"
        if batch.trials:
            sizes = ", ".join(str(trial.configuration) for trial in batch.trials)
            self._progress.say(f"{self._name}: {sizes}: {batch.why}")

    def waiting(self, configuration: Configuration, what: str) -> None:
        """Show what a size waits for."""
        self._note(f"{configuration}: {what}")

    def published(self, configuration: Configuration) -> None:
        """Show that a size can be invoked."""
        self._note(f"{configuration}: published")

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """Say that a size is left out."""
        self._progress.say(f"{self._name}: {configuration} is left out: {reason}")

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """Count an invocation, and bring mean and spending up to date."""
        running = self._running.setdefault(configuration, RunningMean())
        if invocation.duration_ms is not None and invocation.init_ms is None and not invocation.status.failed:
            running.add(invocation.duration_ms)
        what = str(invocation.status) if invocation.status.failed else str(running)
        completed = self._bars.tasks[self._task].completed + 1
        self._bars.update(self._task, advance=1, total=max(self._known, completed))
        self._note(f"{configuration} {what}{self._best}")
        self._progress.spend(self, spent)

    def saved(self, run: TuningRun) -> None:
        """Say what a person might end the runs for."""
        for advisory in run.advisories:
            if advisory.code in SAID_AT_ONCE and advisory not in self._said:
                self._said.append(advisory)
                self._progress.say(f"warning: {self._name}: {advisory.message}; {advisory.next_step}")

    def restoring(self) -> None:
        """Show that the function is put back."""
        self._note("restoring")

    def restored(self) -> None:
        """The function is as it was found. Its bar goes: there may be many functions."""
        self._bars.update(self._task, visible=False)

    @property
    def _known(self) -> float:
        """How many invocations are expected."""
        return self._bars.tasks[self._task].total or 0

    def _note(self, text: str) -> None:
        self._bars.update(self._task, note=text)


def _called(function: PlannedFunction) -> str:
    """How a function is called where there is little room: an ARN by name and region, a path by its end."""
    _, arn, last = function.target.rpartition(":function:")
    if arn:
        return f"{last} ({function.plan.function.region})"
    return last if len(last) <= _LONGEST else f"...{last[-_LONGEST:]}"
