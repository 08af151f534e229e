"""Search x Target -> TuningRun: the only stage with side effects, and they all go through the target."""

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import SimpleQueue
from threading import Thread
from typing import Protocol

from powertune import __version__
from powertune.errors import MemorySizeRefused, PowertuneError
from powertune.model import (
    Advisory,
    Configuration,
    Invocation,
    Invocations,
    Measurement,
    TuningRun,
)
from powertune.plan import Plan
from powertune.search import Search, Stop, Trial


class Target(Protocol):
    """A function that can be published at a configuration, invoked, and left as it was found."""

    def open(self) -> None:
        """Take the lock and write the journal, before the first change."""
        ...

    def publish(self, configuration: Configuration) -> None:
        """Make the configuration ready to be invoked. Never called for two at a time.

        Raises:
            MemorySizeRefused: this account may not use so much memory.
        """
        ...

    def rest(self) -> None:
        """Nothing more to publish for now: put back what publishing had to change."""
        ...

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        """Invoke exactly once. Called from several threads."""
        ...

    def recover(self, invocations: Sequence[Invocation]) -> Mapping[str, Invocation]:
        """Look for the reports that invocations came back without; the completed ones by request id."""
        ...

    def undo(self) -> None:
        """Leave the function as it was found. Idempotent.

        Raises:
            NotRestored: it could not be, and the hint says what mends it.
        """
        ...

    @property
    def throttles(self) -> int:
        """How many invocations were throttled, and so did not execute, until now."""
        ...

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What the target has to say about the measurement."""
        ...


class Observer(Protocol):
    """Somebody who watches a run. Called from the thread that measures."""

    def published(self, configuration: Configuration) -> None:
        """The configuration can be invoked now."""
        ...

    def unmeasured(self, configuration: Configuration, reason: str) -> None:
        """The configuration cannot be measured at all."""
        ...

    def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
        """An invocation ended; `spent` is the total so far, in the region's currency."""
        ...

    def saved(self, run: TuningRun) -> None:
        """A round is complete; this is the run until now."""
        ...

    def restoring(self) -> None:
        """The function is being put back as it was found."""
        ...


@dataclass(frozen=True, slots=True)
class _Job:
    configuration: Configuration
    payload: bytes
    lane: int


@dataclass(frozen=True, slots=True)
class _Published:
    configuration: Configuration
    refused: MemorySizeRefused | None = None


@dataclass(frozen=True, slots=True)
class _Invoked:
    job: _Job
    invocation: Invocation


@dataclass(frozen=True, slots=True)
class _Failed:
    error: BaseException


_Event = _Published | _Invoked | _Failed


@dataclass(slots=True)
class _Budget:
    """Money spent, and money promised to invocations under way, each at the most that it can cost."""

    limit: float
    spent: float = 0.0
    promised: float = 0.0

    def promise(self, amount: float) -> bool:
        """Set the amount aside, unless that could exceed the limit."""
        if self.spent + self.promised + amount > self.limit:
            return False
        self.promised += amount
        return True

    def settle(self, promised: float, actual: float) -> None:
        self.promised -= promised
        self.spent += actual


@dataclass(slots=True)
class _Record:
    """What was observed until now, growing."""

    invocations: dict[Configuration, list[Invocation]] = field(default_factory=dict)
    unmeasured: dict[Configuration, str] = field(default_factory=dict)

    def measurements(self) -> dict[Configuration, Measurement]:
        known = {**dict.fromkeys(self.invocations), **dict.fromkeys(self.unmeasured)}
        return {
            c: Measurement(
                configuration=c,
                invocations=Invocations.of(self.invocations.get(c, ())),
                unmeasured=self.unmeasured.get(c),
            )
            for c in sorted(known)
        }


