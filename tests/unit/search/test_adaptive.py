"""The adaptive search: what it proposes, when it stops, and what it answers."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from factories import make_invocation, make_measurement, make_prices, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune import results
from powertune.measure.record import Record
from powertune.model import (
    Architecture,
    Batch,
    Configuration,
    Exploration,
    Goal,
    Hint,
    Limit,
    Measurement,
    Population,
    Statistic,
    Status,
    Strategy,
)
from powertune.search import Answer, Explorer, Search, Stop
from powertune.search.adaptive import Adaptive
from powertune.search.adaptive.evidence import Evidence
from powertune.search.adaptive.stages import FEWEST_WARM, PATIENCE, VAGUE_BATCHES
from powertune.search.precision import PRECISION

PRICES = make_prices()
X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64
COST = Goal(strategy=Strategy.COST)
#: More batches than any search takes.
MANY = 400


def make_adaptive(
    smallest_mb: int = 128, largest_mb: int = 3008, *architectures: Architecture, **more: Any
) -> Adaptive:
    seed = more.pop("seed", 1)
    exploration = Exploration(
        **{
            "smallest_mb": smallest_mb,
            "largest_mb": largest_mb,
            "architectures": architectures or (X86_64,),
            "goal": COST,
            **more,
        }
    )
    return Adaptive(exploration=exploration, prices=PRICES, seed=seed)


def size(memory_mb: int, architecture: Architecture = X86_64) -> Configuration:
    return Configuration(memory_mb=memory_mb, architecture=architecture)


class Function:
    """A function that waits and computes, and cannot run at small sizes; its noise is the same each time."""

    def __init__(
        self,
        *,
        waits_ms: float,
        works_ms: float,
        threads: int = 1,
        fails_at: int = 0,
        noise: float = 0.05,
        uses_mb: int = 60,
    ) -> None:
        self._waits_ms, self._works_ms, self._threads = waits_ms, works_ms, threads
        self._fails_at, self._noise, self._uses_mb = fails_at, noise, uses_mb
        self._random = random.Random(3)
        self._warm: set[tuple[Configuration, int]] = set()

    def mean_ms(self, configuration: Configuration) -> float:
        speed = 0.9 if configuration.architecture is ARM64 else 1.0
        return self._waits_ms + speed * self._works_ms * 1769 / min(configuration.memory_mb, 1769 * self._threads)

    def duration_ms(self, configuration: Configuration, lane: int) -> float:
        return self.mean_ms(configuration) * self._random.lognormvariate(0, self._noise)

    def invoke(self, configuration: Configuration, lane: int, record: Record) -> None:
        failed = configuration.memory_mb <= self._fails_at
        init = None if (configuration, lane) in self._warm else 150.0
        self._warm.add((configuration, lane))
        invocation = make_invocation(
            duration_ms=self.duration_ms(configuration, lane),
            init_ms=init,
            memory_mb=configuration.memory_mb,
            max_memory_used_mb=min(self._uses_mb, configuration.memory_mb),
            status=Status.OUT_OF_MEMORY if failed else Status.OK,
            lane=lane,
        )
        record.add(configuration, invocation)

    def play(self, batch: Batch, record: Record) -> None:
        for trial in batch.trials:
            for turn in range(trial.invocations):
                self.invoke(trial.configuration, turn % (trial.lanes or 1), record)


def searched(search: Search, function: Function) -> tuple[dict[Configuration, Measurement], Stop, list[Batch]]:
    """What was measured until the search has stopped, why it has, and what it chose."""
    record = Record()
    batches: list[Batch] = []
    for _ in range(MANY):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Stop):
            return record.measurements(), proposal, batches
        batches.append(proposal)
        function.play(proposal, record)
    pytest.fail("the search does not stop")


def answer_of(search: Explorer, measured: Mapping[Configuration, Measurement]) -> Answer | None:
    concluded = search.conclude(measured)
    return None if concluded is None else concluded.answer


def answered(search: Adaptive, function: Function) -> Answer:
    answer = answer_of(search, searched(search, function)[0])
    assert answer is not None
    return answer


def cost(function: Function, configuration: Configuration) -> float:
    return PRICES.invocation_cost(configuration, function.mean_ms(configuration))


def count(measured: Mapping[Configuration, Measurement]) -> int:
    return sum(len(m.invocations) for m in measured.values())


@pytest.mark.long
@pytest.mark.parametrize(
    ("waits_ms", "works_ms"), [(500.0, 0.0), (0.5, 200.0), (100.0, 100.0), (5.0, 2.0), (2.0, 0.0), (0.4, 0.0)]
)
def test_the_answer_is_near_the_cheapest_and_costs_little(waits_ms: float, works_ms: float) -> None:
    function = Function(waits_ms=waits_ms, works_ms=works_ms)
    search = make_adaptive()
    measured, stop, batches = searched(search, function)
    answer = answer_of(search, measured)
    assert stop.reason == "complete"
    assert answer is not None
    best = min(cost(function, size(mb)) for mb in range(128, 3009))
    assert cost(function, answer.configuration) < 1.1 * best
    assert count(measured) < 100
    assert answer.cost_interval[0] < answer.cost_interval[1]
    assert 0 <= answer.p_best <= 1
    assert answer.loss < 0.1
    assert all(batch.why for batch in batches)
    assert stop.why is not None
    assert stop.leader == answer.leader


def test_a_size_that_fails_rules_out_all_below_it_and_is_never_cheap() -> None:
    search = make_adaptive()
    measured, _, _ = searched(search, Function(waits_ms=100, works_ms=0, fails_at=600))
    answer = answer_of(search, measured)
    assert answer is not None
    assert answer.memory_mb > 600
    failed = {c.memory_mb for c, m in measured.items() if m.infeasible}
    assert {128, 256, 512} <= failed
    assert len(failed) <= 5


def test_a_size_whose_memory_is_full_is_infeasible_and_one_that_is_nearly_full_asks_for_a_larger_one() -> None:
    full = make_adaptive()
    measured, _, _ = searched(full, Function(waits_ms=100, works_ms=0, uses_mb=250))
    answer = answer_of(full, measured)
    assert answer is not None
    assert answer.memory_mb > 256
    nearly = make_adaptive(256, 3008)
    measured, _, _ = searched(nearly, Function(waits_ms=100, works_ms=0, uses_mb=230, noise=0.01))
    answer = answer_of(nearly, measured)
    assert answer is not None
    assert answer.memory_mb == 256
    assert any(256 < c.memory_mb <= 512 for c in measured)


def test_a_runtime_that_fills_all_of_its_memory_is_not_short_of_it() -> None:
    answer = answered(make_adaptive(), Function(waits_ms=100, works_ms=0, uses_mb=10_240))
    assert answer.memory_mb == 128


def test_a_function_that_fails_everywhere_has_no_answer() -> None:
    search = make_adaptive()
    measured, stop, _ = searched(search, Function(waits_ms=1, works_ms=0, fails_at=10_240))
    assert search.conclude(measured) is None
    assert stop == Stop(reason="complete", why="no size has a warm invocation that succeeded")


def test_sizes_that_the_account_may_not_use_are_left_alone() -> None:
    search = make_adaptive(128, 10_240)
    refused = Measurement(configuration=size(512), unmeasured="this account may use 511 MB")
    proposal = search.propose({refused.configuration: refused})
    assert isinstance(proposal, Batch)
    assert max(trial.configuration.memory_mb for trial in proposal.trials) <= 511


def test_what_is_learnt_of_one_architecture_carries_over_to_the_other() -> None:
    search = make_adaptive(128, 3008, X86_64, ARM64)
    measured, _, _ = searched(search, Function(waits_ms=20, works_ms=300))
    answer = answer_of(search, measured)
    assert answer is not None
    sizes = [sum(c.architecture is architecture for c in measured) for architecture in (X86_64, ARM64)]
    assert sizes[0] >= 3
    assert sizes[1] >= 2
    # Equal prices here, and a tenth less work.
    assert answer.configuration.architecture is ARM64


@pytest.mark.parametrize(("low", "high"), [(512, 512), (512, 513), (128, 256), (3008, 10_240)])
def test_any_range_of_sizes_is_searched(low: int, high: int) -> None:
    answer = answered(make_adaptive(low, high), Function(waits_ms=10, works_ms=10))
    assert low <= answer.memory_mb <= high


def test_large_sizes_are_tried_only_where_more_cpu_helps() -> None:
    goal = Goal(strategy=Strategy.SPEED)
    one, _, _ = searched(make_adaptive(128, 10_240, goal=goal), Function(waits_ms=5, works_ms=400, noise=0.02))
    many_search = make_adaptive(128, 10_240, goal=goal)
    many, _, _ = searched(many_search, Function(waits_ms=5, works_ms=400, threads=6, noise=0.02))
    assert max(c.memory_mb for c in one) <= 3008
    answer = answer_of(many_search, many)
    assert answer is not None
    assert answer.memory_mb > 8000


@pytest.mark.long
@pytest.mark.parametrize(
    ("goal", "low", "high"),
    [
        (Goal(strategy=Strategy.COST), 128, 250),
        (Goal(strategy=Strategy.SPEED), 1600, 3008),
        (Goal(strategy=Strategy.BALANCED), 700, 1800),
        (Goal(strategy=Strategy.BALANCED, balanced_weight=1), 128, 250),
        # 1,482 ms and 100 ms per 128 MB; 5 % more than the cheapest buys 265 MB.
        (Goal(), 150, 350),
        (Goal(strategy=Strategy.COST, max_duration=Limit(statistic=Statistic.MEAN, at_most_ms=400)), 500, 1000),
        (Goal(strategy=Strategy.SPEED, max_cost=4.5e-6), 500, 1200),
        (Goal(strategy=Strategy.COST, headroom=8), 480, 700),
    ],
    ids=["cost", "speed", "balanced", "all cost", "tolerance", "limit", "max cost", "headroom"],
)
def test_the_goal_steers_the_search(goal: Goal, low: int, high: int) -> None:
    function = Function(waits_ms=100, works_ms=100, noise=0.02)
    search = make_adaptive(goal=goal)
    measured, _, _ = searched(search, function)
    answer = answer_of(search, measured)
    assert answer is not None
    assert low <= answer.memory_mb <= high


def test_the_current_configuration_is_measured_and_compared_with() -> None:
    search = make_adaptive(128, 3008, current=size(2000))
    function = Function(waits_ms=500, works_ms=0)
    measured, _, batches = searched(search, function)
    concluded = search.conclude(measured)
    assert concluded is not None
    assert concluded.answer.memory_mb == 128
    assert size(2000) in measured
    assert "the current configuration, for comparison" in [batch.why for batch in batches[-3:]]
    # One environment each may be a lucky one.
    assert "in 3 execution environments" in (batches[-1].why or "")
    assert concluded.current is not None
    assert concluded.current.middle_ms == pytest.approx(500.0, rel=0.1)


def test_a_current_size_near_a_rung_takes_its_place() -> None:
    proposal = make_adaptive(current=size(300)).propose({})
    assert isinstance(proposal, Batch)
    assert [trial.configuration.memory_mb for trial in proposal.trials] == [128, 300, 512]


def test_finalists_are_spread_over_environments_where_that_was_asked_for() -> None:
    measured, _, _ = searched(make_adaptive(lanes=4), Function(waits_ms=500, works_ms=0))
    assert set(measured[size(128)].invocations.column("lane")) == {0, 1, 2, 3}


@pytest.mark.parametrize(("waits_ms", "lanes"), [(500, {0, 1, 2}), (5, {0})], ids=["cheap starts", "expensive ones"])
def test_the_answer_is_measured_again_in_several_environments_if_cold_starts_are_cheap(
    waits_ms: float, lanes: set[int]
) -> None:
    search = make_adaptive()
    measured, _, _ = searched(search, Function(waits_ms=waits_ms, works_ms=0))
    answer = answer_of(search, measured)
    assert answer is not None
    invocations = measured[answer.configuration].invocations
    assert set(invocations.column("lane")) == lanes
    assert len(invocations.select(Population.WARM, "duration_ms")) >= FEWEST_WARM


@pytest.mark.parametrize(("pays", "lanes"), [(False, {0, 1, 2}), (True, {0})], ids=["Java", "Python"])
def test_a_cold_start_is_not_cheap_where_restoring_a_snapshot_is_charged(pays: bool, lanes: set[int]) -> None:
    prices = make_prices(snapstart_restore=0.0001397998)
    search = replace(make_adaptive(), prices=prices, pays_for_snapshots=pays)
    measured, _, _ = searched(search, Function(waits_ms=500, works_ms=0))
    answer = answer_of(search, measured)
    assert answer is not None
    assert set(measured[answer.configuration].invocations.column("lane")) == lanes


def test_the_answer_takes_no_more_invocations_than_a_size_is_allowed() -> None:
    search = make_adaptive(most=3)
    measured, _, _ = searched(search, Function(waits_ms=500, works_ms=0))
    assert all(len(m.invocations.select(Population.WARM, "duration_ms")) <= 3 for m in measured.values())


@pytest.mark.long
def test_a_precision_that_was_asked_for_is_raced_for() -> None:
    function = Function(waits_ms=0, works_ms=300, noise=0.08)
    plain, _, _ = searched(make_adaptive(512, 1700), function)
    search = make_adaptive(512, 1700, precision=0.05)
    raced, stop, batches = searched(search, Function(waits_ms=0, works_ms=300, noise=0.08))
    assert count(raced) > 2 * count(plain)
    assert any("a race" in (batch.why or "") for batch in batches)
    assert stop.reason == "complete"
    answer = answer_of(search, raced)
    assert answer is not None
    assert len(set(raced[answer.configuration].invocations.column("lane"))) >= 3


def test_a_race_leaves_out_those_who_miss_a_limit() -> None:
    limit = Limit(statistic=Statistic.MEAN, at_most_ms=900)
    goal = Goal(strategy=Strategy.COST, max_duration=limit)
    search = make_adaptive(goal=goal, precision=0.1)
    measured, _, _ = searched(search, Function(waits_ms=100, works_ms=300, noise=0.05))
    slow = [count({c: m}) for c, m in measured.items() if c.memory_mb <= 512]
    assert max(slow) < 30


def test_hints_of_an_architecture_that_is_not_searched_are_left_alone() -> None:
    hints = tuple(
        Hint(origin="an earlier run", configuration=size(mb, ARM64), duration_ms=100_000 / mb)
        for mb in (128, 512, 1024, 1769)
    )
    measured, _, _ = searched(make_adaptive(hints=hints), Function(waits_ms=20, works_ms=100))
    assert {c.architecture for c in measured} == {X86_64}


def test_a_small_size_that_cannot_be_published_does_not_bound_the_search_from_above() -> None:
    search = make_adaptive()
    function = Function(waits_ms=100, works_ms=100)
    record = Record()
    record.leave_out(size(128), "it could not be made ready")
    for mb in (256, 256, 256, 512, 512, 512):
        function.invoke(size(mb), 0, record)
    for _ in range(MANY):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Stop):
            break
        function.play(proposal, record)
    answer = answer_of(search, record.measurements())
    assert answer is not None
    assert answer.memory_mb > 128
    assert len(record.measurements()) > 3


@pytest.mark.long
def test_a_search_goes_on_as_long_as_it_pays() -> None:
    counts = {}
    for monthly in (1.0, 1e9):
        search = make_adaptive(invocations_per_month=monthly, goal=COST)
        counts[monthly] = count(searched(search, Function(waits_ms=100, works_ms=300))[0])
    # One invocation a month is worth no more than a usual answer.
    assert counts[1.0] < 20
    assert counts[1e9] > 2 * counts[1.0]


def test_what_was_known_before_says_where_to_begin() -> None:
    function = Function(waits_ms=50, works_ms=300)
    hints = tuple(
        Hint(origin="an earlier run", configuration=size(mb), duration_ms=1.3 * function.mean_ms(size(mb)))
        for mb in (128, 256, 512, 1024, 1769, 3008)
    )
    goal = Goal(strategy=Strategy.SPEED)
    search = make_adaptive(goal=goal, hints=hints)
    proposal = search.propose({})
    assert isinstance(proposal, Batch)
    assert len(proposal.trials) == 2
    assert {trial.configuration.memory_mb for trial in proposal.trials} <= {1769, 3008}
    informed, uninformed = (searched(make_adaptive(goal=goal, hints=h), function)[0] for h in (hints, ()))
    assert count(informed) < count(uninformed)
    assert answered(search, function).memory_mb >= 1600


def test_memory_that_is_known_to_be_used_is_where_the_ladder_begins() -> None:
    proposal = make_adaptive(memory_used_mb=400).propose({})
    assert isinstance(proposal, Batch)
    assert min(trial.configuration.memory_mb for trial in proposal.trials) == 512


class Unsteady(Function):
    """One that does one of two things, gets slower from one invocation to the next, or fails now and then; or whose
    environments differ by 15 %, or are all replaced by others after 20 invocations.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(waits_ms=50, works_ms=100)
        self._kind, self._calls = kind, 0
        self._luck: dict[tuple[Configuration, int], float] = {}
        self._lots = random.Random(4)

    def duration_ms(self, configuration: Configuration, lane: int) -> float:
        self._calls += 1
        own = self._luck.setdefault((configuration, lane), self._lots.lognormvariate(0, 0.15))
        factor = {
            "bimodal": self._random.choice((1.0, 3.0)),
            "drifting": 1 + 0.01 * self._calls,
            "lucky": own,
            "replaced": own,
        }.get(self._kind, 1.0)
        return factor * super().duration_ms(configuration, lane)

    def invoke(self, configuration: Configuration, lane: int, record: Record) -> None:
        if self._kind == "replaced" and self._calls == 20:
            self._luck.clear()
            self._warm.clear()
        if self._kind == "failing" and self._random.random() < 0.2:
            record.add(configuration, make_invocation(status=Status.ERROR, lane=lane))
        else:
            super().invoke(configuration, lane, record)


