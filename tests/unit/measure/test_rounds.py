"""Rounds: their order is as it always was, and it follows from the data of a run alone."""

from collections import Counter
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune.config import RunOptions
from powertune.measure import measure
from powertune.measure.rounds import Rounds
from powertune.model import (
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
        [(512, 0, 0), (128, 1, 1), (128, 0, 2), (512, 1, 1), (128, 0, 0)],
        [(512, 0, 1), (512, 0, 0)],
        [(512, 0, 0), (512, 1, 1)],
        [(512, 0, 0)],
    ]


TWO = Workload(payloads=(Payload(body=b"1"), Payload(body=b"2")))


@pytest.mark.parametrize("at_once", [16, 4])
def test_payloads_do_not_always_come_to_the_same_lanes(at_once: int) -> None:
    """Whether a search asks for all rounds at once, or a grid for one at a time."""
    splitter = Rounds(make(workload=TWO, environments=4).design, TWO, "fn")
    rounds = [
        jobs
        for begun in range(0, 16, at_once)
        for jobs in splitter.split([trial(128, at_once)], lambda _, begun=begun: begun)  # type: ignore[misc]
    ]
    served = {(job.payload, job.lane) for jobs in rounds for job in jobs}
    assert served == {(payload, lane) for payload in (0, 1) for lane in range(4)}
    # A lane has one turn in each round all the same.
    assert all(len({job.lane for job in jobs}) == len(jobs) for jobs in rounds)
