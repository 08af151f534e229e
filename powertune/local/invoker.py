"""An invocation from request to answer: environment, admission, init, run, logs."""

import contextlib
import json
import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from powertune.local import endings, reports
from powertune.local.admission import Admission, Grant
from powertune.local.endings import Ended
from powertune.local.environment import Environment
from powertune.local.functions import Function
from powertune.local.outputs import Line
from powertune.local.pool import Pool
from powertune.local.reports import Report
from powertune.local.runtime_api import Event
from powertune.local.settings import Settings
from powertune.local.telemetry import Record, Telemetry

_log = logging.getLogger(__name__)


class Throttled(Exception):
    """The invocation was not executed; `reason` is Lambda's word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a caller sends. `resource` is how the function was named: `fn`, `fn:alias` or `fn:version`."""

    payload: bytes
    resource: str
    arn: str
    client_context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a caller gets."""

    request_id: str
    payload: bytes
    failed: bool
    log_tail: bytes
    version: str


@dataclass(slots=True)
class _Attempt:
    """One invocation under way."""

    function: Function
    request: Request
    environment: Environment
    request_id: str
    lines: list[Line]
    started_at: float
    init_ms: float | None = None
    hidden_init_ms: float = 0.0

    def say(self, text: str | None) -> None:
        """Add a platform line to the log, unless the log level dropped it."""
        if text is not None:
            self.lines.append(Line(time.time_ns() // 1_000_000, text))

    def collect(self) -> None:
        """Add what the function has written."""
        self.lines.extend(self.environment.take_output())


class Invoker:
    """Runs functions in environments."""

    def __init__(
        self, settings: Settings, cores: float, admission: Admission, pool: Pool, telemetry: Telemetry
    ) -> None:
        self._settings, self._cores = settings, cores
        self._admission, self._pool, self._telemetry = admission, pool, telemetry
        self._lock = threading.Lock()
        self._running: Counter[tuple[str, str, str]] = Counter()

    @property
    def busy(self) -> bool:
        """Whether any invocation is under way."""
        return self._running.total() > 0

    def invoke(self, function: Function, request: Request) -> Outcome:
        """Run a function once.

        Raises:
            Throttled: no concurrency, or no CPU within the time that callers are kept waiting.
            UnknownRuntime: the function's runtime cannot be run here.
            BadPackage: its code or a layer cannot be unpacked.
            Closing: the server is ending.
        """
        try:
            with self._concurrency(function):
                return self._invoke(function, request)
        except Throttled:
            self._telemetry.throttled(function, request.resource, time.time())
            raise

    @contextlib.contextmanager
    def _concurrency(self, function: Function) -> Iterator[None]:
        key = (function.account, function.region, function.name)
        reserved = function.reserved_concurrency
        with self._lock:
            if reserved is not None and self._running[key] >= reserved:
                raise Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._running.total() >= self._settings.account_concurrency:
                raise Throttled("ConcurrentInvocationLimitExceeded")
            self._running[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1

    def _invoke(self, function: Function, request: Request) -> Outcome:
        environment = self._pool.acquire(function)
        grant = None
        try:
            grant = self._admit(environment)
            # Ending one environment makes room for the next in line, which is not to start any more.
            self._pool.check_open()
            attempt = _Attempt(function, request, environment, str(uuid.uuid4()), [], time.time())
            attempt.collect()
            ended = self._execute(attempt, grant)
        finally:
            self._pool.finishing(environment)
            environment.when_settled(lambda: self._settled(environment, grant))
        return self._finish(attempt, ended)

    def _settled(self, environment: Environment, grant: Grant | None) -> None:
        environment.freeze()
        if grant is not None:
            self._admission.release(grant)
        self._pool.release(environment)

    def _admit(self, environment: Environment) -> Grant:
        share = min(environment.function.cpus, self._cores)
        if not environment.used_before:
            share = self._init_cpus(environment)
        grant = self._admission.acquire(share, self._settings.admission_timeout_s)
        if grant is None:
            raise Throttled("ConcurrentInvocationLimitExceeded")
        return grant

    def _init_cpus(self, environment: Environment) -> float:
        """A full core, or the allotment if larger: Lambda does not throttle the init phase of small sizes."""
        return min(max(1.0, environment.function.cpus), self._cores)

    def _execute(self, attempt: _Attempt, grant: Grant) -> Ended:
        """Init if this environment is new, and the invocation itself."""
        environment = attempt.environment
        if not environment.used_before:
            init = environment.initialize(
                self._settings.init_timeout_s, self._init_cpus(environment), attempt.request_id
            )
            environment.used_before = True
            self._after_init(attempt, init, "init")
            if init.ok:
                attempt.init_ms = init.duration_ms
            else:
                attempt.hidden_init_ms = init.duration_ms
            self._admission.shrink(grant, min(environment.function.cpus, self._cores))
        attempt.started_at = time.time()
        log = attempt.function.log_format
        attempt.say(reports.start_line(log, attempt.started_at, attempt.request_id, attempt.function.version))
        return self._run(attempt)

    def _run(self, attempt: _Attempt) -> Ended:
        """Hand over the event. An environment that failed or crashed before is initialized again within this time."""
        environment, function = attempt.environment, attempt.function
        timeout_s = float(function.timeout_s)
        spent_s = 0.0
        if not environment.up:
            init = environment.initialize(timeout_s, function.cpus, attempt.request_id)
            spent_s = init.duration_ms / 1000
            if not init.ok:
                self._after_init(attempt, init, "invoke")
                payload = init.payload or endings.timeout_payload(attempt.request_id, function.timeout_s)
                return replace(init, crashed=True, payload=payload)
        event = Event(
            request_id=attempt.request_id,
            payload=attempt.request.payload,
            deadline_ms=int((time.time() + timeout_s - spent_s) * 1000),
            function_arn=attempt.request.arn,
            trace_id=_trace_id(),
            client_context=attempt.request.client_context,
        )
        ended = environment.run(event, timeout_s - spent_s)
        return replace(ended, duration_ms=ended.duration_ms + spent_s * 1000)

    def _after_init(self, attempt: _Attempt, init: Ended, phase: str) -> None:
        attempt.collect()
        if not init.ok:
            kind = init.error_type if init.status == "error" else None
            attempt.say(
                reports.init_report_line(
                    attempt.function.log_format,
                    time.time(),
                    duration_ms=init.duration_ms,
                    phase=phase,
                    status=init.status,
                    error_type=kind,
                )
            )

    def _finish(self, attempt: _Attempt, ended: Ended) -> Outcome:
        """The log lines that close an invocation, and the answer."""
        attempt.collect()
        function, now = attempt.function, time.time()
        self._explain(attempt, ended, now)
        report = Report(
            request_id=attempt.request_id,
            version=function.version,
            duration_ms=ended.duration_ms,
            memory_mb=function.memory_mb,
            max_memory_used_mb=attempt.environment.peak_mb,
            init_ms=attempt.init_ms,
            hidden_init_ms=attempt.hidden_init_ms,
            status=ended.status,
            error_type=ended.error_type if ended.status == "error" else None,
            crashed=ended.crashed,
        )
        attempt.say(reports.end_line(function.log_format, now, report))
        shown = [line.text for line in attempt.lines]
        if (line := reports.report_line(function.log_format, now, report)) is not None:
            attempt.say(line)
            shown += [] if self._settings.hide_reports else [line]
        self._telemetry.add(
            Record(
                function=function,
                resource=attempt.request.resource,
                log_stream=attempt.environment.log_stream,
                lines=tuple(attempt.lines),
                started_at=attempt.started_at,
                duration_ms=ended.duration_ms,
                failed=not ended.ok,
            )
        )
        return Outcome(
            request_id=attempt.request_id,
            payload=ended.payload,
            failed=not ended.ok,
            log_tail=reports.tail(shown),
            version=function.version,
        )

    def _explain(self, attempt: _Attempt, ended: Ended, now: float) -> None:
        """The line by which Lambda's text logs tell why an environment ended."""
        if ended.status == "timeout":
            seconds = f"{attempt.function.timeout_s:.2f} seconds"
            attempt.say(f"{reports.timestamp(now)} {attempt.request_id} Task timed out after {seconds}\n")
        elif ended.crashed and ended.error_type in ("Runtime.ExitError", "Runtime.OutOfMemory"):
            message = json.loads(ended.payload)["errorMessage"]
            attempt.say(f"{message}\n{ended.error_type}\n")


def _trace_id() -> str:
    root = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
    return f"Root={root};Parent={os.urandom(8).hex()};Sampled=0"