def measure(
    plan: Plan,
    target: Target,
    observer: Observer,
    *,
    search: Search | None = None,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> TuningRun:
    """Measure what the search proposes, then leave the function as it was found, whatever happens.

    Every round is handed to `observer.saved`, so an interrupted run loses nothing. KeyboardInterrupt and failures of
    AWS end the run early: the target is undone, what was measured is handed over, and the exception goes on.

    Args:
        clock: seconds since the epoch.
        sleep: waits for so many seconds.

    Raises:
        NotRestored: the function could not be put back; beats every other exception.
    """
    session = _Session(plan, target, observer, search or plan.search, clock, sleep)
    reason = "interrupted"
    try:
        target.open()
        reason = session.run()
    except PowertuneError as error:
        reason = error.message
        raise
    finally:
        observer.restoring()
        try:
            target.undo()
        finally:
            observer.saved(session.snapshot(reason))
    return session.snapshot(reason)


class _Session:
    """The state of one run, owned by the thread that measures; workers only hand events over."""

    def __init__(
        self,
        plan: Plan,
        target: Target,
        observer: Observer,
        search: Search,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._plan = plan
        self._target = target
        self._observer = observer
        self._search = search
        self._clock = clock
        self._sleep = sleep
        self._started_at = clock()
        self._random = random.Random(plan.design.seed)  # noqa: S311 - an order, not a secret
        self._record = _Record()
        self._published: set[Configuration] = set()
        self._budget = _Budget(limit=plan.max_spend)
        self._worst = {c: plan.worst_cost(c) for c in plan.design.configurations}
        self._events: SimpleQueue[_Event] = SimpleQueue()
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._in_flight = 0
        self._workers = 0

    def run(self) -> str:
        """Batch after batch, until the search or the budget says stop; returns the reason."""
        while True:
            proposal = self._search.propose(self._record.measurements())
            if isinstance(proposal, Stop):
                return proposal.reason
            for round_ in self._rounds(proposal):
                complete = self._play(round_)
                self._recover()
                self._observer.saved(self.snapshot("under way"))
                if not complete:
                    return "budget"
                if self._plan.sleep_s:
                    self._sleep(self._plan.sleep_s)

    def snapshot(self, stopped: str) -> TuningRun:
        """The run until now."""
        return TuningRun(
            run_id=self._plan.run_id,
            tool_version=__version__,
            started_at=self._started_at,
            finished_at=self._clock(),
            engine="direct",
            function=self._plan.function,
            design=self._plan.design,
            measurements=tuple(self._record.measurements().values()),
            advisories=(*self._plan.advisories, *self._target.advisories),
            stopped=stopped,
            throttles=self._target.throttles,
        )

    def _rounds(self, trials: tuple[Trial, ...]) -> list[list[_Job]]:
        """Split a batch into rounds in which each lane has at most one turn, each in random order."""
        lanes = self._plan.design.lanes
        rounds: list[list[_Job]] = []
        for trial in trials:
            done = len(self._record.invocations.get(trial.configuration, ()))
            bodies = self._plan.workload.first(done + trial.invocations)[done:]
            for turn, body in enumerate(bodies):
                if turn // lanes == len(rounds):
                    rounds.append([])
                rounds[turn // lanes].append(_Job(trial.configuration, body, turn % lanes))
        for jobs in rounds:
            self._random.shuffle(jobs)
        return rounds

    def _play(self, jobs: list[_Job]) -> bool:
        """Run one round: publish what is new, and invoke each configuration as soon as it is ready.

        Returns False if the budget ended it. A configuration's lanes start together, so that each gets an
        environment of its own.
        """
        new = sorted({job.configuration for job in jobs} - self._published)
        waiting = {c: [job for job in jobs if job.configuration == c] for c in new}
        ready = deque(job for job in jobs if job.configuration in self._published)
        if new:
            Thread(target=self._publish, args=(new,), name="publisher", daemon=True).start()
        while waiting or ready or self._in_flight:
            affordable = self._dispatch(ready)
            if not affordable and not self._in_flight:
                return False
            match self._events.get():
                case _Published(configuration, refused):
                    ready.extend(self._publish_done(configuration, refused, waiting.pop(configuration)))
                case _Invoked(job, invocation):
                    self._invoked(job, invocation)
                case _Failed(error):
                    raise error
        return True

    def _dispatch(self, ready: deque[_Job]) -> bool:
        """Hand out jobs while there is room; False when the next one could exceed the budget."""
        while ready and self._in_flight < self._plan.design.concurrency:
            if not self._budget.promise(self._worst[ready[0].configuration]):
                return False
            if self._workers <= self._in_flight:
                Thread(target=self._work, name=f"lane-{self._workers}", daemon=True).start()
                self._workers += 1
            self._in_flight += 1
            self._jobs.put(ready.popleft())
        return True

    def _publish_done(
        self, configuration: Configuration, refused: MemorySizeRefused | None, jobs: list[_Job]
    ) -> list[_Job]:
        self._published.add(configuration)
        if refused is None:
            self._observer.published(configuration)
            return jobs
        self._record.unmeasured[configuration] = refused.message
        self._observer.unmeasured(configuration, refused.message)
        return []

    def _invoked(self, job: _Job, invocation: Invocation) -> None:
        self._in_flight -= 1
        worst = self._worst[job.configuration]
        self._budget.settle(worst, self._cost(job.configuration, invocation))
        self._record.invocations.setdefault(job.configuration, []).append(invocation)
        self._observer.invoked(job.configuration, invocation, self._budget.spent)

    def _cost(self, configuration: Configuration, invocation: Invocation) -> float:
        """What an invocation cost; without a report, the most that it can have cost."""
        if invocation.billed_ms is None:
            return self._worst[configuration]
        storage = self._plan.function.ephemeral_storage_mb
        return self._plan.prices.invocation_cost(configuration, invocation.billed_ms, storage)

    def _recover(self) -> None:
        """Fill in the reports that were missing, in bulk, and correct what they were thought to have cost."""
        lost = [i for items in self._record.invocations.values() for i in items if i.duration_ms is None]
        if not lost:
            return
        found = self._target.recover(lost)
        for configuration, items in self._record.invocations.items():
            for index, invocation in enumerate(items):
                known = found.get(invocation.request_id or "")
                if invocation.duration_ms is None and known is not None:
                    items[index] = replace(known, lane=invocation.lane)
                    self._budget.spent += self._cost(configuration, known) - self._worst[configuration]

    def _publish(self, configurations: list[Configuration]) -> None:
        """In the publisher's thread: one after the other, as AWS demands, then put $LATEST to rest."""
        try:
            for configuration in configurations:
                try:
                    self._target.publish(configuration)
                except MemorySizeRefused as refused:
                    self._events.put(_Published(configuration, refused))
                else:
                    self._events.put(_Published(configuration))
            self._target.rest()
        except BaseException as error:  # carried to the measuring thread, which raises it
            self._events.put(_Failed(error))

    def _work(self) -> None:
        """In a worker's thread: invoke what is handed out, for as long as the process lives."""
        while True:
            job = self._jobs.get()
            try:
                invocation = self._target.invoke(job.configuration, job.payload, job.lane)
            except BaseException as error:  # carried to the measuring thread, which raises it
                self._events.put(_Failed(error))
            else:
                self._events.put(_Invoked(job, invocation))
