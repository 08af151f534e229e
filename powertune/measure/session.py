"""One run under way, batch after batch: what is played, recorded, looked up and saved."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from powertune.errors import SizeRefused
from powertune.measure.failing import fails_anyway
from powertune.measure.pauses import Pauses
from powertune.measure.player import Player, Side
from powertune.measure.protocols import Observer, Target
from powertune.measure.rounds import Job, Place, Rounds
from powertune.measure.side_record import SideRecord
from powertune.model import (
    FUNCTION_FAILS,
    NO_REPORTS,
    UNDER_WAY,
    Batch,
    Configuration,
    Invocation,
    TuningRun,
)
from powertune.plan import Plan
from powertune.search import Search, Stop

#: Why a process has stopped within a run: the time that it may take is over.
OUT_OF_TIME = "out of time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participants:
    """Who takes part in a run. `clock` gives seconds since the epoch, and `sleep` waits for a number of seconds.

    No round begins that may not have ended at the `deadline`, in seconds since the epoch; None for no such moment.
    """

    plan: Plan
    target: Target
    observer: Observer
    search: Search
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    deadline: float | None = None


class Session:
    """The state of one run in one process, owned by the thread that measures.

    Args:
        before: the run until now, where another process has begun it.
        published: what another process has published beside that, and paid for.
    """

    def __init__(
        self,
        participants: Participants,
        before: TuningRun | None = None,
        *,
        published: Iterable[Configuration] = (),
    ) -> None:
        self._participants = participants
        self._plan = participants.plan
        self._target = participants.target
        self._side = SideRecord(participants.plan, participants.target, clock=participants.clock, before=before)
        self._record, self._spending = self._side.observed, self._side.spending
        self._spending.known.update(published)
        measured = () if before is None else before.measurements
        self._pauses = Pauses.of(participants.plan.sleep_s, measured)
        self._batches: list[Batch] = [] if before is None else [*before.batches]
        name, design = participants.plan.function.name, participants.plan.design
        side = Side(target=participants.target, workload=participants.plan.workload, concurrency=design.concurrency)
        self._name = name
        self._player = Player({name: side}, self, (Place(name, each) for each in self._spending.known))
        self._rounds = Rounds(design, participants.plan.workload, name)

    def run(self) -> str:
        """Batch after batch, until the search or the budget says stop; returns the reason."""
        while True:
            reason = self._play_batch()
            if reason is not None:
                return reason

    def _play_batch(self) -> str | None:
        """What the search proposes next; returns the reason if the run ends with it."""
        proposal = self._participants.search.propose(self._record.measurements())
        if isinstance(proposal, Stop):
            self._note(Batch(trials=(), why=proposal.why, leader=proposal.leader))
            self._side.recover(patient=True)
            return proposal.reason
        self._note(proposal)
        rounds = deque(self._rounds.split(proposal.trials, self._record.count))
        while rounds:
            round_ = rounds.popleft()
            for jobs in self._portions(round_, rounds):
                if not self._has_time(self._plan.longest_round_s):
                    return OUT_OF_TIME
                complete = self._request(self._ahead(round_, jobs)) and self._player.play(jobs)
                self._side.recover(patient=not complete)
                if not complete:
                    return "budget"
                self._participants.observer.saved(self.snapshot(UNDER_WAY))
                if not self._record.has_success and fails_anyway(self._record.measurements()):
                    return FUNCTION_FAILS
                if self._side.reports_are_lost():
                    return NO_REPORTS
            pause_s = self._pauses.after_round(self._record.measurements().values())
            if pause_s:
                if not self._has_time(pause_s + self._plan.longest_round_s):
                    return OUT_OF_TIME
                self._participants.sleep(pause_s)
        return None

    def look_up(self, *, patient: bool = False) -> str | None:
        """Look for the reports that are missing; returns the reason to end the run where not one has come.

        Args:
            patient: wait for reports that are still on their way.
        """
        self._side.recover(patient=patient, since=0.0)
        return NO_REPORTS if self._side.reports_are_lost() else None

    def _has_time(self, seconds: float) -> bool:
        """Whether so much time is left before the deadline."""
        deadline = self._participants.deadline
        return deadline is None or self._participants.clock() + seconds <= deadline

    def _note(self, batch: Batch) -> None:
        if batch.why is not None:
            self._batches.append(batch)
            self._participants.observer.chosen(batch)

    def snapshot(self, stopped: str) -> TuningRun:
        """The run until now."""
        return self._side.snapshot(stopped, batches=self._batches, pauses=self._pauses.advisories)

    def _portions(self, jobs: Sequence[Job], later: deque[tuple[Job, ...]]) -> Iterator[Sequence[Job]]:
        """A round, but size by size until a success and a report have come: the others may not be worth their price.

        A round whose sizes the budget cannot all pay for stays whole, and ends the run before any is published.
        While sizes are being published, later rounds are part of this one: a published size need not wait for others.
        """
        publishing = self._spending.cost_of_publishing(job.configuration for job in jobs)
        while (
            jobs
            and self._spending.affords(publishing)
            and not (self._record.has_success and self._reports_expected())
        ):
            first = min((job.configuration for job in jobs), key=lambda c: (c == self._plan.function.current, c))
            yield [job for job in jobs if job.configuration == first]
            jobs = [job for job in jobs if job.configuration != first]
        if jobs and self._need_not_wait(jobs):
            jobs = [*jobs, *chain.from_iterable(later)]
            later.clear()
        if jobs:
            yield jobs

    def _need_not_wait(self, jobs: Sequence[Job]) -> bool:
        """Whether jobs wait for sizes to be published, and nothing has to happen between their rounds."""
        pausing = self._plan.sleep_s or self._pauses.advisories
        waiting = not all(self._player.is_published(job.place) for job in jobs)
        return waiting and not pausing and self._participants.deadline is None

    def _ahead(self, round_: Sequence[Job], jobs: Sequence[Job]) -> Sequence[Job]:
        """What to publish while a portion is invoked: the whole round, unless that costs money."""
        return jobs if any(self._plan.publish_cost(job.configuration) for job in round_) else round_

    def _reports_expected(self) -> bool:
        """Whether this function's reports are known to arrive: in this run, or in the log group before it."""
        traffic = self._plan.traffic
        return self._record.has_report or (traffic is not None and traffic.reports > 0)

    def _request(self, jobs: Sequence[Job]) -> bool:
        """Have what is new published; False if the budget does not pay for it."""
        new = self._spending.unpublished(job.configuration for job in jobs)
        if not self._spending.promise_publishing(new):
            return False
        if new:
            self._player.publish(self._name, new)
        return True

    def drain(self) -> None:
        """Record what has come in since an interruption: it was paid for."""
        self._player.drain()

    def pays_for(self, job: Job) -> bool:
        """Set aside what the job can cost at most; False if the budget does not allow that."""
        return self._spending.promise(job.configuration)

    def waiting(self, place: Place, what: str) -> None:
        """Tell the observer what a configuration waits for."""
        self._participants.observer.waiting(place.configuration, what)

    def published(self, place: Place) -> None:
        """A configuration can be invoked."""
        self._spending.settle_publishing(place.configuration, refused=False)
        self._participants.observer.published(place.configuration)

    def refused(self, place: Place, refused: SizeRefused) -> None:
        """A configuration cannot be measured."""
        self._spending.settle_publishing(place.configuration, refused=True)
        self._record.leave_out(place.configuration, refused.message)
        self._participants.observer.unmeasured(place.configuration, refused.message)

    def invoked(self, job: Job, invocation: Invocation) -> None:
        """An invocation has ended."""
        self._side.invoked(job, invocation)
        self._participants.observer.invoked(job.configuration, invocation, self._spending.spent)

    def name_environments(self) -> bool:
        """Note which environment served each invocation, as far as the target knows; whether anything was new."""
        return self._side.name_environments()
