"""Which policies are run on which functions for which goal: a job for each pair, over all processors."""

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks.search_policies import Policy
from benchmarks.search_policies.adapter import Searched
from benchmarks.search_policies.functions import Function, common_range
from benchmarks.search_policies.goals import X86_64, Aim, Assignment, Yardstick
from benchmarks.search_policies.grid import FixedGrid
from benchmarks.search_policies.parrotfish import Parrotfish
from benchmarks.search_policies.scores import Outcome, judge
from powertune.model import Architecture, Configuration

POLICIES: Mapping[str, Policy] = {
    "powertune": Searched(),
    "grid-10": FixedGrid(invocations=10),
    "grid-50": FixedGrid(invocations=50),
    "parrotfish": Parrotfish(),
}
#: What follows the name of the search in that of one which stops at another expected loss.
_AT = "powertune@"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is told to every policy beside the goal, and how often each runs on each function.

    `traffic` is in invocations per month. `current_mb` moves into the range in which the function works.
    `publishing_s` is how long publishing a size takes, in seconds.
    """

    repeats: int = 20
    seed: int = 1
    architectures: tuple[Architecture, ...] = (X86_64,)
    traffic: float | None = None
    current_mb: int | None = None
    publishing_s: float = 0.0


#: Outcomes by policy, then by the function's id.
Results = Mapping[str, Mapping[str, Sequence[Outcome]]]


def policy(name: str) -> Policy:
    """The policy of that name; `powertune@3%` is the search, stopping at an expected loss of 3 %.

    Raises:
        ValueError: there is none.
    """
    if name in POLICIES:
        return POLICIES[name]
    try:
        stop_at = float(name.removeprefix(_AT).removesuffix("%")) / 100
    except ValueError:
        stop_at = math.nan
    if not name.startswith(_AT) or not 0 < stop_at < 1:
        raise ValueError(f"no policy {name!r}; there are {', '.join(POLICIES)} and {_AT}3%")
    return Searched(stop_at=stop_at)


def assign(function: Function, aim: Aim, terms: Terms) -> tuple[Yardstick, Assignment]:
    """What is asked of a function, and what is best."""
    yardstick = Yardstick(function, aim, terms.architectures)
    current = None
    if terms.current_mb is not None:
        smallest, largest = common_range(function, terms.architectures)
        sizes = [Configuration(memory_mb=mb, architecture=X86_64) for mb in range(smallest, largest + 1)]
        works = [c for c in sizes if math.isfinite(yardstick.cost(c))]
        current = min(works, key=lambda c: abs(c.memory_mb - (terms.current_mb or 0)))
    return yardstick, Assignment(
        aim=aim,
        goal=yardstick.goal,
        architectures=terms.architectures,
        traffic=terms.traffic,
        current=current,
        publishing_s=terms.publishing_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All runs of one policy on one function for one goal."""

    name: str
    function: Function
    aim: Aim
    terms: Terms

    def run(self) -> list[Outcome] | None:
        """The outcomes; None if the policy has no such goal."""
        yardstick, assignment = assign(self.function, self.aim, self.terms)
        chosen, seed = policy(self.name), self.terms.seed
        if not chosen.takes(assignment):
            return None
        return [
            judge(chosen, self.function, yardstick, assignment, seed=seed, repeat=repeat)
            for repeat in range(self.terms.repeats)
        ]


def run(policies: Iterable[str], functions: Sequence[Function], aim: Aim, terms: Terms, *, processes: int) -> Results:
    """Run every policy that has the goal on every function; the same for any number of processes."""
    names = tuple(policies)
    jobs = [Job(name=name, function=function, aim=aim, terms=terms) for name in names for function in functions]
    found = iter(_outcomes(jobs, processes))
    results: dict[str, dict[str, list[Outcome]]] = {name: {} for name in names}
    for job in jobs:
        outcomes = next(found)
        if outcomes is not None:
            results[job.name][job.function.id] = outcomes
    return {name: by_function for name, by_function in results.items() if by_function}


def _outcomes(jobs: Sequence[Job], processes: int) -> Sequence[list[Outcome] | None]:
    if processes == 1:
        return [job.run() for job in jobs]
    # Each process computes on one processor; left alone, NumPy would start threads for all of them in each.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(Job.run, jobs))
