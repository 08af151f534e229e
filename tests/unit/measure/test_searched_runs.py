"""A whole run that searches: what it publishes, records, spends and says, against a fake target."""

import json
import math
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from factories import make_function
from fakes import FakeTarget, RecordingObserver, invocation

from powertune import results
from powertune.analysis import Analysis, Outcome, analyze
from powertune.cli.tables.explanation import explanation
from powertune.cli.tables.plan import plan_text
from powertune.config import RunOptions
from powertune.errors import ExitCode, UsageError
from powertune.measure import Publishing, measure
from powertune.model import (
    Architecture,
    Configuration,
    Exploration,
    Goal,
    Invocation,
    Payload,
    Status,
    Strategy,
    Traffic,
    TuningRun,
    Workload,
)
from powertune.plan import Plan, PriorKnowledge, make_plan
from powertune.prices import PriceTable
from powertune.report import RUN
from powertune.report.wording import headline

PRICES = PriceTable.bundled().region("us-east-1")
STATE = make_function(name="fn", timeout_s=3, memory_mb=512)
#: What a function does at a size, in its so-manieth invocation there.
Behaviour = Callable[[int, int], Invocation]


def plan(state: Any = STATE, traffic: Traffic | None = None, **options: Any) -> Plan:
    return make_plan(
        RunOptions(**options),
        state,
        PRICES,
        PriorKnowledge(account_concurrency=1000, average_ms=None, traffic=traffic),
        run_id="abcd1234",
    )


def tune(behaviour: Behaviour, target: FakeTarget | None = None, made: Plan | None = None) -> TuningRun:
    made = made or plan()
    target = target or FakeTarget(behaviour)
    return measure(made, target, RecordingObserver(), clock=lambda: 5.0, sleep=lambda seconds: None)


def judged(run: TuningRun) -> Analysis:
    exploration = run.design.search
    assert isinstance(exploration, Exploration)
    return analyze(run, PRICES, exploration.goal)


def steady(waits_ms: float, works_ms: float, noise: float = 0.05) -> Behaviour:
    chance = random.Random(1)

    def behave(memory_mb: int, turn: int) -> Invocation:
        mean = waits_ms + works_ms * max(1.0, 1769 / memory_mb)
        init = 100.0 if turn == 0 else None
        duration = mean * chance.lognormvariate(0, noise)
        return invocation(duration, memory_mb=memory_mb, init_ms=init, max_memory_used_mb=60)

    return behave


def fails(where: Callable[[int, int], bool], otherwise: Behaviour) -> Behaviour:
    def behave(memory_mb: int, turn: int) -> Invocation:
        if where(memory_mb, turn):
            return invocation(50.0, memory_mb=memory_mb, status=Status.OUT_OF_MEMORY, error_type="Runtime.ExitError")
        return otherwise(memory_mb, turn)

    return behave


def size(memory_mb: int) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=Architecture.X86_64)


def test_sizes_are_published_as_they_are_asked_for_and_the_reasons_are_kept() -> None:
    target = FakeTarget(steady(20, 300))
    run = tune(steady(20, 300), target)
    published = [event for event in target.events if event.startswith("publish")]
    assert published[:3] == ["publish 128", "publish 256", "publish 512"]
    assert len(published) == len(set(published)) == len(run.measurements)
    # Published together, $LATEST is put back once: a rest for each batch with new sizes.
    assert 1 < target.events.count("rest") < len(published)
    assert target.events[-1] == "undo"
    assert run.stopped == "complete"
    assert isinstance(run.design.search, Exploration)
    assert run.design.configurations == ()
    assert [len(batch.trials) for batch in run.batches][:1] == [3]
    assert run.batches[-1].trials == ()
    assert all(batch.why for batch in run.batches)
    counted = {m.configuration: len(m.invocations) for m in run.measurements}
    promised: dict[Configuration, int] = {}
    for batch in run.batches:
        for trial in batch.trials:
            promised[trial.configuration] = promised.get(trial.configuration, 0) + trial.invocations
    assert counted == promised
    assert results.parse(results.dump(run)) == run


