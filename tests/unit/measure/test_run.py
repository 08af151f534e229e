import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune.config import RunOptions
from powertune.errors import AccessDenied, NotRestored, UsageError
from powertune.measure import measure
from powertune.model import (
    FUNCTION_FAILS,
    NO_REPORTS,
    Architecture,
    Batch,
    Configuration,
    Invocation,
    Payload,
    Population,
    Status,
    Traffic,
    Trial,
    TuningRun,
    Workload,
)
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.search import Stop

PRICES = PriceTable.bundled().region("us-east-1")
STATE = make_function(name="fn", timeout_s=3)


def make(**options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128, 1024), "invocations": 6, "environments": 2, **options}),
        STATE,
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )


def go(plan: Plan, target: FakeTarget, observer: RecordingObserver | None = None, **options: Any) -> TuningRun:
    options.setdefault("sleep", lambda seconds: None)
    return measure(plan, target, observer or RecordingObserver(), clock=lambda: 5.0, **options)


def usual(memory_mb: int, turn: int) -> Invocation:
    return invocation(100.0, memory_mb=memory_mb, init_ms=200.0 if turn < 2 else None)


def test_a_run_from_beginning_to_end() -> None:
    target, observer = FakeTarget(usual), RecordingObserver()
    run = go(make(), target, observer)
    assert target.events[0] == "open"
    assert target.events[-1] == "undo"
    assert target.events.count("rest") == 1
    assert run.stopped == "complete"
    for measurement in run.measurements:
        assert measurement.invocations.count(Population.WARM) == 6
        assert measurement.invocations.count(Population.COLD) == 2
    assert observer.runs[-1] == run
    assert [sum(len(m.invocations) for m in r.measurements) for r in observer.runs] == [2, 4, 8, 12, 16, 16]
    assert observer.events == ["published 128", "published 1024", "restoring", "restored"]


def test_the_run_keeps_what_the_traffic_was() -> None:
    traffic = Traffic(invocations=9, days=3.0, reports=4, cold_starts=1)
    assert go(replace(make(), traffic=traffic), FakeTarget(usual)).traffic == traffic
    assert go(make(), FakeTarget(usual)).traffic is None


def test_every_round_interleaves_the_sizes_in_an_order_that_the_seed_decides() -> None:
    def order(seed: int) -> list[str]:
        target = FakeTarget(usual)
        go(make(seed=seed, invocations=40, environments=1, concurrency=1), target)
        return [event.split()[1] for event in target.events if event.startswith("invoke")]

    first = order(1)
    rounds = [first[at : at + 2] for at in range(2, len(first), 2)]
    assert all(sorted(pair) == ["1024", "128"] for pair in rounds)
    assert len({tuple(pair) for pair in rounds}) == 2
    assert order(1) == first
    assert order(2) != first


def test_a_lane_never_has_two_turns_in_one_round_even_if_the_search_asks_for_more() -> None:
    class Once:
        asked = False

        def propose(self, measured: object) -> Batch | Stop:
            if self.asked:
                return Stop(reason="enough")
            self.asked = True
            return Batch(trials=(Trial(configuration=make().design.configurations[0], invocations=5),))

    observer = RecordingObserver()
    run = go(make(), FakeTarget(usual), observer, search=Once())
    assert run.stopped == "enough"
    assert sorted(run.measurements[0].invocations.column("lane")) == [0, 0, 0, 1, 1]
    assert [sum(len(m.invocations) for m in r.measurements) for r in observer.runs] == [2, 4, 5, 5]


def test_every_size_gets_the_same_weighted_events() -> None:
    workload = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2", weight=1)))
    target = FakeTarget(usual)
    go(make(workload=workload, invocations=6, environments=2), target)
    for size in ("128", "1024"):
        sent = [event.split()[2] for event in target.events if event.startswith(f"invoke {size} ")]
        assert (sent.count("1"), sent.count("2")) == (6, 2)


def test_a_size_that_the_account_may_not_use_is_dropped_and_the_run_goes_on() -> None:
    observer = RecordingObserver()
    run = go(make(memory=(128, 4096)), FakeTarget(usual, limit_mb=3008), observer)
    assert [m.unmeasured for m in run.measurements] == [None, "at most 3008 MB"]
    assert "unmeasured 4096 at most 3008 MB" in observer.events


