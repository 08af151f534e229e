"""Curves of mean durations: their format, and which of them are judged."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

#: A curve that spans less says little about a search.
LEAST_SPAN = 6.0
#: From this many measured sizes on, the truth between them is more than a guess.
DENSE = 10


class Half(StrEnum):
    """Which of the curves: those to tune on, those to judge by, or all."""

    TUNE = "tune"
    TEST = "test"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Mean durations by memory size, ascending, and the sizes at which the function fails."""

    id: str
    source: str
    points: tuple[tuple[int, float], ...]
    infeasible: tuple[int, ...] = ()
    note: str = ""

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> "Curve":
        """Read one entry of a curves file. A point at or below an infeasible size is none.

        Raises:
            ValueError: fewer than two points, two of one size, or a duration that is not above 0.
        """
        infeasible = tuple(sorted(int(size) for size in entry.get("infeasible", ())))
        points = sorted((int(point["memory_mb"]), float(point["duration_ms"])) for point in entry["points"])
        working = tuple(point for point in points if point[0] > max(infeasible, default=0))
        sizes = {size for size, _ in working}
        if len(sizes) < 2 or len(sizes) < len(working) or not all(duration > 0 for _, duration in working):
            raise ValueError(f"curve {entry['id']}: needs two or more sizes, each once, and durations above 0")
        return cls(
            id=entry["id"],
            source=entry["source"],
            points=working,
            infeasible=infeasible,
            note=entry.get("note", ""),
        )

    @property
    def smallest_mb(self) -> int:
        """The smallest size that was tried."""
        return min(self.points[0][0], *self.infeasible) if self.infeasible else self.points[0][0]

    @property
    def largest_mb(self) -> int:
        """The largest size that was tried."""
        return self.points[-1][0]

    @property
    def floor_mb(self) -> int:
        """The smallest size that is known to work. Below it the function fails in the benchmark."""
        return self.points[0][0]

    @property
    def family(self) -> str:
        """What stays together when curves are split: the source, without what tells one author's files apart.

        Of `github:owner/repo path/of/file` the repository and up to four components of the path; of
        `public index NUMBER: title (revision)` the title, for two revisions of one text hold the same functions.
        """
        if self.source.startswith("github:") and " " in self.source:
            repository, path = self.source.split(" ", 1)
            return f"{repository} {'/'.join(path.split('/')[:4])}"
        if indexed := re.fullmatch(r"public index \d+: (.+?)(?: \([^()]*\))?", self.source):
            return indexed[1]
        return self.source


def load(path: Path) -> tuple[Curve, ...]:
    """The curves of a JSON file, or of all JSON files in a directory.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no list of curves, or two have the same id.
    """
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    try:
        curves = tuple(Curve.parse(entry) for file in files for entry in json.loads(file.read_bytes()))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a list of curves: {error!r}") from error
    ids = Counter(curve.id for curve in curves)
    if repeated := [name for name, count in ids.items() if count > 1]:
        raise ValueError(f"{path} has more than one curve {repeated[0]}")
    return curves


class Spanning(Protocol):
    """What has a family, and was measured over a range of sizes."""

    @property
    def family(self) -> str: ...
    @property
    def smallest_mb(self) -> int: ...
    @property
    def largest_mb(self) -> int: ...


S = TypeVar("S", bound=Spanning)


def wide(curves: Iterable[S]) -> tuple[S, ...]:
    """Those whose largest size is at least six times the smallest."""
    return tuple(curve for curve in curves if curve.largest_mb >= LEAST_SPAN * curve.smallest_mb)


def split(curves: Iterable[S], half: Half) -> tuple[S, ...]:
    """One half of the curves, family by family, so that nothing in one half gives the other away.

    Families go, from the one with most curves to those with one, to the half that has fewer curves until then. Which
    of two equally large families comes first, and which half takes one when both are equally full, is for a hash of
    the family's name to say: nobody chose, and nothing changes from run to run.
    """
    items = tuple(curves)
    if half is Half.ALL:
        return items
    counts = Counter(curve.family for curve in items)
    filled = {Half.TUNE: 0, Half.TEST: 0}
    home = {}
    for family in sorted(counts, key=lambda name: (-counts[name], _hash(name))):
        emptier = min(filled, key=lambda side: (filled[side], (side is Half.TEST) ^ (_hash(family) % 2)))
        filled[emptier] += counts[family]
        home[family] = emptier
    return tuple(curve for curve in items if home[curve.family] is half)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
