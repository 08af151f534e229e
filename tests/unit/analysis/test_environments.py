"""The execution environment, and not the lane, is the sampling unit."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from factories import make_analysis, make_configuration, make_invocation
from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis import Profile
from powertune.analysis.environments import Environments
from powertune.analysis.estimates import ASSUMED, USUAL, estimate_mean
from powertune.analysis.summary import mean_interval, summarize
from powertune.model import Invocation, Invocations, Measurement
from powertune.quantiles import student_t

LANES, INVOCATIONS = 4, 20
Layout = Callable[[np.random.Generator], Sequence[int]]
Judge = Callable[[Sequence[float], Sequence[int]], tuple[float, float]]


def profile(
    durations: Sequence[float], served: Sequence[int], *, known: bool = True, lanes: Sequence[int] | None = None
) -> Profile:
    """A size whose warm invocations were served by these environments, each of which began with a cold start."""
    items: list[Invocation] = []
    started: set[int] = set()
    for turn, (ms, environment) in enumerate(zip(durations, served, strict=True)):
        lane = turn % LANES if lanes is None else lanes[turn]
        name = f"environment-{environment}" if known else None
        if environment not in started:
            items.append(make_invocation(init_ms=100.0, lane=lane, environment=name))
        elif not known and lane not in {item.lane for item in items}:
            # Set aside, as it may be the first of an environment.
            items.append(make_invocation(lane=lane))
        started.add(environment)
        items.append(make_invocation(duration_ms=ms, lane=lane, environment=name))
    measurement = Measurement(configuration=make_configuration(), invocations=Invocations.of(items))
    judged = make_analysis(measurement).profiles[0]
    assert judged.counts.warm == len(durations)
    return judged


def interval(judged: Profile) -> tuple[float, float]:
    assert judged.duration is not None
    assert judged.duration.interval is not None
    return judged.duration.interval


def known(durations: Sequence[float], served: Sequence[int]) -> tuple[float, float]:
    return interval(profile(durations, served))


def unknown(durations: Sequence[float], served: Sequence[int]) -> tuple[float, float]:
    return interval(profile(durations, served, known=False))


def formula(durations: Sequence[float], served: Sequence[int]) -> tuple[float, float]:
    """The interval as the analysis computes it, without the analysis, which takes ten times as long."""
    found = mean_interval(durations, seed=(1,), environments=Environments.known(served))
    assert found is not None
    return found


def coverage(layout: Layout, within: float, between: float, judge: Judge, *, cases: int = 200) -> float:
    """How many of the intervals hold the true mean."""
    generator = np.random.default_rng([int(100 * within), int(100 * between)])
    held = 0
    for _ in range(cases):
        served = layout(generator)
        luck = generator.lognormal(-(between**2) / 2, between, max(served) + 1)
        durations = 100 * luck[list(served)] * generator.lognormal(-(within**2) / 2, within, len(served))
        low, high = judge(durations.tolist(), served)
        held += low <= 100 <= high
    return held / cases


def shuffled(generator: np.random.Generator) -> list[int]:
    """Any environment serves any invocation, whatever its lane."""
    return [int(each) for each in generator.integers(LANES, size=INVOCATIONS)]


def shared(_: np.random.Generator) -> list[int]:
    """Two of the four lanes have the same environment."""
    return [min(turn % LANES, LANES - 2) for turn in range(INVOCATIONS)]


def recycled(_: np.random.Generator) -> list[int]:
    """Half of the environments are replaced in the middle."""
    late = INVOCATIONS // 2
    return [turn % LANES + (LANES if turn >= late and turn % LANES < 2 else 0) for turn in range(INVOCATIONS)]


def favored(generator: np.random.Generator) -> list[int]:
    """One environment serves 15 of 20 invocations."""
    order = [0] * 15 + [1] * 2 + [2] * 2 + [3]
    return [int(each) for each in generator.permutation(order)]


LAYOUTS = (shuffled, shared, recycled, favored)
NOISES = ((0.03, 0.0), (0.08, 0.0), (0.08, 0.03), (0.18, 0.03), (0.03, 0.03), (0.03, 0.06))


@pytest.mark.long
@pytest.mark.parametrize("layout", LAYOUTS)
def test_known_environments_hold_as_often_as_they_say(layout: Layout) -> None:
    # Two standard errors of 95 % of 200 are 3 %.
    assert 0.92 <= coverage(layout, 0.03, 0.06, known) <= 0.98


@pytest.mark.long
@pytest.mark.parametrize("layout", [shuffled, shared, recycled])
def test_unknown_environments_hold_at_least_as_often_as_they_say(layout: Layout) -> None:
    assert coverage(layout, 0.03, 0.06, unknown) >= 0.92


@pytest.mark.long
@pytest.mark.parametrize(("within", "between"), NOISES)
@pytest.mark.parametrize("layout", [shuffled, shared, recycled])
def test_known_environments_hold_in_93_to_97_percent(layout: Layout, within: float, between: float) -> None:
    assert 0.93 <= coverage(layout, within, between, formula, cases=2000) <= 0.97


def test_the_analysis_takes_the_formula() -> None:
    generator = np.random.default_rng(4)
    for layout in LAYOUTS:
        served = layout(generator)
        durations = generator.lognormal(4.6, 0.05, INVOCATIONS).tolist()
        assert known(durations, served) == pytest.approx(formula(durations, served), rel=1e-6)


def test_what_one_environment_served_counts_once_over_whatever_lanes() -> None:
    # Environments of 100 and of 110; in each lane, the values are alike.
    durations, served = [100.0, 101.0, 99.0, 100.0, 110.0, 111.0, 109.0, 110.0], [0, 0, 0, 0, 1, 1, 1, 1]
    low, high = interval(profile(durations, served))
    reach = student_t(0.975, 1) * np.std([100.0, 110.0], ddof=1) / math.sqrt(2)
    assert (low, high) == pytest.approx((max(0.0, 105 - reach), 105 + reach), rel=1e-3)


def test_neither_lanes_nor_their_number_matter_where_environments_are_known() -> None:
    durations, served = [100.0, 104.0, 97.0, 101.0, 108.0, 95.0], [0, 1, 2, 0, 1, 2]
    one, other = (interval(profile(durations, served, lanes=lanes)) for lanes in ([0] * 6, [3, 1, 0, 2, 2, 1]))
    assert one == other


def test_an_environment_that_served_most_leaves_the_mean_less_sure() -> None:
    generator = np.random.default_rng(8)
    durations = generator.lognormal(4.6, 0.05, INVOCATIONS)
    even = estimate_mean(durations, Environments.known([turn % 4 for turn in range(INVOCATIONS)]))
    uneven = estimate_mean(durations, Environments.known([0] * 17 + [1, 2, 3]))
    assert even.variance is not None
    assert uneven.variance is not None
    assert uneven.freedom == even.freedom == 3
    assert uneven.variance > 1.5 * even.variance


def test_ten_environments_that_share_alike_are_resampled_and_uneven_ones_are_not() -> None:
    durations = np.random.default_rng(8).lognormal(4.6, 0.05, 40)
    for names, resampled in (([turn % 10 for turn in range(40)], True), ([0] * 31 + list(range(1, 10)), False)):
        environments = Environments.known(names)
        first, second = (mean_interval(durations, seed=(seed,), environments=environments) for seed in (1, 2))
        assert (first != second) is resampled


@pytest.mark.long
@given(
    st.lists(
        st.tuples(st.floats(1, 1e4), st.sampled_from([None, "a", "b", "c"]), st.integers(0, 2)),
        min_size=2,
        max_size=12,
    ).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))),
    st.integers(0, 5),
)
def test_no_order_matters_whatever_is_known(
    pair: tuple[list[tuple[float, str | None, int]], list[tuple[float, str | None, int]]], created: int
) -> None:
    one, other = (
        summarize(values, seed=(1,), environments=Environments.of(names, lanes, created))
        for values, names, lanes in (zip(*rows, strict=True) for rows in pair)
    )
    assert one == other
    assert one.interval is not None
    assert all(math.isfinite(end) for end in one.interval)
    assert 0 <= one.interval[0] <= one.mean <= one.interval[1]


def reach(values: Sequence[float], environments: Environments) -> float:
    low, high = estimate_mean(values, environments).interval() or (0.0, 0.0)
    return (high - low) / 2


def test_values_whose_environment_is_not_known_widen_the_interval() -> None:
    values = np.random.default_rng(8).lognormal(4.6, 0.05, INVOCATIONS).tolist()
    names: list[str | None] = [f"environment-{turn % 4}" for turn in range(INVOCATIONS)]
    lanes = list(range(INVOCATIONS))
    whole = Environments.of(names, lanes, 4)
    some = Environments.of([None if turn >= 16 else name for turn, name in enumerate(names)], lanes, 4)
    assert (whole.count, some.count) == (4, None)
    assert some.tell
    # The four that are not known count with the environment that has the most.
    assert reach(values, some) > reach(
        [*values[:16], *[values[0]] * 4], Environments.of([*names[:16], *names[:4]], lanes, 4)
    )
    few = Environments.of([None if turn >= 8 else name for turn, name in enumerate(names)], lanes, 4)
    assert not few.tell
    assert estimate_mean(values, few) == estimate_mean(values, Environments.unknown(lanes, 4))


def test_unknown_environments_may_differ_as_much_as_is_assumed_but_no_more_than_the_values() -> None:
    generator = np.random.default_rng(8)
    lanes = [0] * INVOCATIONS
    loud, quiet = (100 * generator.lognormal(0, noise, INVOCATIONS) for noise in (0.18, 0.005))
    for values in (loud, quiet):
        own = values.std(ddof=1)
        four, many = (reach(values.tolist(), Environments.unknown(lanes, created)) for created in (4, 16))
        assumed = math.sqrt(own**2 / INVOCATIONS + (ASSUMED * values.mean()) ** 2 / 4)
        free = student_t(0.975, 3) * own / math.sqrt(3)
        assert reach(values.tolist(), Environments.unknown(lanes, 4)) <= min(2.1 * assumed, free) + 1e-9
        # Each cold start is another environment, and the more there are, the less each of them matters.
        assert many < four
    alone = reach(quiet.tolist(), Environments.unknown(lanes, 1))
    assert alone == pytest.approx(1.96 * ASSUMED * quiet.mean(), rel=0.01)


def test_one_environment_says_nothing_of_others() -> None:
    values = [100.0, 101.0, 99.0, 100.0] * 5
    served_all = Environments.known(["a"] * len(values))
    assert served_all.count == 1
    assert reach(values, served_all) == pytest.approx(1.96 * ASSUMED * 100, rel=0.01)


def test_unknown_environments_of_lanes_that_differ_more_are_as_many_as_lanes() -> None:
    values = [value * factor for factor in (0.8, 1.0, 1.2, 1.5) for value in (99.0, 100.0, 101.0)]
    lanes = [lane for lane in range(4) for _ in range(3)]
    assert estimate_mean(values, Environments.unknown(lanes, 4)) == estimate_mean(values, Environments.known(lanes))
    # An environment that is known to have served all of them leaves nothing for lanes to tell.
    assert estimate_mean(values, Environments.of(["a"] * 12, lanes, 4)).freedom > 3
    assert USUAL < ASSUMED


def test_a_profile_says_how_many_environments_served_it() -> None:
    durations, served = [100.0, 104.0, 97.0, 101.0, 108.0, 95.0], [0, 1, 2, 0, 1, 2]
    assert profile(durations, served).environments == 3
    assert profile(durations, served, known=False).environments is None