def test_the_budget_is_never_exceeded() -> None:
    def spent_with(limit: float) -> tuple[TuningRun, float]:
        observer = RecordingObserver()
        run = go(make(max_spend=limit, invocations=1000), FakeTarget(lambda mb, turn: invocation(3000.0)), observer)
        return run, observer.spent

    worst = make().worst_cost(Configuration(memory_mb=1024, architecture=Architecture.X86_64))
    run, spent = spent_with(20 * worst)
    assert run.stopped == "budget"
    assert 0 < spent <= 20 * worst


def test_an_invocation_without_a_report_is_looked_up_and_until_then_costs_the_most_that_it_can() -> None:
    lost = invocation(None, request_id="id-1", status=Status.MISSING)
    found = invocation(50.0, request_id="id-1")
    target = FakeTarget(lambda mb, turn: lost, recoverable={"id-1": found})
    run = go(make(memory=(128,), invocations=2, environments=1), target)
    assert set(run.measurements[0].invocations.column("duration_ms")) == {50.0}
    observer = RecordingObserver()
    run = go(make(memory=(128,), invocations=2, environments=1), FakeTarget(lambda mb, turn: lost), observer)
    assert run.measurements[0].invocations.count(Population.MISSING) == 1
    worst = make().worst_cost(Configuration(memory_mb=128, architecture=Architecture.X86_64))
    assert observer.spent == pytest.approx(worst)


def test_sleeping_between_rounds() -> None:
    slept: list[float] = []
    go(make(sleep_ms=250), FakeTarget(usual), sleep=slept.append)
    assert slept == [0.25] * 4


@pytest.mark.parametrize("where", ["open", "publish", "invoke"])
@pytest.mark.parametrize("error", [AccessDenied("denied"), KeyboardInterrupt(), ZeroDivisionError()])
def test_whatever_happens_the_function_is_undone_and_what_was_measured_is_saved(
    where: str, error: BaseException
) -> None:
    target, observer = FakeTarget(usual), RecordingObserver()
    original: Callable[..., Any] = getattr(target, where)

    def fail(*args: Any) -> Any:
        if where != "invoke" or len([e for e in target.events if e.startswith("invoke")]) >= 5:
            raise error
        return original(*args)

    setattr(target, where, fail)
    with pytest.raises(type(error)):
        go(make(), target, observer)
    assert target.events[-1] == "undo"
    assert observer.runs[-1].stopped == ("denied" if isinstance(error, AccessDenied) else "interrupted")
    if where == "invoke":
        assert sum(len(m.invocations) for m in observer.runs[-1].measurements) >= 4


def test_not_restored_beats_everything_and_what_was_measured_is_saved_all_the_same() -> None:
    target, observer = FakeTarget(usual), RecordingObserver()

    def fail() -> None:
        raise NotRestored("still 128 MB", hint="powertune restore fn")

    target.undo = fail  # type: ignore[method-assign]
    target.publish = lambda *_: json.loads("{")  # type: ignore[method-assign]
    with pytest.raises(NotRestored):
        go(make(), target, observer)
    assert observer.runs


def test_a_results_file_that_cannot_be_written_does_not_hide_that_the_function_is_not_restored() -> None:
    class Full(RecordingObserver):
        def saved(self, run: TuningRun) -> None:
            if self.events[-1:] == ["restoring"]:
                raise UsageError("disk full")

    target = FakeTarget(usual)

    def fail() -> None:
        raise NotRestored("still 128 MB", hint="powertune restore fn")

    target.undo = fail  # type: ignore[method-assign]
    with pytest.raises(NotRestored):
        go(make(), target, Full())


def test_an_observer_that_fails_does_not_keep_the_function_from_being_undone() -> None:
    class Failing(RecordingObserver):
        def restoring(self) -> None:
            raise KeyboardInterrupt

    target, observer = FakeTarget(usual), Failing()
    with pytest.raises(KeyboardInterrupt):
        go(make(), target, observer)
    assert target.events[-1] == "undo"
    assert "restored" not in observer.events


