"""The adaptive search: what it proposes, when it stops, and what it answers."""

import math
import random

import numpy as np
import pytest
from factories import make_invocation, make_prices, make_run
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune import results
from powertune.measure.record import Record
from powertune.model import Architecture, Configuration, Measurement, Status
from powertune.search import Search, Stop
from powertune.search.adaptive import Adaptive
from powertune.search.curves import Seen, believe

PRICES = make_prices()
X86_64, ARM64 = Architecture.X86_64, Architecture.ARM64


def make_adaptive(
    smallest_mb: int = 128, largest_mb: int = 3008, *architectures: Architecture, seed: int = 1
) -> Adaptive:
    return Adaptive(
        smallest_mb=smallest_mb,
        largest_mb=largest_mb,
        architectures=architectures or (X86_64,),
        prices=PRICES,
    )


class Function:
    """A function that waits and computes, and cannot run at small sizes; its noise is the same each time."""

    def __init__(self, *, waits_ms: float, works_ms: float, fails_at: int = 0, noise: float = 0.05) -> None:
        self._waits_ms, self._works_ms, self._fails_at, self._noise = waits_ms, works_ms, fails_at, noise
        self._random = random.Random(3)
        self._warm: set[Configuration] = set()

    def mean_ms(self, configuration: Configuration) -> float:
        speed = 0.9 if configuration.architecture is ARM64 else 1.0
        return self._waits_ms + speed * self._works_ms * max(1.0, 1769 / configuration.memory_mb)

    def invoke(self, configuration: Configuration, record: Record) -> None:
        failed = configuration.memory_mb <= self._fails_at
        duration = self.mean_ms(configuration) * self._random.lognormvariate(0, self._noise)
        init = None if configuration in self._warm else 150.0
        self._warm.add(configuration)
        record.add(
            configuration,
            make_invocation(
                duration_ms=duration,
                init_ms=init,
                memory_mb=configuration.memory_mb,
                status=Status.OUT_OF_MEMORY if failed else Status.OK,
            ),
        )


def searched(search: Search, function: Function) -> tuple[dict[Configuration, Measurement], str]:
    """What was measured until the search has stopped, and why it has."""
    record = Record()
    for _ in range(200):
        proposal = search.propose(record.measurements())
        if isinstance(proposal, Stop):
            return record.measurements(), proposal.reason
        for trial in proposal:
            for _ in range(trial.invocations):
                function.invoke(trial.configuration, record)
    pytest.fail("the search does not stop")


def cost(function: Function, configuration: Configuration) -> float:
    return PRICES.invocation_cost(configuration, function.mean_ms(configuration))


@pytest.mark.parametrize(
    ("waits_ms", "works_ms"), [(500.0, 0.0), (0.5, 200.0), (100.0, 100.0), (5.0, 2.0), (2.0, 0.0)]
)
def test_the_answer_is_near_the_cheapest_and_costs_little(waits_ms: float, works_ms: float) -> None:
    function = Function(waits_ms=waits_ms, works_ms=works_ms)
    search = make_adaptive()
    measured, reason = searched(search, function)
    answer = search.answer(measured)
    assert reason == "complete"
    assert answer is not None
    best = min(cost(function, Configuration(memory_mb=mb, architecture=X86_64)) for mb in range(128, 3009))
    assert cost(function, answer.configuration) < 1.1 * best
    assert sum(len(m.invocations) for m in measured.values()) < 120
    assert answer.cost_interval[0] < answer.cost_interval[1]
    assert 0 <= answer.p_best <= 1
    assert answer.expected_loss < search.precision


def test_a_size_that_fails_rules_out_all_below_it_and_is_never_cheap() -> None:
    function = Function(waits_ms=100, works_ms=0, fails_at=600)
    search = make_adaptive()
    measured, _ = searched(search, function)
    answer = search.answer(measured)
    assert answer is not None
    assert answer.memory_mb > 600
    failed = {c.memory_mb for c, m in measured.items() if m.infeasible}
    assert {128, 256, 512} <= failed
    assert len(failed) <= 5


def test_a_function_that_fails_everywhere_has_no_answer() -> None:
    search = make_adaptive()
    measured, reason = searched(search, Function(waits_ms=1, works_ms=0, fails_at=10_240))
    assert search.answer(measured) is None
    assert reason == "complete"


