"""Long lists in pages: a page begins after the item that its token names, whatever was added before it."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from powertune.local.stepfunctions.errors import error

_DEFAULT, _MOST = 100, 1000
_Item = TypeVar("_Item")


def page(
    items: Sequence[_Item], key: Callable[[_Item], str], max_results: int | None, token: str | None
) -> tuple[Sequence[_Item], str | None]:
    """One page of a list, and the token of the next.

    Args:
        items: all of them, in order.
        key: what tells an item from the others.
        max_results: how many; 100 if it is None or 0.
        token: what the page before gave.

    Raises:
        AWSError: the token is none, or there are more than 1,000 on a page.
    """
    size = max_results or _DEFAULT
    if not 0 < size <= _MOST:
        raise error("ValidationException", f"maxResults must be 0 to {_MOST}, got {size}")
    start = 0
    if token is not None:
        after = _read(token)
        start = next((index + 1 for index, item in enumerate(items) if key(item) == after), -1)
        if start < 0:
            raise error("InvalidToken", "Invalid Token: 'Invalid token'")
    found = items[start : start + size]
    more = start + size < len(items)
    return found, base64.urlsafe_b64encode(key(found[-1]).encode()).decode() if more else None


def _read(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (ValueError, binascii.Error) as problem:
        raise error("InvalidToken", "Invalid Token: 'Invalid token'") from problem