def test_what_came_in_after_an_interruption_is_kept() -> None:
    target, observer = FakeTarget(usual), RecordingObserver()
    original = target.undo

    def slow_undo() -> None:
        deadline = time.monotonic() + 10
        while sum(event.startswith("invoke") for event in target.events) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        original()

    def interrupted(configuration: Configuration, invocation: Invocation, spent: float) -> None:
        observer.spent = spent
        if "interrupted" not in observer.events:
            observer.events.append("interrupted")
            raise KeyboardInterrupt

    target.undo = slow_undo  # type: ignore[method-assign]
    observer.invoked = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        go(make(memory=(128,), environments=4), target, observer)
    assert sum(len(m.invocations) for m in observer.runs[-1].measurements) == 4


def test_snapshots_are_paid_for_out_of_the_budget() -> None:
    state = replace(STATE, snapstart=True)
    plan = make_plan(
        RunOptions(memory=(128, 10240), invocations=2, environments=1, max_spend=0.05),
        state,
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )
    target = FakeTarget(usual)
    run = go(plan, target)
    assert run.stopped == "budget"
    assert not any(event.startswith("publish") for event in target.events)


def test_reports_are_looked_for_quickly_after_a_round_and_patiently_at_the_end() -> None:
    def only_the_first(memory_mb: int, turn: int) -> Invocation:
        return invocation(100.0) if turn == 0 else invocation(None, status=Status.MISSING)

    target = FakeTarget(only_the_first)
    go(make(memory=(128,), invocations=3, environments=1), target)
    assert [event for event in target.events if event.startswith("recover")] == [
        "recover 1",
        "recover 2",
        "recover 3",
        "recover 3 patiently",
    ]


def test_each_invocation_gets_the_environment_that_the_target_knows_once_all_is_restored_and_saved() -> None:
    target, observer = FakeTarget(usual, environment_of=lambda i: f"stream of {i.request_id}"), RecordingObserver()
    run = go(make(), target, observer)
    for invocations in (measurement.invocations for measurement in run.measurements):
        assert [i.environment for i in invocations] == [f"stream of {i.request_id}" for i in invocations]
    assert target.asked_after_undo
    before, after = observer.runs[-2:]
    assert before.stopped == after.stopped == "complete"
    assert set(before.measurements[0].invocations.column("environment")) == {None}
    assert after == run


@pytest.mark.parametrize("error", [AccessDenied("denied"), KeyboardInterrupt()])
def test_a_look_up_of_environments_that_is_cut_short_loses_nothing_else(error: BaseException) -> None:
    target, observer = FakeTarget(usual), RecordingObserver()

    def fail(invocations: object) -> Any:
        raise error

    target.environments = fail  # type: ignore[method-assign]
    with pytest.raises(type(error)):
        go(make(), target, observer)
    assert target.events[-1] == "undo"
    assert observer.runs[-1].stopped == "complete"
    assert sum(len(m.invocations) for m in observer.runs[-1].measurements) == 16


def test_a_run_that_failed_does_not_look_up_environments() -> None:
    target = FakeTarget(usual)
    target.publish = lambda *_: json.loads("{")  # type: ignore[method-assign]
    with pytest.raises(json.JSONDecodeError):
        go(make(), target)
    assert target.asked_after_undo is None


def test_without_any_report_one_size_is_invoked_and_no_more() -> None:
    target, observer = FakeTarget(lambda mb, turn: invocation(None, status=Status.MISSING)), RecordingObserver()
    run = go(make(memory=(128, 512, 1024)), target, observer)
    assert run.stopped == NO_REPORTS
    assert {event.split()[1] for event in target.events if event.startswith("invoke")} == {"128"}
    assert target.events[-3:] == ["recover 2 patiently", "lost 2", "undo"]
    assert observer.runs[-1] == run


def test_failures_without_a_report_are_invocations_without_a_report_too() -> None:
    failing = FakeTarget(lambda mb, turn: invocation(None, status=Status.ERROR))
    assert go(make(), failing).stopped == NO_REPORTS


