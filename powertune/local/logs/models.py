"""Log groups and streams that keep their events in order; moto's in everything else."""

import heapq
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.logs.models import LogGroup, LogStream

from powertune.local.logs import subscriptions
from powertune.local.logs.client_regex import TooSlowError
from powertune.local.logs.patterns import filter_pattern
from powertune.local.logs.timeline import EVENT_BYTES, LAST, Event, Key, LoggedEvent, Timeline, message_bytes

_log = logging.getLogger(__name__)

_numbers = itertools.count(1)
_DAY_MS = 86_400_000
#: What Python keeps for an event besides its message.
OVERHEAD_BYTES = 250
STANDARD = "STANDARD"


class Stream(LogStream):
    """A log stream whose events are a timeline. Moto reads `events`, and finds its own kind of event there."""

    def __init__(self, log_group: Any, name: str) -> None:
        super().__init__(log_group, name)
        self.timeline = Timeline()
        self.events = self.timeline  # type: ignore[assignment] # it has those events

    def put_log_events(self, log_events: list[dict[str, Any]]) -> str:
        """Add events, and send them to the subscriptions whose pattern selects them."""
        self.last_ingestion_time = utcnow()
        ingested = int(unix_time_millis(self.last_ingestion_time))
        events = [(int(each["timestamp"]), ingested, next(_numbers), each["message"]) for each in log_events]
        self.timeline.add(events)
        self.stored_bytes += sum(message_bytes(event[3]) + EVENT_BYTES for event in events)
        self.upload_sequence_token += 1
        for subscription in list(self.log_group.subscription_filters.values()):
            self._send(subscription, events)
        return f"{self.upload_sequence_token:056d}"

    @property
    def held_bytes(self) -> int:
        """About how much memory the events take."""
        return self.stored_bytes + len(self.timeline) * OVERHEAD_BYTES

    def drop_oldest(self) -> None:
        """Forget a part of the events, the oldest ones."""
        dropped = self.timeline.drop_oldest()
        self.stored_bytes -= sum(message_bytes(event[3]) + EVENT_BYTES for event in dropped)

    def _send(self, subscription: Any, events: list[Event]) -> None:
        selects = filter_pattern(subscription.filter_pattern)
        try:
            chosen = [LoggedEvent(*event) for event in events if selects(event[3])]
        except TooSlowError as error:
            # Who writes logs is not refused for what somebody else filters them with.
            _log.warning("events of %s not sent to %s: %s", self.log_group.name, subscription.name, error)
            return
        if chosen:
            sent = [{"id": each.event_id, "timestamp": each.timestamp, "message": each.message} for each in chosen]
            subscriptions.send(subscription, self, sent, self._send_log_events)

    def _update(self) -> None:
        first, last = self.timeline.first, self.timeline.last
        times = {
            "first_event_timestamp": first[0] if first else None,
            "last_event_timestamp": last[0] if last else None,
        }
        vars(self).update(times)

    def to_describe_dict(self) -> dict[str, Any]:
        """As moto, but AWS has stopped to count the bytes of streams."""
        described: dict[str, Any] = super().to_describe_dict()
        return {**described, "storedBytes": 0}


class Group(LogGroup):
    """A log group with a class, read in order of time over its streams."""

    def __init__(self, account_id: str, region: str, name: str, **kwargs: Any) -> None:
        super().__init__(account_id, region, name, **kwargs)
        #: Bytes of events that are no longer held.
        self.stored_before = 0
        self.log_class: str = kwargs.get("logGroupClass") or kwargs.get("LogGroupClass") or STANDARD

    @property
    def oldest(self) -> int:
        """The time in ms before which events have expired."""
        if not self.retention_in_days:
            return 0
        return int(unix_time_millis(utcnow())) - int(self.retention_in_days) * _DAY_MS

    def selected(self, chosen: Callable[[str], bool]) -> list[Stream]:
        """The streams with such names."""
        streams = list(self.streams.items())
        return [stream for name, stream in streams if chosen(name) and isinstance(stream, Stream)]

    def stream(self, name: str) -> Stream | None:
        """A stream by its name."""
        stream = self.streams.get(name)
        return stream if isinstance(stream, Stream) else None

    def to_describe_dict(self) -> dict[str, Any]:
        """As moto, with the class."""
        described: dict[str, Any] = super().to_describe_dict()
        held = sum(stream.stored_bytes for stream in list(self.streams.values()))
        described["storedBytes"] = self.stored_before + held
        return {**described, "logGroupClass": self.log_class}


def drop_oldest(streams: Iterable[Stream], limit: int) -> None:
    """Forget the oldest events, whichever stream they are in, until the others take no more than `limit` bytes."""
    held = {stream: stream.held_bytes for stream in streams if len(stream.timeline)}
    while sum(held.values()) > limit:
        oldest = min(held, key=_beginning)
        oldest.drop_oldest()
        held[oldest] = oldest.held_bytes
        if not len(oldest.timeline):
            del held[oldest]


def _beginning(stream: Stream) -> Key:
    first = stream.timeline.first
    return LAST if first is None else first[:3]


def in_order(
    streams: list[Stream], start: Key, end: Key, *, latest_first: bool = False
) -> Iterator[tuple[Event, Stream]]:
    """The events of several streams with keys from `start` to before `end`, and the stream of each."""
    sources = [
        _of(stream, start, end, latest_first=latest_first) for stream in streams if _reaches(stream, start, end)
    ]
    # Two events never have the same key, so that streams are not compared.
    return sources[0] if len(sources) == 1 else heapq.merge(*sources, reverse=latest_first)


def _of(stream: Stream, start: Key, end: Key, *, latest_first: bool) -> Iterator[tuple[Event, Stream]]:
    return ((event, stream) for event in stream.timeline.between(start, end, latest_first=latest_first))


def _reaches(stream: Stream, start: Key, end: Key) -> bool:
    first, last = stream.timeline.first, stream.timeline.last
    return first is not None and last is not None and last[:3] >= start and first[:3] < end