class NeverWarmAgain(Function):
    """After its first sizes, each invocation starts cold, as if environments were replaced all the time."""

    def __init__(self) -> None:
        super().__init__(waits_ms=500, works_ms=0)
        self._calls = 0

    def invoke(self, configuration: Configuration, lane: int, record: Record) -> None:
        self._calls += 1
        if self._calls > 9:
            self._warm.clear()
        super().invoke(configuration, lane, record)


def test_an_answer_that_is_never_warm_again_ends_the_search_all_the_same() -> None:
    measured, _, batches = searched(make_adaptive(), NeverWarmAgain())
    assert len(batches) < 20
    assert max(len(m.invocations) for m in measured.values()) <= PATIENCE * FEWEST_WARM


@pytest.mark.parametrize(("statistic", "fewest"), [(Statistic.MEAN, 4), (Statistic.P50, 4), (Statistic.P95, 20)])
def test_the_answer_has_as_many_warm_invocations_as_the_limited_statistic_takes(
    statistic: Statistic, fewest: int
) -> None:
    limit = Limit(statistic=statistic, at_most_ms=1_000)
    search = make_adaptive(goal=replace(COST, max_duration=limit))
    measured, _, batches = searched(search, Function(waits_ms=50, works_ms=100))
    answer = answer_of(search, measured)
    assert answer is not None
    warm = len(measured[answer.configuration].invocations.select(Population.WARM, "duration_ms"))
    assert fewest <= warm <= fewest + 4
    said = any("its p95 takes 20 warm invocations" in (batch.why or "") for batch in batches)
    assert said == (statistic is Statistic.P95)


