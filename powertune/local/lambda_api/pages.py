"""Long lists in pages: a marker names the last item that was given out, so that a page misses and repeats nothing."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from powertune.local.lambda_api.errors import invalid_value

PAGE = 50
"""The most items of a page, even if more are asked for (botocore 1.44.8 model, ListFunctions)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some of the items, and where to go on; None at the end."""

    items: tuple[T, ...]
    next_marker: str | None

    def document(self, name: str) -> dict[str, object]:
        """The answer of an operation that lists."""
        more = {} if self.next_marker is None else {"NextMarker": self.next_marker}
        return {name: list(self.items), **more}


def page(
    items: Iterable[T],
    key: Callable[[T], str],
    *,
    marker: str | None = None,
    max_items: int | None = None,
    most: int = PAGE,
) -> Page[T]:
    """One page of items, sorted by a key that is theirs alone and never changes.

    Args:
        items: all of them.
        key: what they are sorted and found again by.
        marker: where the last page ended; None for the first one.
        max_items: how many the caller wants.
        most: how many the API gives at most.

    Raises:
        ControlError: the marker is none of ours.
    """
    ordered = sorted(items, key=key)
    start = bisect_right(ordered, _key_of(marker), key=key) if marker else 0
    chosen = tuple(ordered[start : start + min(max_items or most, most)])
    ended = start + len(chosen) >= len(ordered)
    return Page(items=chosen, next_marker=None if ended else _marker_of(key(chosen[-1])))


def by_number(number: int | str) -> str:
    """A key by which numbers sort."""
    return f"{int(number):020}"


def _marker_of(key: str) -> str:
    return urlsafe_b64encode(f"\0{key}".encode()).decode()


def _key_of(marker: str) -> str:
    try:
        text = urlsafe_b64decode(marker.encode()).decode()
    except (binascii.Error, UnicodeError):
        text = ""
    if not text.startswith("\0"):
        raise invalid_value("Invalid Marker")
    return text[1:]
