"""The fields that Logs Insights finds in an event: its own, Lambda's, and those of JSON."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from powertune.local.logs.insights_values import Time, Value, java_double
from powertune.local.logs.timeline import Event

#: How many fields are found in one JSON event.
_MOST_FIELDS = 1000
_MEGABYTE = 1_000_000.0
_PLATFORM = re.compile(r"(?P<type>START|END|REPORT) RequestId: (?P<id>[0-9A-Za-z-]{8,64})")
_APPLICATION = re.compile(
    r"(?:\[\w+\]\t)?\d{4}-\d\d-\d\dT[0-9:.]+Z\t(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\t"
)
_FIGURE = re.compile(r"(?:^|\t)(?P<key>[A-Z][A-Za-z ]+): (?P<value>[^\t\n]+)")
_FIGURES = {
    "Duration": "@duration",
    "Billed Duration": "@billedDuration",
    "Init Duration": "@initDuration",
    "Memory Size": "@memorySize",
    "Max Memory Used": "@maxMemoryUsed",
}
_TEXTS = {"XRAY TraceId": "@xrayTraceId", "SegmentId": "@xraySegmentId"}
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event is from: `log` is the account and the log group, as `@log` shows them."""

    log: str
    stream: str


class Row:
    """An event or a group, and the fields that commands have made of it."""

    __slots__ = ("_found", "event", "made", "origin")

    def __init__(self, origin: Origin | None, event: Event | None, made: dict[str, Value] | None = None) -> None:
        self.origin, self.event = origin, event
        self.made: dict[str, Value] = {} if made is None else made
        self._found: dict[str, Value] | None = None

    def get(self, name: str) -> Value:
        """The field's value, or None."""
        if name in self.made:
            return self.made[name]
        if self.event is None or self.origin is None:
            return None
        if name == "@message":
            return self.event[3]
        if name in _SYSTEM:
            return _system(name, self.origin, self.event)
        if self._found is None:
            self._found = dict(discover(self.event[3]))
        return self._found.get(name)


_SYSTEM = frozenset({"@timestamp", "@ingestionTime", "@logStream", "@log"})


def _system(name: str, origin: Origin, event: Event) -> Value:
    if name == "@timestamp":
        return Time(event[0])
    if name == "@ingestionTime":
        return Time(event[1])
    return origin.stream if name == "@logStream" else origin.log


def record(origin: Origin, event: Event) -> dict[str, Value]:
    """All fields of an event, with times in ms."""
    times: dict[str, Value] = {"@timestamp": event[0], "@ingestionTime": event[1]}
    return {"@message": event[3], "@log": origin.log, "@logStream": origin.stream, **times, **discover(event[3])}


def discover(message: str) -> dict[str, Value]:
    """The fields in a message: of Lambda's own lines, and of the first JSON object in it."""
    found: dict[str, Value] = {}
    if match := _PLATFORM.match(message):
        found.update({"@type": match["type"], "@requestId": match["id"]})
        if match["type"] == "REPORT":
            found.update(_report(message))
        return found
    if match := _APPLICATION.match(message):
        found["@requestId"] = match["id"]
    at = message.find("{")
    if at >= 0:
        found.update(_json(message, at))
    return found


def _report(message: str) -> Iterator[tuple[str, Value]]:
    """Durations in ms, and memory in bytes of which a million are an MB."""
    for match in _FIGURE.finditer(message.replace("\t", "\t\t")):
        key, value = match["key"], match["value"].strip()
        if key in _TEXTS:
            yield _TEXTS[key], value
        figure, _, unit = value.partition(" ")
        if key in _FIGURES and unit in ("ms", "MB"):
            try:
                yield _FIGURES[key], java_double(float(figure) * (_MEGABYTE if unit == "MB" else 1))
            except (ValueError, OverflowError):
                continue


def _json(message: str, at: int) -> dict[str, Value]:
    try:
        document, _ = _DECODER.raw_decode(message, at)
        found: dict[str, Value] = {}
        _flatten(document, "", found)
    except (ValueError, RecursionError):
        return {}
    return found


def _flatten(value: Any, name: str, found: dict[str, Value]) -> None:
    if len(found) >= _MOST_FIELDS:
        return
    if isinstance(value, dict):
        for key, member in value.items():
            # A field of the message that looks like one of Logs Insights has one @ more.
            shown = f"@{key}" if not name and key.startswith("@") else key
            _flatten(member, f"{name}.{shown}" if name else shown, found)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _flatten(member, f"{name}.{index}", found)
    elif value is not None:
        found[name] = value if isinstance(value, str | bool) else json.dumps(value)
