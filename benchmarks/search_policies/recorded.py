"""Functions whose invocations on Lambda were recorded: their format, their truth, and their replay."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_policies.functions import Environment, Ran, Starts
from benchmarks.search_policies.landscape import (
    PRICES,
    Array,
    Landscape,
    between,
    rates,
    weighted_quantile,
    whole_sizes,
)
from benchmarks.search_policies.simulation import MEMORY_SHARE
from powertune.model import Architecture, Status

SCHEMA = "invocations/1"
#: A size at which this share of the invocations fails is one at which the function does not work.
INFEASIBLE_SHARE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The invocations that failed at one size: their share of all, and how each of them ended."""

    share: float
    ends: tuple[Ran, ...]

    @classmethod
    def parse(cls, entry: Sequence[Any]) -> "Failures":
        """Read [share, durations, statuses, max memory used MB]; raises ValueError if there is none."""
        share, durations, statuses, used = entry
        ends = tuple(
            Ran(duration_ms=float(duration), status=Status(status), max_memory_used_mb=int(memory))
            for duration, status, memory in zip(durations, statuses, used, strict=True)
        )
        if not (ends and 0 < share <= 1):
            raise ValueError(f"a share of {share} of failures with {len(ends)} examples")
        return cls(share=float(share), ends=ends)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One architecture: for each size the durations (ms) of its environments, and its failures.

    Where environments are not known, a size has one, which stands for all. `used_mb` is the memory used, where that
    was reported.
    """

    architecture: Architecture
    environments: Mapping[int, tuple[Array, ...]]
    init_ms: float = 0.0
    used_mb: Mapping[int, int]
    failures: Mapping[int, Failures]

    @classmethod
    def parse(cls, architecture: str, entry: Mapping[str, Any]) -> "Recording":
        """Read one architecture; raises ValueError if fewer than two sizes work, or a duration is not above 0."""
        lists = {
            int(size): tuple(np.array(each, dtype=np.float64) for each in environments if each)
            for size, environments in entry["durations_ms"].items()
        }
        recording = cls(
            architecture=Architecture(architecture),
            environments={size: lists[size] for size in sorted(lists) if lists[size]},
            init_ms=float(entry["init_ms"]),
            used_mb={int(size): int(used) for size, used in entry["used_mb"].items()},
            failures={int(size): Failures.parse(failed) for size, failed in entry["failures"].items()},
        )
        if len(recording.working) < 2 or any((each <= 0).any() for found in lists.values() for each in found):
            raise ValueError("needs two or more sizes that work, and durations above 0")
        return recording

    @cached_property
    def infeasible_mb(self) -> int:
        """The largest size at which the function does not work; 0 if it works at all."""
        return max((size for size, f in self.failures.items() if f.share >= INFEASIBLE_SHARE), default=0)

    @cached_property
    def working(self) -> tuple[int, ...]:
        """The measured sizes at which it works, ascending. Below the first of them, nobody knows that it does."""
        return tuple(size for size in self.environments if size > self.infeasible_mb)

    @property
    def smallest_mb(self) -> int:
        """The smallest size that was tried."""
        return min(*self.environments, *self.failures)

    @property
    def largest_mb(self) -> int:
        """The largest size that was tried."""
        return max(self.working)

    def nearest(self, memory_mb: int) -> int:
        """The measured size whose invocations stand for those of a size: among those that work if it does."""
        works = memory_mb >= self.working[0]
        among = self.working if works else tuple(size for size in self.failures if size <= self.infeasible_mb)
        return min(among, key=lambda size: abs(math.log(size / memory_mb)))

    def location(self, memory_mb: int) -> float:
        """The mean duration of a measured size, in ms: every environment counts alike."""
        return float(np.mean([each.mean() for each in self.environments[memory_mb]]))

    @cached_property
    def locations(self) -> Array:
        """The mean durations at every whole size from the first that works, in ms."""
        points = [(size, self.location(size)) for size in self.working]
        return between(points, whole_sizes(self.working[0], self.largest_mb))

    @cached_property
    def landscape(self) -> Landscape:
        """The truth: what replaying it without end would show."""
        sizes = whole_sizes(self.smallest_mb, self.largest_mb)
        durations, billed, p95s = (np.full(len(sizes), np.inf) for _ in range(3))
        nearest = np.array([self.nearest(size) for size in sizes[-len(self.locations) :].tolist()])
        first = len(sizes) - len(self.locations)
        for size in self.working:
            place = first + np.flatnonzero(nearest == size)
            durations[place] = locations = self.locations[place - first]
            factors, weights = self._factors(size)
            billed[place] = np.ceil(locations[:, np.newaxis] * factors) @ weights
            p95s[place] = locations * weighted_quantile(factors, weights, 0.95)
            if (failed := self.failures.get(size)) is not None:
                # Whoever needs an answer pays for the failures as well.
                lost = float(np.mean([math.ceil(end.duration_ms) for end in failed.ends]))
                billed[place] += failed.share / (1 - failed.share) * lost
        costs = billed * rates(self.architecture, sizes) + PRICES.request
        return Landscape(sizes=sizes, durations=durations, costs=costs, p95s=p95s)

    def _factors(self, size: int) -> tuple[Array, Array]:
        """What single durations of a measured size are multiples of its mean by, and the weights, of sum 1."""
        lists = self.environments[size]
        weights = [np.full(len(each), 1 / len(each) / len(lists)) for each in lists]
        return np.concatenate(lists) / self.location(size), np.concatenate(weights)

    def start(self, memory_mb: int, generator: np.random.Generator) -> Environment:
        """An environment as one of those that were recorded: all its invocations are drawn from that one's."""
        nearest = self.nearest(memory_mb)
        failures, lists = self.failures.get(nearest), self.environments.get(nearest, ())
        known = lists[generator.integers(len(lists))] if lists else None
        scale = 1.0
        if memory_mb >= self.working[0]:
            scale = float(self.locations[memory_mb - self.working[0]]) / self.location(nearest)
        used = min(memory_mb, self.used_mb.get(nearest, int(MEMORY_SHARE * self.working[0])))

        def invoke() -> Ran:
            if failures is not None and (known is None or generator.random() < failures.share):
                return failures.ends[generator.integers(len(failures.ends))]
            assert known is not None
            return Ran(duration_ms=scale * float(known[generator.integers(len(known))]), max_memory_used_mb=used)

        return invoke