def test_reports_that_come_late_let_the_run_go_on() -> None:
    lost = invocation(None, request_id="id-1", status=Status.MISSING)
    target = FakeTarget(lambda mb, turn: lost if mb == 128 else usual(mb, turn))
    quick = target.recover

    def recover(invocations: Any, *, patient: bool) -> Any:
        quick(invocations, patient=patient)
        return {"id-1": invocation(50.0, request_id="id-1")} if patient else {}

    target.recover = recover  # type: ignore[method-assign]
    run = go(make(), target)
    assert run.stopped == "complete"
    assert set(run.measurements[0].invocations.column("duration_ms")) == {50.0}


def test_a_target_that_gets_reports_in_another_way_goes_on() -> None:
    target = FakeTarget(
        lambda mb, turn: invocation(None, status=Status.MISSING) if mb == 128 and turn < 2 else usual(mb, turn)
    )
    target.reports_are_lost = lambda invocations: False  # type: ignore[method-assign]
    run = go(make(), target)
    assert run.stopped == "complete"
    assert [m.invocations.count(Population.MISSING) for m in run.measurements] == [2, 0]


def test_a_function_whose_reports_are_known_to_arrive_is_published_at_all_sizes_at_once() -> None:
    target = FakeTarget(usual)
    go(replace(make(), traffic=Traffic(invocations=9, days=3.0, reports=4)), target)
    assert target.events.count("rest") == 1


def test_a_disturbed_invocation_is_made_again_and_not_counted() -> None:
    def now_and_then(memory_mb: int, turn: int) -> Invocation:
        waited = 3.0 if turn in (4, 5) else None
        return replace(usual(memory_mb, turn), waited_ms=waited)

    run = go(make(), FakeTarget(now_and_then))
    assert run.stopped == "complete"
    for measurement in run.measurements:
        assert measurement.invocations.count(Population.WARM) == 6
        assert measurement.invocations.count(Population.SET_ASIDE) == 2


def test_a_machine_that_is_always_busy_does_not_keep_a_run_going() -> None:
    calm, busy = FakeTarget(usual), FakeTarget(lambda mb, turn: replace(usual(mb, turn), waited_ms=9.0))
    go(make(), calm)
    run = go(make(), busy)
    made = [sum(event.startswith("invoke") for event in target.events) for target in (calm, busy)]
    assert run.stopped == "complete"
    assert made[0] < made[1] <= 3 * made[0]
    assert all(m.invocations.count(Population.WARM) == 0 for m in run.measurements)


def test_invocations_that_are_made_again_stay_within_the_budget() -> None:
    busy = FakeTarget(lambda mb, turn: replace(usual(mb, turn), waited_ms=9.0))
    run = go(make(max_spend=0.0001), busy)
    assert run.stopped == "budget"


def test_a_function_that_fails_with_an_error_of_its_code_is_invoked_at_one_size_only() -> None:
    def raises(memory_mb: int, turn: int) -> Invocation:
        return invocation(5.0, memory_mb=memory_mb, status=Status.ERROR, error_type="KeyError")

    busy = Traffic(invocations=9, days=3.0, reports=4, cold_starts=1)
    for plan in (make(memory=(128, 512, 1024)), replace(make(memory=(128, 512, 1024)), traffic=busy)):
        target = FakeTarget(raises)
        run = go(plan, target)
        assert run.stopped == FUNCTION_FAILS
        assert [m.configuration.memory_mb for m in run.measurements] == [128]
        assert len(run.measurements[0].invocations) == 2
        assert target.events[-1] == "undo"


def test_a_function_that_fails_at_the_first_size_only_is_measured_at_the_others() -> None:
    def raises(memory_mb: int, turn: int) -> Invocation:
        fails = {"status": Status.ERROR, "error_type": "ValidationError"} if memory_mb == 128 else {}
        return invocation(5.0, memory_mb=memory_mb, init_ms=None if fails or turn else 9.0, **fails)

    run = go(make(memory=(128, 512, 1024)), FakeTarget(raises))
    assert run.stopped == "complete"
    assert [len(m.invocations) for m in run.measurements] == [2, 8, 8]
