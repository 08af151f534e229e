import math

import numpy as np
import pytest
from factories import make_analysis, make_measurement
from hypothesis import given
from hypothesis import strategies as st
from strategies import samples

from powertune.analysis import pareto_front
from powertune.analysis.comparison import Difference, compare, log_mean
from powertune.analysis.estimates import Estimate
from powertune.analysis.pareto import Point, dominators, knee

points = st.tuples(st.floats(0, 10), st.floats(0, 10)) | st.tuples(
    st.integers(0, 3).map(float), st.integers(0, 3).map(float)
)


@given(st.lists(points, max_size=20))
def test_the_front_holds_exactly_the_points_that_nothing_dominates(plane: list[tuple[float, float]]) -> None:
    def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a[0] <= b[0] and a[1] <= b[1] and a != b

    front = pareto_front(plane)
    assert front == {i for i, p in enumerate(plane) if not any(dominates(other, p) for other in plane)}


def sure(cost: float, duration: float, error: float = 0.0) -> Point:
    """A point known to within a relative error."""
    return Point(
        cost=Estimate(mean=math.log(cost), variance=error**2, freedom=19),
        duration=Estimate(mean=math.log(duration), variance=error**2, freedom=19),
    )


def test_only_a_proven_difference_dominates() -> None:
    clear = [sure(1, 1, 0.01), sure(1.2, 1.2, 0.01)]
    assert dominators(clear, level=0.95) == (None, 0)
    doubtful = [sure(1, 1, 0.2), sure(1.2, 1.2, 0.2)]
    assert dominators(doubtful, level=0.95) == (None, None)
    # Proven in one, and no worse in the other.
    assert dominators([sure(1, 1, 0.01), sure(1.2, 1.001, 0.01)], level=0.95) == (None, 0)
    # More expensive by a hair, so it is not dominated for being slower.
    assert dominators([sure(1.001, 1, 0.01), sure(1, 1.5, 0.01)], level=0.95) == (None, None)
    assert dominators([sure(1, 1), sure(1, 1)], level=0.95) == (None, None)


def test_free_and_instant_points_are_compared_too() -> None:
    free = Point(cost=None, duration=Estimate(mean=0.0, variance=0.0))
    slower = Point(cost=None, duration=Estimate(mean=1.0, variance=0.0))
    assert dominators([free, slower], level=0.95) == (None, 0)
    assert knee([free, slower, sure(1, 1)]) is None


@st.composite
def planes(draw: st.DrawFn) -> list[Point]:
    """Points from samples, some of which are nearly the same."""
    count = draw(st.integers(1, 7))
    return [Point(cost=log_mean(draw(samples)), duration=log_mean(draw(samples))) for _ in range(count)]


@pytest.mark.long
@given(planes(), st.sampled_from([0.95, 0.999]))
def test_there_is_a_front_and_whoever_is_off_it_is_dominated_for_a_proven_reason(
    plane: list[Point], level: float
) -> None:
    found = dominators(plane, level=level)
    assert None in found
    for index, dominator in enumerate(found):
        if dominator is None:
            continue
        better, worse = plane[dominator], plane[index]
        assert better.cost is not None
        assert better.duration is not None
        assert worse.cost is not None
        assert worse.duration is not None
        assert better.cost.mean <= worse.cost.mean
        assert better.duration.mean <= worse.duration.mean
        verdicts = [
            compare(better.cost, worse.cost, level=level).verdict,
            compare(better.duration, worse.duration, level=level).verdict,
        ]
        assert Difference.LOWER in verdicts
    # By their means alone at least as many are dominated.
    means = [(p.cost.mean, p.duration.mean) for p in plane if p.cost and p.duration]
    assert pareto_front(means) <= {index for index, dominator in enumerate(found) if dominator is None}


@pytest.mark.parametrize(
    ("plane", "expected"),
    [
        ([sure(1, 10), sure(1.1, 4), sure(3, 3.9)], 1),
        ([sure(1, 10), sure(1.1, 4), sure(1.2, 12), sure(3, 3.9)], 1),
        ([sure(1, 10), sure(3, 3)], None),
        ([sure(1, 10), sure(9, 9.5), sure(10, 1)], None),
        ([sure(1, 1), sure(1, 1), sure(1, 1)], None),
        ([], None),
    ],
)
def test_the_knee_is_where_the_front_bulges(plane: list[Point], expected: int | None) -> None:
    assert knee(plane) == expected


def test_a_profile_names_what_dominates_it() -> None:
    noise = np.random.default_rng(1).lognormal(0, 0.02, 24)
    measurements = [
        make_measurement(memory_mb=mb, durations=list(mean * noise), lanes=4)
        for mb, mean in ((512, 400.0), (1024, 195.0), (2048, 190.0), (4096, 190.0))
    ]
    analysis = make_analysis(*measurements)
    by_size = {p.configuration.memory_mb: p for p in analysis.profiles}
    assert [mb for mb, p in by_size.items() if p.pareto] == [1024, 2048]
    assert by_size[512].dominated_by == by_size[1024].configuration
    assert by_size[4096].dominated_by == by_size[2048].configuration
