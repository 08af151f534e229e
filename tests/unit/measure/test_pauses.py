"""A size that stays cold is tried with pauses, chosen by the run itself and said, before it is given up."""

from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune.config import RunOptions
from powertune.measure import measure
from powertune.measure.pauses import LADDER_S, Pauses
from powertune.model import Invocation, Population, TuningRun
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable

PRICES = PriceTable.bundled().region("us-east-1")


def plan(function: Any = None, **options: Any) -> Plan:
    return make_plan(
        RunOptions(**{"memory": (128,), "invocations": 20, "environments": 2, **options}),
        function or make_function(name="fn", timeout_s=3),
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None),
        run_id="abcd1234",
    )


class BusyEnvironments:
    """Environments that stay busy for a while after they have answered, as an extension that still flushes does."""

    def __init__(self, busy_s: float) -> None:
        self.busy_s = busy_s
        self.now = 0.0
        self.slept: list[float] = []
        self._free_at: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def invoke(self, memory_mb: int, turn: int) -> Invocation:
        free = [at for at in self._free_at if at <= self.now]
        if free:
            self._free_at.remove(free[0])
        self._free_at.append(self.now + self.busy_s)
        return invocation(100.0, memory_mb=memory_mb, init_ms=None if free else 200.0)

    def run(self, made: Plan) -> TuningRun:
        target = FakeTarget(self.invoke)
        return measure(made, target, RecordingObserver(), clock=lambda: self.now, sleep=self.sleep)


def test_a_size_that_stays_cold_is_tried_with_pauses_until_environments_are_reused() -> None:
    environments = BusyEnvironments(busy_s=1.5)
    run = environments.run(plan())
    invocations = run.measurements[0].invocations
    assert invocations.count(Population.WARM) >= 18
    # With rounds a second apart, two sets of environments take turns.
    assert (environments.slept[0], {*environments.slept[1:]}) == (0.5, {1.0})
    (advisory,) = [a for a in run.advisories if a.code == "paused"]
    assert "128 MB" in advisory.message
    assert "up to 1 s apart; then environments were reused" in advisory.message


def test_pauses_that_do_not_help_end() -> None:
    environments = BusyEnvironments(busy_s=1e9)
    run = environments.run(plan())
    assert run.measurements[0].invocations.count(Population.WARM) == 0
    assert environments.slept == list(LADDER_S)
    (advisory,) = [a for a in run.advisories if a.code == "paused"]
    assert "has not helped" in advisory.message


@pytest.mark.parametrize("busy_s", [0.0, 0.4, 1.5, 3.0, 1e9])
def test_another_process_goes_on_with_the_pauses_of_the_one_before(busy_s: float) -> None:
    run = BusyEnvironments(busy_s).run(plan())
    told = [advisory for advisory in run.advisories if advisory.code == "paused"]
    assert list(Pauses.of(0.0, run.measurements).advisories) == told


def test_environments_that_are_reused_are_not_waited_for() -> None:
    environments = BusyEnvironments(busy_s=0.0)
    assert "paused" not in {a.code for a in environments.run(plan()).advisories}
    assert environments.slept == []


def test_a_longer_pause_that_was_asked_for_stays() -> None:
    environments = BusyEnvironments(busy_s=1.5)
    environments.run(plan(sleep_ms=3_000))
    assert set(environments.slept) == {3.0}


def test_restores_of_snapstart_count_against_the_budget() -> None:
    """1 GB restored costs $0.00014, as much as 80 invocations of 100 ms."""
    state = make_function(name="fn", timeout_s=1, snapstart=True)
    made = plan(state, memory=(1024,), environments=1, max_spend=0.0173)
    target, observer = (
        FakeTarget(lambda mb, turn: invocation(10.0, memory_mb=mb, restore_ms=300.0)),
        RecordingObserver(),
    )
    run = measure(made, target, observer, clock=lambda: 0.0, sleep=lambda seconds: None)
    assert PRICES.snapstart_restore is not None
    restored = sum(ms is not None for ms in run.measurements[0].invocations.column("restore_ms"))
    assert restored
    assert (
        observer.spent >= made.publish_cost(run.measurements[0].configuration) + restored * PRICES.snapstart_restore
    )
    assert observer.spent <= made.max_spend
    assert run.stopped == "budget"


def test_restores_of_java_are_free() -> None:
    java = plan(make_function(name="fn", snapstart=True, runtime="java21"))
    python = plan(make_function(name="fn", snapstart=True))
    assert java.restore_cost(java.design.configurations[0]) == 0.0
    assert python.restore_cost(python.design.configurations[0]) > 0.0
    assert replace(python, function=java.function).worst_cost(java.design.configurations[0]) < python.worst_cost(
        python.design.configurations[0]
    )


@pytest.mark.parametrize(("memory", "snapshots"), [((512,), 2), ((512, 1024), 2)])
def test_the_snapshot_of_another_version_before_the_current_size_is_in_the_budget(
    memory: tuple[int, ...], snapshots: int
) -> None:
    state = make_function(name="fn", memory_mb=512, snapstart=True)
    made = plan(state, memory=memory, invocations=1, environments=1)
    target, observer = FakeTarget(lambda mb, turn: invocation(10.0, memory_mb=mb)), RecordingObserver()
    measure(made, target, observer, clock=lambda: 0.0, sleep=lambda seconds: None)
    costs = [made.publish_cost(c) for c in made.design.configurations]
    expected = 2 * costs[0] if memory == (512,) else sum(costs)
    assert observer.spent == pytest.approx(expected, rel=0.01)
    assert len(costs) <= snapshots
