"""What an invocation takes of a processor, as learned from earlier ones, and how much it suffers from a neighbor."""

import math
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from powertune.local.containment.cell import PERIOD_S
from powertune.local.functions import Function

TOLERANCE = 0.03
"""The slowdown by neighbors that is accepted beforehand, as a part of the duration."""

FULL = 0.9
"""How much of a processor quotas may fill. The rest keeps each of them from missing its quota in a period."""

UNKNOWN_MS = 1e12
"""What stands for a time that is not known: longer than anything, and still a number to reckon with."""

_PERIOD_MS = PERIOD_S * 1000
_WEIGHT = 0.3
_KEPT = 4096
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A share of the CPU, and what is expected: CPU time and duration in ms."""

    cpus: float
    cpu_ms: float = UNKNOWN_MS
    duration_ms: float = UNKNOWN_MS

    @property
    def known(self) -> bool:
        """Whether anything is known but the share."""
        return self.duration_ms < UNKNOWN_MS

    def load(self, spread: int) -> float:
        """How much of each of `spread` processors it uses, 0 to 1."""
        if not self.known:
            return 1.0
        return min(1.0, self.cpu_ms / max(self.duration_ms, self.cpu_ms / spread, 1e-6) / spread)

    def tolerates(self, load: float, others_ms: float, spread: int) -> bool:
        """Whether neighbors slow it by no more than the tolerance.

        A function that is not throttled shares the processor while it computes, so that each ms takes 1 / (1 - load)
        as long (processor sharing). One that is throttled catches up within each period, as long as the quotas fit;
        what is left is a delay in its last period. Neither waits longer than the others compute in all.

        Args:
            load: what the others use of the processor, 0 to 1.
            others_ms: the CPU time that the others use in all.
            spread: over how many processors it is spread.
        """
        if load <= _NOTHING:
            return True
        if not self.known:
            return False
        if self.cpus < spread and self.cpu_ms > self.cpus * _PERIOD_MS:
            fits, alone_ms = load + self.load(spread) <= FULL, self.cpus * _PERIOD_MS
        else:
            fits, alone_ms = load < 1, self.cpu_ms
        shared_ms = alone_ms * load / (1 - load) if fits else math.inf
        return min(shared_ms, others_ms) <= TOLERANCE * self.duration_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """Mean CPU time and waiting time of an invocation, in ms."""

    cpu_ms: float
    waiting_ms: float

    def towards(self, other: "_Use") -> "_Use":
        return _Use(
            cpu_ms=self.cpu_ms + _WEIGHT * (other.cpu_ms - self.cpu_ms),
            waiting_ms=self.waiting_ms + _WEIGHT * (other.waiting_ms - self.waiting_ms),
        )


class Uses:
    """What was learned, per version; a version that has not run yet is expected to do what the others of it do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, _Use] = OrderedDict()

    def expect(self, function: Function, cpus: float) -> Demand:
        """What an invocation will take of `cpus` CPUs."""
        with self._lock:
            use = self._known.get(function.key) or self._known.get(_family(function))
        if use is None:
            return Demand(cpus=cpus)
        computing_ms = use.cpu_ms * max(1.0, 1 / cpus) if use.cpu_ms > cpus * _PERIOD_MS else use.cpu_ms
        return Demand(cpus=cpus, cpu_ms=use.cpu_ms, duration_ms=computing_ms + use.waiting_ms)

    def learn(self, function: Function, cpus: float, *, cpu_ms: float, duration_ms: float) -> None:
        """An invocation with `cpus` CPUs took so much."""
        computing_ms = cpu_ms * max(1.0, 1 / cpus) if cpu_ms > cpus * _PERIOD_MS else cpu_ms
        seen = _Use(cpu_ms=cpu_ms, waiting_ms=max(0.0, duration_ms - computing_ms))
        with self._lock:
            for key in (function.key, _family(function)):
                known = self._known.pop(key, None)
                self._known[key] = seen if known is None else known.towards(seen)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def _family(function: Function) -> Hashable:
    return (function.account, function.region, function.name)