@pytest.mark.parametrize("ms", [0.8, 14 * 60_000], ids=["0.8 ms", "14 minutes"])
def test_functions_that_take_no_time_or_very_long_have_an_answer(ms: float) -> None:
    search = make_adaptive()
    measured, stop, _ = searched(search, Function(waits_ms=ms, works_ms=0))
    answer = answer_of(search, measured)
    assert stop.reason == "complete"
    assert answer is not None
    assert answer.memory_mb == 128


@pytest.mark.parametrize(("errors", "best"), [(0, 512), (25, 1024)])
def test_failures_are_in_the_price(errors: int, best: int) -> None:
    """At 512 MB it is the cheapest; not where a fifth of its invocations fail."""
    search = make_adaptive()
    failed = [make_invocation(status=Status.ERROR, duration_ms=100.0)] * errors
    measured = {
        size(512): make_measurement(memory_mb=512, durations=[99.0, 101.0] * 50, others=failed),
        size(1024): make_measurement(memory_mb=1024, durations=[54.0, 54.5] * 50),
        size(2048): make_measurement(memory_mb=2048, durations=[39.0, 39.5] * 50),
    }
    answer = answer_of(search, measured)
    assert answer is not None
    assert answer.memory_mb == best


def test_a_limit_on_the_mean_counts_the_outliers_that_raise_it() -> None:
    within = make_adaptive(goal=replace(COST, max_duration=Limit(statistic=Statistic.MEAN, at_most_ms=103)))
    invocations = [make_invocation(duration_ms=ms) for ms in [100.0] * 24 + [400.0]]
    measured = {size(128): make_measurement(memory_mb=128, others=invocations)}
    evidence = Evidence.of(measured, within.exploration)
    assert evidence.tails.at(size(128)).log_factor == evidence.outliers.log_factor > 0.04
    assert Evidence.of(measured, replace(within.exploration, goal=COST)).tails.at(size(128)).log_factor == 0.0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["bimodal", "drifting", "failing", "lucky", "replaced"])
