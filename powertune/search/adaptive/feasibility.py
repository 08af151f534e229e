"""Which sizes can be the answer: not those that fail, run out of memory, or cannot be published."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from powertune.model import Architecture, Configuration, Exploration, Measurement, Status

#: The next size to try above one that fails is larger by at least this factor.
STEP = 1.1
#: The most memory that a new AWS account may use.
CAPPED_MB = 3008
#: A size that uses more than FULL of its memory is too small; one that uses more than PRESSED is short of memory.
FULL, PRESSED = 0.97, 0.85
#: The first sizes of an architecture: if all of these raise errors, the function itself is at fault.
_ENOUGH_ERRORS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Feasibility:
    """What the measurements say of the sizes that can run the function.

    `works` are the measured configurations that do. `fills_memory` is whether the function fills its memory at every
    size, as some runtimes do: then full memory does not mean that it is too small.
    """

    measured: Mapping[Configuration, Measurement]
    exploration: Exploration
    works: frozenset[Configuration] = frozenset()
    fills_memory: bool = False

    @classmethod
    def of(
        cls,
        measured: Mapping[Configuration, Measurement],
        exploration: Exploration,
        sampled: Collection[Configuration],
    ) -> "Feasibility":
        """What `measured` shows, where `sampled` are the configurations with enough warm invocations."""
        found = cls(measured=measured, exploration=exploration)
        works = found._above_floor(sampled)
        if sampled and not works:
            found = replace(found, fills_memory=True)
            works = found._above_floor(sampled)
        return replace(found, works=works)

    def bounds(self, architecture: Architecture) -> tuple[int, int]:
        """The smallest and the largest size (MB) that may work; the smallest may exceed the largest.

        A size that fails needs more than one further MB of memory; a size that is refused is above the account's
        limit.
        """
        low = max(self.exploration.smallest_mb, math.ceil(STEP * self._floor(architecture)))
        used = self.exploration.memory_used_mb or 0
        low = max(low, math.ceil(used / FULL))
        if (headroom := self.exploration.goal.headroom) is not None:
            used = max([used, *(memory_used(self.measured[c]) for c in self.works)])
            low = max(low, math.ceil(headroom * used))
        return low, min([self.exploration.largest_mb, *map(_next_below, self._refused(beyond=True))])

    def admits(self, configuration: Configuration) -> bool:
        """Whether a configuration can be the answer."""
        if configuration.architecture not in self.exploration.architectures:
            return False
        low, high = self.bounds(configuration.architecture)
        return low <= configuration.memory_mb <= high

    def why_not(self, configuration: Configuration) -> str | None:
        """Why a measured configuration cannot be the answer, in a clause without a subject; None if it can."""
        if configuration in self.works and self.admits(configuration):
            return None
        measurement, size = self.measured[configuration], configuration.memory_mb
        wanted, floor = self.exploration, self._floor(configuration.architecture)
        if configuration.architecture not in wanted.architectures:
            return f"{configuration.architecture} was not searched"
        if not wanted.smallest_mb <= size <= wanted.largest_mb:
            return f"only {wanted.smallest_mb} to {wanted.largest_mb:,} MB were searched"
        if self._is_full(measurement):
            return f"memory is full: {memory_used(measurement)} MB used of {size} MB"
        if size <= STEP * floor:
            return f"at or near {floor} MB, a size that is too small"
        if configuration not in self.works:
            return "without a warm invocation of each payload"
        return "too little memory for what the function uses, or more than the account may use"

    def untried(self, configuration: Configuration) -> bool:
        """Whether a configuration that may work has not been measured."""
        return configuration not in self.measured and self.admits(configuration)

    @property
    def barren(self) -> frozenset[Configuration]:
        """What was measured without a usable warm invocation: another attempt is unlikely to give one."""
        return frozenset(self.measured.keys() - self.works)

    def short_of_memory(self, configuration: Configuration) -> bool:
        """Whether memory is scarce at a size, so that a larger one may be faster than the CPU explains."""
        used = memory_used(self.measured[configuration])
        return not self.fills_memory and used > PRESSED * configuration.memory_mb

    def always_raises(self, architecture: Architecture) -> bool:
        """Whether the function raised errors of its own at all of the first sizes, and nothing else happened."""
        failed = [m for c, m in self.measured.items() if c.architecture is architecture]
        statuses = {status for m in failed for status in m.invocations.column("status")}
        return len(failed) >= _ENOUGH_ERRORS and statuses == {Status.ERROR}

    def _above_floor(self, sampled: Collection[Configuration]) -> frozenset[Configuration]:
        return frozenset(c for c in sampled if self._floor(c.architecture) < c.memory_mb)

    def _floor(self, architecture: Architecture) -> int:
        """The largest size (MB) at which the function cannot run. It cannot run at a smaller one either."""
        failed = (
            c.memory_mb
            for c, m in self.measured.items()
            if c.architecture is architecture and (m.infeasible or self._is_full(m))
        )
        return max([0, *failed, *self._refused(beyond=False)])

    def _refused(self, *, beyond: bool) -> list[int]:
        """The sizes that could not be published: above all sizes that work, or below one of them."""
        works = max((c.memory_mb for c, m in self.measured.items() if len(m.invocations)), default=0)
        refused = (c.memory_mb for c, m in self.measured.items() if m.unmeasured)
        return [size for size in refused if (size > works) is beyond]

    def _is_full(self, measurement: Measurement) -> bool:
        return not self.fills_memory and memory_used(measurement) >= FULL * measurement.configuration.memory_mb


def memory_used(measurement: Measurement) -> int:
    """The most memory (MB) that any invocation has used; 0 if none reported it."""
    return max((used for used in measurement.invocations.column("max_memory_used_mb") if used is not None), default=0)


def _next_below(refused_mb: int) -> int:
    """The next size to try below one that the account may not use: new accounts end at 3,008 MB."""
    return CAPPED_MB if refused_mb > CAPPED_MB else int(refused_mb / STEP)
