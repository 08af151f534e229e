"""Parses the events to measure with: one, or several with weights."""

import codecs
import json
import math
from collections.abc import Sequence
from typing import Any

from powertune.errors import UsageError
from powertune.model import Payload, Workload
from powertune.units import shown

#: Lambda's limit on a synchronous request.
PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024
#: The maximum number of events. Each is sent at every memory size, in proportion to its weight.
MOST_PAYLOADS = 1_000
#: A weight is a share of the traffic in any unit, such as events per month.
_WEIGHTS = (1e-6, 1e9)


def parse_workload(body: bytes, source: str) -> Workload:
    """One event; or weighted events, as a list of {"payload", "weight"} or as JSON Lines, one event or pair a line.

    A JSON list whose items are not all such pairs is one event: a list.

    Raises:
        UsageError: not UTF-8, not JSON, too large for a synchronous invocation, more than 1,000 events, or a weight
            that is not a positive number.
    """
    name = _short(source)
    body = _utf8(body, name)
    lines = [line for line in body.splitlines() if line.strip()]
    document = _parse_json(body)
    if document is not _INVALID and not _is_weighted(document):
        # Sent unchanged, because serializing it again could change its numbers.
        return Workload(payloads=(_checked_size(Payload(body=body.strip()), name),))
    if document is not _INVALID:
        items = document
    else:
        # If the first line is not JSON, the others need not be parsed.
        items = [] if _parse_json(lines[0] if lines else b"") is _INVALID else [_parse_json(line) for line in lines]
        if len(items) < 2 or _INVALID in items:
            raise UsageError(
                f"payload {name!r} is not JSON", hint="give JSON, as '{\"key\": 1}', @file.json or s3://bucket/key"
            )
    return _events(items, name)


def workload_of(document: Any, source: str) -> Workload:
    """One event, or a list of {"payload", "weight"}, as it was read from JSON. A text is `event_of` that text.

    Raises:
        UsageError: as `parse_workload` does.
    """
    if isinstance(document, str):
        return event_of(document, source)
    name = _short(source)
    if _is_weighted(document):
        return _events(document, name)
    return Workload(payloads=(_checked_size(Payload(body=_written(document, name)), name),))


def event_of(text: str, source: str) -> Workload:
    """One event: the text itself where it is JSON, else a JSON string that holds it.

    Raises:
        UsageError: it is too large for a synchronous invocation.
    """
    name = _short(source)
    try:
        body = text.strip().encode()
    except UnicodeEncodeError:
        body = b""  # a lone surrogate, which only an escape can hold
    if _parse_json(body) is _INVALID:
        return Workload(payloads=(_payload(text, name),))
    return Workload(payloads=(_checked_size(Payload(body=body), name),))


def lenient_workload(body: bytes, source: str) -> Workload:
    """As `parse_workload`; but what is neither JSON nor JSON Lines is one event, a JSON string.

    Raises:
        UsageError: as `parse_workload` does.
    """
    text = _utf8(body, _short(source))
    lines = [line for line in text.splitlines() if line.strip()]
    is_json = _parse_json(text) is not _INVALID
    if is_json or (len(lines) > 1 and all(_parse_json(line) is not _INVALID for line in lines)):
        return parse_workload(text, source)
    return event_of(text.decode(), source)


def _short(source: str) -> str:
    return source if len(source) <= 60 else source[:57] + "..."


def _utf8(body: bytes, name: str) -> bytes:
    """The text without a byte order mark, which some editors start a file with, and which is not part of JSON."""
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        # Lambda takes UTF-8 only.
        body.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"payload {name!r} is not UTF-8 text: byte {body[error.start]:#04x} at {error.start:,}",
            hint="save the file as UTF-8",
        ) from None
    return body


def _events(items: Sequence[Any], name: str) -> Workload:
    if len(items) > MOST_PAYLOADS:
        raise UsageError(
            f"payload {name!r} has {len(items):,} events, more than {MOST_PAYLOADS:,}",
            hint="choose representative events, with weights",
        )
    return Workload(payloads=tuple(_payload(item, name) for item in items))


_INVALID = object()


def _parse_json(body: bytes) -> Any:
    try:
        # Python would guess the encoding of bytes.
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return _INVALID


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_pair(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() == {"payload", "weight"}


def _is_weighted(document: Any) -> bool:
    return isinstance(document, list) and len(document) > 0 and all(_is_pair(item) for item in document)


def _payload(item: Any, name: str) -> Payload:
    weight = 1.0
    if _is_pair(item):
        item, weight = item["payload"], item["weight"]
        low, high = _WEIGHTS
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not low <= weight <= high:
            raise UsageError(
                f"weight {shown(weight)} in payload {name!r} is not a number from {low:g} to {high:,.0f}",
                hint="for example 30",
            )
    return _checked_size(Payload(body=_written(item, name), weight=float(weight)), name)


def _written(item: Any, name: str) -> bytes:
    try:
        text = json.dumps(item, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError):
        raise UsageError(
            f"payload {name!r} holds what cannot be written as JSON again",
            hint="use smaller numbers, and less nesting",
        ) from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A lone surrogate, which only an escape can hold.
        return json.dumps(item, separators=(",", ":")).encode()


def _checked_size(payload: Payload, name: str) -> Payload:
    if len(payload.body) > PAYLOAD_LIMIT_BYTES:
        raise UsageError(
            f"payload {name!r} has {len(payload.body):,} bytes, more than Lambda accepts",
            hint=f"a synchronous invocation accepts {PAYLOAD_LIMIT_BYTES:,} bytes; pass a reference to the data",
        )
    return payload


def min_invocations(workload: Workload) -> int:
    """How many invocations it takes until every payload has been sent once."""
    total = sum(payload.weight for payload in workload.payloads)
    least = min(payload.weight for payload in workload.payloads)
    return math.ceil(total / least - 1e-9)
