"""Lambda's platform log lines: START, END, REPORT and INIT_REPORT, as text and as JSON."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from powertune.local.functions import LogFormat

LOG_RESULT_BYTES = 4096
"""How much of the log an invocation returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the platform says about one invocation.

    `status` is `success`, `error` (the handler's or the runtime's) or `timeout`. `crashed` tells an exit of the
    runtime from an error that the handler raised: the text format shows a status for the former only. `init_ms` is
    shown; `hidden_init_ms` is an init that failed before the invocation, billed but not shown.
    """

    request_id: str
    version: str
    duration_ms: float
    memory_mb: int
    max_memory_used_mb: int
    init_ms: float | None = None
    hidden_init_ms: float = 0.0
    status: str = "success"
    error_type: str | None = None
    crashed: bool = False

    @property
    def billed_ms(self) -> int:
        """Duration and init in whole milliseconds, rounded up (AWS bills the init phase of every runtime)."""
        shown = round(self.duration_ms, 2) + round(self.init_ms or 0.0, 2) + round(self.hidden_init_ms, 2)
        return max(1, math.ceil(round(shown, 2)))


def timestamp(seconds: float) -> str:
    """A time as platform events carry it: `2026-11-22T16:09:12.123Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def start_line(log: LogFormat, at: float, request_id: str, version: str) -> str | None:
    """The line that opens an invocation, or None when the log level drops it."""
    if not log.json:
        return f"START RequestId: {request_id} Version: {version}\n"
    if not log.keeps("INFO"):
        return None
    return _event(at, "platform.start", {"requestId": request_id, "version": version})


def end_line(log: LogFormat, at: float, report: Report) -> str | None:
    """The line that closes an invocation; as JSON it is `platform.runtimeDone`."""
    if not log.json:
        return f"END RequestId: {report.request_id}\n"
    if not log.keeps(_level_of(report, "DEBUG")):
        return None
    record: dict[str, object] = {"requestId": report.request_id, "status": report.status}
    if report.error_type:
        record["errorType"] = report.error_type
    record["metrics"] = {"durationMs": round(report.duration_ms, 3)}
    return _event(at, "platform.runtimeDone", record)


def report_line(log: LogFormat, at: float, report: Report) -> str | None:
    """The REPORT line, or the `platform.report` event, or None when the log level drops it."""
    if log.json:
        return _report_event(at, report) if log.keeps(_level_of(report, "INFO")) else None
    parts = [
        f"REPORT RequestId: {report.request_id}",
        f"Duration: {report.duration_ms:.2f} ms",
        f"Billed Duration: {report.billed_ms} ms",
        f"Memory Size: {report.memory_mb} MB",
        f"Max Memory Used: {report.max_memory_used_mb} MB",
    ]
    if report.init_ms is not None:
        parts.append(f"Init Duration: {report.init_ms:.2f} ms")
    if report.status == "timeout":
        parts.append("Status: timeout")
    elif report.crashed:
        parts.extend(("Status: error", f"Error Type: {report.error_type}"))
    return "\t".join(parts) + "\t\n"


def init_report_line(
    log: LogFormat,
    at: float,
    *,
    duration_ms: float,
    phase: str,
    status: str,
    error_type: str | None,
    initialization_type: str = "on-demand",
) -> str | None:
    """The line about an init that failed. `phase` is `init`, or `invoke` when it was done again."""
    if not log.json:
        parts = [f"INIT_REPORT Init Duration: {duration_ms:.2f} ms", f"Phase: {phase}", f"Status: {status}"]
        if error_type:
            parts.append(f"Error Type: {error_type}")
        return "\t".join(parts) + "\t\n"
    record: dict[str, object] = {"initializationType": initialization_type, "phase": phase, "status": status}
    if error_type:
        record["errorType"] = error_type
    record["metrics"] = {"durationMs": round(duration_ms, 3)}
    return _event(at, "platform.initReport", record)


def tail(messages: Iterable[str]) -> bytes:
    """What LogResult holds of a log: its last 4 KB."""
    return "".join(messages).encode()[-LOG_RESULT_BYTES:]


def _report_event(at: float, report: Report) -> str:
    metrics: dict[str, float] = {
        "durationMs": round(report.duration_ms, 3),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mb,
        "maxMemoryUsedMB": report.max_memory_used_mb,
    }
    if report.init_ms is not None:
        metrics["initDurationMs"] = round(report.init_ms, 3)
    record: dict[str, object] = {"requestId": report.request_id, "metrics": metrics, "status": report.status}
    if report.error_type:
        record["errorType"] = report.error_type
    return _event(at, "platform.report", record)


def _level_of(report: Report, success: str) -> str:
    return success if report.status == "success" else "WARN"


def _event(at: float, kind: str, record: dict[str, object]) -> str:
    return json.dumps({"time": timestamp(at), "type": kind, "record": record}, separators=(",", ":")) + "\n"
