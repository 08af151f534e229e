"""Who may use the CPU now: quotas of running environments never add up to more than the machine has."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HEADROOM_CPUS = 0.1
"""Kept free for the server itself, which relays events and records logs while functions run."""

_SLACK = 1e-9


@dataclass(eq=False, slots=True)
class Grant:
    """One environment's claim on the CPU: waiting until `admitted`, then held until released."""

    cpus: float
    admitted: bool = False


class Ledger:
    """The bookkeeping, without clock or threads: first come, first admitted.

    The head of the queue is never overtaken, so that a large claim cannot starve behind small ones. When nothing
    runs, the head is admitted whatever it claims: a size larger than the machine runs alone.
    """

    def __init__(self, capacity: float) -> None:
        self.capacity = capacity
        self.running: set[Grant] = set()
        self.waiting: deque[Grant] = deque()

    @property
    def used(self) -> float:
        """The CPUs that are granted at this moment."""
        return sum(grant.cpus for grant in self.running)

    def request(self, cpus: float) -> Grant:
        """Queue a claim; it is admitted at once when its turn has come and there is room."""
        grant = Grant(cpus)
        self.waiting.append(grant)
        self._admit()
        return grant

    def shrink(self, grant: Grant, cpus: float) -> None:
        """Give back a part of a claim, as after the init phase."""
        grant.cpus = min(grant.cpus, cpus)
        self._admit()

    def release(self, grant: Grant) -> None:
        """End a claim, whether it was admitted or still waiting. Doing so twice is harmless."""
        self.running.discard(grant)
        if grant in self.waiting:
            self.waiting.remove(grant)
        self._admit()

    def _admit(self) -> None:
        while self.waiting:
            head = self.waiting[0]
            if self.running and self.used + head.cpus > self.capacity + _SLACK:
                return
            head.admitted = True
            self.running.add(self.waiting.popleft())


class Admission:
    """The ledger, with threads that wait for their turn."""

    def __init__(self, cores: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.capacity = max(cores - HEADROOM_CPUS, HEADROOM_CPUS)
        self._ledger = Ledger(self.capacity)
        self._clock = clock
        self._changed = threading.Condition()

    @property
    def used(self) -> float:
        """The CPUs that are granted at this moment."""
        with self._changed:
            return self._ledger.used

    def acquire(self, cpus: float, timeout_s: float) -> Grant | None:
        """Wait for `cpus`; None when they were not to be had within `timeout_s`."""
        deadline = self._clock() + timeout_s
        with self._changed:
            grant = self._ledger.request(cpus)
            while not grant.admitted:
                if (left := deadline - self._clock()) <= 0:
                    self._ledger.release(grant)
                    self._changed.notify_all()
                    return None
                self._changed.wait(left)
            return grant

    def shrink(self, grant: Grant, cpus: float) -> None:
        """Keep only a part of what was granted."""
        with self._change():
            self._ledger.shrink(grant, cpus)

    def release(self, grant: Grant) -> None:
        """Give back what was granted."""
        with self._change():
            self._ledger.release(grant)

    @contextmanager
    def _change(self) -> Iterator[None]:
        with self._changed:
            yield
            self._changed.notify_all()