def test_an_unsteady_function_gets_an_answer_that_is_less_sure(kind: str) -> None:
    search = make_adaptive()
    measured, stop, _ = searched(search, Unsteady(kind))
    answer = answer_of(search, measured)
    assert stop.reason in ("complete", "exhausted")
    assert answer is not None
    low, high = answer.cost_interval
    steady = answered(make_adaptive(), Function(waits_ms=50, works_ms=100, noise=0.02))
    if kind == "failing":
        assert measured[answer.configuration].infeasible is None
    else:
        assert high / low > steady.cost_interval[1] / steady.cost_interval[0]
    if kind == "bimodal":
        # Half of the invocations take three times as long: what is paid for is the mean of both.
        assert low < 2 * cost(Function(waits_ms=50, works_ms=100), answer.configuration) < high


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(
    waits_ms=st.floats(0.1, 5000),
    works_ms=st.floats(0, 5000),
    fails_at=st.sampled_from([0, 0, 128, 300, 1024, 2000]),
    bounds=st.tuples(st.integers(128, 10_240), st.integers(128, 10_240)).map(sorted),
    noise=st.sampled_from([0.0, 0.1, 0.5]),
    goal=st.sampled_from([COST, Goal(), Goal(strategy=Strategy.SPEED), Goal(strategy=Strategy.BALANCED)]),
)
def test_it_always_stops_and_stays_within_its_bounds(
    waits_ms: float, works_ms: float, fails_at: int, bounds: list[int], noise: float, goal: Goal
) -> None:
    low, high = bounds
    search = make_adaptive(low, high, goal=goal, most=12)
    function = Function(waits_ms=waits_ms, works_ms=works_ms, fails_at=fails_at, noise=noise)
    record = Record()
    for _ in range(MANY):
        measured = record.measurements()
        proposal = search.propose(measured)
        if isinstance(proposal, Stop):
            break
        floor = max((c.memory_mb for c, m in measured.items() if m.infeasible), default=0)
        assert proposal == search.propose(measured)
        assert len({trial.configuration for trial in proposal.trials}) == len(proposal.trials) > 0
        for trial in proposal.trials:
            assert low <= trial.configuration.memory_mb <= high
            assert trial.configuration.memory_mb > floor
            assert trial.invocations > 0
            known = measured.get(trial.configuration)
            # None that has had enough: `most` warm ones, and a cold start.
            assert known is None or len(known.invocations) <= 12 + 1
        function.play(proposal, record)
    else:
        pytest.fail("the search does not stop")