@dataclass(frozen=True, kw_only=True)
class RecordedFunction:
    """A function with recorded invocations, on one architecture or two."""

    id: str
    source: str
    recordings: Mapping[Architecture, Recording]

    @classmethod
    def parse(cls, entry: Mapping[str, Any]) -> "RecordedFunction":
        """Read one function.

        Raises:
            ValueError: what it says makes no sense.
        """
        try:
            found = [Recording.parse(name, each) for name, each in entry["arch"].items()]
        except ValueError as error:
            raise ValueError(f"function {entry['id']}: {error}") from error
        recordings = {each.architecture: each for each in found}
        return cls(id=entry["id"], source=entry["source"], recordings=recordings)

    @property
    def title(self) -> str:
        """Where it is from."""
        return self.source

    @property
    def family(self) -> str:
        """What stays together when functions are split."""
        return self.source

    @property
    def smallest_mb(self) -> int:
        """The smallest size that was tried on all its architectures."""
        return max(each.smallest_mb for each in self.recordings.values())

    @property
    def largest_mb(self) -> int:
        """The largest size that was tried on all its architectures."""
        return min(each.largest_mb for each in self.recordings.values())

    @property
    def landscapes(self) -> Mapping[Architecture, Landscape]:
        """The truth."""
        return {architecture: each.landscape for architecture, each in self.recordings.items()}

    def init_ms(self, architecture: Architecture) -> float:
        """The typical one."""
        return self.recordings[architecture].init_ms

    def starts(self, generator: np.random.Generator) -> Starts:
        """The recorded environments, at random."""
        return lambda c: self.recordings[c.architecture].start(c.memory_mb, generator)


def load_invocations(path: Path) -> tuple[RecordedFunction, ...]:
    """The functions of a file of recorded invocations.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file, or two functions have the same id.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise ValueError(f"{path} holds {content['schema']!r}, not {SCHEMA!r}")
        functions = tuple(map(RecordedFunction.parse, content["functions"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a file of invocations: {error!r}") from error
    if len({function.id for function in functions}) < len(functions):
        raise ValueError(f"{path} has more than one function of the same name")
    return functions
