"""Where labels go: greedy, deterministic, and none on top of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Left, bottom, right, top, in pixels.
Box = tuple[float, float, float, float]
#: Upper right is where readers look for a label first; then right, then around.
_DIRECTIONS = ((1, 1), (1, 0), (-1, 1), (0, 1), (1, -1), (-1, 0), (-1, -1), (0, -1))
#: From this distance between a mark and its label on, in pixels.
LEADER = 12.0
_DISTANCES = (5.0, 9.0, 15.0, 23.0, 33.0, 45.0, 60.0, 78.0)


@dataclass(frozen=True, slots=True)
class Label:
    """A text of a width and height to be placed near a point, clear of the mark there and at most `far` away from it.

    All in pixels. From `LEADER` pixels on, a line leads from the text to its point.
    """

    x: float
    y: float
    width: float
    height: float
    mark: float
    far: float


def place_labels(
    labels: Sequence[Label], *, within: Box, solid: Sequence[Box], thin: Sequence[Box]
) -> list[Box | None]:
    """A place for each label, the important ones first; None where there is no free one nearby.

    No label lies on another or on the line that leads to another, on anything `solid`, or beyond `within`; it lies on
    what is `thin` only where it must.
    """
    taken, texts, light = _array(solid), _array([]), _array(thin)
    placed: list[Box | None] = []
    for label in labels:
        everything = np.concatenate([taken, light])
        candidates = [box for box in _candidates(label) if _inside(box, within) and not _crosses(label, box, texts)]
        free = (box for obstacles in (everything, taken) for box in candidates if not _hits(box, obstacles))
        box = next(free, None)
        placed.append(box)
        if box is not None:
            texts = np.concatenate([texts, _array([box])])
            taken = np.concatenate([taken, _array([box, *leader(label, box)])])
    return placed


def leader(label: Label, box: Box) -> list[Box]:
    """The line from a point to its label, as small boxes; none where the label is near enough to need none."""
    away = max(box[0] - label.x, label.x - box[2], box[1] - label.y, label.y - box[3]) - label.mark
    if away < LEADER:
        return []
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    return [small for small in along([(label.x, label.y), middle]) if not _hits(small, _array([box]))]


def along(points: Sequence[tuple[float, float]], *, step: float = 5.0, half: float = 1.5) -> list[Box]:
    """Small boxes along a line through these pixels: what a label had better not cover."""
    boxes: list[Box] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        count = max(1, int(max(abs(x1 - x0), abs(y1 - y0)) / step))
        for part in range(count + 1):
            x, y = x0 + (x1 - x0) * part / count, y0 + (y1 - y0) * part / count
            boxes.append((x - half, y - half, x + half, y + half))
    return boxes


def _candidates(label: Label) -> list[Box]:
    boxes: list[Box] = []
    for distance in (distance for distance in _DISTANCES if distance <= label.far):
        for right, up in _DIRECTIONS:
            slant = 0.75 if right and up else 1.0
            reach = slant * (label.mark + distance)
            x = label.x + right * (reach + label.width / 2) - label.width / 2
            y = label.y + up * (reach + label.height / 2) - label.height / 2
            boxes.append((x, y, x + label.width, y + label.height))
    return boxes


def _crosses(label: Label, box: Box, texts: NDArray[np.float64]) -> bool:
    return any(_hits(small, texts) for small in leader(label, box))


def _array(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _inside(box: Box, within: Box) -> bool:
    return box[0] >= within[0] and box[1] >= within[1] and box[2] <= within[2] and box[3] <= within[3]


def _hits(box: Box, boxes: NDArray[np.float64]) -> bool:
    apart = (boxes[:, 2] < box[0]) | (boxes[:, 0] > box[2]) | (boxes[:, 3] < box[1]) | (boxes[:, 1] > box[3])
    return not bool(apart.all())
