"""Turns: a run whose sizes are measured in processes of their own is as good as the run of one process."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune import results
from powertune.config import RunOptions
from powertune.errors import Unavailable
from powertune.measure import (
    OUT_OF_TIME,
    Turn,
    gather,
    measure,
    merge,
    nothing_yet,
    play_turn,
    propose,
    with_environments,
)
from powertune.model import FUNCTION_FAILS, NO_REPORTS, Invocation, Status, TuningRun
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")


def make(**options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128, 512, 1024), "environments": 2, "invocations": 6, **options}),
        make_function(name="fn", timeout_s=3, memory_mb=512),
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )


def works(memory_mb: int, turn: int) -> Invocation:
    init_ms = 200.0 if turn < 2 else None
    duration_ms = (20 + 300 * max(1.0, 1769 / memory_mb)) * (1 + turn % 5 / 50)
    return invocation(duration_ms, memory_mb=memory_mb, init_ms=init_ms, request_id=f"{memory_mb}-{turn}")


def take(plan: Plan, target: FakeTarget, run: TuningRun, turn: Turn, **more: Any) -> TuningRun:
    """One turn, by a process that knows nothing but data."""
    before = results.parse(results.dump(run))
    return play_turn(
        plan, target, RecordingObserver(), before, turn, clock=lambda: 5.0, sleep=lambda seconds: None, **more
    )


def put_together(
    plan: Plan, target: FakeTarget, run: TuningRun, parts: list[TuningRun]
) -> tuple[TuningRun, tuple[Turn, ...]]:
    return gather(plan, target, run, parts, clock=lambda: 5.0, sleep=lambda seconds: None)


def tune(plan: Plan, behaviour: Callable[[int, int], Invocation]) -> tuple[TuningRun, list[tuple[int, ...]]]:
    """All turns of a run, each batch side by side; and the sizes of each batch."""
    target = FakeTarget(behaviour)
    run, turns = propose(plan, nothing_yet(plan))
    batches = []
    while turns:
        batches.append(tuple(turn.configuration.memory_mb for turn in turns))
        run, turns = put_together(plan, target, run, [take(plan, target, run, turn) for turn in turns])
    return run, batches


def test_a_grid_takes_one_small_turn_and_then_all_that_is_left_side_by_side() -> None:
    run, batches = tune(make(), works)
    assert batches == [(128,), (128, 512, 1024)]
    assert run.stopped == "complete"
    assert run.engine == "stepfunctions"
    whole = measure(make(), FakeTarget(works), RecordingObserver(), clock=lambda: 5.0, sleep=lambda seconds: None)
    assert [len(each.invocations) for each in run.measurements] == [
        len(each.invocations) for each in whole.measurements
    ]
    assert run.batches == whole.batches == ()


def test_a_grid_of_one_size_takes_one_turn() -> None:
    run, batches = tune(make(memory=(1024,)), works)
    assert batches == [(1024,)]
    assert len(run.measurements[0].invocations) == 8


def test_a_search_measures_what_it_would_measure_in_one_process() -> None:
    plan = make(memory=None, invocations=None, environments=1, concurrency=1, seed=3)
    run, batches = tune(plan, works)
    whole = measure(plan, FakeTarget(works), RecordingObserver(), clock=lambda: 5.0, sleep=lambda seconds: None)
    assert run.stopped == whole.stopped
    assert len(batches[0]) == 1
    played = [batch for batch in run.batches if batch.trials]
    assert [tuple(t.configuration.memory_mb for t in batch.trials) for batch in played] == batches
    measured = {each.configuration.memory_mb for each in run.measurements}
    assert measured == {size for batch in batches for size in batch}


def test_each_payload_is_sent_as_often_as_in_one_process() -> None:
    from powertune.model import Payload, Workload

    two = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2", weight=1)))
    run, _ = tune(make(workload=two, invocations=8, environments=1), works)
    whole = measure(
        make(workload=two, invocations=8, environments=1),
        FakeTarget(works),
        RecordingObserver(),
        clock=lambda: 5.0,
        sleep=lambda seconds: None,
    )
    for one, other in zip(run.measurements, whole.measurements, strict=True):
        assert sorted(one.invocations.column("payload")) == sorted(other.invocations.column("payload"))


def test_a_function_that_fails_anyway_ends_the_run_after_one_turn() -> None:
    run, batches = tune(
        make(), lambda mb, turn: invocation(1.0, memory_mb=mb, status=Status.ERROR, error_type="KeyError")
    )
    assert run.stopped == FUNCTION_FAILS
    assert len(batches) == 1
    assert sum(len(each.invocations) for each in run.measurements) <= 2


def test_a_size_that_fails_is_infeasible_and_the_others_are_measured() -> None:
    def too_small(mb: int, turn: int) -> Invocation:
        return invocation(50.0, memory_mb=mb, status=Status.OUT_OF_MEMORY) if mb == 128 else works(mb, turn)

    run, batches = tune(make(), too_small)
    assert batches[0] == (128,)
    assert run.stopped == "complete"
    small, *others = run.measurements
    assert small.infeasible
    assert all(len(each.invocations) == 8 for each in others)


def test_a_turn_that_has_no_time_left_is_gone_on_with() -> None:
    plan, target = make(memory=(1024,)), FakeTarget(works)
    now = [0.0]
    run, (turn,) = propose(plan, nothing_yet(plan))

    def clock() -> float:
        now[0] += 0.1
        return now[0]

    part = None
    processes = 0
    while part is None or part.stopped == OUT_OF_TIME:
        processes += 1
        observer = RecordingObserver()
        part = play_turn(
            plan,
            target,
            observer,
            run,
            turn,
            part=part,
            deadline=now[0] + plan.function.timeout_s + 0.5,
            clock=clock,
            sleep=lambda seconds: None,
        )
        assert observer.runs[-1] == part
        part = results.parse(results.dump(part))
    assert processes > 1
    found, more = put_together(plan, target, run, [part])
    assert more == ()
    assert len(found.measurements[0].invocations) == 8
    assert target.events.count("publish 1024") == 0


def test_turns_spend_one_budget_together() -> None:
    plan = make(invocations=500, environments=1)
    worst = sum(plan.worst_cost(each) for each in plan.design.configurations)
    plan = replace(plan, max_spend=20 * worst)
    run, _ = tune(plan, lambda mb, turn: invocation(3000.0, memory_mb=mb, request_id=f"{mb}-{turn}"))
    spent = sum(
        PRICES.invocation_cost(m.configuration, i.billed_ms or 0, 512)
        for m in run.measurements
        for i in m.invocations
    )
    assert run.stopped == "budget"
    assert 0.5 * plan.max_spend < spent <= plan.max_spend


def test_a_budget_that_pays_for_nothing_ends_the_run_before_anything_is_published() -> None:
    plan = make()
    run, turns = propose(replace(plan, max_spend=1e-12), nothing_yet(plan))
    assert (run.stopped, turns) == ("budget", ())


def test_what_a_search_chose_is_known_where_the_budget_does_not_pay_for_it() -> None:
    plan = make(memory=None)
    run, turns = propose(replace(plan, max_spend=1e-12), nothing_yet(plan))
    assert (run.stopped, turns) == ("budget", ())
    assert [len(batch.trials) for batch in run.batches] == [1]


def test_missing_reports_are_looked_up_for_all_sizes_together() -> None:
    plan = make(memory=(512, 1024), invocations=2, environments=1)
    told = {f"{mb}-{turn}": works(mb, turn) for mb in (512, 1024) for turn in range(5)}
    target = FakeTarget(
        lambda mb, turn: invocation(None, memory_mb=mb, status=Status.MISSING, request_id=f"{mb}-{turn}"),
        recoverable=told,
    )
    run, turns = propose(plan, nothing_yet(plan))
    while turns:
        parts = [take(plan, target, run, turn) for turn in turns]
        assert not any(event.startswith("recover") for event in target.events[-len(parts) :])
        run, turns = put_together(plan, target, run, parts)
    assert all(i.duration_ms is not None for each in run.measurements for i in each.invocations)
    assert run.stopped == "complete"


def test_a_function_without_any_report_ends_the_run() -> None:
    plan = make()
    target = FakeTarget(lambda mb, turn: invocation(None, memory_mb=mb, status=Status.MISSING))
    run, turns = propose(plan, nothing_yet(plan))
    run, turns = put_together(plan, target, run, [take(plan, target, run, turn) for turn in turns])
    assert (run.stopped, turns) == (NO_REPORTS, ())


def test_what_was_paid_for_is_handed_over_when_a_turn_fails() -> None:
    def fails(mb: int, turn: int) -> Invocation:
        if turn == 3:
            raise Unavailable("AWS is away", hint="try again")
        return works(mb, turn)

    plan, observer = make(memory=(1024,), environments=1), RecordingObserver()
    run, (turn,) = propose(plan, nothing_yet(plan))
    with pytest.raises(Unavailable):
        play_turn(plan, FakeTarget(fails), observer, run, turn, clock=lambda: 5.0, sleep=lambda seconds: None)
    assert sum(len(each.invocations) for each in observer.runs[-1].measurements) == 3


def test_parts_are_merged_once_however_often() -> None:
    plan, target = make(memory=(512, 1024)), FakeTarget(works)
    target.throttles = 0
    run, turns = propose(plan, nothing_yet(plan))
    parts = [take(plan, target, run, turn) for turn in turns]
    assert merge(run, parts) == merge(run, parts)
    assert merge(run, []) == run


def test_environments_are_named_at_the_end() -> None:
    plan = make(memory=(1024,), environments=1)
    run, _ = tune(plan, works)
    target = FakeTarget(environment_of=lambda each: "one")
    named = with_environments(plan, target, run, clock=lambda: 9.0, sleep=lambda seconds: None)
    assert {*named.measurements[0].invocations.column("environment")} == {"one"}
    assert (named.stopped, named.finished_at, named.engine) == (run.stopped, run.finished_at, run.engine)
