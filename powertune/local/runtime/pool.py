"""The environments that exist: reused while warm, created when all are busy, ended when idle or outdated."""

import itertools
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from powertune.local.containment.cell import Containment
from powertune.local.functions import Function
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.world import Closing, World

_log = logging.getLogger(__name__)

_MEMORY_SHARE = 0.5
"""How much of the machine's memory idle environments may fill."""

_FINISHING_WAIT_S = 2.0
_SWEEP_EVERY_S = 5.0

Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The environments of an allocation of provisioned concurrency."""

    total: int
    busy: int


class Pool:
    """All environments of a server."""

    def __init__(
        self,
        containment: Containment,
        world: World,
        *,
        idle_timeout_s: float,
        max_environments: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._containment, self._world, self._clock = containment, world, clock
        self._idle_timeout_s, self._max = idle_timeout_s, max_environments
        self._memory_mb = _MEMORY_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._idle: dict[Environment, float] = {}
        self._busy: set[Environment] = set()
        self._finishing: dict[Environment, float] = {}
        self._outdated: set[Environment] = set()
        self._being_made = 0
        self._closing: queue.SimpleQueue[Environment | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._bury, "pool-burial"), (self._sweep_forever, "pool-sweep"))
        ]
        for thread in self._threads:
            thread.start()

    def acquire(self, function: Function) -> Environment:
        """An idle environment of this version, the most recently used first; else a new one, not yet started.

        One that has just answered and is about to ask for its next event is waited for: a caller that comes back at
        once shall meet the same environment, as on Lambda.

        Raises:
            Closing: the server is ending.
        """
        deadline = self._clock() + _FINISHING_WAIT_S
        with self._changed:
            while True:
                self.check_open()
                if (found := self._most_recent(function.key)) is not None:
                    del self._idle[found]
                    self._busy.add(found)
                    return found
                left = deadline - self._clock()
                if left <= 0 or not any(env.function.key == function.key for env in self._finishing):
                    break
                self._changed.wait(left)
        return self.create(function)

    def create(self, function: Function) -> Environment:
        """A new environment, busy and not yet started.

        Raises:
            Closing: the server is ending.
        """
        with self._changed:
            self.check_open()
            self._make_room()
            self._being_made += 1
            number = next(self._numbers)
        return self._make(function, number)

    def provisioned(self, allocation: str) -> Usage:
        """How many initialized environments an allocation of provisioned concurrency has, and how many are busy."""
        with self._changed:
            mine = [env for env in self._members(allocation) if env.used_before]
            return Usage(total=len(mine), busy=sum(env in self._busy for env in mine))

    def shrink(self, allocation: str, keep: int) -> None:
        """End what an allocation of provisioned concurrency has too many of, the idle ones first."""
        with self._changed:
            for environment in self._members(allocation)[keep:]:
                if environment in self._idle:
                    self._let_go(environment)
                else:
                    self._outdated.add(environment)

    @property
    def room(self) -> int:
        """How many more environments may exist, should those on demand have to go."""
        with self._changed:
            everyone = (*self._idle, *self._busy)
            return self._max - sum(bool(env.function.provisioned_by) for env in everyone)

    def finishing(self, environment: Environment) -> None:
        """It has answered, and will be released soon."""
        with self._changed:
            self._finishing[environment] = self._clock()

    def release(self, environment: Environment) -> None:
        """It waits for its next event, or has to be started again within the next invocation."""
        with self._changed:
            self._finishing.pop(environment, None)
            self._busy.discard(environment)
            if environment in self._outdated:
                self._outdated.discard(environment)
                self._closing.put(environment)
            else:
                self._idle[environment] = self._clock()
            self._changed.notify_all()

    def discard(self, environment: Environment) -> None:
        """End a busy environment when it is released."""
        with self._changed:
            self._outdated.add(environment)

    def retire(self, outdated: Callable[[Function], bool]) -> None:
        """End the environments of functions that were changed or deleted; the busy ones when they are done."""
        with self._changed:
            for environment in [env for env in self._idle if outdated(env.function)]:
                self._let_go(environment)
            self._outdated.update(env for env in self._busy if outdated(env.function))

    def sweep(self) -> None:
        """End what has been idle for long, and runtimes that answered but do not come back for more."""
        with self._changed:
            now = self._clock()
            for environment in [env for env, since in self._on_demand() if since <= now - self._idle_timeout_s]:
                self._let_go(environment)
            lost = [env for env, since in self._finishing.items() if since <= now - env.function.timeout_s]
        for environment in lost:
            environment.stop()

    def close(self) -> None:
        """End all environments, and have no new ones."""
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._being_made)
            everyone = [*self._idle, *self._busy]
            self._idle.clear()
            self._outdated.update(self._busy)
        for environment in everyone:
            environment.close()
        self._closing.put(None)
        for thread in self._threads:
            thread.join()

    def check_open(self) -> None:
        """Find out whether the server is ending.

        Raises:
            Closing: it is.
        """
        if self._stop.is_set():
            raise Closing("the embedded AWS is ending")

    def _make(self, function: Function, number: int) -> Environment:
        """A new environment, busy from the start. Made without the lock, for which answers under way would wait."""
        try:
            cell = self._containment.cell(number, function.memory_mb)
            environment = Environment(function, number, cell, self._world)
            with self._changed:
                self._busy.add(environment)
            return environment
        finally:
            with self._changed:
                self._being_made -= 1
                self._changed.notify_all()

    def _most_recent(self, key: Key) -> Environment | None:
        candidates = [env for env in self._idle if env.function.key == key]
        return max(candidates, key=lambda env: (bool(env.function.provisioned_by), self._idle[env]), default=None)

    def _on_demand(self) -> list[tuple[Environment, float]]:
        """The idle environments that may be ended, and since when they are idle."""
        return [(env, since) for env, since in self._idle.items() if not env.function.provisioned_by]

    def _members(self, allocation: str) -> list[Environment]:
        """The environments of an allocation, the busy ones first."""
        kept = [env for env in self._busy if env not in self._outdated]
        return [env for env in (*kept, *self._idle) if env.function.provisioned_by == allocation]

    def _make_room(self) -> None:
        """End the least recently used until one more may exist."""
        everyone = len(self._idle) + len(self._busy)
        memory = sum(env.peak_mb for env in (*self._idle, *self._busy))
        for environment, _ in sorted(self._on_demand(), key=lambda entry: entry[1]):
            if everyone < self._max and memory <= self._memory_mb:
                return
            everyone -= 1
            memory -= environment.peak_mb
            self._let_go(environment)

    def _let_go(self, environment: Environment) -> None:
        del self._idle[environment]
        self._closing.put(environment)

    def _bury(self) -> None:
        while (environment := self._closing.get()) is not None:
            environment.close()

    def _sweep_forever(self) -> None:
        while not self._stop.wait(min(_SWEEP_EVERY_S, self._idle_timeout_s)):
            self.sweep()
