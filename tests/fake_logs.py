"""CloudWatch Logs that behave: one stream per environment, late events, pages, classes that refuse, queries."""

import json
import re
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fake_service import Enter, FakeService, client_error

from powertune.local.logs.insights_fields import Origin
from powertune.local.logs.insights_query import Progress, execute
from powertune.local.logs.insights_syntax import parse_query
from powertune.local.logs.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """One event in the fake's CloudWatch Logs. `at` is in seconds since the epoch."""

    group: str
    stream: str
    at: float
    message: str

    def matches(self, pattern: str | None) -> bool:
        """Whether a filter pattern selects it: one of some phrases, or a JSON pattern of a type and request ids."""
        if pattern is None:
            return True
        assert len(pattern) <= 1024
        if not pattern.startswith("{"):
            return any(phrase in self.message for phrase in re.findall(r'"([^"]+)"', pattern))
        kind, ids = re.findall(r'type = "([^"]+)"', pattern)[0], re.findall(r'requestId = "([^"]+)"', pattern)
        try:
            event = json.loads(self.message)
            return bool(event["type"] == kind and (not ids or event["record"]["requestId"] in ids))
        except (ValueError, KeyError, TypeError):
            return False


class FakeLogs(FakeService):
    """A boto3 CloudWatch Logs client."""

    service = "logs"

    def __init__(self, enter: Enter) -> None:
        super().__init__(enter)
        #: The time of log events; `fake_aws` makes it the clock of whoever reads them.
        self.wall: Callable[[], float] = lambda: 1_800_000_000.0
        #: Everything that was logged, by any function.
        self.events: list[LogEvent] = []
        #: So long after it was written, an event can be read.
        self.delay_s = 0.0
        #: How many events a page holds, and among how many they are found.
        self.page_size = 10
        self.scan_size = 20
        self.log_class = "STANDARD"
        self.stored_bytes = 0
        #: Log groups by name, as DescribeLogGroups has them; those of events are there without being in here.
        self.groups: dict[str, dict[str, Any]] = {}
        self._lock = threading.RLock()
        self._polls = 0
        self._queries: dict[str, tuple[list[LogEvent], int]] = {}
        self._rows: dict[str, list[list[dict[str, str]]]] = {}

    def new_stream(self, configuration: Mapping[str, Any]) -> str:
        """The log stream of a new environment; in a group of one's own choice it carries the function's name."""
        name = configuration["FunctionName"]
        own = self._group(configuration) == f"/aws/lambda/{name}"
        day = datetime.fromtimestamp(self.wall(), UTC).strftime("%Y/%m/%d")
        return f"{day}/{'' if own else name}[{configuration['Version']}]{uuid.uuid4().hex}"

    def _group(self, configuration: Mapping[str, Any]) -> str:
        logging = configuration.get("LoggingConfig", {})
        return str(logging.get("LogGroup") or f"/aws/lambda/{configuration['FunctionName']}")

    def write(self, call: Mapping[str, Any], text: str) -> None:
        """Write an invocation's log, a line an event, as `answer` is told of the invocation."""
        group, at = self._group(call["configuration"]), self.wall()
        with self._lock:
            for line in text.splitlines():
                event = LogEvent(group=group, stream=call["environment"], at=at, message=line)
                self.events.append(event)

    def filter_log_events(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("filter_log_events", kwargs)
        if "logStreamNames" in kwargs and "logStreamNamePrefix" in kwargs:
            raise client_error(
                "InvalidParameterException", "logStreamNames and logStreamNamePrefix exclude each other"
            )
        if self.log_class != "STANDARD":
            raise client_error(
                "InvalidOperationException",
                f"The log group {kwargs['logGroupName']} is of log-group-class {self.log_class}. FilterLogEvents is "
                "not supported for this log class.",
            )
        names, prefix = kwargs.get("logStreamNames"), kwargs.get("logStreamNamePrefix", "")
        start, end = kwargs.get("startTime", 0) / 1000, kwargs.get("endTime", 1e15) / 1000
        searched = [
            event
            for event in self._readable(kwargs["logGroupName"])
            if start <= event.at <= end and event.stream.startswith(prefix) and (not names or event.stream in names)
        ]
        at = int(kwargs.get("nextToken", 0))
        most = min(self.page_size, kwargs.get("limit", self.page_size))
        found: list[LogEvent] = []
        for event in searched[at : at + self.scan_size]:
            if len(found) == most:
                break
            at += 1
            if event.matches(kwargs.get("filterPattern")):
                found.append(event)
        more = {"nextToken": str(at)} if at < len(searched) else {}
        return {"events": [{"logStreamName": event.stream, "message": event.message} for event in found], **more}

    def _readable(self, group: str) -> list[LogEvent]:
        now = self.wall()
        with self._lock:
            events = [e for e in self.events if e.group == group and e.at + self.delay_s <= now]
        return sorted(events, key=lambda event: event.at)

    def describe_log_groups(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("describe_log_groups", kwargs)
        known = {
            event.group: {"storedBytes": self.stored_bytes, "logGroupClass": self.log_class} for event in self.events
        }
        known |= self.groups
        found = [
            {"logGroupName": name, **known[name]}
            for name in sorted(known)
            if name.startswith(kwargs["logGroupNamePrefix"])
        ]
        at = int(kwargs.get("nextToken", 0))
        end = at + kwargs.get("limit", 50)
        return {"logGroups": found[at:end], **({"nextToken": str(end)} if end < len(found) else {})}

    def start_query(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("start_query", kwargs)
        query = kwargs["queryString"]
        if "logGroupNames" in kwargs:
            return self._start_stats(kwargs)
        streams = re.findall(r'@logStream like "([^"]+)"', query)
        words = re.findall(r'@message like "([^"]+)"', query)
        searched = [
            event
            for event in self._readable(kwargs["logGroupName"])
            if kwargs["startTime"] <= event.at <= kwargs["endTime"]
        ]
        found = [
            event
            for event in searched
            if (not streams or any(stream in event.stream for stream in streams))
            and all(word in event.message for word in words)
        ]
        number = str(len(self._queries))
        self._queries[number] = (found, sum(len(event.message) for event in searched))
        return {"queryId": number}

    def _start_stats(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """A query of several groups, by the Logs Insights of the embedded AWS."""
        events = [
            (
                Origin(log=f"123456789012:{event.group}", stream=event.stream),
                (int(event.at * 1000), int(event.at * 1000), number, event.message),
            )
            for group in kwargs["logGroupNames"]
            for number, event in enumerate(self._readable(group))
            if kwargs["startTime"] <= event.at <= kwargs["endTime"]
        ]
        progress = Progress()
        results = execute(parse_query(kwargs["queryString"]), events, progress, Pace(), kwargs["limit"])
        number = str(len(self._queries))
        self._queries[number] = ([], progress.bytes_scanned)
        self._rows[number] = [
            [{"field": field, "value": value} for field, value in result.cells] for result in results
        ]
        return {"queryId": number}

    def get_query_results(self, **kwargs: Any) -> dict[str, Any]:
        self._enter("get_query_results", kwargs)
        self._polls += 1
        found, scanned = self._queries[kwargs["queryId"]]
        if self._polls == 1:
            return {"status": "Running", "results": [], "statistics": {"bytesScanned": 0.0}}
        at = int(kwargs.get("nextToken", 0))
        more = {"nextToken": str(at + self.page_size)} if at + self.page_size < len(found) else {}
        rows = [
            [
                {"field": "@logStream", "value": event.stream},
                {"field": "@message", "value": event.message},
                {"field": "@ptr", "value": "x"},
            ]
            for event in found[at : at + self.page_size]
        ]
        rows = self._rows.get(kwargs["queryId"], rows)
        return {"status": "Complete", "results": rows, "statistics": {"bytesScanned": float(scanned)}, **more}
