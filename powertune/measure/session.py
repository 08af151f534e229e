"""One run under way: rounds are published, handed to lanes, and recorded, by one thread that owns all state."""

import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread

from powertune import __version__
from powertune.errors import SizeRefused
from powertune.measure.events import Event, Failed, Invoked, Job, Published, Told, Waiting
from powertune.measure.pauses import Pauses
from powertune.measure.protocols import Observer, Target
from powertune.measure.record import Budget, Record, by_configuration
from powertune.model import NO_REPORTS, UNDER_WAY, Batch, Configuration, Invocation, Trial, TuningRun
from powertune.plan import Plan
from powertune.search import Search, Stop

#: Logs lag some seconds behind; after so long, a report that a quick look did not find is left to the last look.
_QUICK_LOOKS_S = 120.0
#: How often to look whether a person has interrupted the run.
_LOOK_S = 0.5


class Session:
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
        self._finished_at: float | None = None
        self._random = random.Random(plan.design.seed)  # noqa: S311 - an order, not a secret
        self._record = Record()
        self._published: set[Configuration] = set()
        self._refused: set[Configuration] = set()
        self._budget = Budget(limit=plan.max_spend)
        self._pauses = Pauses(asked_s=plan.sleep_s)
        self._publish_costs: dict[Configuration, float] = {}
        self._worst: dict[Configuration, float] = {}
        self._batches: list[Batch] = []
        self._publisher: Thread | None = None
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._in_flight = 0
        self._workers = 0

    def run(self) -> str:
        """Batch after batch, until the search or the budget says stop; returns the reason."""
        while True:
            proposal = self._search.propose(self._record.measurements())
            if isinstance(proposal, Stop):
                self._note(Batch(trials=(), why=proposal.why, leader=proposal.leader))
                self._recover(patient=True)
                return proposal.reason
            self._note(proposal)
            for round_ in self._rounds(proposal.trials):
                for jobs in self._portions(round_):
                    complete = self._request(self._ahead(round_, jobs)) and self._play(jobs)
                    self._recover(patient=not complete)
                    if not complete:
                        return "budget"
                    self._observer.saved(self.snapshot(UNDER_WAY))
                    if self._reports_are_lost():
                        return NO_REPORTS
                pause_s = self._pauses.after_round(self._record.measurements().values())
                if pause_s:
                    self._sleep(pause_s)

    def _note(self, batch: Batch) -> None:
        if batch.why is not None:
            self._batches.append(batch)
            self._observer.chosen(batch)

    def snapshot(self, stopped: str) -> TuningRun:
        """The run until now."""
        return TuningRun(
            run_id=self._plan.run_id,
            tool_version=__version__,
            started_at=self._started_at,
            finished_at=self._clock() if stopped == UNDER_WAY else self._end(),
            engine="direct",
            function=self._plan.function,
            design=self._plan.design,
            measurements=tuple(self._record.measurements().values()),
            advisories=(*self._plan.advisories, *self._pauses.advisories, *self._target.advisories),
            stopped=stopped,
            throttles=self._target.throttles,
            traffic=self._plan.traffic,
            batches=tuple(self._batches),
        )

    def _end(self) -> float:
        """When the run ended. What is found out of it later does not change that."""
        if self._finished_at is None:
            self._finished_at = self._clock()
        return self._finished_at

    def _rounds(self, trials: tuple[Trial, ...]) -> list[list[Job]]:
        """Split a batch into rounds in which each lane has at most one turn, each in random order."""
        rounds: list[list[Job]] = []
        for trial in trials:
            lanes = min(trial.lanes or self._plan.design.lanes, self._plan.design.concurrency)
            done = self._record.count(trial.configuration)
            payloads = self._plan.workload.first(done + trial.invocations)[done:]
            for turn, payload in enumerate(payloads):
                if turn // lanes == len(rounds):
                    rounds.append([])
                rounds[turn // lanes].append(Job(trial.configuration, payload, turn % lanes))
        for jobs in rounds:
            self._random.shuffle(jobs)
        return rounds

    def _portions(self, jobs: list[Job]) -> Iterator[list[Job]]:
        """A round, but size by size until a report has come: without any, the other sizes are not invoked.

        A round whose sizes the budget cannot all pay for stays whole, and ends the run before any is published.
        """
        publishing = sum(self._costs_of_publishing(self._new(jobs)).values())
        while jobs and self._budget.affords(publishing) and not self._reports_expected():
            first = min((job.configuration for job in jobs), key=lambda c: (c == self._plan.function.current, c))
            yield [job for job in jobs if job.configuration == first]
            jobs = [job for job in jobs if job.configuration != first]
        if jobs:
            yield jobs

    def _ahead(self, round_: list[Job], jobs: list[Job]) -> list[Job]:
        """What to publish while a portion is invoked: the whole round, unless that costs money."""
        return jobs if any(self._plan.publish_cost(job.configuration) for job in round_) else round_

    def _reports_expected(self) -> bool:
        """Whether this function's reports are known to arrive: in this run, or in the log group before it."""
        traffic = self._plan.traffic
        return self._record.has_report or (traffic is not None and traffic.reports > 0)

    def _reports_are_lost(self) -> bool:
        """Whether invocations were answered, and not one of them has a report, however long one waits for it."""
        if self._record.has_report or not by_configuration(self._record.without_environment()):
            return False
        self._recover(patient=True)
        answered = by_configuration(self._record.without_environment())
        return not self._record.has_report and self._target.reports_are_lost(answered)

    def _play(self, jobs: list[Job]) -> bool:
        """Run one round: invoke each configuration as soon as it is published.

        Returns False if the budget ended it. A configuration's lanes start together, so that each gets an
        environment of its own.
        """
        jobs = [job for job in jobs if job.configuration not in self._refused]
        unready = {job.configuration for job in jobs} - self._published
        waiting = {c: [job for job in jobs if job.configuration == c] for c in unready}
        ready = deque(job for job in jobs if job.configuration in self._published)
        while waiting or ready or self._in_flight:
            affordable = self._dispatch(ready)
            if not affordable and not self._in_flight:
                return False
            match self._next_event():
                case Waiting(configuration, what):
                    self._observer.waiting(configuration, what)
                case Published(configuration, refused):
                    ready.extend(self._publish_done(configuration, refused, waiting.pop(configuration, [])))
                case Invoked(job, invocation):
                    self._invoked(job, invocation)
                case Failed(error):
                    raise error
        return True

    def _next_event(self) -> Event:
        """What a thread hands over. A signal that arrives just before a wait does not end it, so no wait is long."""
        while True:
            with suppress(Empty):
                return self._events.get(timeout=_LOOK_S)

    def _request(self, jobs: list[Job]) -> bool:
        """Have what is new published; False if the budget does not pay for it."""
        new = self._new(jobs)
        costs = self._costs_of_publishing(new)
        if not self._budget.promise(sum(costs.values())):
            return False
        self._publish_costs |= costs
        if new:
            self._publisher = Thread(target=self._publish, args=(new, self._publisher), name="publisher", daemon=True)
            self._publisher.start()
        return True

    def _new(self, jobs: list[Job]) -> list[Configuration]:
        """The configurations that publishing was not asked for yet."""
        return sorted({job.configuration for job in jobs} - self._publish_costs.keys())

    def drain(self) -> None:
        """Record what has come in since an interruption: it was paid for."""
        try:
            while True:
                event = self._events.get_nowait()
                if isinstance(event, Invoked):
                    self._invoked(event.job, event.invocation)
        except Empty:
            return

    def _dispatch(self, ready: deque[Job]) -> bool:
        """Hand out jobs while there is room; False when the next one could exceed the budget."""
        while ready and self._in_flight < self._plan.design.concurrency:
            if not self._budget.promise(self._worst_cost(ready[0].configuration)):
                return False
            if self._workers <= self._in_flight:
                Thread(target=self._work, name=f"lane-{self._workers}", daemon=True).start()
                self._workers += 1
            self._in_flight += 1
            self._jobs.put(ready.popleft())
        return True

    def _publish_done(self, configuration: Configuration, refused: SizeRefused | None, jobs: list[Job]) -> list[Job]:
        self._published.add(configuration)
        price = self._publish_costs[configuration]
        self._budget.settle(price, price if refused is None else 0.0)
        if refused is None:
            self._observer.published(configuration)
            return jobs
        self._refused.add(configuration)
        self._record.leave_out(configuration, refused.message)
        self._observer.unmeasured(configuration, refused.message)
        return []

    def _invoked(self, job: Job, invocation: Invocation) -> None:
        self._in_flight -= 1
        worst = self._worst_cost(job.configuration)
        self._budget.settle(worst, self._cost(job.configuration, invocation))
        self._record.add(job.configuration, invocation)
        self._observer.invoked(job.configuration, invocation, self._budget.spent)

    def _costs_of_publishing(self, new: list[Configuration]) -> dict[Configuration, float]:
        """What publishing each may cost. The current size may take another one before it, if there is none."""
        current = self._plan.function.current
        others = {c for c in {*new, *self._publish_costs} - self._refused if c.architecture is current.architecture}
        costs = {configuration: self._plan.publish_cost(configuration) for configuration in new}
        if self._plan.touches_original and others == {current}:
            costs = {c: 2 * cost if c == current else cost for c, cost in costs.items()}
        return costs

    def _cost(self, configuration: Configuration, invocation: Invocation) -> float:
        """What an invocation cost; without a report, the most that it can have cost."""
        if invocation.billed_ms is None:
            return self._worst_cost(configuration)
        storage = self._plan.function.ephemeral_storage_mb
        restored = self._plan.restore_cost(configuration) if invocation.restore_ms is not None else 0.0
        return self._plan.prices.invocation_cost(configuration, invocation.billed_ms, storage) + restored

    def _worst_cost(self, configuration: Configuration) -> float:
        """The most that an invocation can cost; it is asked for all the time."""
        if configuration not in self._worst:
            self._worst[configuration] = self._plan.worst_cost(configuration)
        return self._worst[configuration]

    def _recover(self, *, patient: bool) -> None:
        """Fill in the reports that were missing, in bulk, and correct what they were thought to have cost."""
        since = 0.0 if patient else self._clock() - _QUICK_LOOKS_S
        lost = [entry for entry in self._record.without_report() if entry[2].started_at >= since]
        if not lost:
            return
        found = self._target.recover(by_configuration(lost), patient=patient)
        for configuration, index, invocation in lost:
            known = found.get(invocation.request_id or "")
            if known is not None:
                self._record.complete(configuration, index, known)
                self._budget.spent += self._cost(configuration, known) - self._worst_cost(configuration)

    def name_environments(self) -> bool:
        """Note which environment served each invocation, as far as the target knows; whether anything was new."""
        unnamed = self._record.without_environment()
        if not unnamed:
            return False
        found = self._target.environments(by_configuration(unnamed))
        for configuration, index, invocation in unnamed:
            environment = found.get(invocation.request_id or "")
            if environment is not None:
                self._record.complete(configuration, index, replace(invocation, environment=environment))
        return bool(found)

    def _publish(self, configurations: list[Configuration], before: Thread | None) -> None:
        """In the publisher's thread: one batch after the other, as AWS demands."""
        try:
            if before is not None:
                before.join()
            self._target.publish(configurations, Told(self._events))
        except BaseException as error:  # carried to the measuring thread, which raises it
            self._events.put(Failed(error))

    def _work(self) -> None:
        """In a worker's thread: invoke what is handed out, for as long as the process lives."""
        while True:
            job = self._jobs.get()
            try:
                body = self._plan.workload.payloads[job.payload].body
                invocation = self._target.invoke(job.configuration, body, job.lane)
            except BaseException as error:  # carried to the measuring thread, which raises it
                self._events.put(Failed(error))
            else:
                self._events.put(Invoked(job, replace(invocation, payload=job.payload)))
