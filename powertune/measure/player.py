"""Plays jobs over the functions of a run, in threads; one thread owns all state, and the others hand events over."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol

from powertune.errors import SizeRefused
from powertune.measure.events import Event, Failed, Invoked, Published, QueuedPublishing, Waiting
from powertune.measure.protocols import Target
from powertune.measure.rounds import Job, Place, is_repeated
from powertune.model import Configuration, Invocation, Workload

#: How often to look whether a person has interrupted the run.
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the functions that a run measures, what it is sent, and how many invocations of it may be under way."""

    target: Target
    workload: Workload
    concurrency: int


class Keeper(Protocol):
    """Who pays for jobs and keeps what becomes of them. Called from the thread that plays."""

    def pays_for(self, job: Job) -> bool:
        """Set aside what the job can cost at most; False if the budget does not allow that."""
        ...

    def waiting(self, place: Place, what: str) -> None:
        """What the place waits for before it can be invoked, for a person."""
        ...

    def published(self, place: Place) -> None:
        """The place can be invoked now."""
        ...

    def refused(self, place: Place, refused: SizeRefused) -> None:
        """The place cannot be invoked at all; its jobs are dropped."""
        ...

    def invoked(self, job: Job, invocation: Invocation) -> None:
        """An invocation has ended."""
        ...


class Player:
    """Invokes each place as soon as it is published, over as many workers as there are invocations under way.

    Jobs start in their order, except that one waits while its side has enough under way, or its lane of the place is
    busy, and others pass it.

    Args:
        sides: the functions by name.
        published: what was published before this process.
    """

    def __init__(self, sides: Mapping[str, Side], keeper: Keeper, published: Iterable[Place] = ()) -> None:
        self._sides = sides
        self._keeper = keeper
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._under_way: Counter[str] = Counter()
        self._busy: set[tuple[Place, int]] = set()
        self._workers = 0
        self._publishers: dict[str, Thread] = {}
        self._published = set(published)
        self._refused: set[Place] = set()

    def publish(self, side: str, configurations: Sequence[Configuration]) -> None:
        """Begin to publish configurations of a side, once those are published that were asked for before."""
        arguments = (side, configurations, self._publishers.get(side))
        self._publishers[side] = Thread(target=self._publish, args=arguments, name="publisher", daemon=True)
        self._publishers[side].start()

    def is_published(self, place: Place) -> bool:
        """Whether the place can be invoked at once; or never, as it was refused."""
        return place in self._published or place in self._refused

    def play(self, jobs: Sequence[Job]) -> bool:
        """Play jobs whose places are published, or being published; False if the budget ended it.

        A configuration's lanes start together, so that each gets an environment of its own.

        Raises:
            BaseException: what a thread has failed with.
        """
        ready: deque[Job] = deque()
        waiting: dict[Place, list[Job]] = {}
        for job in jobs:
            if job.place in self._published:
                ready.append(job)
            elif job.place not in self._refused:
                waiting.setdefault(job.place, []).append(job)
        while waiting or ready or self._under_way.total():
            affordable = self._start(ready)
            if not affordable and not self._under_way.total():
                return False
            ready.extend(self._take(self._next_event(), waiting))
        return True

    def drain(self) -> None:
        """Hand on what has come in since an interruption: it was paid for."""
        with suppress(Empty):
            while True:
                event = self._events.get_nowait()
                if isinstance(event, Invoked):
                    self._end(event)

    def _start(self, ready: deque[Job]) -> bool:
        """Hand out jobs while there is room; False when the next one could exceed the budget."""
        held: list[Job] = []
        affordable = True
        while ready and any(self._has_room(side) for side in self._sides):
            job = ready.popleft()
            if not self._has_room(job.side) or (job.place, job.lane) in self._busy:
                held.append(job)
            elif affordable := self._keeper.pays_for(job):
                self._hand_out(job)
            else:
                held.append(job)
                break
        ready.extendleft(reversed(held))
        return affordable

    def _has_room(self, side: str) -> bool:
        return self._under_way[side] < self._sides[side].concurrency

    def _hand_out(self, job: Job) -> None:
        if self._workers <= self._under_way.total():
            Thread(target=self._work, name=f"lane-{self._workers}", daemon=True).start()
            self._workers += 1
        self._under_way[job.side] += 1
        self._busy.add((job.place, job.lane))
        self._jobs.put(job)

    def _next_event(self) -> Event:
        """What a thread hands over. A signal that arrives just before a wait does not end it, so no wait is long."""
        while True:
            with suppress(Empty):
                return self._events.get(timeout=_LOOK_S)

    def _take(self, event: Event, waiting: dict[Place, list[Job]]) -> list[Job]:
        """Pass an event on; returns the jobs that can be started because of it."""
        match event:
            case Waiting(place, what):
                self._keeper.waiting(place, what)
            case Published(place, None):
                self._published.add(place)
                self._keeper.published(place)
                return waiting.pop(place, [])
            case Published(place, SizeRefused() as refused):
                self._refused.add(place)
                self._keeper.refused(place, refused)
                waiting.pop(place, None)
            case Invoked(job, invocation):
                self._end(event)
                if is_repeated(invocation, job.disturbed):
                    return [replace(job, disturbed=job.disturbed + 1)]
            case Failed(error):
                raise error
        return []

    def _end(self, event: Invoked) -> None:
        self._under_way[event.job.side] -= 1
        self._busy.discard((event.job.place, event.job.lane))
        self._keeper.invoked(event.job, event.invocation)

    def _publish(self, side: str, configurations: Sequence[Configuration], before: Thread | None) -> None:
        """In a publisher's thread: one batch after the other, as AWS demands."""
        try:
            if before is not None:
                before.join()
            self._sides[side].target.publish(configurations, QueuedPublishing(side, self._events))
        except BaseException as error:  # carried to the measuring thread, which raises it
            self._events.put(Failed(error))

    def _work(self) -> None:
        """In a worker's thread: invoke what is handed out, for as long as the process lives."""
        while True:
            job = self._jobs.get()
            side = self._sides[job.side]
            try:
                body = side.workload.payloads[job.payload].body
                invocation = side.target.invoke(job.configuration, body, job.lane)
            except BaseException as error:  # carried to the measuring thread, which raises it
                self._events.put(Failed(error))
            else:
                self._events.put(Invoked(job, replace(invocation, payload=job.payload)))