@pytest.mark.long
def test_the_analysis_says_what_the_search_says() -> None:
    run = tune(steady(20, 300))
    analysis = judged(run)
    recommendation, found = analysis.recommendation, analysis.searched
    assert recommendation is not None
    assert found is not None
    assert recommendation.cost_ratio is not None
    assert recommendation.duration_ratio is not None
    assert recommendation.duration_ratio.ratio is not None
    assert recommendation.duration_ratio.ratio < 0.7
    known = found.answer_for(recommendation.configuration)
    assert known is not None
    assert known.loss <= found.answer.loss + 0.01
    assert "probability" in recommendation.reasons[0]
    assert "worse than the best size there may be" in headline(analysis)
    assert found.precision == pytest.approx(0.066)
    document = json.loads(RUN.render(analysis, "json"))["search"]
    assert document["memory_mb"] == recommendation.configuration.memory_mb
    assert document["p_best"] == pytest.approx(known.p_best)
    assert len(document["batches"]) == len(run.batches)
    assert all(entry["ci95"][0] <= entry["billed_ms"] <= entry["ci95"][1] for entry in document["curve"])
    assert "128 to 10,240 MB" in RUN.render(analysis, "markdown").decode()
    codes = [advisory.code for advisory in analysis.advisories]
    assert "too-few-samples" not in codes
    assert "winner-at-edge" not in codes


def test_another_goal_than_the_one_that_was_searched_for_says_how_little_is_known() -> None:
    run = tune(steady(400, 5), made=plan(goal=Goal(strategy=Strategy.COST)))
    other = analyze(run, PRICES, Goal(strategy=Strategy.SPEED))
    assert other.searched is not None
    assert other.searched.another_goal
    assert not judged(run).searched.another_goal  # type: ignore[union-attr]


def test_why_each_batch_was_chosen_can_be_read() -> None:
    run = tune(steady(20, 300))
    text = explanation(run, "USD")
    assert text.startswith("  1  3 x 128 MB x86_64, 3 x 256 MB x86_64, 3 x 512 MB x86_64\n     why   ")
    assert text.count("why") == len(run.batches)
    assert "  stop\n" in text
    assert "no search decided" in explanation(replace(run, batches=()), "USD")


def test_a_function_that_fails_at_every_size() -> None:
    run = tune(fails(lambda memory_mb, turn: True, steady(1, 1)))
    failure = judged(run).failure
    assert failure is not None
    assert failure.exit_code is ExitCode.FUNCTION_FAILED
    assert "failed at every size" in failure.message
    # Sizes are given up in steps, up to the largest there is.
    assert max(m.configuration.memory_mb for m in run.measurements) == 10_240
    assert len(run.measurements) <= 16


def test_a_function_that_raises_at_every_size_is_not_asked_for_long() -> None:
    def raises(memory_mb: int, turn: int) -> Invocation:
        return invocation(5.0, memory_mb=memory_mb, status=Status.ERROR, error_type="ValueError")

    run = tune(raises)
    failure = judged(run).failure
    assert failure is not None
    assert failure.exit_code is ExitCode.FUNCTION_FAILED
    # It may be due to one size, and not to two.
    assert [m.configuration.memory_mb for m in run.measurements] == [128, 256]
    assert sum(len(m.invocations) for m in run.measurements) == 2


def test_a_function_that_works_only_above_some_size() -> None:
    run = tune(fails(lambda memory_mb, turn: memory_mb <= 700, steady(100, 0)))
    recommendation = judged(run).recommendation
    assert recommendation is not None
    assert 700 < recommendation.configuration.memory_mb < 1100


def test_a_function_that_fails_at_random() -> None:
    chance = random.Random(2)
    run = tune(fails(lambda memory_mb, turn: chance.random() < 0.1, steady(100, 100)))
    analysis = judged(run)
    infeasible = [m.configuration.memory_mb for m in run.measurements if m.infeasible]
    assert infeasible
    if analysis.recommendation is None:
        assert analysis.failure is not None
    else:
        assert analysis.recommendation.configuration.memory_mb > max(infeasible)


def test_durations_below_a_millisecond() -> None:
    cheap = judged(tune(steady(0.3, 0.02), made=plan(goal=Goal(strategy=Strategy.COST))))
    fast = judged(tune(steady(0.1, 0.05), made=plan(goal=Goal(strategy=Strategy.SPEED))))
    for analysis in (cheap, fast):
        assert analysis.recommendation is not None
        # Whatever the search prefers, nobody should act on it.
        assert analysis.recommendation.too_short
        assert analysis.recommendation.configuration == analysis.current
    assert cheap.searched is not None
    assert cheap.searched.answer.memory_mb == 128
    assert fast.searched is not None
    assert fast.searched.answer.memory_mb > 1000


def test_a_range_of_one_size() -> None:
    run = tune(steady(100, 0), made=plan(min_memory=512, max_memory=512))
    assert [m.configuration for m in run.measurements] == [size(512)]
    recommendation = judged(run).recommendation
    assert recommendation is not None
    assert recommendation.configuration == size(512)


