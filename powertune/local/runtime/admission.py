"""Who may compute now: an invocation is admitted when it and those under way would not slow each other.

What an invocation takes of a processor is learned (`demand.py`). Functions that wait share one by the hundred, and
functions that compute have one to themselves. Nobody is refused: an invocation that finds no room waits.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from powertune.local.runtime.demand import UNKNOWN_MS, Demand

LOOK_S = 0.02
"""How long an invocation runs before what it really uses counts in place of what was expected."""

TRUSTED_S = 0.3
"""How long at most an invocation is taken to do as those before it did: it may wait for one that waits for it."""

_STILL = 0.05
_SLACK = 1e-6


@dataclass(eq=False, slots=True, kw_only=True)
class Claim:
    """One invocation's claim: waiting until it has processors, `cores`, and then held until released.

    `used_ms` tells the CPU time that its environment has used, or wanted and not got. It began, or was looked at
    last, at `seen_at`, and said `seen_ms` then, None if it was not asked. `observed` tells that the demand is what
    was seen, not what was expected.
    """

    demand: Demand
    used_ms: Callable[[], float] | None = None
    cores: tuple[int, ...] = ()
    observed: bool = False
    seen_at: float = math.inf
    seen_ms: float | None = None

    @property
    def admitted(self) -> bool:
        """Whether it may compute."""
        return bool(self.cores)

    @property
    def load(self) -> float:
        """How much of each of its processors it uses."""
        return self.demand.load(len(self.cores))

    @property
    def rest_ms(self) -> float:
        """The CPU time that it may still use."""
        return UNKNOWN_MS if self.observed else self.demand.cpu_ms

    @property
    def stands_still(self) -> bool:
        """Whether it was seen to wait, perhaps for one that is in line behind it."""
        return self.observed and self.load < _STILL

    def look(self, now: float) -> Demand | None:
        """What it does, if that is not as expected; None if it is, or ran too short to tell."""
        elapsed_ms = (now - self.seen_at) * 1000
        known = self.demand.known and self.seen_ms is None
        expected_ms = min(2 * self.demand.duration_ms, TRUSTED_S * 1000) if known else 0.0
        if self.used_ms is None or elapsed_ms < max(LOOK_S * 1000, expected_ms):
            return None
        used_ms = self.used_ms()
        # The first look notes where it stands. A process that has ended says nothing of the next one.
        if self.seen_ms is None or used_ms < self.seen_ms:
            self.seen_at, self.seen_ms = now, used_ms
            return None
        seen = Demand(cpus=self.demand.cpus, cpu_ms=used_ms - self.seen_ms, duration_ms=elapsed_ms)
        self.observed, self.seen_at, self.seen_ms = True, now, used_ms
        return seen

    def begin(self, now: float) -> None:
        """What follows is seen from here. Most are never looked at, so that nothing is read yet."""
        self.observed, self.seen_at, self.seen_ms = False, now, None


class Ledger:
    """The bookkeeping, without clock or threads: first come, first admitted.

    The head of the queue is never overtaken, so that one which needs a processor to itself does not starve behind
    those that share one. It is admitted whatever it claims when nothing else runs.
    """

    def __init__(self, cores: Collection[int]) -> None:
        self._cores = tuple(cores)
        self.running: set[Claim] = set()
        self.waiting: deque[Claim] = deque()

    @property
    def head(self) -> Claim | None:
        """The next in line."""
        return self.waiting[0] if self.waiting else None

    def request(self, claim: Claim) -> tuple[Claim, ...]:
        """Queue a claim; it is admitted at once when its turn has come and there is room.

        Returns:
            Who was admitted, as from all changes.
        """
        self.waiting.append(claim)
        return self._admit()

    def revise(self, claim: Claim, demand: Demand) -> tuple[Claim, ...]:
        """Count a claim with another demand from now on, as after the init phase."""
        claim.demand = demand
        return self._admit()

    def release(self, claim: Claim) -> tuple[Claim, ...]:
        """End a claim, whether it was admitted or still waiting. Doing so twice is harmless."""
        self.running.discard(claim)
        if claim in self.waiting:
            self.waiting.remove(claim)
        return self._admit()

    def _admit(self) -> tuple[Claim, ...]:
        admitted = []
        while self.waiting and (cores := self._room(self.waiting[0])):
            claim = self.waiting.popleft()
            claim.cores = cores
            self.running.add(claim)
            admitted.append(claim)
        return tuple(admitted)

    def _room(self, claim: Claim) -> tuple[int, ...]:
        """The processors that a claim can have now, the least used first; none if it has to wait."""
        spread = min(len(self._cores), max(1, math.ceil(claim.demand.cpus - _SLACK)))
        if not self.running:
            return self._cores[:spread]
        loads = {core: sum(each.load for each in self._on(core)) for core in self._cores}
        by_load = sorted(self._cores, key=loads.__getitem__)
        choices = [(core,) for core in by_load] if spread == 1 else [tuple(by_load[:spread])]
        return next((cores for cores in choices if self._fits(claim.demand, cores, loads)), ())

    def _fits(self, demand: Demand, cores: tuple[int, ...], loads: Mapping[int, float]) -> bool:
        """Whether a newcomer to these processors, and those that run there, can stand each other."""
        rests = {core: sum(each.rest_ms for each in self._on(core)) for core in self._cores}
        if not demand.tolerates(max(loads[core] for core in cores), sum(rests[core] for core in cores), len(cores)):
            return False
        added = demand.load(len(cores))
        there = {each for core in cores for each in self._on(core)}
        return all(
            each.stands_still
            or each.demand.tolerates(
                max(loads[core] for core in each.cores) - each.load + added,
                sum(rests[core] for core in each.cores) - each.rest_ms + demand.cpu_ms,
                len(each.cores),
            )
            for each in there
        )

    def _on(self, core: int) -> list[Claim]:
        return [claim for claim in self.running if core in claim.cores]


class Admission:
    """The ledger, with threads that wait for their turn.

    Each waits on a condition of its own: to wake hundreds so that one of them goes on would take the interpreter from
    everything else that the server does.
    """

    def __init__(self, cores: Collection[int], clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = Ledger(cores)
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[Claim, threading.Condition] = {}
        self._looking: Claim | None = None

    @property
    def running(self) -> int:
        """How many invocations are admitted at this moment."""
        with self._lock:
            return len(self._ledger.running)

    def acquire(self, demand: Demand, timeout_s: float, used_ms: Callable[[], float] | None = None) -> Claim | None:
        """Wait for processors; None when they were not to be had within `timeout_s`."""
        claim = Claim(demand=demand, used_ms=used_ms)
        with self._lock:
            self._wake(self._ledger.request(claim))
            if not claim.admitted:
                self._wait(claim, self._clock() + timeout_s)
            if not claim.admitted:
                self._wake(self._ledger.release(claim))
                return None
            claim.begin(self._clock())
            return claim

    def revise(self, claim: Claim, demand: Demand) -> None:
        """Count a claim with another demand from now on."""
        with self._lock:
            claim.begin(self._clock())
            self._wake(self._ledger.revise(claim, demand))

    def release(self, claim: Claim) -> None:
        """Give back what was granted."""
        with self._lock:
            self._wake(self._ledger.release(claim))

    def _wait(self, claim: Claim, deadline: float) -> None:
        """Return when a claim is admitted, or at the deadline. The next in line looks what the others really do."""
        turn = self._turns[claim] = threading.Condition(self._lock)
        while not claim.admitted and (left := deadline - self._clock()) > 0:
            if self._ledger.head is claim:
                self._looking = claim
                turn.wait(min(left, LOOK_S))
                if not claim.admitted:
                    self._look()
            else:
                turn.wait(left)
        del self._turns[claim]

    def _look(self) -> None:
        """Count what is seen of those that do not do as expected, such as one that waits for another function."""
        now = self._clock()
        for claim in tuple(self._ledger.running):
            if (seen := claim.look(now)) is not None:
                self._wake(self._ledger.revise(claim, seen))

    def _wake(self, admitted: tuple[Claim, ...]) -> None:
        """Have those go on whose turn has come, and the next in line look from now on."""
        for claim in admitted:
            if (turn := self._turns.get(claim)) is not None:
                turn.notify()
        head = self._ledger.head
        if head is not None and head is not self._looking and (turn := self._turns.get(head)) is not None:
            turn.notify()
