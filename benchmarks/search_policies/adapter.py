"""Any `powertune.search.Search` as a policy: its batches are played on the simulated function, as in a run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from benchmarks.calibration import FUNCTION
from benchmarks.search_policies import Pick
from benchmarks.search_policies.goals import Assignment
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.sampler import Sampler
from powertune.analysis import analyze
from powertune.measure.record import Record
from powertune.model import (
    Configuration,
    Design,
    Exploration,
    Invocation,
    Measurement,
    Trial,
    TuningRun,
    Usage,
)
from powertune.plan import LANES
from powertune.search import Search, Stop, precision
from powertune.search.adaptive import Adaptive, stages

Measured = Mapping[Configuration, Measurement]
#: More batches than any search takes that is worth its money.
MOST_BATCHES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The search of `powertune run`, with nothing known beforehand but what the assignment tells.

    `stop_at` replaces the expected loss at which it stops by default, as a share.
    """

    stop_at: float | None = None

    def takes(self, _: Assignment) -> bool:
        """Everything."""
        return True

    def run(self, sampler: Sampler, assignment: Assignment) -> Pick:
        """Drive the search until it stops, and read off its answer; raises as `drive` does.

        If there is a current configuration, that is the recommendation of the report, which may be to stay.
        """
        search = search_of(sampler, assignment)
        with _stopping_at(self.stop_at):
            measured, stop = drive(search, sampler.invoke)
        concluded = search.conclude(measured)
        if concluded is None:
            return Pick(configuration=None)
        answer, exhausted = concluded.answer, stop.reason == "exhausted"
        if assignment.current is not None:
            wanted = recommended(search, measured, stop)
            if wanted != answer.configuration:
                return Pick(configuration=wanted, exhausted=exhausted)
        return Pick(
            configuration=answer.configuration,
            cost_interval=answer.cost_interval,
            p_best=answer.p_best,
            exhausted=exhausted,
        )


def search_of(sampler: Sampler, assignment: Assignment) -> Adaptive:
    """The search for the function's range of sizes."""
    exploration = Exploration(
        smallest_mb=sampler.smallest_mb,
        largest_mb=sampler.largest_mb,
        architectures=assignment.architectures,
        goal=assignment.goal,
        invocations_per_month=assignment.traffic,
        current=assignment.current,
        publishing_s=assignment.publishing_s,
        publishing_batch_s=assignment.publishing_s / 2,
    )
    return Adaptive(exploration=exploration, prices=PRICES, seed=sampler.seed)


def recommended(search: Adaptive, measured: Measured, stop: Stop) -> Configuration:
    """What the report of such a run recommends: the current configuration unless a change is proven to help."""
    exploration = search.exploration
    current = exploration.current
    assert current is not None
    run = TuningRun(
        run_id="simulated",
        tool_version="0",
        started_at=0.0,
        finished_at=0.0,
        engine="direct",
        function=replace(FUNCTION, memory_mb=current.memory_mb, architecture=current.architecture),
        design=Design(search=exploration, lanes=LANES, concurrency=LANES, seed=search.seed),
        measurements=tuple(measured.values()),
        stopped=stop.reason,
    )
    usage = Usage(cold_share=0.0, invocations_per_month=exploration.invocations_per_month)
    found = analyze(run, PRICES, exploration.goal, usage).recommendation
    return current if found is None else found.configuration


@contextmanager
def _stopping_at(loss: float | None) -> Iterator[None]:
    """Let the search stop at another expected loss than by default, which it has no option for."""
    holders, before = (vars(precision), vars(stages)), precision.PRECISION
    for holder in holders:
        holder["PRECISION"] = before if loss is None else loss
    try:
        yield
    finally:
        for holder in holders:
            holder["PRECISION"] = before


def drive(
    search: Search, invoke: Callable[[Configuration, int], Invocation], lanes: int = LANES
) -> tuple[Measured, Stop]:
    """Play batch after batch until the search says stop; what was measured then. `invoke` is told the lane.

    A trial that names no number of lanes goes over `lanes`.

    Raises:
        RuntimeError: it never does.
    """
    record = Record()
    for _ in range(MOST_BATCHES):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Stop):
            return record.measurements(), proposal
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
