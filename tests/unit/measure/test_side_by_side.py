"""Functions side by side: interleaved in one run, within one budget, each a run of its own in the end."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, invocation

from powertune import results
from powertune.as_is import plan_as_is
from powertune.config import RunOptions
from powertune.errors import Unavailable
from powertune.measure import Contender, SampleAmount, SideBySide
from powertune.measure.side_by_side import INFEASIBLE
from powertune.model import (
    BETWEEN_BATCHES,
    FUNCTION_FAILS,
    NO_REPORTS,
    Advisory,
    Invocation,
    Payload,
    Population,
    Status,
    TuningRun,
    Workload,
)
from powertune.plan import Plan, PriorKnowledge
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")
TWO_EVENTS = Workload(payloads=(Payload(body=b"1"), Payload(body=b"2")))


def plan(**options: Any) -> Plan:
    asked = RunOptions(**{"concurrency": 4, "max_spend": 1.0, **options})
    known = PriorKnowledge(account_concurrency=1000, average_ms=None)
    return plan_as_is(asked, make_function(name="fn"), PRICES, known, run_id="abcd1234")


@dataclass
class SideLog:
    """A `SideObserver` that keeps what it is told."""

    order: list[str] = field(default_factory=list)
    expected_of: dict[str, int] = field(default_factory=dict)
    runs: list[Mapping[str, TuningRun]] = field(default_factory=list)
    spent: float = 0.0

    def expected(self, name: str, invocations: int) -> None:
        self.expected_of[name] = self.expected_of.get(name, 0) + invocations

    def invoked(self, name: str, invocation: Invocation, spent: float) -> None:
        self.order.append(name)
        self.spent = spent

    def saved(self, runs: Mapping[str, TuningRun]) -> None:
        self.runs.append(runs)


class Environments:
    """A behavior that starts cold as often as it is told, and then reuses these environments in turn."""

    def __init__(self, cold: int, duration_ms: float = 100.0) -> None:
        self.cold, self.duration_ms = cold, duration_ms

    def __call__(self, memory_mb: int, turn: int) -> Invocation:
        init_ms = 200.0 if turn < self.cold else None
        return invocation(self.duration_ms, memory_mb=memory_mb, init_ms=init_ms, environment=f"e{turn % self.cold}")


def target(behavior: Callable[[int, int], Invocation] | None = None, **options: Any) -> FakeTarget:
    return FakeTarget(behavior or Environments(2), **options)


def side_by_side(
    targets: Mapping[str, FakeTarget], log: SideLog, *, max_spend: float = 1.0, seed: int = 1, **options: Any
) -> SideBySide:
    contenders = [
        Contender(name=name, group=name.partition(" ")[0], plan=plan(**options), target=each)
        for name, each in targets.items()
    ]
    return SideBySide(contenders, log, max_spend=max_spend, seed=seed, clock=lambda: 5.0, sleep=lambda seconds: None)


def both(invocations: int, environments: int) -> dict[str, SampleAmount]:
    amount = SampleAmount(invocations=invocations, environments=environments)
    return {"fn base": amount, "fn head": amount}


def pair(base: FakeTarget | None = None, head: FakeTarget | None = None) -> dict[str, FakeTarget]:
    return {"fn base": base or target(), "fn head": head or target()}


def test_both_get_the_same_number_of_warm_invocations_and_become_ordinary_runs() -> None:
    log = SideLog()
    measured = side_by_side(pair(), log)
    measured.measure(both(6, 2))
    runs = measured.close("complete")
    for run in runs.values():
        (measurement,) = run.measurements
        assert measurement.invocations.count(Population.WARM) == 6
        assert measurement.invocations.count(Population.COLD) == 2
        assert run.stopped == "complete"
        assert results.parse(results.dump(run)) == run
    assert log.runs[-1] == runs
    assert log.expected_of == {"fn base": 8, "fn head": 8}


def test_each_round_has_every_lane_of_both_in_random_order() -> None:
    log = SideLog()
    side_by_side(pair(), log).measure(both(200, 2))
    rounds = [tuple(log.order[at : at + 4]) for at in range(0, len(log.order), 4)]
    assert all(sorted(each) == ["fn base"] * 2 + ["fn head"] * 2 for each in rounds)
    first = [each[0] for each in rounds]
    assert {*first} == {"fn base", "fn head"}


def test_both_get_the_same_events_in_the_same_order() -> None:
    targets = pair()
    side_by_side(targets, SideLog(), workload=TWO_EVENTS).measure(both(6, 2))
    events = {name: [e for e in each.events if e.startswith("invoke")] for name, each in targets.items()}
    assert sorted(events["fn base"]) == sorted(events["fn head"])
    assert {e.split()[-1] for e in events["fn base"]} == {"1", "2"}


def test_nothing_is_opened_published_or_undone() -> None:
    targets = pair()
    side_by_side(targets, SideLog()).measure(both(6, 2))
    assert {event.split()[0] for each in targets.values() for event in each.events} == {"invoke"}


def test_a_later_batch_adds_to_what_is_known_and_the_design_says_so() -> None:
    log = SideLog()
    measured = side_by_side(pair(target(Environments(4)), target(Environments(4))), log)
    measured.measure(both(4, 2))
    between = log.runs[-1]
    measured.measure(both(16, 4))
    for name, run in measured.close("complete").items():
        assert between[name].stopped == BETWEEN_BATCHES
        (measurement,) = run.measurements
        assert measurement.invocations.count(Population.WARM) == 16
        assert (run.design.lanes, run.design.search.invocations) == (4, 16)  # type: ignore[union-attr]


def test_environments_are_named_after_each_batch() -> None:
    def unnamed(memory_mb: int, turn: int) -> Invocation:
        return invocation(100.0, memory_mb=memory_mb, init_ms=200.0 if turn < 2 else None)

    numbers = count()
    targets = pair(
        target(unnamed, environment_of=lambda each: f"env-{next(numbers) % 2}"),
        target(unnamed, environment_of=lambda each: "only"),
    )
    log = SideLog()
    side_by_side(targets, log).measure(both(6, 2))
    last = log.runs[-1]
    assert {*last["fn head"].measurements[0].invocations.column("environment")} == {"only"}
    assert {*last["fn base"].measurements[0].invocations.column("environment")} == {"env-0", "env-1"}


def test_one_budget_is_for_both_and_ends_both() -> None:
    one = plan().worst_cost(plan().function.current)
    log = SideLog()
    measured = side_by_side(pair(), log, max_spend=one * 1.5)
    measured.measure(both(100_000, 2))
    runs = measured.close("complete")
    assert log.spent <= one * 1.5
    assert {run.stopped for run in runs.values()} == {"budget"}
    assert measured.active == ()
    # Nothing more is invoked, whatever is asked for.
    before = len(log.order)
    measured.measure(both(200_000, 2))
    assert len(log.order) == before


def failing(kind: str, status: Status = Status.ERROR) -> Callable[[int, int], Invocation]:
    def behave(memory_mb: int, turn: int) -> Invocation:
        return invocation(10.0, memory_mb=memory_mb, status=status, error_type=kind)

    return behave


@pytest.mark.parametrize(
    ("behavior", "reason"),
    [
        (failing("KeyError"), FUNCTION_FAILS),
        (failing("Runtime.ImportModuleError", Status.CRASH), FUNCTION_FAILS),
        (failing("Runtime.OutOfMemory", Status.OUT_OF_MEMORY), INFEASIBLE),
        (failing("Sandbox.Timedout", Status.TIMEOUT), INFEASIBLE),
    ],
)
def test_a_side_that_does_not_run_ends_the_pair_early(behavior: Any, reason: str) -> None:
    log = SideLog()
    measured = side_by_side(pair(head=target(behavior)), log)
    measured.measure(both(100, 2))
    assert {run.stopped for run in measured.runs("complete").values()} == {reason}
    assert len(log.order) == 4


def test_another_pair_goes_on() -> None:
    log = SideLog()
    targets = {**pair(head=target(failing("KeyError"))), "other base": target(), "other head": target()}
    measured = side_by_side(targets, log)
    measured.measure(dict.fromkeys(targets, SampleAmount(invocations=6, environments=2)))
    runs = measured.runs("complete")
    assert [runs[name].stopped for name in targets] == [FUNCTION_FAILS, FUNCTION_FAILS, "complete", "complete"]
    assert measured.active == ("other base", "other head")
    assert runs["other head"].measurements[0].invocations.count(Population.WARM) == 6


def test_without_any_report_it_ends_with_the_reason() -> None:
    def silent(memory_mb: int, turn: int) -> Invocation:
        return replace(invocation(None, memory_mb=memory_mb), status=Status.MISSING)

    measured = side_by_side(pair(target(silent), target(silent)), SideLog())
    measured.measure(both(20, 2))
    assert {run.stopped for run in measured.runs("complete").values()} == {NO_REPORTS}


def test_lost_reports_are_recovered() -> None:
    def losing(memory_mb: int, turn: int) -> Invocation:
        found = Environments(2)(memory_mb, turn)
        if turn != 3:
            return found
        return replace(found, duration_ms=None, billed_ms=None, status=Status.MISSING, request_id="lost")

    recovered = invocation(77.0, memory_mb=512, request_id="lost", environment="e1")
    measured = side_by_side(pair(head=target(losing, recoverable={"lost": recovered})), SideLog())
    measured.measure(both(6, 2))
    durations = measured.runs("complete")["fn head"].measurements[0].invocations.column("duration_ms")
    assert 77.0 in durations
    assert None not in durations


def test_disturbed_invocations_are_made_again() -> None:
    def disturbed(memory_mb: int, turn: int) -> Invocation:
        return replace(Environments(2)(memory_mb, turn), waited_ms=50.0 if turn == 4 else None)

    measured = side_by_side(pair(head=target(disturbed)), SideLog())
    measured.measure(both(6, 2))
    runs = measured.runs("complete")
    assert [run.measurements[0].invocations.count(Population.WARM) for run in runs.values()] == [6, 6]
    assert len(runs["fn head"].measurements[0].invocations) == 9


def disturbing(share: int) -> Callable[[int, int], Invocation]:
    """All invocations but one in `share` are disturbed. Those that start cold are not."""

    def behave(memory_mb: int, turn: int) -> Invocation:
        quiet = turn < 2 or turn % share == 0
        return replace(Environments(2)(memory_mb, turn), waited_ms=None if quiet else 50.0)

    return behave


def test_on_a_busy_machine_it_takes_as_many_attempts_as_the_samples_need() -> None:
    measured = side_by_side(pair(target(disturbing(5)), target(disturbing(5))), SideLog())
    measured.measure(both(40, 2))
    for run in measured.runs("complete").values():
        assert run.measurements[0].invocations.count(Population.WARM) >= 40


def test_on_a_machine_that_is_never_quiet_it_ends_with_what_there_is() -> None:
    measured = side_by_side(pair(target(disturbing(1_000_000)), target()), SideLog())
    measured.measure(both(40, 2))
    invocations = measured.runs("complete")["fn base"].measurements[0].invocations
    assert invocations.count(Population.WARM) == 0
    assert len(invocations) < 10 * 40


def test_an_interruption_loses_nothing_that_was_measured() -> None:
    recorded = threading.Event()

    class Telling(SideLog):
        def invoked(self, name: str, invocation: Invocation, spent: float) -> None:
            super().invoked(name, invocation, spent)
            if self.order.count("fn head") == 5:
                recorded.set()

    def interrupt(memory_mb: int, turn: int) -> Invocation:
        if turn == 5:  # after the one beside it, which would else be under way
            recorded.wait(20)
            raise Unavailable("lambda is gone")
        return Environments(2)(memory_mb, turn)

    log = Telling()
    measured = side_by_side(pair(head=target(interrupt)), log)
    with pytest.raises(Unavailable):
        measured.measure(both(20, 2))
    runs = measured.close("interrupted")
    assert {run.stopped for run in runs.values()} == {"interrupted"}
    assert sum(len(run.measurements[0].invocations) for run in runs.values()) == len(log.order)
    assert len(runs["fn head"].measurements[0].invocations) == 5
    assert log.runs[-1] == runs


def test_where_environments_are_never_reused_rounds_are_further_apart() -> None:
    pauses: list[float] = []
    log = SideLog()
    contenders = [
        Contender(name=name, group="fn", plan=plan(), target=target(Environments(10_000)))
        for name in ("base", "head")
    ]
    measured = SideBySide(contenders, log, max_spend=1.0, seed=1, clock=lambda: 5.0, sleep=pauses.append)
    measured.measure(dict.fromkeys(("base", "head"), SampleAmount(invocations=4, environments=2)))
    assert pauses == sorted(pauses)
    assert pauses
    assert "paused" in {advisory.code for advisory in measured.runs("complete")["head"].advisories}


def test_what_targets_have_to_say_is_in_their_runs() -> None:
    targets = pair()
    said = Advisory(code="logs-unreadable", message="no", next_step="allow it")
    targets["fn head"].advisories = (said,)
    measured = side_by_side(targets, SideLog())
    measured.measure(both(2, 2))
    runs = measured.runs("complete")
    assert said in runs["fn head"].advisories
    assert said not in runs["fn base"].advisories
