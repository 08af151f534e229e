"""Runs of several functions, each in a thread of its own; one that fails ends no other."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Condition, Thread

from powertune import files
from powertune.config import RunOptions
from powertune.engine.access import TunedFunction
from powertune.engine.direct import interrupted, measure_plan
from powertune.engine.many.admission import FunctionAdmission, FunctionDemand, demand_of
from powertune.engine.many.purse import Purse
from powertune.engine.saving import Saver, SavingObserver
from powertune.engine.stopping import StopRequest
from powertune.errors import Bug, Inconclusive, Interrupted, NotRestored, PowertuneError
from powertune.exploring import extremes
from powertune.measure import Observer
from powertune.measure.spending import Spending
from powertune.model import TuningRun
from powertune.plan import Plan
from powertune.region_prices import RegionPrices
from powertune.units import format_usd

#: How often to look whether a person has interrupted the runs, in seconds.
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFunction:
    """A function that is to be tuned. `target` is how it was named, and `path` where its run is saved."""

    target: str
    subject: TunedFunction
    options: RunOptions
    prices: RegionPrices
    plan: Plan
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedFunction:
    """What became of a function.

    `run` is what was measured, None if nothing was; `error` why it is not complete, None if it is. `begun` is false
    where nothing was asked of it.
    """

    function: PlannedFunction
    run: TuningRun | None = None
    error: PowertuneError | None = None
    begun: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyTerms:
    """What all runs share: `max_spend` in the currency of their region, and how many are under way at a time.

    `clock` gives seconds since the epoch, `timer` seconds from any moment on, and `sleep` waits for seconds.
    """

    max_spend: float
    at_once: int
    clock: Callable[[], float]
    timer: Callable[[], float]
    sleep: Callable[[float], None]


class FunctionRuns:
    """Measures functions, as many at a time as the terms, the account and the budget allow, in their order.

    The threads are daemons: a person who insists on leaving functions as they are does not wait for them.

    Args:
        observe: makes the observer of a function that begins.
        tell: is told of a function that has ended, by the thread that measured it.
    """

    def __init__(
        self,
        functions: Sequence[PlannedFunction],
        terms: ManyTerms,
        observe: Callable[[PlannedFunction], Observer],
        tell: Callable[[EndedFunction], None] = lambda _: None,
    ) -> None:
        self._functions = functions
        self._terms = terms
        self._observe = observe
        self._report = tell
        self._demands = [demand_of(each.plan) for each in functions]
        self._admission = FunctionAdmission(self._demands, most=terms.at_once)
        self._purse = Purse(terms.max_spend)
        self._waiting = list(range(len(functions)))
        self._ended: dict[int, EndedFunction] = {}
        self._requests: dict[int, StopRequest] = {}
        #: Why no other function is begun.
        self._closed: PowertuneError | None = None
        #: Nothing is under way, and nothing is going to begin. The main thread reads it without the lock: a signal
        #: might keep it from giving the lock back.
        self._over = not functions
        self._changed = Condition()
        self._news: SimpleQueue[None] = SimpleQueue()

    def start(self) -> None:
        """Begin. Nothing is waited for."""
        for number in range(min(self._terms.at_once, len(self._functions))):
            Thread(target=self._work, name=f"function-{number}", daemon=True).start()

    def wait(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait until all have ended, or a signal raises KeyboardInterrupt.

        Args:
            check: called twice a second at least; may raise as well.

        The threads are not joined: where a signal interrupts `Thread.join`, Python 3.11 takes the thread for one that
        has ended (bpo-45274).
        """
        while not self._over:
            check()
            with suppress(Empty):
                self._news.get(timeout=_LOOK_S)

    def stop(self, reason: PowertuneError | None = None) -> None:
        """Have those that are under way end, and their functions restored; no other is begun.

        Args:
            reason: why no other is begun; None for an interruption.
        """
        interrupted = Interrupted("not begun: the runs were interrupted", hint="run it again")
        with self._changed:
            self._closed = self._closed or reason or interrupted
            for number, request in self._requests.items():
                if number not in self._ended:
                    request.ask()
            self._tell()

    def abandon(self) -> None:
        """Leave the functions that are being restored as they are."""
        with self._changed:
            for request in self._requests.values():
                request.insisted = True

    @property
    def spent(self) -> float:
        """What was spent by those that have ended, in the region's currency."""
        return self._purse.spent

    @property
    def ended(self) -> tuple[EndedFunction, ...]:
        """What became of each function, in their order, also of those that have not ended or were never begun."""
        with self._changed:
            return tuple(self._ended.get(number) or self._left(number) for number in range(len(self._functions)))

    def _left(self, number: int) -> EndedFunction:
        function, request = self._functions[number], self._requests.get(number)
        if request is not None:
            error = interrupted(request, function.subject, function.path)
            return EndedFunction(function=function, error=error)
        return EndedFunction(function=function, error=self._closed or self._unpaid(number), begun=False)

    def _unpaid(self, number: int) -> Inconclusive:
        currency = self._functions[number].plan.prices.currency
        left, limit, need = (
            format_usd(amount, currency)
            for amount in (self._purse.left, self._terms.max_spend, self._demands[number].need)
        )
        return Inconclusive(
            f"not begun: it may take {need}, and {left} of the {limit} for all functions are left",
            hint="raise --max-spend",
        )

    def _tell(self) -> None:
        """Have the threads look again, and the main one as well once all is over. Called with the lock."""
        unpaid = all(self._purse.left < self._demands[number].need for number in self._waiting)
        self._over = self._admission.idle and (self._closed is not None or unpaid)
        self._changed.notify_all()
        self._news.put(None)

    def _work(self) -> None:
        """In a thread: one function after another, until none is left that may begin."""
        while (begun := self._next()) is not None:
            number, allowance = begun
            function = _limited(self._functions[number], allowance)
            try:
                ended = self._tune(function, self._requests[number])
                self._report(ended)
            except BaseException as bug:  # carried to the main thread, which shows it
                self.stop(Inconclusive("not begun: a bug in powertune ended the runs", hint="run it again"))
                ended = EndedFunction(function=function, error=Bug(bug))
            self._end(number, allowance, ended)

    def _next(self) -> tuple[int, float] | None:
        """The next function that may begin, and what it may spend; None if there is none left."""
        with self._changed:
            while self._waiting and self._closed is None:
                for number in self._waiting:
                    if not self._admission.admits(number):
                        continue
                    among = min(self._admission.free, len(self._waiting))
                    allowance = self._allowance(self._demands[number], among)
                    if allowance is not None:
                        self._waiting.remove(number)
                        self._admission.begin(number)
                        self._requests[number] = StopRequest()
                        return number, allowance
                if self._admission.idle:  # nobody is going to hand anything back
                    self._tell()
                    return None
                self._changed.wait()
            return None

    def _allowance(self, demand: FunctionDemand, among: int) -> float | None:
        """What a function may spend; None if it is to wait for what others hand back, or there is too little."""
        allowance = self._purse.lend(demand.comfort, demand.cap, among)
        if allowance is None and self._admission.idle:
            return self._purse.lend(demand.need, demand.cap, 1)
        return allowance

    def _end(self, number: int, lent: float, ended: EndedFunction) -> None:
        plan = ended.function.plan
        spent = 0.0 if ended.run is None else Spending(plan, ended.run.measurements).spent
        if ended.error is not None and self._requests[number].published:
            spent = min(lent, spent + _unrecorded(plan))
        with self._changed:
            self._purse.settle(lent, spent)
            self._admission.end(number)
            self._ended[number] = ended
            if isinstance(ended.error, NotRestored):
                name = ended.function.subject.ref.name
                self._closed = self._closed or Inconclusive(
                    f"not begun: {name} is not restored", hint="restore it, and run this one again"
                )
            self._tell()

    def _tune(self, function: PlannedFunction, request: StopRequest) -> EndedFunction:
        """Measure one function, and leave it as it was found."""
        terms, path = self._terms, function.path
        try:
            files.check_writable(path)
        except PowertuneError as failure:
            return EndedFunction(function=function, error=failure)
        observer = SavingObserver(self._observe(function), Saver(path, timer=terms.timer))
        error: PowertuneError | None = None
        try:
            observer.run = measure_plan(
                function.subject,
                function.options,
                function.plan,
                observer,
                request,
                clock=terms.clock,
                sleep=terms.sleep,
            )
        except KeyboardInterrupt:
            error = interrupted(request, function.subject, path)
        except PowertuneError as failure:
            error = failure
        return EndedFunction(function=function, run=observer.run, error=error)


def _limited(function: PlannedFunction, allowance: float) -> PlannedFunction:
    """The function with what it may spend, also where its results tell of that."""
    plan = function.plan
    design = replace(plan.design, max_spend=allowance)
    return replace(function, plan=replace(plan, max_spend=allowance, design=design))


def _unrecorded(plan: Plan) -> float:
    """What a run that failed may cost beyond what it recorded: invocations under way, versions published ahead."""
    configurations = extremes(plan.design)
    under_way = plan.design.concurrency * max(map(plan.worst_cost, configurations))
    published = max(map(plan.publish_cost, configurations))
    return under_way if published == 0 else plan.max_spend
