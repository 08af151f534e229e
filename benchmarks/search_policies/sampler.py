"""The function as a policy gets to know it: by invoking it, and paying for that."""

import math
import zlib
from collections.abc import Sequence

import numpy as np

from benchmarks.search_policies.functions import Environment, Function, common_range
from benchmarks.search_policies.landscape import billed_cost
from powertune.model import Architecture, Configuration, Invocation, Status

#: Durations are reported in hundredths of a millisecond.
_LEAST_MS = 0.01


class Sampler:
    """One function and one seed. Each configuration and lane is an environment of its own.

    Counts invocations, configurations and money.
    """

    def __init__(self, function: Function, architectures: Sequence[Architecture], seed: int, repeat: int = 0) -> None:
        # By the function's name: it has the same noise whichever others are judged with it, for every policy.
        generator = np.random.default_rng((seed, zlib.crc32(function.id.encode()), repeat))
        self._function = function
        self._starts = function.starts(generator)
        self._environments: dict[tuple[Configuration, int], Environment] = {}
        self._broken: set[tuple[Configuration, int]] = set()
        self.spent_usd = 0.0
        self.invocations = 0
        self.seed = seed + repeat
        self.smallest_mb, self.largest_mb = common_range(function, architectures)

    @property
    def configurations(self) -> frozenset[Configuration]:
        """Those that were invoked."""
        return frozenset(configuration for configuration, _ in self._environments)

    def clip(self, memory_mb: int) -> int:
        """The nearest size in range."""
        return min(max(memory_mb, self.smallest_mb), self.largest_mb)

    def invoke(self, configuration: Configuration, lane: int = 0) -> Invocation:
        """Invoke once. The first of each configuration and lane is cold.

        The invocation after one that broke the environment starts the runtime anew, which is not reported as init.

        Raises:
            ValueError: the size is outside the range.
        """
        if not self.smallest_mb <= configuration.memory_mb <= self.largest_mb:
            raise ValueError(f"{configuration} is outside the range of {self._function.id}")
        place = (configuration, lane)
        typical_ms = self._function.init_ms(configuration.architecture)
        init_ms = None if place in self._environments else typical_ms
        if init_ms is not None:
            self._environments[place] = self._starts(configuration)
        ran = self._environments[place]()
        hidden_ms = typical_ms if place in self._broken else 0.0
        duration_ms = max(_LEAST_MS, round(ran.duration_ms + hidden_ms, 2))
        billed_ms = math.ceil(duration_ms + (init_ms or 0.0))
        self._broken.discard(place)
        if ran.status.broke_environment:
            self._broken.add(place)
        self.invocations += 1
        self.spent_usd += billed_cost(configuration, billed_ms)
        killed = ran.status is Status.OUT_OF_MEMORY
        return Invocation(
            started_at=float(self.invocations),
            duration_ms=duration_ms,
            billed_ms=billed_ms,
            init_ms=init_ms,
            max_memory_used_mb=ran.max_memory_used_mb,
            memory_mb=configuration.memory_mb,
            status=ran.status,
            error_type="Runtime.ExitError" if killed else "Unhandled" if ran.status.failed else None,
            request_id=str(self.invocations),
            executed_version=str(configuration.memory_mb),
            lane=lane,
            environment=f"{configuration}/{lane}",
        )
