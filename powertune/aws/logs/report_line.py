"""Lambda's REPORT of an invocation, from any text: a log tail, a log event, whole, cut, or something else."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from powertune.model import Status

_START = re.compile(r"REPORT RequestId: ?(?P<id>[0-9A-Za-z-]{8,64})")
#: A report ends where the next event of the log begins.
_END = re.compile(r"\n(?:START|END|REPORT|INIT_REPORT|INIT_START|RESTORE_START|RESTORE_REPORT) ")
_NUMBER = re.compile(
    r"(?<!\S)(?P<key>Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration"
    r"|Max Memory Used|Memory Size):\s*(?P<value>[0-9]{1,12}(?:\.[0-9]{1,12})?)\s*(?:ms|MB)(?!\S)"
)
_STATUS = re.compile(r"(?<!\S)Status:\s*(?P<value>[a-z_]{1,32})(?!\S)")
_ERROR_TYPE = re.compile(r"(?<!\S)Error Type:\s*(?P<value>[A-Za-z0-9_.$]{1,128})(?!\S)")
_TRACE = re.compile(r"XRAY TraceId:\s*(?P<value>[0-9A-Za-z-]{1,64})")
#: How Lambda reported a timeout before `Status: timeout`, and still does in China and GovCloud.
_OLD_TIMEOUT = re.compile(r"(?P<id>[0-9A-Za-z-]{8,64}) Task timed out after [0-9.]+ seconds")

_JSON_NUMBERS = {
    "Duration": "durationMs",
    "Billed Duration": "billedDurationMs",
    "Memory Size": "memorySizeMB",
    "Max Memory Used": "maxMemoryUsedMB",
    "Init Duration": "initDurationMs",
    "Restore Duration": "restoreDurationMs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """What Lambda reports of one invocation. `status` is Lambda's own word, None when it went well.

    `billed_ms` is as reported: it includes the init phase, and what of the restore is billed.
    """

    request_id: str
    duration_ms: float
    billed_ms: int
    memory_mb: int | None = None
    max_memory_used_mb: int | None = None
    init_ms: float | None = None
    restore_ms: float | None = None
    status: str | None = None
    error_type: str | None = None
    trace_id: str | None = None

    @property
    def outcome(self) -> Status:
        """How the invocation ended as far as the report tells; an error that the handler raised is not in it."""
        full = self.memory_mb is not None and (self.max_memory_used_mb or 0) >= self.memory_mb
        match self.status, self.error_type:
            case "timeout", _:
                return Status.TIMEOUT
            case _, "Runtime.OutOfMemory":
                return Status.OUT_OF_MEMORY
            case _, "Runtime.ExitError" if full:
                return Status.OUT_OF_MEMORY
            case (("error" | "failure"), kind):
                lambdas_own = kind is None or kind.startswith(("Runtime.", "Extension.", "Sandbox."))
                return Status.CRASH if lambdas_own else Status.ERROR
        return Status.OK


def parse_report(text: str, request_id: str | None = None) -> ReportLine | None:
    """The report of an invocation, or None: any text gives one or the other, and never a zero for what is not there.

    Args:
        request_id: take the report of this invocation; None takes the last one in the text.
    """
    return parse_reports(text).get(request_id) if request_id else next(reversed(parse_reports(text).values()), None)


def parse_reports(text: str) -> dict[str, ReportLine]:
    """Every report in a text, by request id, in order of appearance."""
    return {report.request_id: report for report in (*_text_reports(text), *_json_reports(text))}


def _text_reports(text: str) -> Iterator[ReportLine]:
    late = {match["id"] for match in _OLD_TIMEOUT.finditer(text)}
    starts = list(_START.finditer(text))
    # Nor does it hold the next report: a text full of beginnings is read once, not once for each.
    limits = [*(start.start() for start in starts[1:]), len(text)]
    for start, limit in zip(starts, limits, strict=False):
        end = _END.search(text, start.end(), limit)
        body = text[start.end() : end.start() if end else limit]
        numbers: dict[str, float] = {}
        for match in _NUMBER.finditer(body):
            numbers.setdefault(match["key"], float(match["value"]))
        status, kind, trace = (_first(pattern, body) for pattern in (_STATUS, _ERROR_TYPE, _TRACE))
        if status is None and start["id"] in late:
            status = "timeout"
        yield from _report(start["id"], numbers, status, kind, trace)


def _json_reports(text: str) -> Iterator[ReportLine]:
    for line in text.splitlines():
        if "platform.report" not in line:
            continue
        try:
            document = json.loads(line)
            record = document["record"] if document["type"] == "platform.report" else {}
            metrics = record["metrics"]
            numbers = {key: float(metrics[name]) for key, name in _JSON_NUMBERS.items() if _is_number(metrics, name)}
            status, kind = record.get("status"), record.get("errorType")
            trace = (record.get("tracing") or {}).get("value")
            request_id = record["requestId"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if isinstance(request_id, str):
            word = status if isinstance(status, str) else None if status is None else "error"
            yield from _report(request_id, numbers, None if word == "success" else word, kind, _root(trace))


def _report(
    request_id: str, numbers: dict[str, float], status: str | None, kind: str | None, trace: str | None
) -> Iterator[ReportLine]:
    """One report, or none when what makes it one is missing: a duration and at least one billed millisecond."""
    duration, billed = numbers.get("Duration"), numbers.get("Billed Duration")
    if duration is None or billed is None or billed < 1:
        return
    yield ReportLine(
        request_id=request_id,
        duration_ms=duration,
        billed_ms=int(billed),
        memory_mb=_whole(numbers.get("Memory Size")),
        max_memory_used_mb=_whole(numbers.get("Max Memory Used")),
        init_ms=numbers.get("Init Duration"),
        restore_ms=numbers.get("Restore Duration"),
        status=status,
        error_type=kind if isinstance(kind, str) else None,
        trace_id=trace,
    )


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match["value"] if match else None


def _is_number(metrics: dict[str, Any], name: str) -> bool:
    value = metrics.get(name)
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _root(trace: Any) -> str | None:
    """The trace id in an X-Ray header: Root=1-...;Parent=...;Sampled=1."""
    if not isinstance(trace, str):
        return None
    return next((part[5:] for part in trace.split(";") if part.startswith("Root=")), None)
