"""The events of one log stream in order of time, found by bisection, readable while others write."""

import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: Time of the event and of its arrival in ms since the epoch, a number that no other event has, and the message.
#: A bare tuple in tuples: Python's garbage collector does not visit those, so a million events never stop the server.
Event = tuple[int, int, int, str]
#: What orders events: CloudWatch Logs sorts by time, time of arrival and the ID of the request.
Key = tuple[int, int, int]

_BLOCK = 512
FIRST: Key = (0, 0, 0)
LAST: Key = (2**63, 0, 0)
#: What CloudWatch Logs adds to the size of each event.
EVENT_BYTES = 26


class LoggedEvent(NamedTuple):
    """An event as moto knows it."""

    timestamp: int
    ingestion_time: int
    number: int
    message: str

    @property
    def event_id(self) -> str:
        """The ID in answers and in what subscriptions send."""
        return event_id((self.timestamp, self.ingestion_time, self.number, self.message))


def event_id(event: Event) -> str:
    """The 56 digits that name an event."""
    return f"{event[0]:020d}{event[2]:036d}"


def message_bytes(message: str) -> int:
    """The size of a message in bytes of UTF-8."""
    return len(message) if message.isascii() else len(message.encode(errors="replace"))


class Timeline:
    """Events in order, in blocks that never change, so that a reader keeps what it began to read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: list[tuple[Event, ...]] = []
        self._tail: list[Event] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[LoggedEvent]:
        return (LoggedEvent(*event) for event in self.between(FIRST, LAST))

    @property
    def first(self) -> Event | None:
        """The earliest event."""
        with self._lock:
            return self._blocks[0][0] if self._blocks else self._tail[0] if self._tail else None

    @property
    def last(self) -> Event | None:
        """The latest event."""
        with self._lock:
            return self._tail[-1] if self._tail else self._blocks[-1][-1] if self._blocks else None

    def add(self, events: Iterable[Event]) -> None:
        """Add events; in constant time each if they are later than all that are there."""
        with self._lock:
            for event in events:
                self._add(event)

    def drop_oldest(self) -> tuple[Event, ...]:
        """Forget a part of the events, the oldest ones; returns them."""
        with self._lock:
            if self._blocks:
                dropped = self._blocks.pop(0)
            else:
                half = (len(self._tail) + 1) // 2
                dropped, self._tail = tuple(self._tail[:half]), self._tail[half:]
            self._count -= len(dropped)
            return dropped

    def between(self, start: Key, end: Key, *, latest_first: bool = False) -> Iterator[Event]:
        """The events whose key is at least `start` and less than `end`, as they are now."""
        with self._lock:
            low = max(0, bisect_right(self._blocks, start, key=_key) - 1)
            blocks: list[tuple[Event, ...]] = self._blocks[low : bisect_left(self._blocks, end, key=_key)]
            if self._tail and self._tail[0][:3] < end:
                blocks.append(tuple(self._tail))
        return self._read(blocks, start, end, latest_first=latest_first)

    @staticmethod
    def _read(blocks: list[tuple[Event, ...]], start: Key, end: Key, *, latest_first: bool) -> Iterator[Event]:
        for block in reversed(blocks) if latest_first else blocks:
            low = bisect_left(block, start) if block[0][:3] < start else 0
            high = bisect_left(block, end) if block[-1][:3] >= end else len(block)
            yield from reversed(block[low:high]) if latest_first else block[low:high]

    def _add(self, event: Event) -> None:
        self._count += 1
        if self._blocks and event < self._blocks[-1][-1]:
            self._insert(event)
            return
        if self._tail and event < self._tail[-1]:
            insort(self._tail, event)
        else:
            self._tail.append(event)
        if len(self._tail) >= _BLOCK:
            self._blocks.append(tuple(self._tail))
            self._tail = []

    def _insert(self, event: Event) -> None:
        at = max(0, bisect_right(self._blocks, event[:3], key=_key) - 1)
        block = list(self._blocks[at])
        insort(block, event)
        half = len(block) // 2
        parts = [tuple(block)] if len(block) < 2 * _BLOCK else [tuple(block[:half]), tuple(block[half:])]
        self._blocks[at : at + 1] = parts


def _key(block: tuple[Event, ...]) -> Key:
    return block[0][:3]