def test_sizes_that_the_account_may_not_use_are_left_alone() -> None:
    search = make_adaptive(128, 10_240)
    refused = Measurement(
        configuration=Configuration(memory_mb=512, architecture=X86_64), unmeasured="this account may use 511 MB"
    )
    proposal = search.propose({refused.configuration: refused})
    assert not isinstance(proposal, Stop)
    assert max(trial.configuration.memory_mb for trial in proposal) <= 511


def test_what_is_learnt_of_one_architecture_carries_over_to_the_other() -> None:
    function = Function(waits_ms=20, works_ms=300)
    search = make_adaptive(128, 3008, X86_64, ARM64)
    measured, _ = searched(search, function)
    answer = search.answer(measured)
    assert answer is not None
    sizes = [sum(c.architecture is architecture for c in measured) for architecture in (X86_64, ARM64)]
    assert sizes[0] >= 3
    assert sizes[1] >= 2
    # Equal prices here, and a tenth less work.
    assert answer.configuration.architecture is ARM64


@pytest.mark.parametrize(("low", "high"), [(512, 512), (512, 513), (128, 256), (3008, 10_240)])
def test_any_range_of_sizes_is_searched(low: int, high: int) -> None:
    search = make_adaptive(low, high)
    measured, _ = searched(search, Function(waits_ms=10, works_ms=10))
    answer = search.answer(measured)
    assert answer is not None
    assert low <= answer.memory_mb <= high


@settings(max_examples=15, deadline=None)
@given(
    waits_ms=st.floats(0.1, 5000),
    works_ms=st.floats(0, 5000),
    fails_at=st.sampled_from([0, 0, 128, 300, 1024, 2000]),
    bounds=st.tuples(st.integers(128, 10_240), st.integers(128, 10_240)).map(sorted),
    noise=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_it_always_stops_and_stays_within_its_bounds(
    waits_ms: float, works_ms: float, fails_at: int, bounds: list[int], noise: float
) -> None:
    low, high = bounds
    search = make_adaptive(low, high)
    function = Function(waits_ms=waits_ms, works_ms=works_ms, fails_at=fails_at, noise=noise)
    record = Record()
    while not isinstance(proposal := search.propose(record.measurements()), Stop):
        measured = record.measurements()
        floor = max((c.memory_mb for c, m in measured.items() if m.infeasible), default=0)
        assert proposal == search.propose(measured)
        assert len({trial.configuration for trial in proposal}) == len(proposal)
        for trial in proposal:
            assert low <= trial.configuration.memory_mb <= high
            assert trial.configuration.memory_mb > floor
            assert trial.invocations > 0
            for _ in range(trial.invocations):
                function.invoke(trial.configuration, record)


def test_a_search_goes_on_from_a_results_file_as_if_it_had_not_been_interrupted() -> None:
    function, search = Function(waits_ms=50, works_ms=50), make_adaptive()
    record = Record()
    for _ in range(3):
        proposal = search.propose(record.measurements())
        for trial in () if isinstance(proposal, Stop) else proposal:
            for _ in range(trial.invocations):
                function.invoke(trial.configuration, record)
        run = make_run(measurements=tuple(record.measurements().values()))
        again = results.parse(results.dump(run)).measurements
        assert search.propose({m.configuration: m for m in again}) == search.propose(record.measurements())


def seen(memory_mb: int, mean_ms: float, error: float = 0.01) -> Seen:
    configuration = Configuration(memory_mb=memory_mb, architecture=X86_64)
    return Seen(configuration=configuration, log_ms=math.log(mean_ms), variance=error**2)


def test_a_belief_passes_through_what_was_seen_and_is_less_sure_in_between() -> None:
    candidates = [Configuration(memory_mb=mb, architecture=X86_64) for mb in (128, 256, 512, 1024, 3008)]
    belief = believe([seen(128, 1000), seen(512, 260), seen(3008, 80)], candidates)
    drawn = belief.draw(2000, (1,))
    means, spreads = np.exp(drawn.mean(axis=0)), drawn.std(axis=0)
    assert means[[0, 2, 4]] == pytest.approx([1000, 260, 80], rel=0.05)
    assert spreads[1] > 2 * spreads[0]
    assert spreads[3] > 2 * spreads[2]
    assert 260 < means[1] < 1000
    assert belief.weights.sum() == pytest.approx(1.0)
    assert np.array_equal(belief.draw(5, (7,)), belief.draw(5, (7,)))
