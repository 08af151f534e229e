"""The configurations that no other beats in cost and duration, and the knee among them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.analysis.comparison import Difference, compare
from powertune.analysis.estimates import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A configuration in the plane: the logs of its mean cost and of its mean duration, None for a mean of 0."""

    cost: Estimate | None
    duration: Estimate | None


def dominators(points: Sequence[Point], *, level: float) -> tuple[int | None, ...]:
    """For each point the index of one that dominates it, None for those on the front.

    A point dominates another when both its means are at most the other's, and at least one of them is lower by more
    than noise explains, at confidence `level`. So whoever is dominated is dominated for a proven reason; and as the
    means have to agree, nothing can dominate in a circle: there is always a front, and each point off it is dominated
    by one that is on it or by one that such a point dominates. Of several dominators, the cheapest is named.
    """
    order = sorted(range(len(points)), key=lambda index: _means(points[index]))
    found: list[int | None] = [None] * len(points)
    for index in order:
        found[index] = next((other for other in order if _dominates(points[other], points[index], level)), None)
    return tuple(found)


def pareto_front(points: Sequence[tuple[float, float]]) -> frozenset[int]:
    """The indexes of the points (smaller is better in both) that no other point dominates, by their values alone.

    A point dominates another when it is no worse in both and better in one; so equal points are all on the front.
    Sort and sweep, as Kung, Luccio & Preparata ("On Finding the Maxima of a Set of Vectors", JACM 22, 1975) do.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=points.__getitem__):
        if not front or points[index][1] < points[front[-1]][1] or points[index] == points[front[-1]]:
            front.append(index)
    return frozenset(front)


def knee(points: Sequence[Point]) -> int | None:
    """The index of the point beyond which more speed becomes expensive: where the front bulges most.

    That is the point farthest below the line between the ends of the front (Das, "On Characterizing the Knee of the
    Pareto Curve Based on Normal-Boundary Intersection", Structural Optimization 18, 1999), in logarithms, so that no
    unit matters. None for a front without an inside, or one that does not bulge.
    """
    plane = {index: _means(point) for index, point in enumerate(points)}
    known = [index for index, means in plane.items() if all(map(math.isfinite, means))]
    front = sorted((known[at] for at in pareto_front([plane[index] for index in known])), key=plane.__getitem__)
    if len(front) < 3:
        return None
    (first_cost, first_duration), (last_cost, last_duration) = plane[front[0]], plane[front[-1]]
    width, height = last_cost - first_cost, first_duration - last_duration
    if width <= 0 or height <= 0:
        return None

    def depth(index: int) -> float:
        cost, duration = plane[index]
        return 1 - (cost - first_cost) / width - (duration - last_duration) / height

    deepest = max(front[1:-1], key=depth)
    return deepest if depth(deepest) > 1e-9 else None


def _means(point: Point) -> tuple[float, float]:
    cost, duration = point.cost, point.duration
    return -math.inf if cost is None else cost.mean, -math.inf if duration is None else duration.mean


def _dominates(better: Point, worse: Point, level: float) -> bool:
    if better is worse:
        return False
    (cost, duration), (other_cost, other_duration) = _means(better), _means(worse)
    if cost > other_cost or duration > other_duration or (cost, duration) == (other_cost, other_duration):
        return False
    return any(
        compare(mine, theirs, level=level).verdict is Difference.LOWER
        for mine, theirs in ((better.cost, worse.cost), (better.duration, worse.duration))
    )
