"""Any `powertune.search.Search` as a policy: its batches are played on the simulated function, as in a run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.search_policies import Pick
from benchmarks.search_policies.simulation import Sampler
from benchmarks.search_policies.truth import PRICES
from powertune.measure.record import Record
from powertune.model import (
    Architecture,
    Configuration,
    Exploration,
    Goal,
    Invocation,
    Measurement,
    Strategy,
    Trial,
)
from powertune.plan import LANES
from powertune.search import Search, Stop
from powertune.search.adaptive import Adaptive

Measured = Mapping[Configuration, Measurement]
#: More batches than any search takes that is worth its money.
MOST_BATCHES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A search, how its answer is read off in the end, and over how many lanes a trial goes that names none."""

    search: Search
    pick: Callable[[Measured], Pick]
    lanes: int = LANES


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The policy that drives whatever search `make` returns for a function's range of sizes and a seed."""

    make: Callable[[Sampler], Driven]

    def run(self, sampler: Sampler) -> Pick:
        """Drive the search until it stops, and read off its answer; raises as `drive` does."""
        driven = self.make(sampler)
        measured = drive(driven.search, lambda c, lane: sampler.invoke(c.memory_mb, lane), driven.lanes)
        return driven.pick(measured)


def drive(search: Search, invoke: Callable[[Configuration, int], Invocation], lanes: int = LANES) -> Measured:
    """Play batch after batch until the search says stop; what was measured then. `invoke` is told the lane.

    Raises:
        RuntimeError: it never does.
    """
    record = Record()
    for _ in range(MOST_BATCHES):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Stop):
            return record.measurements()
        for configuration, lane in _turns(proposal.trials, lanes):
            record.add(configuration, invoke(configuration, lane))
    raise RuntimeError(f"the search has not stopped after {MOST_BATCHES} batches")


def _turns(trials: tuple[Trial, ...], lanes: int) -> Iterator[tuple[Configuration, int]]:
    """The invocations of a batch with their lanes, round by round: in each, a lane has at most one turn.

    A run shuffles each round, as time matters to it. It does not to the simulated function.
    """
    turns = []
    for trial in trials:
        spread = trial.lanes or lanes
        turns += [(turn // spread, trial.configuration, turn % spread) for turn in range(trial.invocations)]
    for _, configuration, lane in sorted(turns, key=lambda turn: turn[0]):
        yield configuration, lane


def make_search(sampler: Sampler) -> Driven:
    """The search of `powertune run --strategy cost` for the function's range, with nothing known beforehand."""
    search = Adaptive(
        exploration=Exploration(
            smallest_mb=sampler.smallest_mb,
            largest_mb=sampler.largest_mb,
            architectures=(Architecture.X86_64,),
            goal=Goal(strategy=Strategy.COST),
        ),
        prices=PRICES,
        seed=sampler.seed,
    )

    def pick(measured: Measured) -> Pick:
        concluded = search.conclude(measured)
        if concluded is None:
            return Pick(memory_mb=None)
        answer = concluded.answer
        return Pick(memory_mb=answer.memory_mb, cost_interval=answer.cost_interval, p_best=answer.p_best)

    return Driven(search=search, pick=pick)
