"""Any `powertune.search.Search` as a policy: its proposals are played on the simulated function."""

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.search_policies import Pick
from benchmarks.search_policies.simulation import Sampler
from benchmarks.search_policies.truth import PRICES
from powertune.measure.record import Record
from powertune.model import Architecture, Configuration, Exploration, Goal, Measurement, Strategy, Trial
from powertune.search import Search, Stop

ADAPTIVE = "powertune.search.adaptive"
LANES = 1
Measured = Mapping[Configuration, Measurement]
#: No search that is worth its money takes so many batches.
MOST_BATCHES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A search, how its answer is read off in the end, and how many lanes its batches are spread over."""

    search: Search
    pick: Callable[[Measured], Pick]
    lanes: int = LANES


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The policy that drives whatever search `make` returns for a function's range of sizes and a seed."""

    make: Callable[[Sampler], Driven]

    def run(self, sampler: Sampler) -> Pick:
        """Batch after batch, until the search says stop.

        Raises:
            RuntimeError: it never does.
        """
        driven = self.make(sampler)
        record = Record()
        for _ in range(MOST_BATCHES):
            proposal = driven.search.propose(record.measurements())
            if isinstance(proposal, Stop):
                return driven.pick(record.measurements())
            for configuration, lane in _turns(proposal.trials, driven.lanes):
                record.add(configuration, sampler.invoke(configuration.memory_mb, lane))
        raise RuntimeError(f"the search has not stopped after {MOST_BATCHES} batches")


def _turns(trials: tuple[Trial, ...], lanes: int) -> Iterator[tuple[Configuration, int]]:
    """The invocations of a batch with their lanes, round by round, as the direct engine plays them."""
    rounds = [
        [(t.configuration, i % (t.lanes or lanes), i // (t.lanes or lanes)) for i in range(t.invocations)]
        for t in trials
    ]
    turns = [turn for trial in rounds for turn in trial]
    for configuration, lane, _ in sorted(turns, key=lambda turn: turn[2]):
        yield configuration, lane


def cheapest(measured: Measured) -> Pick:
    """A plain pick: the least mean cost of warm invocations among the sizes that work. It states no doubt."""
    costs = {
        configuration: sum(costs) / len(costs)
        for configuration, measurement in measured.items()
        if not measurement.infeasible and (costs := _warm_costs(measurement))
    }
    best = min(costs, key=lambda configuration: costs[configuration], default=None)
    return Pick(memory_mb=None if best is None else best.memory_mb)


def _warm_costs(measurement: Measurement) -> list[float]:
    return [
        PRICES.invocation_cost(measurement.configuration, invocation.billed_ms)
        for invocation, population in zip(measurement.invocations, measurement.invocations.populations, strict=True)
        if population == "warm" and invocation.billed_ms is not None
    ]


def missing() -> str | None:
    """Why powertune's own search cannot be judged, or None."""
    try:
        found = importlib.util.find_spec(ADAPTIVE) is not None
    except ModuleNotFoundError:
        found = False
    return None if found else f"there is no {ADAPTIVE} yet"


def make_search(sampler: Sampler) -> Driven:
    """The adaptive search for the function's range, with cost as its goal. It is plugged in here and nowhere else.

    The module's `Adaptive` is taken to be built from the bounds in MB, the architectures, prices, lanes and a seed,
    and to give, for what was measured, an `answer` with `memory_mb`, `cost_interval` and `p_best`.
    """
    adaptive = importlib.import_module(ADAPTIVE)
    search = adaptive.Adaptive(
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
        answer = search.answer(measured)
        return Pick(memory_mb=answer.memory_mb, cost_interval=answer.cost_interval, p_best=answer.p_best)

    return Driven(search=search, pick=pick)
