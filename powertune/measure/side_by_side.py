"""Functions measured in one run with their invocations interleaved, so that a slow minute hits all of them alike."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from powertune.errors import SizeRefused
from powertune.measure.failing import fails_anyway
from powertune.measure.pauses import Pauses
from powertune.measure.player import Player, Side
from powertune.measure.protocols import Target
from powertune.measure.rounds import Job, Place, Rounds
from powertune.measure.side_record import SideRecord
from powertune.measure.spending import Budget
from powertune.model import (
    BETWEEN_BATCHES,
    FUNCTION_FAILS,
    NO_REPORTS,
    UNDER_WAY,
    Batch,
    Configuration,
    Design,
    GridDesign,
    Invocation,
    Measurement,
    Trial,
    TuningRun,
)
from powertune.plan import Plan
from powertune.search.grid import Grid

#: Why no more can be measured of a function: it does not run at this size.
INFEASIBLE = "infeasible"
#: Why no more can be measured of any function: the next invocation might cost more than is left.
BUDGET = "budget"


#: On a busy machine, how many invocations may be disturbed for each sample before fewer samples are taken.
_DISTURBED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A function that is measured as it is: its target can invoke the one configuration of its plan at once.

    `name` tells it apart from the others. Those of the same `group` are compared with each other: once one of them
    cannot be measured any more, the others are not either. `lanes` and `invocations` of the plan's design are not
    looked at, as each batch brings its own.
    """

    name: str
    group: str
    plan: Plan
    target: Target

    @property
    def configuration(self) -> Configuration:
        """What is measured of it."""
        return self.plan.function.current


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAmount:
    """How much is to be known of each function: warm invocations in all, over how many environments."""

    invocations: int
    environments: int


class SideObserver(Protocol):
    """Somebody who watches. Called from the thread that measures."""

    def expected(self, name: str, invocations: int) -> None:
        """About how many more invocations of a function are going to be made."""
        ...

    def invoked(self, name: str, invocation: Invocation, spent: float) -> None:
        """An invocation ended; `spent` is the total so far, in the region's currency."""
        ...

    def saved(self, runs: Mapping[str, TuningRun]) -> None:
        """A round is complete; these are the runs until now, by the names of the functions."""
        ...