@pytest.mark.long
@pytest.mark.parametrize(
    "goal", [COST, Goal(max_duration=Limit(statistic=Statistic.P95, at_most_ms=900), headroom=2)]
)
def test_a_search_goes_on_from_a_results_file_as_if_it_had_not_been_interrupted(goal: Goal) -> None:
    hint = Hint(origin="an earlier run", configuration=size(256), duration_ms=9.5)
    function = Function(waits_ms=50, works_ms=50)
    search = make_adaptive(goal=goal, hints=(hint,), current=size(1024), precision=0.05)
    record = Record()
    batches: list[Batch] = []
    for _ in range(4):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Batch):
            batches.append(proposal)
            function.play(proposal, record)
        run = make_run(measurements=tuple(record.measurements().values()), batches=tuple(batches))
        run = replace(run, design=replace(run.design, search=search.exploration))
        again = results.parse(results.dump(run))
        assert again == run
        assert isinstance(again.design.search, Exploration)
        resumed = replace(search, exploration=again.design.search)
        measured = {m.configuration: m for m in again.measurements}
        assert resumed.propose(measured) == search.propose(record.measurements())
    assert len(batches) == 4


def test_the_curve_is_a_band_around_what_was_measured() -> None:
    search = make_adaptive()
    function = Function(waits_ms=50, works_ms=50, noise=0.01)
    measured, _, _ = searched(search, function)
    concluded = search.conclude(measured)
    assert concluded is not None
    curve = {band.configuration: band for band in concluded.curve}
    for configuration in measured:
        band = curve[configuration]
        low, high = band.interval_ms
        assert low < function.mean_ms(configuration) * 1.03 < 1.06 * high
    widths = np.array([band.log_ms.std() for band in curve.values()])
    known = np.array([curve[c].log_ms.std() for c in measured])
    assert widths.max() > known.max()