def test_an_account_that_is_capped_at_3008_mb() -> None:
    threads = lambda memory_mb, turn: invocation(  # noqa: E731 - the shortest way to say it
        20_000 * 1769 / memory_mb / 100, memory_mb=memory_mb, init_ms=100.0 if turn == 0 else None
    )
    made = plan(goal=Goal(strategy=Strategy.SPEED))
    run = tune(threads, FakeTarget(threads, limit_mb=3008), made)
    assert any(m.unmeasured for m in run.measurements)
    recommendation = judged(run).recommendation
    assert recommendation is not None
    assert 2500 < recommendation.configuration.memory_mb <= 3008


@pytest.mark.long
def test_a_budget_that_ends_after_the_first_batch() -> None:
    slow = steady(0, 800)
    made = plan(max_spend=0.0005, goal=Goal(strategy=Strategy.SPEED))
    run = tune(slow, made=made)
    assert run.stopped == "budget"
    analysis = judged(run)
    assert analysis.outcome is Outcome.UNFINISHED
    assert analysis.recommendation is None
    failure = analysis.failure
    assert failure is not None
    assert failure.exit_code is ExitCode.INCONCLUSIVE
    assert "best guess is 512 MB" in failure.message
    assert "probability" in failure.message
    assert "--max-spend" in (failure.hint or "")


def test_bounds_that_exclude_the_current_size() -> None:
    run = tune(steady(100, 100), made=plan(min_memory=600, max_memory=2000))
    assert all(600 <= m.configuration.memory_mb <= 2000 for m in run.measurements)
    analysis = judged(run)
    assert analysis.recommendation is not None
    assert analysis.recommendation.cost_ratio is None
    advisory = next(a for a in analysis.advisories if a.code == "current-not-measured")
    assert "--min-memory" in advisory.next_step


def test_a_machine_bounds_the_search_by_its_cores() -> None:
    made = plan(replace(STATE, platform="cgroup v1", cores=2.0))
    assert isinstance(made.design.search, Exploration)
    assert made.design.search.largest_mb == 3538
    assert [advisory.code for advisory in made.advisories] == ["bounded-by-cores"]
    with pytest.raises(UsageError, match="more than this machine can give"):
        plan(replace(STATE, platform="cgroup v1", cores=2.0), min_memory=4000)


def test_traffic_and_memory_that_are_known_go_into_the_plan() -> None:
    traffic = Traffic(invocations=3000, days=30, reports=100, cold_starts=1, max_memory_used_mb=300)
    made = plan(traffic=traffic)
    exploration = made.design.search
    assert isinstance(exploration, Exploration)
    assert exploration.invocations_per_month == 3000
    assert exploration.memory_used_mb == 300
    assert "not worth its price" in plan_text(made)
    run = tune(steady(100, 0), made=made)
    assert min(m.configuration.memory_mb for m in run.measurements) >= 310


def test_a_saving_is_that_of_the_curve() -> None:
    traffic = Traffic(invocations=3_000_000, days=30)
    run = tune(steady(500, 0), made=plan(replace(STATE, memory_mb=1024), traffic=traffic))
    recommendation = judged(run).recommendation
    assert recommendation is not None
    assert recommendation.configuration.memory_mb == 128
    saving = recommendation.saving
    assert saving is not None
    assert saving.interval is not None
    # 500 ms x (1 - 1/8) GB x 3 million x the price of a GB-second.
    assert saving.interval[0] < 0.4375 * 3e6 * 0.0000166667 < saving.interval[1]


def test_weighted_payloads_come_in_whole_cycles() -> None:
    workload = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2", weight=1)))
    made = plan(workload=workload)
    assert isinstance(made.design.search, Exploration)
    assert made.design.search.batch == 4
    target = FakeTarget(steady(100, 0))
    run = tune(steady(100, 0), target, made)
    for measurement in run.measurements:
        payloads = measurement.invocations.column("payload")
        # The cold start comes on top.
        assert payloads[1:].count(1) * 3 == pytest.approx(payloads[1:].count(0), abs=1)


class UnequalPayloads(FakeTarget):
    """20 ms of waiting for the payload `1`, and 1.5 s of work for `2`."""

    def invoke(self, configuration: Configuration, payload: bytes, lane: int) -> Invocation:
        duration = 1500 * max(1.0, 1769 / configuration.memory_mb) if payload == b"2" else 20.0
        made = super().invoke(configuration, payload, lane)
        return replace(made, duration_ms=duration, billed_ms=math.ceil(duration))