class SideBySide:
    """The state of one run of several functions, owned by the thread that measures.

    Args:
        max_spend: what all of them may cost together, in the region's currency.
        clock: seconds since the epoch.
        sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        contenders: Sequence[Contender],
        observer: SideObserver,
        *,
        max_spend: float,
        seed: int,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        budget = Budget(limit=max_spend)
        self._contenders = {each.name: each for each in contenders}
        self._observer, self._sleep = observer, sleep
        self._budget = budget
        self._records = {
            each.name: SideRecord(each.plan, each.target, clock=clock, budget=budget) for each in contenders
        }
        self._rounds = {each.name: Rounds(each.plan.design, each.plan.workload, each.name) for each in contenders}
        self._pauses = Pauses(max((each.plan.sleep_s for each in contenders), default=0.0))
        self._random = random.Random(seed)  # noqa: S311 - an order, not a secret
        self._ended: dict[str, str] = {}
        self._amounts: dict[str, SampleAmount] = {}
        sides = {
            each.name: Side(target=each.target, workload=each.plan.workload, concurrency=each.plan.design.concurrency)
            for each in contenders
        }
        self._player = Player(sides, self, [Place(each.name, each.configuration) for each in contenders])

    @property
    def active(self) -> tuple[str, ...]:
        """The functions of which more could be measured."""
        return tuple(name for name in self._contenders if name not in self._ended)

    @property
    def spent(self) -> float:
        """What all of them have cost until now, in the region's currency."""
        return self._budget.spent

    def measure(self, amounts: Mapping[str, SampleAmount]) -> None:
        """Measure until so much is known of each function, or no more can be; `runs` then has it.

        In each round every lane of every function has at most one turn, in random order. All functions get the same
        events in the same order. Environments are named at the end: they are the sampling unit.

        Raises:
            BaseException: what invoking has failed with; what was measured before is kept.
        """
        self._amounts.update(amounts)
        for name in self.active:
            known = sum(len(each.invocations) for each in self._measured(name).values())
            amount = amounts.get(name)
            if amount is not None:
                wanted = amount.invocations + amount.environments
                self._observer.expected(name, max(0, wanted - known))
        while jobs := self._next_round(amounts):
            complete = self._player.play(jobs)
            for name in self._contenders:
                self._records[name].recover(patient=not complete)
            self._note_ends(complete=complete)
            self._observer.saved(self.runs(UNDER_WAY))
            pause_s = self._pauses.after_round([m for name in self.active for m in self._measured(name).values()])
            if pause_s:
                self._sleep(pause_s)
        for record in self._records.values():
            record.recover(patient=True)
            record.name_environments()
        self._observer.saved(self.runs(BETWEEN_BATCHES))

    def pays_for(self, job: Job) -> bool:
        """Set aside what the job can cost at most; False if the budget does not allow that."""
        return self._records[job.side].spending.promise(job.configuration)

    def waiting(self, place: Place, what: str) -> None:
        """Nothing is waited for: what is measured is there."""

    def published(self, place: Place) -> None:
        """Nothing is published."""

    def refused(self, place: Place, refused: SizeRefused) -> None:
        """Nothing is refused."""

    def invoked(self, job: Job, invocation: Invocation) -> None:
        """An invocation has ended."""
        self._records[job.side].invoked(job, invocation)
        self._observer.invoked(job.side, invocation, self._budget.spent)

    def runs(self, stopped: str) -> dict[str, TuningRun]:
        """What is known of each function, as a run of its own. `stopped` is for those that have not ended by
        themselves."""
        pauses = self._pauses.advisories
        found = {}
        for name, record in self._records.items():
            run = record.snapshot(self._ended.get(name, stopped), pauses=pauses)
            found[name] = replace(run, design=_as_measured(run.design, self._amounts.get(name)))
        return found

    def close(self, stopped: str) -> dict[str, TuningRun]:
        """Record what has come in since an interruption, which was paid for, and hand everything over."""
        self._player.drain()
        runs = self.runs(stopped)
        self._observer.saved(runs)
        return runs

    def _measured(self, name: str) -> dict[Configuration, Measurement]:
        return self._records[name].observed.measurements()

    def _next_round(self, amounts: Mapping[str, SampleAmount]) -> tuple[Job, ...]:
        """One turn of each lane whose function needs more, in an order that gives none of them an advantage."""
        jobs: list[Job] = []
        for name in self.active:
            amount = amounts.get(name)
            if amount is not None:
                jobs.extend(self._turns(self._contenders[name], amount))
        self._random.shuffle(jobs)
        return tuple(jobs)

    def _turns(self, contender: Contender, amount: SampleAmount) -> Iterable[Job]:
        measured = self._measured(contender.name)
        grid = Grid(
            configurations=(contender.configuration,),
            invocations=amount.invocations,
            lanes=amount.environments,
            spare=min(_DISTURBED * amount.invocations, sum(map(_disturbed, measured.values()))),
        )
        proposal = grid.propose(measured)
        if not isinstance(proposal, Batch):
            return ()
        trials = [
            Trial(configuration=each.configuration, invocations=each.invocations, lanes=amount.environments)
            for each in proposal.trials
        ]
        rounds = self._rounds[contender.name].split(trials, self._records[contender.name].observed.count)
        return rounds[0]

    def _note_ends(self, *, complete: bool) -> None:
        """Which functions cannot be measured any further, and why; with each, all that are compared with it."""
        reasons = {name: self._why_ended(name) or (None if complete else BUDGET) for name in self.active}
        for name, reason in reasons.items():
            if reason is None:
                continue
            for other in self._contenders.values():
                if other.group == self._contenders[name].group:
                    self._ended.setdefault(other.name, reason)
            self._ended[name] = reason

    def _why_ended(self, name: str) -> str | None:
        measured = self._measured(name)
        record = self._records[name]
        if not record.observed.has_success and fails_anyway(measured):
            return FUNCTION_FAILS
        if any(measurement.infeasible for measurement in measured.values()):
            return INFEASIBLE
        return NO_REPORTS if record.reports_are_lost() else None


def _as_measured(design: Design, amount: SampleAmount | None) -> Design:
    """The design of what was asked for in the end: a plan knows of the first batch only."""
    if amount is None or not isinstance(design.search, GridDesign):
        return design
    return replace(
        design,
        lanes=min(amount.environments, design.concurrency),
        search=replace(design.search, invocations=amount.invocations),
    )


def _disturbed(measurement: Measurement) -> int:
    """How many invocations other programs on this machine have disturbed."""
    return sum(bool(waited) for waited in measurement.invocations.column("waited_ms"))
