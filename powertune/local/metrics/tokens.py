"""Tokens of pages: opaque to clients, and good only for the request that they came from."""

import base64
import hashlib
import json
from collections.abc import Sequence


def seal(request: object, position: Sequence[int]) -> str:
    """A token that leads a request on from a position."""
    content = json.dumps([_digest(request), *position]).encode()
    return base64.urlsafe_b64encode(content).decode()


def unseal(request: object, token: str) -> tuple[int, ...] | None:
    """The position, or None if the token is none of this request."""
    try:
        digest, *position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError, RecursionError):
        return None
    if digest != _digest(request) or not all(type(number) is int for number in position):
        return None
    return tuple(position)


def _digest(request: object) -> str:
    return hashlib.sha256(repr(request).encode()).hexdigest()[:16]
