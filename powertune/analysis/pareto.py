"""The configurations that no other beats in both cost and duration."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> frozenset[int]:
    """The indexes of the points (smaller is better in both) that no other point dominates.

    A point dominates another when it is no worse in both and better in one; so equal points are all on the front.
    Sort and sweep, as Kung, Luccio & Preparata ("On Finding the Maxima of a Set of Vectors", JACM 22, 1975) do.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=points.__getitem__):
        if not front or points[index][1] < points[front[-1]][1] or points[index] == points[front[-1]]:
            front.append(index)
    return frozenset(front)
