"""One invocation under way: what was asked for, what is known of it until now, and its log."""

import json
import os
import time
from dataclasses import dataclass, field

from powertune.local.containment.contention import Contention
from powertune.local.functions import Function
from powertune.local.metrics.of_lambda import Concurrency
from powertune.local.runtime import reports
from powertune.local.runtime.environment import Environment
from powertune.local.runtime.outcomes import Ended
from powertune.local.runtime.outputs import Line
from powertune.local.runtime.reports import Report
from powertune.local.runtime.runtime_api import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller sends. `resource` is how the function was named: `fn`, `fn:alias` or `fn:version`."""

    payload: bytes
    resource: str
    arn: str
    client_context: str | None = None


@dataclass(slots=True)
class Attempt:
    """One invocation under way."""

    function: Function
    request: Request
    environment: Environment
    request_id: str
    lines: list[Line]
    started_at: float
    concurrency: Concurrency
    init_ms: float | None = None
    hidden_init_ms: float = 0.0
    contention: Contention = field(default_factory=Contention)
    metrics: tuple[tuple[str, float, str], ...] = ()

    def say(self, text: str | None) -> None:
        """Add a platform line to the log, unless the log level dropped it."""
        if text is not None:
            self.lines.append(Line(time.time_ns() // 1_000_000, text))

    def collect(self) -> None:
        """Add what the function has written."""
        self.lines.extend(self.environment.take_output())

    def start(self) -> None:
        """The invocation begins now, after what was initialized for it."""
        self.started_at = time.time()
        self.say(
            reports.start_line(self.function.log_format, self.started_at, self.request_id, self.function.version)
        )

    def event(self, left_s: float) -> Event:
        """What the runtime is handed, with the time that it has left."""
        return Event(
            request_id=self.request_id,
            payload=self.request.payload,
            deadline_ms=int((time.time() + left_s) * 1000),
            function_arn=self.request.arn,
            trace_id=_trace_id(),
            client_context=self.request.client_context,
        )

    def initialized(self, init: Ended, phase: str) -> None:
        """Add what an init has written, and that it failed if so. `phase` is `init`, or `invoke` if done again."""
        self.collect()
        if not init.ok:
            self.say(
                reports.init_report_line(
                    self.function.log_format,
                    time.time(),
                    duration_ms=init.duration_ms,
                    phase=phase,
                    status=init.status,
                    error_type=init.error_type if init.status == "error" else None,
                    initialization_type=self.environment.function.initialization_type,
                )
            )

    def close(self, ended: Ended) -> str | None:
        """Add the lines that close the log; returns the REPORT line, or None when the log level drops it."""
        self.collect()
        log, now = self.function.log_format, time.time()
        self._explain(ended, now)
        report = self._report(ended)
        self.say(reports.end_line(log, now, report))
        line = reports.report_line(log, now, report)
        self.say(line)
        return line

    def _explain(self, ended: Ended, now: float) -> None:
        """The line by which Lambda's text logs tell why an environment ended."""
        if ended.status == "timeout":
            seconds = f"{self.function.timeout_s:.2f} seconds"
            self.say(f"{reports.timestamp(now)} {self.request_id} Task timed out after {seconds}\n")
        elif ended.crashed and ended.error_type in ("Runtime.ExitError", "Runtime.OutOfMemory"):
            message = json.loads(ended.payload)["errorMessage"]
            self.say(f"{message}\n{ended.error_type}\n")

    def _report(self, ended: Ended) -> Report:
        return Report(
            request_id=self.request_id,
            version=self.function.version,
            duration_ms=ended.duration_ms,
            memory_mb=self.function.memory_mb,
            max_memory_used_mb=self.environment.peak_mb,
            init_ms=self.init_ms,
            hidden_init_ms=self.hidden_init_ms,
            status=ended.status,
            error_type=ended.error_type if ended.status == "error" else None,
            crashed=ended.crashed,
        )


def _trace_id() -> str:
    drawn = os.urandom(20).hex()
    return f"Root=1-{int(time.time()):08x}-{drawn[:24]};Parent={drawn[24:]};Sampled=0"