def test_a_change_that_may_help_is_proven_in_more_environments() -> None:
    # From 384 to 128 MB it saves a fifth of the cost, which the first invocations do not prove.
    search = make_adaptive(128, 3008, current=size(384))
    function = Function(waits_ms=300, works_ms=150, noise=0.12)
    measured, _, batches = searched(search, function)
    proving = [
        batch for batch in batches if (batch.why or "").startswith("whether 128 MB x86_64 is better than 384 MB")
    ]
    assert proving
    for batch in proving:
        assert {trial.configuration.memory_mb for trial in batch.trials} == {128, 384}
    lanes = [trial.lanes or 1 for batch in proving for trial in batch.trials]
    assert lanes == sorted(lanes)
    assert lanes[0] >= 3
    for memory_mb in (128, 384):
        assert len(set(measured[size(memory_mb)].invocations.column("lane"))) == lanes[-1]


def test_a_proof_takes_no_more_invocations_of_a_size_than_were_allowed() -> None:
    search = make_adaptive(128, 3008, current=size(384), most=10)
    measured, _, _ = searched(search, Function(waits_ms=300, works_ms=150, noise=0.18))
    assert max(len(m.invocations.select(Population.WARM, "lane")) for m in measured.values()) <= 10


def test_what_many_environments_could_not_prove_is_not_tried() -> None:
    for waits_ms, works_ms, current in ((0.0, 300.0, 384), (500.0, 0.0, 128)):
        search = make_adaptive(128, 3008, current=size(current))
        _, _, batches = searched(search, Function(waits_ms=waits_ms, works_ms=works_ms, noise=0.05))
        assert not [batch for batch in batches if (batch.why or "").startswith("whether ")]


def test_a_vague_answer_is_searched_on_although_no_single_batch_promises_much() -> None:
    function = Function(waits_ms=0, works_ms=300, noise=0.2)
    search = make_adaptive(128, 3008, goal=Goal(), current=size(1769))
    measured, stop, _ = searched(search, function)
    answer = answer_of(search, measured)
    assert answer is not None
    # It ends because it is sure, or because it has looked long enough for a batch that promises little.
    assert answer.loss < PRECISION or count(measured) >= VAGUE_BATCHES * (1 + search.exploration.batch)
    assert (stop.reason == "complete") == (answer.loss < PRECISION)
