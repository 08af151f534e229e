"""How long real runs take until people have an answer, and how good that is: a search beside the six-size grid."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from multiprocessing import get_context
from statistics import fmean, median

from fakes import RecordingObserver

from benchmarks.search_policies.curves import Curve
from benchmarks.search_policies.experiment import Terms, assign
from benchmarks.search_policies.functions import Function, common_range
from benchmarks.search_policies.goals import X86_64, Aim, Verdict
from benchmarks.search_policies.landscape import PRICES
from benchmarks.search_policies.simulation import Conditions, CurveFunction
from benchmarks.wall_time.simulated_lambda import NAME, Latencies, SimulatedLambda
from benchmarks.wall_time.simulated_time import SimulatedTime
from powertune.analysis import analyze
from powertune.aws import activation, publisher, target, undo
from powertune.aws.preflight import preflight
from powertune.aws.target import AwsTarget
from powertune.config import RunOptions
from powertune.engine import direct
from powertune.estimate import DEFAULT_MEMORY_MB
from powertune.measure import measure, player
from powertune.model import FunctionRef, GridDesign, TuningRun
from powertune.search.policies import DEFAULT

#: The invocations of each size of the grid.
INVOCATIONS = 10
#: The size of the function before the run, and how long it takes then.
CURRENT_MB, DURATION_MS = 1024, 200.0
#: What waits for threads, queues and locks in a run.
_WAITING = (player, activation, publisher, target, undo)
_NO_LIMIT = 1000.0


def of_duration(curve: Curve, duration_ms: float) -> Curve:
    """The same curve, so much faster or slower that an invocation of the current size takes that long."""
    function = CurveFunction.of(curve, Conditions())
    _, assignment = assign(function, Aim.COST, Terms(current_mb=CURRENT_MB))
    assert assignment.current is not None
    (land,) = function.landscapes.values()
    factor = duration_ms / float(land.durations[land.at(assignment.current.memory_mb)])
    return replace(curve, points=tuple((memory_mb, factor * ms) for memory_mb, ms in curve.points))


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How to look for the answer: `search` is the policy, `isolate` on a copy instead of in place."""

    search: str
    isolate: bool = False

    def __str__(self) -> str:
        return f"{self.search}, {'on a copy' if self.isolate else 'in place'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """One run. `answer_s` is until nothing more was measured, `total_s` until the function was as found.

    `publications` are the versions that were published, one after the other on each function; `units` all that was
    paid, in invocations at the cheapest size. `verdict` is about what the report recommends.
    """

    answer_s: float
    total_s: float
    publications: int
    batches: int
    invocations: int
    units: float
    verdict: Verdict


class _Answered(RecordingObserver):
    """Notes when measuring has ended."""

    def __init__(self, time: SimulatedTime) -> None:
        super().__init__()
        self._time = time
        self.answered_at = 0.0

    def restoring(self) -> None:
        self.answered_at = self._time()

    def saved(self, run: TuningRun) -> None:
        """Nothing is kept of it."""


def wait_for(function: Function, aim: Aim, way: Way, latencies: Latencies, seed: int) -> Waited:
    """Let a run find the answer for one function, in simulated time, and see that it leaves the function as found."""
    yardstick, assignment = assign(function, aim, Terms(current_mb=CURRENT_MB))
    assert assignment.current is not None
    smallest, largest = common_range(function, (X86_64,))
    time = SimulatedTime()
    with time.in_modules(_WAITING):
        simulated = SimulatedLambda(function, latencies, time=time, memory_mb=assignment.current.memory_mb, seed=seed)
        before = simulated.fake.snapshot(NAME)
        aws = simulated.aws()
        options = RunOptions(
            search=way.search, min_memory=smallest, max_memory=largest, goal=yardstick.goal, isolate=way.isolate,
            seed=seed, max_spend=_NO_LIMIT,
        )  # fmt: skip
        if way.search != DEFAULT:
            sizes = sorted({min(max(size, smallest), largest) for size in DEFAULT_MEMORY_MB})
            options = replace(options, memory=tuple(sizes), invocations=INVOCATIONS)
        found = preflight(aws, FunctionRef(name=NAME), now=time())
        # Nothing is known of the traffic, as in `benchmarks/search.py`: it would decide how long to search.
        found = replace(found, known=replace(found.known, traffic=None))
        plan = direct.plan_for(aws, found, options, PRICES, run_id="01234567")
        assert isinstance(plan.design.search, GridDesign) is (way.search != DEFAULT)
        observer = _Answered(time)
        began = time()
        run = measure(
            plan,
            AwsTarget(aws, plan, restore_command="", clock=time),
            observer,
            clock=time,
            sleep=time.sleep,
        )
        ended = time()
        assert simulated.fake.snapshot(NAME) == before, "the function is not as it was found"
    recommended = analyze(run, PRICES, yardstick.goal).recommendation
    paid = sum(
        PRICES.invocation_cost(m.configuration, billed, plan.function.ephemeral_storage_mb)
        for m in run.measurements
        for billed in m.invocations.column("billed_ms")
        if billed is not None
    )
    return Waited(
        answer_s=observer.answered_at - began,
        total_s=ended - began,
        publications=simulated.fake.calls.count("publish_version"),
        batches=len(run.batches),
        invocations=sum(len(m.invocations) for m in run.measurements),
        units=paid / yardstick.cheapest_usd,
        verdict=yardstick.judge(recommended.configuration if recommended is not None else assignment.current),
    )


def compare(
    curves: Iterable[Curve], aim: Aim, ways: Sequence[Way], *, seeds: int, processes: int
) -> dict[Way, list[Waited]]:
    """Every way on every curve, with the same noise; in this process, or in several."""
    functions = [CurveFunction.of(of_duration(curve, DURATION_MS), Conditions()) for curve in curves]
    runs = [(function, way, seed) for way in ways for function in functions for seed in range(1, seeds + 1)]
    functions_, ways_, seeds_ = zip(*runs, strict=True)
    same = (repeat(aim), ways_, repeat(Latencies()), seeds_)
    if processes == 1:
        waits = list(map(wait_for, functions_, *same))
    else:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn")) as pool:
            waits = list(pool.map(wait_for, functions_, *same))
    found: dict[Way, list[Waited]] = {way: [] for way in ways}
    for (_, way, _), waited in zip(runs, waits, strict=True):
        found[way].append(waited)
    return found


def table(aim: Aim, waits: Mapping[Way, Sequence[Waited]]) -> str:
    """A line for each way."""
    heading = (
        f"{aim:22}{'answer':>9}{'median':>9}{'p90':>9}{'restored':>10}{'published':>11}{'batches':>9}{'invocations':>13}"
        f"{'units':>7}{'loss':>9}{'good':>7}"
    )
    return "\n".join((heading, *(_line(way, of) for way, of in waits.items())))


def _line(way: Way, of: Sequence[Waited]) -> str:
    answers = sorted(each.answer_s for each in of)
    good = [each.verdict.good for each in of if each.verdict.good is not None]
    return (
        f"{way!s:22}{fmean(answers):7.1f} s{median(answers):7.1f} s{answers[int(0.9 * len(answers))]:7.1f} s"
        f"{fmean(each.total_s for each in of):8.1f} s{fmean(each.publications for each in of):11.1f}"
        f"{fmean(each.batches for each in of):9.1f}{fmean(each.invocations for each in of):13.1f}"
        f"{fmean(each.units for each in of):7.0f}{fmean(each.verdict.loss for each in of):9.1%}"
        f"{f'{fmean(good):.0%}' if good else '-':>7}"
    )
