from hypothesis import given
from hypothesis import strategies as st

from powertune.analysis.pareto import pareto_front

POINTS = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)) | st.tuples(st.integers(0, 3), st.integers(0, 3)))


def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] <= b[0] and a[1] <= b[1] and a != b


@given(POINTS)
def test_the_front_is_exactly_what_nothing_dominates(points: list[tuple[float, float]]) -> None:
    expected = {index for index, point in enumerate(points) if not any(dominates(other, point) for other in points)}
    assert pareto_front(points) == expected


def test_equal_points_share_the_front() -> None:
    assert pareto_front([(1, 2), (1, 2), (2, 1), (2, 2), (1, 3)]) == {0, 1, 2}
    assert pareto_front([]) == frozenset()
