"""Rounds: their order is as it always was, and it follows from the data of a run alone."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation
from hypothesis import given
from hypothesis import strategies as st

from powertune import results
from powertune.config import RunOptions
from powertune.errors import Unavailable
from powertune.measure import measure, play_batch
from powertune.measure.record import Record
from powertune.measure.rounds import Job, Rounds, is_repeated, played
from powertune.model import (
    BETWEEN_BATCHES,
    Architecture,
    Configuration,
    Invocation,
    Payload,
    Status,
    Trial,
    TuningRun,
    Workload,
)
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.search import Stop

PRICES = PriceTable.bundled().region("us-east-1")
WORKLOAD = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2", weight=1)))
#: What becomes of invocations, by what is said of them.
ENDS: dict[str, dict[str, Any]] = {
    "warm": {},
    "cold": {"init_ms": 50.0},
    "disturbed": {"waited_ms": 3.0},
    "failed": {"status": Status.ERROR, "error_type": "ValueError"},
    "missing": {"status": Status.MISSING, "duration_ms": None, "billed_ms": None},
}


def make(**options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128, 512, 1024), "workload": WORKLOAD, **options}),
        make_function(name="fn", timeout_s=3, memory_mb=512),
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )


def trial(memory_mb: int, invocations: int, lanes: int | None = None) -> Trial:
    configuration = Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)
    return Trial(configuration=configuration, invocations=invocations, lanes=lanes)


def usual(memory_mb: int, turn: int) -> Invocation:
    init_ms = 200.0 if turn < 2 else None
    return invocation(100.0 + turn, memory_mb=memory_mb, init_ms=init_ms, request_id=f"{memory_mb}-{turn}")


def invoked(target: FakeTarget) -> list[str]:
    return [event.removeprefix("invoke ") for event in target.events if event.startswith("invoke ")]


def go(plan: Plan, target: FakeTarget) -> TuningRun:
    return measure(plan, target, RecordingObserver(), clock=lambda: 5.0, sleep=lambda seconds: None)


def test_a_seed_gives_the_order_of_invocations_that_it_has_always_given() -> None:
    target = FakeTarget(usual)
    go(make(seed=7, environments=1, concurrency=1, invocations=8), target)
    assert invoked(target) == [
        *("128 1", "1024 1", "512 1", "1024 1", "128 1", "512 1", "512 2", "1024 2", "128 2", "1024 1"),
        *("128 1", "512 1", "512 1", "128 1", "1024 1", "512 1", "1024 1", "128 1", "128 2", "1024 2"),
        *("512 2", "512 1", "1024 1", "128 1", "1024 1", "512 1", "128 1", "512 1", "1024 1", "128 1"),
    ]


def test_a_seed_gives_the_rounds_that_it_has_always_given() -> None:
    rounds, done = Rounds(make(seed=7, environments=3).design, WORKLOAD, "fn"), Counter[Configuration]()
    batches = []
    for trials in ((trial(128, 5), trial(512, 2), trial(1024, 4, 1)), (trial(512, 7, 2), trial(128, 3, 9))):
        split = rounds.split(trials, done.__getitem__)
        done.update(job.configuration for jobs in split for job in jobs)
        batches.append([[(job.configuration.memory_mb, job.payload, job.lane) for job in jobs] for jobs in split])
    assert batches[0] == [
        [(512, 0, 1), (128, 0, 0), (1024, 0, 0), (512, 0, 0), (128, 0, 1), (128, 1, 2)],
        [(128, 0, 2), (1024, 0, 0), (128, 0, 1)],
        [(1024, 1, 0)],
        [(1024, 0, 0)],
    ]
    assert batches[1] == [
        [(512, 0, 1), (128, 1, 1), (128, 0, 2), (512, 1, 0), (128, 0, 0)],
        [(512, 0, 0), (512, 0, 1)],
        [(512, 0, 1), (512, 1, 0)],
        [(512, 0, 1)],
    ]


class OneProcess:
    """Plays batches one after the other without threads, and keeps all that it has played."""

    def __init__(self, plan: Plan, end: Callable[[Job, int], str], before: TuningRun) -> None:
        self.plan = plan
        self.end = end
        self.before = before
        self.record = Record.of(before.measurements)
        self.rounds = Rounds(plan.design, plan.workload, "fn", played(before))
        self.jobs: list[Job] = []

    def play_batch(self) -> bool:
        proposal = self.plan.search.propose(self.record.measurements())
        if isinstance(proposal, Stop):
            return False
        for jobs in self.rounds.split(proposal.trials, self.record.count):
            self.jobs += jobs
            for job in jobs:
                self._play(job)
        return True

    def run(self) -> TuningRun:
        return replace(self.before, measurements=tuple(self.record.measurements().values()))

    def _play(self, job: Job) -> None:
        end = self.end(job, self.record.count(job.configuration))
        if end == "refused":
            self.record.leave_out(job.configuration, "refused")
            return
        values = {"duration_ms": 100.0, "request_id": "r", "lane": job.lane, "payload": job.payload, **ENDS[end]}
        made = invocation(values.pop("duration_ms"), **values)
        self.record.add(job.configuration, made)
        if is_repeated(made, job.disturbed):
            self._play(replace(job, disturbed=job.disturbed + 1))


def nothing_yet(plan: Plan) -> TuningRun:
    return TuningRun(
        run_id=plan.run_id,
        tool_version="1",
        started_at=5.0,
        finished_at=5.0,
        engine="direct",
        function=plan.function,
        design=plan.design,
        measurements=(),
        stopped=BETWEEN_BATCHES,
    )


@pytest.mark.long
@given(
    seed=st.integers(0, 99),
    lanes=st.integers(1, 4),
    invocations=st.integers(1, 9),
    ends=st.lists(st.sampled_from(sorted(ENDS)), min_size=1, max_size=30),
    refused=st.sets(st.sampled_from([128, 512, 1024]), max_size=2),
)
def test_batches_from_data_alone_are_those_of_one_process(
    seed: int, lanes: int, invocations: int, ends: list[str], refused: set[int]
) -> None:
    plan = make(seed=seed, environments=lanes, invocations=invocations)

    def end(job: Job, count: int) -> str:
        memory_mb = job.configuration.memory_mb
        return "refused" if memory_mb in refused else ends[(count + memory_mb) % len(ends)]

    whole = OneProcess(plan, end, nothing_yet(plan))
    while whole.play_batch():
        pass
    jobs: list[Job] = []
    run = nothing_yet(plan)
    goes_on = True
    while goes_on:
        process = OneProcess(plan, end, results.parse(results.dump(run)))
        goes_on = process.play_batch()
        jobs += process.jobs
        run = process.run()
    assert jobs == whole.jobs
    assert run == whole.run()


def works(memory_mb: int, turn: int) -> Invocation:
    init_ms = 200.0 if turn == 0 else None
    duration_ms = (20 + 300 * max(1.0, 1769 / memory_mb)) * (1 + turn % 5 / 50)
    return invocation(duration_ms, memory_mb=memory_mb, init_ms=init_ms, request_id=f"{memory_mb}-{turn}")


@pytest.mark.long
@pytest.mark.parametrize("behaviour", [usual, works])
@pytest.mark.parametrize(
    "options", [{"invocations": 5}, {"memory": None, "min_memory": 128}], ids=["grid", "adaptive"]
)
def test_a_run_in_many_processes_is_the_run_in_one(
    options: dict[str, Any], behaviour: Callable[[int, int], Invocation]
) -> None:
    plan = make(seed=3, environments=1, concurrency=1, **options)
    alone, shared = FakeTarget(behaviour, limit_mb=3008), FakeTarget(behaviour, limit_mb=3008)
    whole = go(plan, alone)
    run: TuningRun | None = None
    observer = RecordingObserver()
    while run is None or run.stopped == BETWEEN_BATCHES:
        before = None if run is None else results.parse(results.dump(run))
        run = play_batch(plan, shared, observer, before, clock=lambda: 5.0, sleep=lambda seconds: None)
    assert invoked(shared) == invoked(alone)
    assert run == whole


def test_a_target_that_plays_several_batches_counts_its_throttles_once() -> None:
    plan = make(environments=1, concurrency=1, memory=None, min_memory=128)

    def throttled(memory_mb: int, turn: int) -> Invocation:
        target.throttles += 1
        return works(memory_mb, turn)

    target, run = FakeTarget(throttled), None
    while run is None or run.stopped == BETWEEN_BATCHES:
        run = play_batch(plan, target, RecordingObserver(), run, clock=lambda: 5.0, sleep=lambda seconds: None)
    assert run.throttles == target.throttles > 3


def test_a_batch_that_fails_hands_over_what_was_paid_for() -> None:
    def fails(memory_mb: int, turn: int) -> Invocation:
        if turn == 3:
            raise Unavailable("AWS is away", hint="try again")
        return invocation(100.0, memory_mb=memory_mb)

    plan, target = make(environments=1, concurrency=1, memory=(512,), invocations=8), FakeTarget(fails)
    observer = RecordingObserver()

    def play_all() -> None:
        run = None
        while run is None or run.stopped == BETWEEN_BATCHES:
            run = play_batch(plan, target, observer, run, clock=lambda: 5.0, sleep=lambda seconds: None)

    with pytest.raises(Unavailable):
        play_all()
    assert observer.runs[-1].stopped == "AWS is away"
    assert sum(len(each.invocations) for each in observer.runs[-1].measurements) == 3


@pytest.mark.parametrize("where", [0, -1], ids=["within a batch", "ended"])
def test_only_between_batches_can_a_run_go_on(where: int) -> None:
    plan, observer = make(environments=1, concurrency=1), RecordingObserver()
    measure(plan, FakeTarget(works), observer, clock=lambda: 5.0, sleep=lambda seconds: None)
    with pytest.raises(ValueError, match=f"cannot go on from where it is: {observer.runs[where].stopped}"):
        play_batch(
            plan, FakeTarget(works), observer, observer.runs[where], clock=lambda: 5.0, sleep=lambda seconds: None
        )


def test_a_run_in_many_processes_keeps_what_was_said_and_spends_one_budget() -> None:
    plan = make(environments=1, concurrency=1, invocations=500)
    cost = plan.worst_cost(plan.function.current)
    plan = replace(plan, max_spend=20 * cost)
    run: TuningRun | None = None
    observer, throttles = RecordingObserver(), 0

    def throttled(memory_mb: int, turn: int) -> Invocation:
        nonlocal throttles
        target.throttles += 1
        throttles += 1
        return invocation(3000.0, memory_mb=memory_mb)

    while run is None or run.stopped == BETWEEN_BATCHES:
        target = FakeTarget(throttled)
        run = play_batch(plan, target, observer, run, clock=lambda: 5.0, sleep=lambda seconds: None)
    assert run.stopped == "budget"
    assert 0.5 * plan.max_spend < observer.spent <= plan.max_spend
    assert run.throttles == throttles > 3


def test_payloads_do_not_always_come_to_the_same_lanes() -> None:
    two = Workload(payloads=(Payload(body=b"1"), Payload(body=b"2")))
    rounds = Rounds(make(workload=two, environments=4).design, two, "fn").split([trial(128, 16)], lambda _: 0)
    served = {(job.payload, job.lane) for jobs in rounds for job in jobs}
    assert served == {(payload, lane) for payload in (0, 1) for lane in range(4)}
    # A lane has one turn in each round all the same.
    assert all(len({job.lane for job in jobs}) == len(jobs) for jobs in rounds)