@pytest.mark.long
def test_unequal_payloads_are_judged_by_what_they_cost_together() -> None:
    workload = Workload(payloads=(Payload(body=b"1", weight=3), Payload(body=b"2", weight=1)))

    def behave(memory_mb: int, turn: int) -> Invocation:
        return invocation(1.0, memory_mb=memory_mb, init_ms=100.0 if turn == 0 else None)

    run = tune(behave, UnequalPayloads(behave), made=plan(workload=workload))
    analysis = judged(run)
    assert analysis.recommendation is not None
    # Along a flat cost, the smallest size is far from the fastest.
    assert analysis.recommendation.configuration.memory_mb >= 512
    assert analysis.searched is not None
    low, high = analysis.searched.answer.cost_interval
    memory_mb = analysis.recommendation.configuration.memory_mb
    mean_ms = (3 * 20 + 1500 * max(1.0, 1769 / memory_mb)) / 4
    assert low < PRICES.invocation_cost(size(memory_mb), mean_ms) < high


def test_a_precision_that_is_not_reached_is_no_answer() -> None:
    run = tune(steady(300, 0, noise=0.3), made=plan(precision=0.005, invocations=10))
    assert run.stopped == "exhausted"
    analysis = judged(run)
    assert analysis.outcome is Outcome.UNFINISHED
    assert analysis.failure is not None
    assert "precision" in (analysis.failure.hint or "")


def test_finalists_run_in_parallel_lanes() -> None:
    target = FakeTarget(steady(300, 0))
    run = tune(steady(300, 0), target, plan(environments=3))
    chosen = judged(run).recommendation
    assert chosen is not None
    measurement = run.measurement(chosen.configuration)
    assert measurement is not None
    assert set(measurement.invocations.column("lane")) == {0, 1, 2}
    lanes = next(t.lanes for b in run.batches for t in b.trials if "finalists" in (b.why or ""))
    assert lanes == 3


def test_an_account_with_little_concurrency_gets_as_many_lanes_as_there_are() -> None:
    made = make_plan(
        RunOptions(environments=4),
        STATE,
        PRICES,
        PriorKnowledge(account_concurrency=4, average_ms=None, traffic=None),
        run_id="abcd1234",
    )
    run = tune(steady(300, 0), made=made)
    assert run.stopped == "complete"
    assert max(lane for m in run.measurements for lane in m.invocations.column("lane")) == 1


def test_a_function_that_always_starts_cold_is_given_up() -> None:
    run = tune(lambda memory_mb, turn: invocation(100.0, memory_mb=memory_mb, init_ms=50.0))
    assert run.stopped == "complete"
    assert judged(run).outcome is Outcome.INCONCLUSIVE
    assert sum(len(m.invocations) for m in run.measurements) < 60


class Waiting(FakeTarget):
    """Publishes the last of several sizes only once it is told to go on; `came` says whether it was."""

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(behaviour)
        self.go_on = threading.Event()
        self.came: list[bool] = []

    def publish(self, configurations: Sequence[Configuration], publishing: Publishing) -> None:
        first, last = configurations[:-1], configurations[-1:]
        super().publish(first, publishing)
        if first:
            self.came.append(self.go_on.wait(20.0))
        super().publish(last, publishing)


def test_a_published_size_is_not_kept_waiting_for_others() -> None:
    """The first size has all its invocations of the batch before the last one is published."""
    function = steady(100, 50_000)

    def behave(memory_mb: int, turn: int) -> Invocation:
        if (memory_mb, turn) == (128, 2):
            target.go_on.set()
        return function(memory_mb, turn)

    target = Waiting(behave)
    tune(function, target)
    assert target.came[0]


def test_rounds_that_are_to_be_apart_stay_apart() -> None:
    """The first size gets its second invocation only after a pause, and so not before the others are published."""
    target = Waiting(steady(100, 50_000))

    class Telling(RecordingObserver):
        def invoked(self, configuration: Configuration, invocation: Invocation, spent: float) -> None:
            target.go_on.set()

    def pause(_: float) -> None:
        target.events.append("pause")

    measure(plan(sleep_ms=1), target, Telling(), clock=lambda: 5.0, sleep=pause)
    assert target.came[0]
    first = target.events[: target.events.index("pause")]
    assert [event for event in first if event.startswith("publish")] == ["publish 128", "publish 256", "publish 512"]
    assert first.count("invoke 128 {}") == 1


@pytest.mark.parametrize("max_spend", [0.0003, 0.0005, 0.001])
def test_batches_of_several_sizes_stay_within_the_budget(max_spend: float) -> None:
    """Each invocation could run into the timeout, and is sent only if that could be paid for."""
    made = plan(max_spend=max_spend)
    observer = RecordingObserver()
    run = measure(made, FakeTarget(steady(0, 800)), observer, clock=lambda: 5.0, sleep=lambda seconds: None)
    assert max(len(batch.trials) for batch in run.batches) > 1
    assert 0 < observer.spent <= max_spend
