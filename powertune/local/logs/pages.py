"""Pages of events: what FilterLogEvents and GetLogEvents answer, and the tokens that continue."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from powertune.local.logs.models import Stream, in_order
from powertune.local.logs.pace import Pace
from powertune.local.logs.patterns import Matches
from powertune.local.logs.timeline import FIRST, LAST, Event, Key, message_bytes

MOST_EVENTS = 10_000
_MOST_BYTES = 1_048_576
#: How many events one page looks at: like CloudWatch Logs, it may then be empty although there are more.
_MOST_SCANNED = 100_000
_TOKEN = re.compile(r"(?P<direction>[fb])/(?P<time>\d{20})(?P<ingested>\d{18})(?P<number>\d{18})")


class BadTokenError(ValueError):
    """A token that no answer has given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From which time in ms to before which, and how many events at most."""

    start: int
    end: int
    limit: int = MOST_EVENTS

    @property
    def low(self) -> Key:
        """The key of the first event that may be in it."""
        return (self.start, 0, 0)

    @property
    def high(self) -> Key:
        """The key after the last."""
        return (self.end, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events in the order of the answer, and the tokens to go on; `forward` is None at the end of a search."""

    events: tuple[tuple[Event, Stream], ...]
    forward: str | None
    backward: str | None = None


def search(
    streams: list[Stream], span: Span, selects: Matches, token: str | None, pace: Pace, *, latest_first: bool = False
) -> Page:
    """The next events that a pattern selects.

    Raises:
        BadTokenError: the token is not one of an earlier page.
    """
    low, high = span.low, span.high
    if token is not None:
        direction, key = _read(_decoded(token))
        latest_first = direction == "b"
        low, high = (low, min(high, key)) if latest_first else (max(low, _after(key)), high)
    found: list[tuple[Event, Stream]] = []
    size = 0
    last: Key | None = None
    for scanned, (event, stream) in enumerate(in_order(streams, low, high, latest_first=latest_first)):
        pace.step()
        if selects(event[3]):
            size += message_bytes(event[3])
            if found and size > _MOST_BYTES:
                break
            found.append((event, stream))
        last = event[:3]
        if len(found) == span.limit or scanned + 1 >= _MOST_SCANNED:
            break
    else:
        last = None
    forward = None if last is None else _encoded(_token("b" if latest_first else "f", last))
    return Page(events=tuple(found), forward=forward)


def read(stream: Stream, span: Span, token: str | None, pace: Pace, *, from_head: bool) -> Page:
    """The next events of one stream in either direction, the earliest first.

    Raises:
        BadTokenError: the token is not one of an earlier page.
    """
    low, high = span.low, span.high
    if token is not None:
        direction, key = _read(token)
        from_head = direction == "f"
        low, high = (max(low, _after(key)), high) if from_head else (low, min(high, key))
    events = list(_first(stream.timeline.between(low, high, latest_first=not from_head), span.limit, pace))
    if not from_head:
        events.reverse()
    if not events:
        if token is not None:
            return Page(events=(), forward=_turned(token, "f"), backward=_turned(token, "b"))
        return Page(events=(), forward=_token("f", span.low), backward=_token("b", min(span.high, LAST)))
    return Page(
        events=tuple((event, stream) for event in events),
        forward=_token("f", events[-1][:3]),
        backward=_token("b", events[0][:3]),
    )


def _first(events: Iterator[Event], limit: int, pace: Pace) -> Iterator[Event]:
    size = 0
    for count, event in enumerate(events):
        size += message_bytes(event[3])
        if count == limit or (count and size > _MOST_BYTES):
            return
        yield event
        pace.step()


def _after(key: Key) -> Key:
    return (key[0], key[1], key[2] + 1)


def _token(direction: str, key: Key) -> str:
    return f"{direction}/{key[0]:020d}{key[1]:018d}{key[2]:018d}"


def _turned(token: str, direction: str) -> str:
    return direction + token[1:]


def _read(token: str) -> tuple[str, Key]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise BadTokenError("The specified nextToken is invalid.")
    key = (int(match["time"]), int(match["ingested"]), int(match["number"]))
    return match["direction"], max(key, FIRST)


def _encoded(token: str) -> str:
    return base64.urlsafe_b64encode(token.encode()).decode()


def _decoded(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, ValueError):
        raise BadTokenError("The specified nextToken is invalid.") from None
